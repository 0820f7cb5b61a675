import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import {
  isMade,
  makeFolder,
  noteMade,
  noteMissing,
  readInstallState,
  unmake,
  writeInstallState,
} from "../../src/os/install_state.ts";
import { type Paths, paths } from "../../src/os/paths.ts";

async function withHome(body: (found: Paths, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(paths({ get: (name) => name === "HOME" ? folder : undefined }), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("writeInstallState goes from any mode to any other, and the sentinels agree", async () => {
  await withHome(async (found) => {
    const modes = [null, "apps", "full", "env-only", "full", "apps", "env-only", null] as const;
    for (const mode of modes) {
      await writeInstallState(found, mode);
      const state = await readInstallState(found);
      deepEqual(state, {
        mode,
        appsManaged: mode === "apps" || mode === "full",
        proxyManaged: mode === "full",
        consistent: true,
        shellRc: true,
      });
    }
    await writeInstallState(found, "full");
    for (const path of [found.installMode, found.appsManaged, found.proxyManaged]) {
      equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
    }
    equal(Deno.readTextFileSync(found.installMode), "full\n");
  });
});

Deno.test("writeInstallState notes that shells are left alone, for an installation only", async () => {
  await withHome(async (found) => {
    await writeInstallState(found, "apps", { shellRc: false });
    equal((await readInstallState(found)).shellRc, false);
    equal((await readInstallState(found)).consistent, true);
    await writeInstallState(found, "apps");
    equal((await readInstallState(found)).shellRc, true);
    await writeInstallState(found, "full", { shellRc: false });
    await writeInstallState(found, null, { shellRc: false });
    equal((await readInstallState(found)).shellRc, true);
    deepEqual([...Deno.readDirSync(found.home)], []);
  });
});

Deno.test("writeInstallState says what it could not write or remove, and why", async () => {
  await withHome(async (found) => {
    Deno.mkdirSync(`${found.installMode}/a`, { recursive: true });
    await rejects(() => writeInstallState(found, null), /Cannot remove .*install-mode: /);
    await rejects(() => writeInstallState(found, "env-only"), /Cannot write .*install-mode: /);
  });
});

Deno.test("readInstallState tells sentinels that disagree, and a mode that it does not know", async () => {
  await withHome(async (found) => {
    await writeInstallState(found, "full");
    Deno.removeSync(found.proxyManaged);
    equal((await readInstallState(found)).consistent, false);
    Deno.writeTextFileSync(found.installMode, "everything\n");
    deepEqual(await readInstallState(found), {
      mode: null,
      appsManaged: true,
      proxyManaged: false,
      consistent: false,
      shellRc: true,
    });
  });
});

Deno.test("unmake removes the folders that makeFolder made and no other", async () => {
  await withHome(async (found, folder) => {
    Deno.mkdirSync(`${folder}/was`);
    await makeFolder(found, `${folder}/was/a/b`);
    await makeFolder(found, `${folder}/was/a/b`);
    equal((Deno.statSync(`${folder}/was/a`).mode ?? 0) & 0o777, 0o700);
    await unmake(found, `${folder}/was/a/b`);
    deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [".halton-meter", "was"]);
    deepEqual([...Deno.readDirSync(`${folder}/was`)], []);
    deepEqual([...Deno.readDirSync(found.home)], []);
  });
});

Deno.test("unmake keeps what the user has put something into", async () => {
  await withHome(async (found, folder) => {
    await makeFolder(found, `${folder}/a/b`);
    Deno.writeTextFileSync(`${folder}/a/mine`, "");
    await unmake(found, `${folder}/a/b`);
    deepEqual([...Deno.readDirSync(`${folder}/a`)].map(({ name }) => name), ["mine"]);
    await noteMade(found, [`${folder}/rc`]);
    Deno.writeTextFileSync(`${folder}/rc`, "text");
    await unmake(found, `${folder}/rc`);
    equal(Deno.readTextFileSync(`${folder}/rc`), "text");
    Deno.writeTextFileSync(`${folder}/rc`, "");
    equal(await isMade(found, `${folder}/rc`), true);
    await unmake(found, `${folder}/rc`);
    equal(await isMade(found, `${folder}/rc`), false);
  });
});

Deno.test("noteMade and unmake live with a file where a folder should be", async () => {
  await withHome(async (found, folder) => {
    Deno.writeTextFileSync(`${folder}/x`, "a file");
    await noteMissing(found, [`${folder}/x/y`]);
    equal(await isMade(found, `${folder}/x/y`), true);
    await unmake(found, `${folder}/x/y`);
    equal(await isMade(found, `${folder}/x/y`), false);
  });
});
