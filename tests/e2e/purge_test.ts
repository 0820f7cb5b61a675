/**
 * `bodies purge --vacuum` on a database of 200 MB that is killed again and again: what is not to be purged stays, the file is sound
 * at every moment, and in the end it is small.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { createHash } from "node:crypto";
import { bodyStats } from "../../src/store/bodies.ts";
import { freePages } from "../../src/store/body_removal.ts";
import { type Database, openForWriting, openReadOnly } from "../../src/store/database.ts";
import { auditTrail } from "../../src/store/settings.ts";
import { row, writerOf } from "../store/sample.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { until } from "./support/program.ts";

const DAY = 86_400_000;
const OLD = 400;
const YOUNG = 20;
const BODY_BYTES = 512 * 1024;
const PURGE = ["bodies", "purge", "--older-than", "30d", "--vacuum"] as const;

/** Calls of 40 days ago and of yesterday, each with one body that cannot be compressed. */
function fill(meter: Meter): void {
  const db = openForWriting(meter.database, { now: Date.now() });
  const writer = writerOf(db);
  for (let at = 0; at < OLD + YOUNG; at++) {
    writer.record(row({ requestedAt: Date.now() - (at < OLD ? 40 : 1) * DAY }), []);
  }
  writer.close();
  // SQLite makes the bytes itself, which is what makes 200 MB a matter of seconds.
  db.exec(`PRAGMA synchronous = OFF; INSERT INTO request_bodies (request_id, direction, content_type, encoding, body,
    stored_bytes, text_bytes, original_size_bytes, truncated, redactions, created_at)
    SELECT id, 'request', 'text/plain', 'identity', randomblob(${BODY_BYTES}), ${BODY_BYTES}, ${BODY_BYTES}, ${BODY_BYTES},
      0, '{}', requested_at FROM requests ORDER BY seq`);
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

function look<T>(meter: Meter, at: (db: Database) => T): T {
  const db = openReadOnly(meter.database);
  if (db === null) throw new Error("There is no database");
  try {
    return at(db);
  } finally {
    db.close();
  }
}

/** A fingerprint of everything that must stay. */
function kept(meter: Meter): string {
  return look(meter, (db) => {
    const hash = createHash("sha256");
    const bodies = db.prepare("SELECT request_id, body FROM request_bodies WHERE created_at > ? ORDER BY request_id");
    for (const each of bodies.iterate(Date.now() - 30 * DAY)) {
      hash.update(String(each["request_id"])).update(each["body"] as Uint8Array);
    }
    for (const each of db.prepare("SELECT id, cost_pico, requested_at FROM requests ORDER BY seq").iterate()) {
      hash.update(JSON.stringify(Object.values(each)));
    }
    return hash.digest("hex");
  });
}

/** Database and log on the disk. */
function bytesOnDisk(meter: Meter): number {
  return [meter.database, `${meter.database}-wal`].reduce((sum, path) => {
    try {
      return sum + Deno.statSync(path).size;
    } catch {
      return sum;
    }
  }, 0);
}

/** When to kill. Each is true at some time of every purge, however fast it is, or the purge has ended before. */
const MOMENTS: Readonly<Record<string, (db: Database) => boolean>> = {
  "after its first step": (db) => bodyStats(db).count < OLD + YOUNG,
  "half way through the bodies": (db) => bodyStats(db).count < OLD / 2,
  "while space is given back": (db) => bodyStats(db).count === YOUNG && freePages(db) < 30_000,
  "when most of it is given back": (db) => freePages(db) < 10_000 && bodyStats(db).count === YOUNG,
};

Deno.test("bodies purge --vacuum of 200 MB may be killed at any moment, loses nothing that is to stay, and finishes when run again", async () => {
  await withMeter({ edge: false, daemon: false }, async (meter) => {
    fill(meter);
    const before = bytesOnDisk(meter);
    ok(before > 200_000_000, `${before} bytes`);
    const expected = kept(meter);
    let killed = 0;
    for (const [moment, reached] of Object.entries(MOMENTS)) {
      const purge = meter.start([...PURGE]);
      await until(moment, () => purge.exit !== null || look(meter, reached), 60_000);
      if (purge.exit === null) killed++;
      purge.kill("SIGKILL");
      await purge.finished;
      equal(look(meter, (db) => db.prepare("PRAGMA integrity_check").get()?.["integrity_check"]), "ok", moment);
      equal(kept(meter), expected, moment);
      const told = look(meter, (db) => auditTrail(db, 99)).filter(({ event }) => event === "bodies.purged");
      const deleted = told.reduce((sum, { details }) => sum + Number(details["bodies"]), 0);
      equal(look(meter, bodyStats).count, OLD + YOUNG - deleted, "the trail tells what is gone");
    }
    ok(killed > 0, "it was killed in the middle at least once");
    const last = await meter.command([...PURGE]);
    equal(last.code, 0, last.stderr);
    match(last.stdout, /^Deleted \d+ bod(?:y|ies) /);
    equal(kept(meter), expected);
    deepEqual([look(meter, bodyStats).count, look(meter, freePages)], [YOUNG, 0]);
    ok(bytesOnDisk(meter) < YOUNG * BODY_BYTES * 1.2, `${before} bytes became ${bytesOnDisk(meter)}`);
    equal(look(meter, (db) => db.prepare("PRAGMA integrity_check").get()?.["integrity_check"]), "ok");
  });
});
