import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { removeLeftovers } from "../../src/os/leftovers.ts";

Deno.test("removeLeftovers takes what a killed write left beside that file, and nothing else", async () => {
  const folder = Deno.makeTempDirSync();
  const id = crypto.randomUUID();
  const kept = [".bashrc", `.bashrc.${id}`, ".bashrc.tmp", ".bashrc.old.tmp", `.zshrc.${id}.tmp`, `x.bashrc.${id}.tmp`];
  try {
    for (const name of [...kept, `.bashrc.${id}.tmp`]) Deno.writeTextFileSync(`${folder}/${name}`, "");
    Deno.mkdirSync(`${folder}/.bashrc.${crypto.randomUUID()}.tmp`);
    await removeLeftovers(`${folder}/.bashrc`);
    const left = [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) => name).toSorted();
    deepEqual(left, kept.toSorted());
    await removeLeftovers(`${folder}/no-such-folder/file`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
