import {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  rejects,
  strictEqual as equal,
} from "node:assert/strict";
import { type CaFiles, loadCa, loadOrCreateCa, replaceFile } from "../../src/os/ca_files.ts";

/** Stand-ins for real PEM text: this folder checks files, not certificates. */
const certificate = (word: string) => `-----BEGIN CERTIFICATE-----\n${btoa(word)}\n-----END CERTIFICATE-----\n`;
const key = (word: string) => `-----BEGIN PRIVATE KEY-----\n${btoa(word)}\n-----END PRIVATE KEY-----\n`;
const creator = (word: string) => () => Promise.resolve({ certPem: certificate(word), keyPem: key(`key of ${word}`) });
const neverCreates = () => Promise.reject(new Error("create() was called although there is a CA"));

const NOBODY = 65534;
const IS_ROOT = Deno.uid() === 0;

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function modeOf(path: string): Promise<string> {
  return ((await Deno.stat(path)).mode ?? 0).toString(8).slice(-3);
}

function names(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), (entry) => entry.name).sort();
}

/** Makes a CA in `<folder>/ca` and returns it. */
async function made(folder: string): Promise<CaFiles> {
  return await loadOrCreateCa({ dir: `${folder}/ca`, create: creator("one") });
}

const unusable = (message: RegExp) => ({ name: "MeterError", code: "ca_unusable", message });

Deno.test("loadOrCreateCa() makes both files with their modes, whatever the umask", async () => {
  for (const umask of [0o000, 0o077, 0o022]) {
    await withFolder(async (folder) => {
      const before = Deno.umask(umask);
      try {
        const ca = await made(folder);
        equal(ca.created, true);
        equal(ca.pem, key("key of one") + certificate("one"));
        equal(ca.certPem, certificate("one"));
        deepEqual(ca.tightened, []);
        deepEqual(names(ca.paths.dir), ["mitmproxy-ca-cert.pem", "mitmproxy-ca.pem"]);
        equal(await Deno.readTextFile(ca.paths.key), ca.pem);
        equal(await Deno.readTextFile(ca.paths.certificate), ca.certPem);
        const modes = [await modeOf(ca.paths.dir), await modeOf(ca.paths.key), await modeOf(ca.paths.certificate)];
        deepEqual(modes, ["700", "600", "644"]);
      } finally {
        Deno.umask(before);
      }
    });
  }
});

Deno.test("loadOrCreateCa() reuses the CA that is there", async () => {
  await withFolder(async (folder) => {
    const first = await made(folder);
    const again = await loadOrCreateCa({ dir: first.paths.dir, create: neverCreates });
    deepEqual(again, { ...first, created: false });
  });
});

Deno.test("loadOrCreateCa() keeps a key file that it cannot make sense of", async () => {
  for (const text of ["", "not PEM", key("alone"), "-----BEGIN CERTIFICATE-----\n"]) {
    await withFolder(async (folder) => {
      const path = `${folder}/mitmproxy-ca.pem`;
      await Deno.writeTextFile(path, text, { mode: 0o600 });
      const state = unusable(/mitmproxy-ca\.pem: it holds no certificate/);
      await rejects(loadOrCreateCa({ dir: folder, create: neverCreates }), state);
      equal(await Deno.readTextFile(path), text);
      deepEqual(names(folder), ["mitmproxy-ca.pem"]);
    });
  }
});

Deno.test("loadOrCreateCa() leaves nothing behind when making the CA fails", async () => {
  await withFolder(async (folder) => {
    const create = () => Promise.reject(new Error("no entropy"));
    await rejects(loadOrCreateCa({ dir: `${folder}/ca`, create }), /no entropy/);
    deepEqual(names(`${folder}/ca`), []);
    equal((await made(folder)).created, true);
  });
});

Deno.test("loadOrCreateCa() tightens a folder that was there before the CA", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/ca`);
    await Deno.chmod(`${folder}/ca`, 0o755);
    const ca = await made(folder);
    deepEqual(ca.tightened, [`${folder}/ca`]);
    equal(await modeOf(ca.paths.dir), "700");
  });
});

/** Opens one CA per folder as soon as the clock allows, and prints what it got. Run by two processes at once. */
const RACER = (module: string) => `
  import { loadOrCreateCa } from ${JSON.stringify(module)};
  const [root, me, start, rounds] = Deno.args;
  const certPem = "-----BEGIN CERTIFICATE-----\\n" + me.repeat(4000) + "\\n-----END CERTIFICATE-----\\n";
  const got = [];
  for (let round = 0; round < Number(rounds); round++) {
    while (Date.now() < Number(start) + round * 20);
    const create = () => Promise.resolve({ certPem, keyPem: "key " + me + "\\n" });
    const { pem, created } = await loadOrCreateCa({ dir: root + "/" + round, create });
    got.push({ pem, created });
  }
  console.log(JSON.stringify(got));
`;

async function race(script: string, folder: string, me: string, start: number, rounds: number) {
  const may = [`--allow-read=${folder}`, `--allow-write=${folder}`, "--allow-sys=uid"];
  const args = ["run", "--no-config", "--no-lock", "--no-prompt", ...may, script, folder, me, `${start}`, `${rounds}`];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  equal(success, true, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout)) as { pem: string; created: boolean }[];
}

Deno.test("loadOrCreateCa() gives two processes that start at once the same CA", async () => {
  await withFolder(async (folder) => {
    const rounds = 30;
    const script = `${folder}/racer.ts`;
    await Deno.writeTextFile(script, RACER(new URL("../../src/os/ca_files.ts", import.meta.url).href));
    // The first run only fills the compiler's cache, so that both racers are ready in time.
    await race(script, `${folder}/warm`, "W", 0, 0);
    const start = Date.now() + 1500;
    const racers = ["A", "B"].map((me) => race(script, `${folder}/run`, me, start, rounds));
    const [a = [], b = []] = await Promise.all(racers);
    equal(a.length, rounds);
    for (const [round, mine] of a.entries()) {
      const other = b[round];
      equal(mine.pem, other?.pem, `round ${round}`);
      equal(Number(mine.created) + Number(other?.created), 1, `one of the two made the CA of round ${round}`);
      equal(mine.pem, await Deno.readTextFile(`${folder}/run/${round}/mitmproxy-ca.pem`));
      deepEqual(names(`${folder}/run/${round}`), ["mitmproxy-ca-cert.pem", "mitmproxy-ca.pem"]);
    }
  });
});

Deno.test("loadCa() finds nothing where there is no folder or no key file", async () => {
  await withFolder(async (folder) => {
    equal(await loadCa(`${folder}/absent`), null);
    equal(await loadCa(folder), null);
  });
});

Deno.test("loadCa() tightens loosened modes and says which", async () => {
  await withFolder(async (folder) => {
    const { paths } = await made(folder);
    await Deno.chmod(paths.dir, 0o755);
    await Deno.chmod(paths.key, 0o640);
    await Deno.chmod(paths.certificate, 0o666);
    deepEqual((await loadCa(paths.dir))?.tightened, [paths.dir, paths.key, paths.certificate]);
    const modes = [await modeOf(paths.dir), await modeOf(paths.key), await modeOf(paths.certificate)];
    deepEqual(modes, ["700", "600", "644"]);
    deepEqual((await loadCa(paths.dir))?.tightened, []);
  });
});

Deno.test("loadCa() leaves stricter modes as they are", async () => {
  await withFolder(async (folder) => {
    const { paths } = await made(folder);
    await Deno.chmod(paths.key, 0o400);
    await Deno.chmod(paths.certificate, 0o600);
    deepEqual((await loadCa(paths.dir))?.tightened, []);
    deepEqual([await modeOf(paths.key), await modeOf(paths.certificate)], ["400", "600"]);
  });
});

Deno.test("loadCa() refuses a key file that is a symbolic link, even to a good one", async () => {
  await withFolder(async (folder) => {
    const { paths } = await made(folder);
    await Deno.rename(paths.key, `${folder}/elsewhere.pem`);
    await Deno.symlink(`${folder}/elsewhere.pem`, paths.key);
    await rejects(loadCa(paths.dir), unusable(/mitmproxy-ca\.pem: it is a symbolic link/));
    await rejects(loadOrCreateCa({ dir: paths.dir, create: neverCreates }), unusable(/it is a symbolic link/));
    await Deno.remove(`${folder}/elsewhere.pem`);
    await rejects(loadCa(paths.dir), unusable(/it is a symbolic link/));
  });
});

Deno.test("loadCa() refuses what is not a folder or not a plain file", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    await rejects(loadCa(`${folder}/file`), unusable(/file: it is not a folder/));
    await Deno.mkdir(`${folder}/mitmproxy-ca.pem`);
    await rejects(loadCa(folder), unusable(/mitmproxy-ca\.pem: it is not a plain file/));
  });
});

Deno.test("loadCa() refuses a folder of another user and leaves its mode alone", async () => {
  await withFolder(async (folder) => {
    // Everyone but root finds a folder of another user in /usr; root can make one.
    const foreign = IS_ROOT ? folder : "/usr";
    if (IS_ROOT) await Deno.chown(foreign, NOBODY, NOBODY);
    if (IS_ROOT) await Deno.chmod(foreign, 0o755);
    const before = await modeOf(foreign);
    await rejects(loadCa(foreign), unusable(/it belongs to another user/));
    await rejects(loadOrCreateCa({ dir: foreign, create: neverCreates }), unusable(/it belongs to another user/));
    equal(await modeOf(foreign), before);
  });
});

Deno.test({
  name: "loadCa() refuses a key file of another user",
  ignore: !IS_ROOT, // Only root can give a file away.
  fn: async () => {
    await withFolder(async (folder) => {
      const { paths } = await made(folder);
      await Deno.chown(paths.key, NOBODY, NOBODY);
      await rejects(loadCa(paths.dir), unusable(/mitmproxy-ca\.pem: it belongs to another user/));
    });
  },
});

Deno.test("loadCa() writes the public file anew when it is absent or of another CA", async () => {
  await withFolder(async (folder) => {
    const { paths, certPem } = await made(folder);
    await Deno.remove(paths.certificate);
    for (const stale of [null, "", certificate("two"), certificate("one") + certificate("two"), key("leaked")]) {
      if (stale !== null) await Deno.writeTextFile(paths.certificate, stale);
      await loadCa(paths.dir);
      equal(await Deno.readTextFile(paths.certificate), certPem);
    }
  });
});

Deno.test("loadCa() leaves a public file alone that differs only in its line ends", async () => {
  await withFolder(async (folder) => {
    const { paths, certPem } = await made(folder);
    const text = certPem.replaceAll("\n", "\r\n");
    await Deno.writeTextFile(paths.certificate, text);
    await loadCa(paths.dir);
    equal(await Deno.readTextFile(paths.certificate), text);
  });
});

Deno.test("loadCa() never writes through a symbolic link in place of the public file", async () => {
  await withFolder(async (folder) => {
    const { paths, certPem } = await made(folder);
    await Deno.writeTextFile(`${folder}/victim`, "mine");
    await Deno.remove(paths.certificate);
    await Deno.symlink(`${folder}/victim`, paths.certificate);
    await loadCa(paths.dir);
    equal(await Deno.readTextFile(`${folder}/victim`), "mine");
    equal(await Deno.readTextFile(paths.certificate), certPem);
    equal((await Deno.lstat(paths.certificate)).isSymlink, false);
  });
});

Deno.test("loadCa() takes the first certificate whichever order the file is in", async () => {
  await withFolder(async (folder) => {
    const text = certificate("ca") + key("key") + certificate("another");
    await Deno.writeTextFile(`${folder}/mitmproxy-ca.pem`, text, { mode: 0o600 });
    const ca = await loadCa(folder);
    equal(ca?.certPem, certificate("ca"));
    equal(ca?.pem, text);
    equal((await Deno.readTextFile(`${folder}/mitmproxy-ca-cert.pem`)).includes("KEY"), false);
  });
});

Deno.test("loadCa() names path, state and one instruction in its errors, and nothing of the key", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/mitmproxy-ca.pem`, key("canary"), { mode: 0o600 });
    await rejects(loadCa(folder), (error: Error & { hint?: string }) => {
      match(error.message, /^Cannot use the CA at \/.+: it holds no certificate$/);
      match(error.hint ?? "", /^Move it away/);
      equal(`${error.message}${error.hint}`.includes(btoa("canary")), false);
      return true;
    });
  });
});

Deno.test("replaceFile() gives a reader the old text or the new, and another file the same name", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/file`;
    await replaceFile(path, "old", 0o644);
    const inode = (await Deno.stat(path)).ino;
    using reader = await Deno.open(path);
    await replaceFile(path, "new", 0o600);
    equal(await new Response(reader.readable).text(), "old");
    equal(await Deno.readTextFile(path), "new");
    notEqual((await Deno.stat(path)).ino, inode);
    equal(await modeOf(path), "600");
    deepEqual(names(folder), ["file"]);
  });
});

Deno.test("replaceFile() leaves nothing behind when it fails", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/taken/inside`, { recursive: true });
    await rejects(replaceFile(`${folder}/taken`, "new", 0o644));
    deepEqual(names(folder), ["taken"]);
  });
});
