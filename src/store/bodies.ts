/**
 * Captured bodies after they were written: reading one, counting them, and letting them go.
 *
 * Imports: node:sqlite (types), node:zlib.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { gunzipSync } from "node:zlib";

/** One stored body, as text. */
export interface StoredBody {
  readonly direction: "request" | "response";
  readonly contentType: string | null;
  readonly text: string;
  /** Bytes before redaction and cut. */
  readonly originalSize: number;
  readonly truncated: boolean;
  readonly redactions: Readonly<Record<string, number>>;
}

/** What is stored, and what redaction took out of it. */
export interface BodyStats {
  readonly count: number;
  /** Calls with at least one body. */
  readonly requests: number;
  /** On disk, compressed. */
  readonly storedBytes: number;
  /** As text. */
  readonly textBytes: number;
  readonly truncated: number;
  /** UTC epoch ms; `null` when nothing is stored. */
  readonly oldest: number | null;
  readonly newest: number | null;
  /** Rule name to times fired over all stored bodies, by name. */
  readonly redactions: Readonly<Record<string, number>>;
}

/** Rows deleted in one transaction, so that the sweep never keeps the writer waiting. */
const PURGE_STEP = 200;
/** Pages given back in one transaction: 8 MiB. */
const SHRINK_STEP = 2_000;

/** The bodies of one call, request first; empty when none were captured or they were purged. */
export function readBodies(db: DatabaseSync, requestId: string): StoredBody[] {
  const rows = db.prepare("SELECT * FROM request_bodies WHERE request_id = ? ORDER BY direction").all(requestId);
  return rows.map((row) => {
    const body = row["body"];
    if (!(body instanceof Uint8Array)) throw new TypeError("Cannot read a body: the column holds no bytes");
    return {
      direction: row["direction"] === "request" ? "request" : "response",
      contentType: typeof row["content_type"] === "string" ? row["content_type"] : null,
      text: new TextDecoder().decode(row["encoding"] === "gzip" ? gunzipSync(body) : body),
      originalSize: Number(row["original_size_bytes"]),
      truncated: row["truncated"] === 1,
      redactions: JSON.parse(String(row["redactions"])),
    };
  });
}

/** Counts what is stored. */
export function bodyStats(db: DatabaseSync): BodyStats {
  const sums = db.prepare(
    `SELECT count(*) AS count, count(DISTINCT request_id) AS requests, coalesce(sum(stored_bytes), 0) AS stored,
       coalesce(sum(text_bytes), 0) AS text, coalesce(sum(truncated), 0) AS truncated,
       min(created_at) AS oldest, max(created_at) AS newest FROM request_bodies`,
  ).get() ?? {};
  const fired = db.prepare(
    `SELECT fired.key AS rule, sum(fired.value) AS times
     FROM request_bodies, json_each(request_bodies.redactions) AS fired GROUP BY 1 ORDER BY 1`,
  ).all();
  return {
    count: Number(sums["count"]),
    requests: Number(sums["requests"]),
    storedBytes: Number(sums["stored"]),
    textBytes: Number(sums["text"]),
    truncated: Number(sums["truncated"]),
    oldest: sums["oldest"] === null ? null : Number(sums["oldest"]),
    newest: sums["newest"] === null ? null : Number(sums["newest"]),
    redactions: Object.fromEntries(fired.map((row) => [String(row["rule"]), Number(row["times"])])),
  };
}

/**
 * Deletes bodies of calls made before an instant. The calls themselves stay: they are money.
 *
 * @param before UTC epoch ms.
 * @returns Bodies deleted.
 */
export function purgeBodies(db: DatabaseSync, before: number): number {
  const step = db.prepare(
    "DELETE FROM request_bodies WHERE rowid IN (SELECT rowid FROM request_bodies WHERE created_at < ? LIMIT ?)",
  );
  let purged = 0;
  for (;;) {
    const changes = Number(step.run(before, PURGE_STEP).changes);
    purged += changes;
    if (changes < PURGE_STEP) return purged;
  }
}

/**
 * Gives free pages back to the file system, the log's included. Works in place: VACUUM would need a second copy of every
 * prompt, and a permission that the recorder does not have.
 */
export function shrink(db: DatabaseSync): void {
  const free = db.prepare("PRAGMA freelist_count");
  for (let left = Number(free.get()?.["freelist_count"]); left > 0;) {
    db.exec(`PRAGMA incremental_vacuum(${SHRINK_STEP})`);
    db.exec("PRAGMA wal_checkpoint(PASSIVE)");
    const now = Number(free.get()?.["freelist_count"]);
    if (now >= left) break;
    left = now;
  }
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}
