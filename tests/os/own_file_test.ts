import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { checkOwnFile, putOwnFile, removeOwnFile } from "../../src/os/own_file.ts";
import { paths } from "../../src/os/paths.ts";

Deno.test("putOwnFile writes once, replaces what differs, and removeOwnFile leaves nothing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const found = paths({ get: (name) => name === "HOME" ? folder : undefined });
    const file = { path: `${folder}/x/y/file`, text: "text\n", mode: 0o640 };
    equal(await checkOwnFile(file), "absent");
    equal(await putOwnFile(found, file), true);
    equal(await putOwnFile(found, file), false);
    equal((Deno.statSync(file.path).mode ?? 0) & 0o777, 0o640);
    Deno.writeTextFileSync(file.path, "other");
    equal(await checkOwnFile(file), "differs");
    equal(await putOwnFile(found, file), true);
    equal(await removeOwnFile(found, file.path), true);
    equal(await removeOwnFile(found, file.path), false);
    deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), [".halton-meter"]);
    Deno.writeTextFileSync(`${folder}/x`, "a file where a folder should be");
    await rejects(() => putOwnFile(found, file), /Cannot write .*\/x\/y\/file: /);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("removeOwnFile finds the file where an earlier setting had it put", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const found = paths({ get: (name) => name === "HOME" ? folder : undefined });
    const earlier = { path: `${folder}/cfg/fish/halton-meter.fish`, text: "text\n", mode: 0o640 };
    await putOwnFile(found, earlier);
    Deno.writeTextFileSync(`${folder}/cfg/fish/other.fish`, "mine");
    equal(await removeOwnFile(found, `${folder}/.config/fish/halton-meter.fish`), true);
    deepEqual([...Deno.readDirSync(`${folder}/cfg/fish`)].map(({ name }) => name), ["other.fish"]);
    equal(await removeOwnFile(found, `${folder}/.config/fish/halton-meter.fish`), false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
