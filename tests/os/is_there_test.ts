import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { isThere } from "../../src/os/is_there.ts";

Deno.test("isThere sees files, folders and links that lead nowhere", () => {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/file`, "");
    Deno.symlinkSync(`${folder}/nothing`, `${folder}/link`);
    const found = ["", "/file", "/link", "/nothing", "/file/below"].map((name) => isThere(`${folder}${name}`));
    deepEqual(found, [true, true, true, false, false]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
