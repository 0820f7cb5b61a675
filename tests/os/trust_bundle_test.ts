import {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  rejects,
  strictEqual as equal,
} from "node:assert/strict";
import { ensureBundle, ensureNodeExtra, SYSTEM_ROOT_FILES } from "../../src/os/trust_bundle.ts";

/** A block with the outer shape of a certificate; most of these tests copy blocks and look at nothing inside. */
const certificate = (word: string) => `-----BEGIN CERTIFICATE-----\n${btoa(word)}\n-----END CERTIFICATE-----\n`;
const key = `-----BEGIN PRIVATE KEY-----\n${btoa("canary")}\n-----END PRIVATE KEY-----\n`;
const caCertPem = certificate("the meter's CA");

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes a source file and returns its path. */
async function source(folder: string, name: string, text: string): Promise<string> {
  await Deno.writeTextFile(`${folder}/${name}`, text);
  return `${folder}/${name}`;
}

/** The certificates of a bundle, without its first line. */
async function bundled(path: string | null): Promise<string> {
  if (path === null) throw new Error("There is no bundle");
  const text = await Deno.readTextFile(path);
  return text.slice(text.indexOf("\n") + 1);
}

async function modeOf(path: string): Promise<string> {
  return ((await Deno.stat(path)).mode ?? 0).toString(8).slice(-3);
}

async function run(program: string, ...args: string[]): Promise<string> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
    equal(success, true, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(`This test needs the program "${program}": install it`, { cause });
  }
}

Deno.test("ensureBundle() joins system roots, the user's file and the CA, in that order", async () => {
  await withFolder(async (folder) => {
    const system = await source(folder, "system", certificate("root one") + certificate("root two"));
    const user = await source(folder, "user", certificate("corporate root"));
    const home = `${folder}/home`;
    const bundle = await ensureBundle({ home, caCertPem, base: [user], systemRootFiles: [system] });
    const path = `${home}/ca-bundle.pem`;
    deepEqual(bundle, { path, reason: null, systemRoots: system, skipped: [], rebuilt: true });
    const expected = ["root one", "root two", "corporate root", "the meter's CA"].map(certificate).join("");
    equal(await bundled(path), expected);
    deepEqual([await modeOf(home), await modeOf(path)], ["700", "644"]);
    deepEqual(Array.from(Deno.readDirSync(home), (entry) => entry.name), ["ca-bundle.pem"]);
  });
});

Deno.test("ensureBundle() rebuilds only what is stale", async () => {
  await withFolder(async (folder) => {
    const system = await source(folder, "system", certificate("root"));
    const user = await source(folder, "user", certificate("corporate"));
    const ensure = (more: { caCertPem?: string; base?: string[] } = {}) =>
      ensureBundle({ home: `${folder}/home`, caCertPem, base: [user], systemRootFiles: [system], ...more });
    const { path } = await ensure();
    equal((await ensure()).rebuilt, false);
    const inode = (await Deno.stat(`${path}`)).ino;
    await source(folder, "system", certificate("root") + certificate("new root"));
    equal((await ensure()).rebuilt, true, "the system's roots changed");
    notEqual((await Deno.stat(`${path}`)).ino, inode, "replaced, not written over");
    await source(folder, "user", certificate("corporate, renewed"));
    equal((await ensure()).rebuilt, true, "the user's file changed");
    equal((await ensure({ caCertPem: certificate("new CA") })).rebuilt, true, "the CA changed");
    equal((await ensure({ caCertPem: certificate("new CA") })).rebuilt, false);
    equal((await bundled(path)).includes(caCertPem), false, "the old CA is no longer trusted");
    await Deno.truncate(`${path}`, 100);
    equal((await ensure()).rebuilt, true, "the bundle was damaged");
    equal((await ensure({ base: [] })).rebuilt, true, "the user's file is no longer wanted");
  });
});

Deno.test("ensureBundle() makes nothing when there are no roots but the CA itself", async () => {
  await withFolder(async (folder) => {
    const own = await source(folder, "own", caCertPem);
    const empty = await source(folder, "empty", "# no certificates here\n");
    for (const base of [[], [own], [empty]]) {
      const bundle = await ensureBundle({
        home: folder,
        caCertPem,
        base,
        systemRootFiles: [`${folder}/absent`, empty],
      });
      equal(bundle.path, null);
      equal(bundle.systemRoots, null);
      equal(bundle.rebuilt, false);
      match(bundle.reason ?? "", /no file of root certificates/);
      deepEqual(Array.from(Deno.readDirSync(folder), (entry) => entry.name).sort(), ["empty", "own"]);
    }
  });
});

Deno.test("ensureBundle() does with the user's roots where the system has none", async () => {
  await withFolder(async (folder) => {
    const user = await source(folder, "user", certificate("all my roots"));
    const bundle = await ensureBundle({ home: folder, caCertPem, base: [user], systemRootFiles: [] });
    equal(bundle.systemRoots, null);
    equal(await bundled(bundle.path), certificate("all my roots") + caCertPem);
  });
});

Deno.test("ensureBundle() takes the first system file that holds a certificate", async () => {
  await withFolder(async (folder) => {
    const empty = await source(folder, "empty", "");
    const [second, third] = [await source(folder, "b", certificate("b")), await source(folder, "c", certificate("c"))];
    const systemRootFiles = [`${folder}/absent`, folder, empty, second, third];
    const bundle = await ensureBundle({ home: folder, caCertPem, systemRootFiles });
    equal(bundle.systemRoots, second);
    equal(await bundled(bundle.path), certificate("b") + caCertPem);
  });
});

Deno.test("ensureBundle() copies certificates only, each once", async () => {
  await withFolder(async (folder) => {
    const system = await source(folder, "system", certificate("root"));
    const crlf = (certificate("root") + certificate("mine")).replaceAll("\n", "\r\n");
    const user = await source(folder, "user", `Bag Attributes\n${key}${crlf}${key}${caCertPem}`);
    const { path } = await ensureBundle({ home: folder, caCertPem, base: [user], systemRootFiles: [system] });
    equal(await bundled(path), certificate("root") + certificate("mine") + caCertPem);
    equal((await Deno.readTextFile(`${path}`)).includes(btoa("canary")), false);
  });
});

Deno.test("ensureBundle() names the user's files that it could not use", async () => {
  await withFolder(async (folder) => {
    const system = await source(folder, "system", certificate("root"));
    const [absent, empty] = [`${folder}/absent`, await source(folder, "empty", "")];
    const base = [absent, empty];
    const { path, skipped } = await ensureBundle({ home: folder, caCertPem, base, systemRootFiles: [system] });
    deepEqual(skipped, base);
    equal(await bundled(path), certificate("root") + caCertPem);
  });
});

Deno.test("ensureBundle() keeps the user's file when the variable already names the bundle", async () => {
  await withFolder(async (folder) => {
    const system = await source(folder, "system", certificate("root"));
    const user = await source(folder, "user", certificate("corporate"));
    const ensure = (base: string[], ca = caCertPem) =>
      ensureBundle({ home: `${folder}/home`, caCertPem: ca, base, systemRootFiles: [system] });
    const { path } = await ensure([user]);
    await Deno.symlink(`${path}`, `${folder}/link`);
    for (const named of [`${path}`, `${folder}/link`]) {
      equal((await ensure([named])).rebuilt, false, named);
      await ensure([named], certificate("new CA"));
      equal(await bundled(path), certificate("root") + certificate("corporate") + certificate("new CA"));
      await ensure([named]);
    }
  });
});

Deno.test("ensureBundle() survives a first line edited by hand", async () => {
  await withFolder(async (folder) => {
    const system = await source(folder, "system", certificate("root"));
    const path = `${folder}/ca-bundle.pem`;
    for (
      const line of ["# halton-meter not JSON\n", "# halton-meter null\n", '# halton-meter {"base":7}\n', "\n", ""]
    ) {
      await Deno.writeTextFile(path, line + certificate("planted"));
      await ensureBundle({ home: folder, caCertPem, base: [path], systemRootFiles: [system] });
      equal(await bundled(path), certificate("root") + caCertPem, line);
    }
  });
});

Deno.test("ensureBundle() says which bundle it could not write", async () => {
  await withFolder(async (folder) => {
    const system = await source(folder, "system", certificate("root"));
    const home = await source(folder, "home", "a file where the folder should be");
    const message = `Cannot write the certificate bundle at ${home}/ca-bundle.pem`;
    await rejects(ensureBundle({ home, caCertPem, systemRootFiles: [system] }), { code: "failed", message });
  });
});

Deno.test("ensureBundle() builds from this machine's roots what OpenSSL and Python can read", async () => {
  await withFolder(async (folder) => {
    const [cert, keyFile] = [`${folder}/cert.pem`, `${folder}/key.pem`];
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", keyFile];
    await run("openssl", "req", "-x509", ...newKey, "-out", cert, "-subj", "/CN=localhost", "-days", "2");
    const ca = await Deno.readTextFile(cert);
    const { path, systemRoots } = await ensureBundle({ home: folder, caCertPem: ca });
    equal(
      SYSTEM_ROOT_FILES.includes(`${systemRoots}`),
      true,
      "this test needs the package ca-certificates: install it",
    );
    const expected = (await bundled(path)).split("BEGIN CERTIFICATE").length - 1;
    equal(expected > 20, true, `${expected} certificates`);
    const python = "import ssl, sys; print(ssl.create_default_context(cafile=sys.argv[1]).cert_store_stats()['x509'])";
    equal((await run("python3", "-c", python, `${path}`)).trim(), `${expected}`);
    match(await run("openssl", "verify", "-no-CApath", "-no-CAstore", "-CAfile", `${path}`, cert), /OK/);
  });
});

Deno.test("ensureNodeExtra() joins the user's extra file and the CA", async () => {
  await withFolder(async (folder) => {
    const existing = await source(folder, "extra", key + certificate("corporate"));
    const home = `${folder}/home`;
    const bundle = await ensureNodeExtra({ home, caCertPem, existing });
    const path = `${home}/node-extra-ca.pem`;
    deepEqual(bundle, { path, reason: null, systemRoots: null, skipped: [], rebuilt: true });
    equal(await bundled(path), certificate("corporate") + caCertPem);
    equal(await modeOf(path), "644");
    equal((await ensureNodeExtra({ home, caCertPem, existing })).rebuilt, false);
    equal((await ensureNodeExtra({ home, caCertPem, existing: path })).rebuilt, false, "already named by the variable");
  });
});

Deno.test("ensureNodeExtra() makes nothing when the user's file adds nothing", async () => {
  await withFolder(async (folder) => {
    const bundle = await ensureNodeExtra({ home: folder, caCertPem, existing: `${folder}/absent` });
    equal(bundle.path, null);
    deepEqual(bundle.skipped, [`${folder}/absent`]);
    match(bundle.reason ?? "", /NODE_EXTRA_CA_CERTS/);
    deepEqual(Array.from(Deno.readDirSync(folder)), []);
  });
});
