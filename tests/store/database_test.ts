import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { MeterError } from "../../src/domain/errors.ts";
import { openForWriting, openReadOnly } from "../../src/store/database.ts";
import { NEWEST_MIGRATION } from "../../src/store/migrations.ts";
import { NOON, row, withDatabase, withFolder, write } from "./sample.ts";

const CHILD = new URL("./child.ts", import.meta.url).pathname;

function mode(path: string): string {
  return ((Deno.lstatSync(path).mode ?? 0) & 0o777).toString(8);
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

function fingerprint(path: string): string {
  const { mtime } = Deno.lstatSync(path);
  return `${createHash("sha256").update(Deno.readFileSync(path)).digest("hex")} ${mtime?.getTime()}`;
}

function throwsCode(code: string, act: () => unknown): void {
  throws(act, (error) => error instanceof MeterError && error.code === code && error.hint !== undefined);
}

/** Makes a database that claims to be of a later version. */
function makeNewer(path: string, how: "row and header" | "row only"): void {
  const db = openForWriting(path, { now: NOON });
  db.exec("INSERT INTO _migrations (id, name, applied_at) VALUES (9999, 'later', 0)");
  if (how === "row and header") db.exec("PRAGMA user_version = 9999");
  db.close();
}

Deno.test("openForWriting makes folder and files that only their owner can use", async () => {
  await withDatabase((db, path) => {
    write(db, [row()]);
    const folder = path.slice(0, path.lastIndexOf("/"));
    equal(mode(folder), "700");
    deepEqual(names(folder), ["db.sqlite", "db.sqlite-shm", "db.sqlite-wal"]);
    for (const name of names(folder)) equal(mode(`${folder}/${name}`), "600");
  });
});

Deno.test("openForWriting tightens what it finds loose", async () => {
  await withFolder((folder) => {
    const path = `${folder}/db.sqlite`;
    openForWriting(path, { now: NOON }).close();
    Deno.chmodSync(folder, 0o755);
    Deno.chmodSync(path, 0o644);
    const db = openForWriting(path, { now: NOON });
    equal(mode(folder), "700");
    for (const name of names(folder)) equal(mode(`${folder}/${name}`), "600");
    db.close();
  });
});

Deno.test("openForWriting sets the pragmas that the promises rest on", async () => {
  await withDatabase((db) => {
    const read = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    equal(read("journal_mode"), "wal");
    equal(read("synchronous"), 1);
    equal(read("foreign_keys"), 1);
    equal(read("temp_store"), 2);
    equal(read("secure_delete"), 1);
    equal(read("auto_vacuum"), 2);
    equal(read("busy_timeout") ?? read("timeout"), 5000);
  });
});

Deno.test("openForWriting refuses a symbolic link under any of the database's names", async () => {
  await withFolder((folder) => {
    const path = `${folder}/db.sqlite`;
    Deno.writeTextFileSync(`${folder}/victim`, "");
    Deno.symlinkSync(`${folder}/victim`, path);
    throwsCode("database_unusable", () => openForWriting(path, { now: NOON }));
    Deno.removeSync(path);
    openForWriting(path, { now: NOON }).close();
    Deno.symlinkSync(`${folder}/victim`, `${path}-wal`);
    throwsCode("database_unusable", () => openForWriting(path, { now: NOON }));
    equal(Deno.readTextFileSync(`${folder}/victim`), "");
  });
});

Deno.test("openForWriting refuses a symbolic link in place of the log of a database that is not there yet", async () => {
  await withFolder((folder) => {
    const other = `${folder}/other`;
    Deno.writeTextFileSync(other, "kept", { mode: 0o644 });
    for (const end of ["-wal", "-shm", "-journal"]) {
      Deno.symlinkSync(other, `${folder}/db.sqlite${end}`);
      throws(() => openForWriting(`${folder}/db.sqlite`, { now: 0 }), { code: "database_unusable" }, end);
      Deno.removeSync(`${folder}/db.sqlite${end}`);
    }
    equal(Deno.readTextFileSync(other), "kept");
  });
});

Deno.test("openForWriting refuses a folder of another user", async () => {
  await withFolder((folder) => {
    const uid = Deno.statSync(folder).uid ?? 0;
    throwsCode("database_unusable", () => openForWriting(`${folder}/db.sqlite`, { now: NOON, uid: uid + 1 }));
    deepEqual(names(folder), []);
    openForWriting(`${folder}/db.sqlite`, { now: NOON, uid }).close();
  });
});

for (const how of ["row and header", "row only"] as const) {
  Deno.test(`openForWriting leaves a newer database as it is (${how})`, async () => {
    await withFolder((folder) => {
      const path = `${folder}/db.sqlite`;
      makeNewer(path, how);
      const before = fingerprint(path);
      throwsCode("database_newer", () => openForWriting(path, { now: NOON }));
      equal(fingerprint(path), before);
      deepEqual(names(folder), ["db.sqlite"]);
    });
  });
}

Deno.test("openReadOnly leaves a newer database as it is", async () => {
  await withFolder((folder) => {
    const path = `${folder}/db.sqlite`;
    makeNewer(path, "row and header");
    const before = fingerprint(path);
    throwsCode("database_newer", () => openReadOnly(path));
    equal(fingerprint(path), before);
    deepEqual(names(folder), ["db.sqlite"]);
  });
});

Deno.test("openForWriting finds a newer version that is still in the log of a killed process", async () => {
  await withFolder((folder) => {
    const path = `${folder}/db.sqlite`;
    const db = openForWriting(`${folder}/live.sqlite`, { now: NOON });
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    db.exec("INSERT INTO _migrations (id, name, applied_at) VALUES (9999, 'later', 0)");
    // The files as kill -9 would leave them. Reading them here drops locks, which nobody else contends for.
    Deno.copyFileSync(`${folder}/live.sqlite`, path);
    Deno.copyFileSync(`${folder}/live.sqlite-wal`, `${path}-wal`);
    db.close();
    const before = [fingerprint(path), fingerprint(`${path}-wal`)];
    throwsCode("database_newer", () => openForWriting(path, { now: NOON }));
    deepEqual([fingerprint(path), fingerprint(`${path}-wal`)], before);
  });
});

Deno.test("openForWriting refuses what is no database, or one of another program", async () => {
  await withFolder((folder) => {
    for (const text of ["short", "no database ".repeat(1_000), "SQLite format 3\0".padEnd(4_096, "junk")]) {
      Deno.writeTextFileSync(`${folder}/db.sqlite`, text);
      throwsCode("database_unusable", () => openForWriting(`${folder}/db.sqlite`, { now: NOON }));
      throwsCode("database_unusable", () => openReadOnly(`${folder}/db.sqlite`));
      equal(Deno.readTextFileSync(`${folder}/db.sqlite`), text);
    }
    const other = new DatabaseSync(`${folder}/other.sqlite`);
    other.exec("CREATE TABLE notes (text TEXT)");
    other.close();
    throwsCode("database_unusable", () => openForWriting(`${folder}/other.sqlite`, { now: NOON }));
  });
});

Deno.test("openForWriting goes on after a start that was killed before the first table", async () => {
  await withFolder((folder) => {
    Deno.writeTextFileSync(`${folder}/db.sqlite`, "");
    equal(openReadOnly(`${folder}/db.sqlite`), null);
    openForWriting(`${folder}/db.sqlite`, { now: NOON }).close();
    const db = openReadOnly(`${folder}/db.sqlite`);
    equal(db?.prepare("SELECT max(id) AS id FROM _migrations").get()?.["id"], NEWEST_MIGRATION);
    db?.close();
  });
});

Deno.test("openReadOnly returns null for a missing file or folder and makes neither", async () => {
  await withFolder((folder) => {
    equal(openReadOnly(`${folder}/absent/db.sqlite`), null);
    equal(openReadOnly(`${folder}/db.sqlite`), null);
    deepEqual(names(folder), []);
  });
});

Deno.test("openReadOnly reads beside a writer and cannot write", async () => {
  await withDatabase((db, path) => {
    write(db, [row()]);
    db.exec("BEGIN IMMEDIATE");
    const reader = openReadOnly(path);
    equal(reader?.prepare("SELECT count(*) AS n FROM requests").get()?.["n"], 1);
    throws(() => reader?.exec("DELETE FROM requests"));
    reader?.close();
    db.exec("ROLLBACK");
  });
});

Deno.test("a database of a writer that was killed opens clean and holds every flushed row", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/db.sqlite`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", `--allow-read=${folder}`, `--allow-write=${folder}`, CHILD, "write", path],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    let told = "";
    for await (const bytes of child.stdout.values({ preventCancel: true })) {
      told += new TextDecoder().decode(bytes);
      if (told.split("\n").length > 20) break;
    }
    child.kill("SIGKILL");
    for await (const bytes of child.stdout) told += new TextDecoder().decode(bytes);
    await child.status;
    const flushed = Number(told.slice(0, told.lastIndexOf("\n")).split("\n").at(-1));
    ok(flushed >= 400);

    const db = openForWriting(path, { now: NOON });
    equal(db.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok");
    deepEqual(db.prepare("PRAGMA foreign_key_check").all(), []);
    const rows = Number(db.prepare("SELECT count(*) AS n FROM requests").get()?.["n"]);
    ok(rows >= flushed, `${rows} rows on disk, ${flushed} were told`);
    equal(db.prepare("SELECT sum(requests) AS n FROM usage_spans WHERE span = 86400000").get()?.["n"], rows);
    db.close();
  });
});
