import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { readBundle, replaceBundle } from "../../../src/os/trust/certifi_file.ts";
import { snapshot, trustMachine } from "./trust_machine.ts";

Deno.test("replaceBundle keeps the mode and every byte, and leaves another name of the file as it was", async () => {
  await using test = await trustMachine();
  const path = `${test.home}/cacert.pem`;
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
  await Deno.writeFile(path, bytes);
  await Deno.chmod(path, 0o640);
  await Deno.link(path, `${test.home}/cache`);
  const found = await readBundle(path, [test.home]);
  if (found.kind !== "file") throw new Error(found.kind);
  await replaceBundle(path, `${found.text}!`);
  deepEqual(await Deno.readFile(path), Uint8Array.from([...bytes, 33]));
  equal(((await Deno.stat(path)).mode ?? 0) & 0o7777, 0o640);
  deepEqual(await Deno.readFile(`${test.home}/cache`), bytes);
});

Deno.test("replaceBundle is not stopped by what an interruption left", async () => {
  await using test = await trustMachine();
  const path = `${test.home}/cacert.pem`;
  await Deno.writeTextFile(path, "old");
  await Deno.symlink("/etc/hostname", `${path}.halton-meter.tmp`);
  await replaceBundle(path, "new");
  equal(await Deno.readTextFile(path), "new");
  await rejects(Deno.lstat(`${path}.halton-meter.tmp`), Deno.errors.NotFound);
});

Deno.test("readBundle refuses what is shared, strange or not to be written, and changes nothing", async () => {
  await using test = await trustMachine();
  const folder = `${test.home}/packages`;
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${test.home}/system.crt`, "system");
  await Deno.symlink("../system.crt", `${folder}/link`);
  await Deno.symlink("..", `${folder}/up`);
  await Deno.mkdir(`${folder}/folder`);
  await Deno.writeTextFile(`${folder}/read-only`, "text");
  await Deno.chmod(`${folder}/read-only`, 0o444);
  const before = await snapshot(test.home);
  const refused = async (name: string) => {
    const found = await readBundle(`${folder}/${name}`, [folder]);
    return found.kind === "refused" ? found.reason : found.kind;
  };
  equal(await refused("link"), "is a link to a bundle that others use too");
  equal(await refused("up/system.crt"), "lies outside the interpreter's folders");
  equal(await refused("folder"), "is not a file");
  equal(await refused("read-only"), "is read-only");
  equal(await refused("none"), "missing");
  equal(await refused("read-only/none"), "missing");
  deepEqual(await snapshot(test.home), before);
});
