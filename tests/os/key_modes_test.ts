import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { keyModes } from "../../src/os/key_modes.ts";

Deno.test("keyModes tells the modes of the folder and of the key, and what is not there", () => {
  const home = Deno.makeTempDirSync();
  const paths = { caFolder: `${home}/ca`, caKey: `${home}/ca/key.pem` };
  try {
    deepEqual(keyModes(paths), { folder: paths.caFolder, folderMode: null, key: paths.caKey, keyMode: null });
    Deno.mkdirSync(paths.caFolder, { mode: 0o750 });
    Deno.writeTextFileSync(paths.caKey, "", { mode: 0o600 });
    deepEqual(keyModes(paths), { folder: paths.caFolder, folderMode: 0o750, key: paths.caKey, keyMode: 0o600 });
  } finally {
    Deno.removeSync(home, { recursive: true });
  }
});
