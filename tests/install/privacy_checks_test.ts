import { match, strictEqual as equal } from "node:assert/strict";
import { keyCheck, listeningCheck, outboundCheck } from "../../src/install/privacy_checks.ts";
import { runForOutput } from "../../src/os/run.ts";

Deno.test("listeningCheck sees a real listener, and whether it is on this machine only", async () => {
  const local = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const everywhere = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  const six = Deno.listen({ hostname: "::1", port: 0 });
  try {
    equal((await listeningCheck(runForOutput, local.addr.port)).state, "ok");
    const open = await listeningCheck(runForOutput, everywhere.addr.port);
    equal(open.state, "problem");
    match(open.detail, /\*|0\.0\.0\.0/);
    equal((await listeningCheck(runForOutput, six.addr.port)).state, "problem");
  } finally {
    for (const listener of [local, everywhere, six]) listener.close();
  }
  equal((await listeningCheck(runForOutput, local.addr.port)).state, "problem"); // Nothing is there any more.
  equal((await listeningCheck(runForOutput, null)).state, "skipped");
});

Deno.test("listeningCheck says so when no tool can tell", async () => {
  const none = () => Promise.reject(new Deno.errors.NotFound("no such tool"));
  equal((await listeningCheck(none, 8765)).state, "skipped");
});

Deno.test("outboundCheck is skipped without a daemon and names who went astray", () => {
  equal(outboundCheck(null).state, "skipped");
  const caught = outboundCheck([{ role: "recorder", place: "api.x.ai:443", expected: true }]);
  equal(caught.state, "problem");
  match(caught.detail, /recorder → api\.x\.ai:443/);
});

Deno.test("keyCheck wants 0700 and 0600, no more and no less", () => {
  const folder = Deno.makeTempDirSync();
  const files = { caFolder: `${folder}/ca`, caKey: `${folder}/ca/key.pem` };
  try {
    equal(keyCheck(files).state, "problem");
    Deno.mkdirSync(files.caFolder, { mode: 0o700 });
    Deno.writeTextFileSync(files.caKey, "", { mode: 0o600 });
    const good = keyCheck(files);
    equal(good.state, "ok");
    match(good.detail, /^drwx------ .*, -rw------- /);
    Deno.chmodSync(files.caKey, 0o640);
    equal(keyCheck(files).state, "problem");
    Deno.chmodSync(files.caKey, 0o600);
    Deno.chmodSync(files.caFolder, 0o755);
    equal(keyCheck(files).state, "problem");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
