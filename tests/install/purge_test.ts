import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { purgeHome } from "../../src/install/purge.ts";

function withHome(names: readonly string[], body: (home: string) => void): void {
  const folder = Deno.makeTempDirSync();
  const home = `${folder}/a home with 'quotes'`;
  Deno.mkdirSync(home);
  for (const name of names) {
    if (name.endsWith("/")) Deno.mkdirSync(`${home}/${name}`);
    else Deno.writeTextFileSync(`${home}/${name}`, name);
  }
  try {
    body(home);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const OURS = [
  "config.toml",
  "daemon.err.log",
  "daemon.err.log.1",
  "edge.err.log.5",
  "edge.out.log",
  "effective-ports.json",
  "effective-ports.json.0b5f8f9e-1111-4222-8333-944444444444.tmp",
  "install-mode",
  "ca-bundle.pem",
  "cloud-credentials.json",
];
/** Go last: recorded calls, and the list without which the certificate authority could never be taken away. */
const DATABASE = ["db.sqlite", "db.sqlite-shm", "db.sqlite-wal", "made-paths.json"];

Deno.test("purgeHome keeps captured calls unless it is told otherwise", () => {
  withHome([...OURS, ...DATABASE], (home) => {
    const { removed, left, folderGone } = purgeHome(home, { database: false });
    deepEqual([...removed].sort(), [...OURS].sort());
    deepEqual(left, DATABASE);
    equal(folderGone, false);
    equal(Deno.readTextFileSync(`${home}/db.sqlite`), "db.sqlite");
    equal(purgeHome(home, { database: true }).folderGone, true);
  });
});

Deno.test("purgeHome leaves alone what the meter did not write, a folder of somebody's and the folder itself with it", () => {
  withHome([...OURS, "thesis.docx", "config.toml.bak", "photos/", "db.sqlite.old"], (home) => {
    Deno.writeTextFileSync(`${home}/photos/config.toml`, "mine");
    const { left, folderGone } = purgeHome(home, { database: true });
    deepEqual(left, ["config.toml.bak", "db.sqlite.old", "photos/", "thesis.docx"]);
    equal(folderGone, false);
    equal(Deno.readTextFileSync(`${home}/photos/config.toml`), "mine");
  });
});

Deno.test("purgeHome removes what is noted of stores, with what an interruption left there, and nobody else's file", () => {
  const noted = "0123456789ABCDEF".repeat(4);
  withHome(["trusted/"], (home) => {
    Deno.writeTextFileSync(`${home}/trusted/${noted}.pem`, "");
    Deno.writeTextFileSync(`${home}/trusted/${noted}.pem.0b5f8f9e-1111-4222-8333-944444444444.tmp`, "");
    equal(purgeHome(home, { database: true }).folderGone, true);
  });
  withHome(["trusted/"], (home) => {
    Deno.writeTextFileSync(`${home}/trusted/${noted}.pem`, "");
    Deno.writeTextFileSync(`${home}/trusted/mine.pem`, "");
    deepEqual(purgeHome(home, { database: true }).left, ["trusted/"]);
    deepEqual([...Deno.readDirSync(`${home}/trusted`)].map(({ name }) => name), ["mine.pem"]);
  });
});

Deno.test("purgeHome finds nothing to do where there is nothing, or only a link to somewhere else", () => {
  withHome(["config.toml"], (home) => {
    const link = `${home}-link`;
    Deno.symlinkSync(home, link);
    deepEqual(purgeHome(link, { database: true }).removed, []);
    equal(Deno.readTextFileSync(`${home}/config.toml`), "config.toml");
    deepEqual(purgeHome(`${home}-not-there`, { database: true }), { removed: [], left: [], folderGone: true });
  });
});
