import { strictEqual as equal } from "node:assert/strict";
import { modePlace } from "../../src/install/mode_place.ts";
import { paths } from "../../src/os/paths.ts";

Deno.test("modePlace notes a mode, tells another one from it, and forgets it", async () => {
  const folder = Deno.makeTempDirSync();
  const files = paths({ get: (name) => name === "HOME" ? folder : undefined });
  try {
    const [apps, full] = [modePlace(files, "apps"), modePlace(files, "full")];
    equal((await apps.check()).state, "absent");
    equal((await apps.apply()).state, "present");
    equal((await full.check()).state, "differs");
    equal((await full.apply()).state, "present");
    equal((await apps.check()).state, "differs");
    Deno.removeSync(files.proxyManaged);
    equal((await full.check()).state, "differs"); // Its files do not agree.
    equal((await full.apply()).state, "present");
    equal((Deno.statSync(files.installMode).mode ?? 0) & 0o777, 0o600);
    const alone = modePlace(files, "full", false);
    equal((await alone.check()).state, "differs"); // Shells are set up, and are to be left alone.
    equal((await alone.apply()).state, "present");
    equal((await full.check()).state, "differs");
    equal((await full.remove()).state, "absent");
    equal((await apps.check()).state, "absent");
    equal((await apps.remove()).state, "absent");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
