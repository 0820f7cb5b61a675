/**
 * Captured bodies after they were written: reading those of one call, and counting all. Lists and texts page by page are in
 * body_pages.ts; letting go of them is body_removal.ts.
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

/** The bodies of one call, request first; empty when none were captured or they were purged. */
export function readBodies(db: DatabaseSync, requestId: string): StoredBody[] {
  const rows = db.prepare("SELECT * FROM request_bodies WHERE request_id = ? ORDER BY direction").all(requestId);
  return rows.map((row) => {
    return {
      direction: row["direction"] === "request" ? "request" : "response",
      contentType: typeof row["content_type"] === "string" ? row["content_type"] : null,
      text: unpackBody(row["encoding"], row["body"]),
      originalSize: Number(row["original_size_bytes"]),
      truncated: row["truncated"] === 1,
      redactions: JSON.parse(String(row["redactions"])),
    };
  });
}

/** The text of a stored body. `encoding` and `body` are the columns of those names. */
export function unpackBody(encoding: unknown, body: unknown): string {
  if (!(body instanceof Uint8Array)) throw new TypeError("Cannot read a body: the column holds no bytes");
  return new TextDecoder().decode(encoding === "gzip" ? gunzipSync(body) : body);
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
