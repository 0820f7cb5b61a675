import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import { paths } from "../../src/os/paths.ts";
import { readSystemState, writeSystemState } from "../../src/os/system_state.ts";

Deno.test("writeSystemState keeps the other part, is private, and goes when nothing is left to remember", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const found = paths({ get: (name) => name === "HOME" ? folder : undefined });
    const autoProxies = {
      "Wi-Fi": { url: "http://pac.corp/x", enabled: false },
      "USB 10/100 LAN": { url: null, enabled: false },
    };
    await writeSystemState(found, { autoProxies });
    await writeSystemState(found, { session: { HTTPS_PROXY: "http://corp:1" } });
    deepEqual(await readSystemState(found), { autoProxies, session: { HTTPS_PROXY: "http://corp:1" } });
    equal((Deno.statSync(found.systemState).mode ?? 0) & 0o777, 0o600);
    await writeSystemState(found, { autoProxies: {} });
    await writeSystemState(found, { session: {} });
    throws(() => Deno.statSync(found.systemState), Deno.errors.NotFound);
    Deno.writeTextFileSync(found.systemState, '{"autoProxies": {"a": 1, "b": {"url": 7}}, "session": []}');
    deepEqual(await readSystemState(found), { autoProxies: { b: { url: null, enabled: false } }, session: {} });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
