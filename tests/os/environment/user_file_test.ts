import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { asBytes, readUserFile, writeUserFile } from "../../../src/os/environment/user_file.ts";

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.chmod(folder, 0o700);
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("writeUserFile keeps mode and bytes, and leaves no other file", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/rc`;
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    Deno.writeFileSync(path, bytes, { mode: 0o640 });
    Deno.chmodSync(path, 0o640);
    const file = await readUserFile(path);
    if (file.kind !== "file") throw new Error(file.kind);
    await writeUserFile(path, file.text + asBytes("ä"));
    deepEqual([...Deno.readFileSync(path)], [...bytes, 0xc3, 0xa4]);
    equal((Deno.statSync(path).mode ?? 0) & 0o7777, 0o640);
    deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["rc"]);
  });
});

Deno.test("writeUserFile goes through a link and leaves it one", async () => {
  await inFolder(async (folder) => {
    Deno.mkdirSync(`${folder}/dotfiles`);
    Deno.writeTextFileSync(`${folder}/dotfiles/zshrc`, "old\n");
    Deno.symlinkSync("dotfiles/zshrc", `${folder}/.zshrc`);
    await writeUserFile(`${folder}/.zshrc`, "new\n");
    equal(Deno.readLinkSync(`${folder}/.zshrc`), "dotfiles/zshrc");
    equal(Deno.readTextFileSync(`${folder}/dotfiles/zshrc`), "new\n");
  });
});

Deno.test("writeUserFile keeps a file's other names", async () => {
  await inFolder(async (folder) => {
    Deno.writeTextFileSync(`${folder}/a`, "old");
    Deno.linkSync(`${folder}/a`, `${folder}/b`);
    await writeUserFile(`${folder}/a`, "new");
    equal(Deno.readTextFileSync(`${folder}/b`), "new");
  });
});

Deno.test("writeUserFile makes a file that is not there, with mode 0644", async () => {
  await inFolder(async (folder) => {
    await writeUserFile(`${folder}/new`, "text");
    equal((Deno.statSync(`${folder}/new`).mode ?? 0) & 0o777, 0o644);
    await rejects(() => writeUserFile(`${folder}/none/new`, "text"), Deno.errors.NotFound);
  });
});

Deno.test("readUserFile says what cannot be edited", async () => {
  await inFolder(async (folder) => {
    equal((await readUserFile(`${folder}/none`)).kind, "absent");
    Deno.symlinkSync("nowhere", `${folder}/dangling`);
    deepEqual(await readUserFile(`${folder}/dangling`), {
      kind: "unusable",
      reason: "is a link to nothing",
      text: null,
    });
    deepEqual(await readUserFile(folder), { kind: "unusable", reason: "is not a file", text: null });
    Deno.writeTextFileSync(`${folder}/fixed`, "a", { mode: 0o444 });
    deepEqual(await readUserFile(`${folder}/fixed`), { kind: "unusable", reason: "may not be written", text: "a" });
  });
});
