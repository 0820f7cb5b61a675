import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { type Paths, paths } from "../../src/os/paths.ts";
import { forgetWritten, noteWritten, writtenElsewhere } from "../../src/os/written_paths.ts";

async function withHome(body: (found: Paths) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(paths({ get: (name) => name === "HOME" ? folder : undefined }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("writtenElsewhere finds what was written under the same name in another folder, until it is forgotten", async () => {
  await withHome(async (found) => {
    for (const path of ["/a/.zshrc", "/b/.zshrc", "/b/.bashrc", "/a/.zshrc"]) await noteWritten(found, path);
    deepEqual(await writtenElsewhere(found, "/c/.zshrc"), ["/a/.zshrc", "/b/.zshrc"]);
    deepEqual(await writtenElsewhere(found, "/b/.zshrc"), ["/a/.zshrc"]);
    equal((Deno.statSync(`${found.home}/written-paths.json`).mode ?? 0) & 0o777, 0o600);
    for (const path of ["/a/.zshrc", "/b/.zshrc", "/b/.bashrc", "/never"]) await forgetWritten(found, path);
    deepEqual([...Deno.readDirSync(found.home)], []);
  });
});

Deno.test("noteWritten does not note files of the data folder", async () => {
  await withHome(async (found) => {
    await noteWritten(found, found.shellEnvironment);
    deepEqual([...Deno.readDirSync(found.userHome)], []);
  });
});

Deno.test("writtenElsewhere knows of nothing where the record cannot be read", async () => {
  await withHome(async (found) => {
    await noteWritten(found, "/a/x");
    Deno.writeTextFileSync(`${found.home}/written-paths.json`, "[1, {");
    deepEqual(await writtenElsewhere(found, "/b/x"), []);
  });
});
