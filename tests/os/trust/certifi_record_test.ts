import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { forgetBundles, noteBundles, notedBundles } from "../../../src/os/trust/certifi_record.ts";
import { trustMachine } from "./trust_machine.ts";

Deno.test("notedBundles gives what was noted and not forgotten; the record goes with the last", async () => {
  await using test = await trustMachine();
  const { paths } = test.machine;
  const file = `${paths.home}/certifi-patched.json`;
  deepEqual(await notedBundles(paths), []);
  await noteBundles(paths, ["/a b/cacert.pem", "/c"]);
  await noteBundles(paths, ["/c", "/d"]);
  equal(((await Deno.stat(file)).mode ?? 0) & 0o7777, 0o600);
  deepEqual(await notedBundles(paths), ["/a b/cacert.pem", "/c", "/d"]);
  await forgetBundles(paths, ["/c", "/unknown"]);
  deepEqual(await notedBundles(paths), ["/a b/cacert.pem", "/d"]);
  for (let again = 0; again < 2; again++) await forgetBundles(paths, ["/a b/cacert.pem", "/d"]);
  await rejects(Deno.stat(file), Deno.errors.NotFound);
});

Deno.test("notedBundles takes a damaged record for an empty one", async () => {
  await using test = await trustMachine();
  const { paths } = test.machine;
  await noteBundles(paths, ["/a"]);
  for (const text of ["", "{", "{}", '[1, null, "/b"]']) {
    await Deno.writeTextFile(`${paths.home}/certifi-patched.json`, text);
    deepEqual(await notedBundles(paths), text.includes("/b") ? ["/b"] : []);
  }
});
