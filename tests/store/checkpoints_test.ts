import { ok, strictEqual as equal } from "node:assert/strict";
import { FOLD_FRAMES, LONG_FRAMES, prepareCheckpoints } from "../../src/store/checkpoints.ts";
import { type Database, openForWriting, openReadOnly } from "../../src/store/database.ts";
import { NOON, withDatabase } from "./sample.ts";

const FRAME_BYTES = 4_096 + 24;

function framesIn(path: string): number {
  return Math.floor(Deno.statSync(`${path}-wal`).size / FRAME_BYTES);
}

/** Commits that together write about `frames` pages. */
function grow(db: Database, frames: number, committed: () => void): void {
  db.exec("CREATE TABLE IF NOT EXISTS filler (n INTEGER PRIMARY KEY, text TEXT) STRICT");
  const insert = db.prepare("INSERT INTO filler (text) VALUES (?)");
  const each = 20;
  for (let written = 0; written < frames; written += each) {
    db.exec("BEGIN");
    for (let i = 0; i < each; i++) insert.run("x".repeat(4_000));
    db.exec("COMMIT");
    committed();
  }
}

Deno.test("prepareCheckpoints() keeps the log short while nobody reads", async () => {
  await withDatabase((db, path) => {
    const committed = prepareCheckpoints(db);
    let longest = 0;
    grow(db, 6 * FOLD_FRAMES, () => {
      committed();
      longest = Math.max(longest, framesIn(path));
    });
    ok(longest > FOLD_FRAMES && longest < FOLD_FRAMES + 200, String(longest));
  });
});

Deno.test("prepareCheckpoints() folds no more often because somebody reads, and starts the log anew when they are gone", async () => {
  await withDatabase((db, path) => {
    const committed = prepareCheckpoints(db);
    grow(db, 100, committed);
    const reader = openReadOnly(path);
    reader?.exec("BEGIN; SELECT count(*) FROM filler");
    const sizeOfFile = () => Deno.statSync(path).size;
    let folds = 0;
    let before = sizeOfFile();
    grow(db, 3 * FOLD_FRAMES, () => {
      committed();
      if (sizeOfFile() !== before) folds++;
      before = sizeOfFile();
    });
    ok(folds <= 3, String(folds)); // SQLite's own way would try at each of the last hundred commits.
    ok(framesIn(path) > 3 * FOLD_FRAMES);
    equal(Number(reader?.prepare("SELECT count(*) AS n FROM filler").get()?.["n"]), 100);
    reader?.close();
    grow(db, 2 * FOLD_FRAMES, committed);
    ok(framesIn(path) < 2 * FOLD_FRAMES, String(framesIn(path)));
  });
});

Deno.test("prepareCheckpoints() waits in vain for a reader a bounded number of times, and writes on", async () => {
  await withDatabase((db, path) => {
    const committed = prepareCheckpoints(db);
    grow(db, 100, committed);
    const reader = openReadOnly(path);
    reader?.exec("BEGIN; SELECT count(*) FROM filler");
    let waits = 0;
    grow(db, LONG_FRAMES + 3 * FOLD_FRAMES, () => {
      const begun = performance.now();
      committed();
      if (performance.now() - begun >= 240) waits++;
    });
    equal(Number(db.prepare("PRAGMA busy_timeout").get()?.["timeout"]), 5_000);
    reader?.close();
    grow(db, 2 * FOLD_FRAMES, committed);
    ok(framesIn(path) < 2 * FOLD_FRAMES);
    equal(db.prepare("PRAGMA quick_check").get()?.["quick_check"], "ok");
    ok(waits >= 1);
  });
});

Deno.test("prepareCheckpoints() leaves a database without a log alone", () => {
  const folder = Deno.makeTempDirSync();
  const db = openForWriting(`${folder}/db.sqlite`, { now: NOON });
  db.exec("PRAGMA journal_mode = DELETE");
  prepareCheckpoints(db)();
  equal(db.prepare("PRAGMA journal_mode").get()?.["journal_mode"], "delete");
  db.close();
  Deno.removeSync(folder, { recursive: true });
});
