/**
 * What waits to be sent to the paired server. Reads only.
 *
 * Imports: node:sqlite (types), domain, ./bodies.ts, ./cloud_record.ts.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type {
  Pairing,
  PendingBodies,
  PendingBody,
  PendingRow,
  PendingRows,
  Queue,
  SyncSource,
} from "../domain/cloud.ts";
import { unpackBody } from "./bodies.ts";
import { isPairing, readSyncRecord } from "./cloud_record.ts";

/** Every column that a server may learn of, and no other: the first of two lists that a column must be on. */
export const SYNC_COLUMNS = [
  "requested_at",
  "provider",
  "host",
  "method",
  "path",
  "requested_model",
  "model",
  "mode",
  "request_kind",
  "status",
  "http_status",
  "error_class",
  "provider_error_code",
  "input_tokens",
  "output_tokens",
  "thinking_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "cache_write_5m_tokens",
  "cache_write_1h_tokens",
  "tokens_complete",
  "usage_unknown",
  "requested_tier",
  "served_tier",
  "speed",
  "inference_geo",
  "modalities",
  "extra_usage",
  "extra_parts",
  "response_usage",
  "billable",
  "response_complete",
  "provider_cost_pico",
  "cost_pico",
  "cost_missing",
  "rates_source",
  "billing_basis",
  "latency_ms",
  "ttft_ms",
  "client_name",
  "duplicate_of",
  "prompt_hash",
  "source_workdir",
] as const;

/** Recorded since the pairing began, and not under way when it did. */
const SHARED = "(requests.seq > from_seq AND requested_at >= floor_at)";

const WHERE: Readonly<Record<Queue, string>> = {
  new: `requests.seq > position AND ${SHARED}`,
  changed: "requests.seq IN (SELECT seq FROM cloud_changes)",
  backfill: `requests.seq > backfill_position AND requests.seq <= backfill_to AND NOT ${SHARED}`,
};

const QUEUES: readonly Queue[] = ["new", "changed", "backfill"];

/** How much is behind and ahead of the position. */
export interface SyncCounts {
  /** Rows that the next passes would send, repeats of changed rows included. */
  readonly waiting: number;
  /** Rows and bodies that the server refused. */
  readonly parked: number;
  /** Rows from before the pairing, which are not shared. */
  readonly notShared: number;
}

/**
 * Reads as long as `open` gives a database; it may be another one each time. What waits is told for `pairing` only: a pass that
 * is still at work when this machine is paired with another server must not send there what is meant for the new one.
 */
export function syncSource(open: () => DatabaseSync, pairing: Pairing): SyncSource {
  return {
    record: () => readSyncRecord(open()),
    rows: (limit) => whilePaired(open(), pairing, (db) => pendingRows(db, limit)),
    bodies: () => whilePaired(open(), pairing, pendingBodies),
  };
}

/** Looks and reads in one snapshot. */
function whilePaired<T>(db: DatabaseSync, pairing: Pairing, read: (db: DatabaseSync) => T | null): T | null {
  db.exec("BEGIN");
  try {
    const record = readSyncRecord(db);
    return record !== null && isPairing(record, pairing) ? read(db) : null;
  } finally {
    db.exec("COMMIT");
  }
}

/** The first queue that is not empty; new rows go first. */
export function pendingRows(db: DatabaseSync, limit: number): PendingRows | null {
  for (const queue of QUEUES) {
    const statement = db.prepare(
      `SELECT requests.seq, requests.id, revision, projects.slug AS project, ${SYNC_COLUMNS.join(", ")}
       FROM requests CROSS JOIN cloud_pairing JOIN projects ON projects.id = requests.project_id
       WHERE disconnected_at IS NULL AND ${WHERE[queue]} ORDER BY requests.seq LIMIT ?`,
    );
    statement.setReadBigInts(true);
    const rows = statement.all(limit).map((found): PendingRow => {
      const { seq, id, revision, ...columns } = found;
      return { seq: Number(seq), id: String(id), revision: Number(revision), columns };
    });
    if (rows.length > 0) return { queue, rows };
  }
  return null;
}

/**
 * The bodies of the oldest row that was sent and has some that are not settled; when there is none, those that were refused and
 * are to be tried again. Rows from before the pairing have none here.
 */
export function pendingBodies(db: DatabaseSync): PendingBodies | null {
  const row = db.prepare(
    `SELECT requests.seq, requests.id FROM requests CROSS JOIN cloud_pairing
     WHERE disconnected_at IS NULL AND body_sync = 1 AND requests.seq > body_position AND requests.seq <= position
       AND ${SHARED} AND EXISTS (SELECT 1 FROM request_bodies WHERE request_id = requests.id)
       AND NOT EXISTS (SELECT 1 FROM cloud_parked WHERE cloud_parked.seq = requests.seq AND part = 'row')
     ORDER BY requests.seq LIMIT 1`,
  ).get() ?? db.prepare(
    `SELECT requests.seq, requests.id, 1 AS again FROM requests CROSS JOIN cloud_pairing
     WHERE disconnected_at IS NULL AND body_sync = 1 AND EXISTS (SELECT 1 FROM cloud_parked
       JOIN request_bodies ON request_id = requests.id AND direction = part
       WHERE cloud_parked.seq = requests.seq AND parked_at = 0)
       AND requests.seq IN (SELECT seq FROM cloud_parked WHERE parked_at = 0)
     ORDER BY requests.seq LIMIT 1`,
  ).get();
  if (row === undefined) return null;
  const only = row["again"] === undefined
    ? ""
    : "AND direction IN (SELECT part FROM cloud_parked JOIN requests USING (seq) WHERE id = request_id AND parked_at = 0)";
  const bodies = db.prepare(
    `SELECT direction, content_type, encoding, body, redactions FROM request_bodies WHERE request_id = ? ${only} ORDER BY 1`,
  ).all(String(row["id"])).map((found): PendingBody => ({
    direction: found["direction"] === "request" ? "request" : "response",
    contentType: typeof found["content_type"] === "string" ? found["content_type"] : null,
    text: unpackBody(found["encoding"], found["body"]),
    rules: Object.keys(JSON.parse(String(found["redactions"]))).toSorted(),
  }));
  return { seq: Number(row["seq"]), id: String(row["id"]), bodies };
}

/** Counts for `cloud status`. */
export function syncCounts(db: DatabaseSync): SyncCounts {
  const count = (sql: string) => Number(db.prepare(`SELECT count(*) AS n FROM ${sql}`).get()?.["n"]);
  const rows = (where: string) => count(`requests CROSS JOIN cloud_pairing WHERE disconnected_at IS NULL AND ${where}`);
  return {
    waiting: QUEUES.reduce((sum, queue) => sum + rows(WHERE[queue]), 0),
    parked: count("cloud_parked"),
    notShared: rows(`requests.seq > backfill_position AND requests.seq > backfill_to AND NOT ${SHARED}`),
  };
}

/** What was shared of one UTC day. Counts that no row reported are 0 in a sum. */
export interface SharedDay {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly requests: number;
  readonly costPico: bigint;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/**
 * Sums by UTC day of the rows that the server has, from `from` (UTC epoch ms) on. Repeated fetches are left out, and so are
 * rows that wait or were refused.
 */
export function sharedDays(db: DatabaseSync, from: number): SharedDay[] {
  const statement = db.prepare(
    `SELECT date(requested_at / 1000, 'unixepoch') AS day, count(*) AS requests, coalesce(sum(cost_pico), 0) AS cost,
       coalesce(sum(input_tokens), 0) AS prompt, coalesce(sum(output_tokens), 0) AS completion
     FROM requests CROSS JOIN cloud_pairing WHERE requested_at >= ? AND duplicate_of IS NULL
       AND requests.seq <= iif(${SHARED}, position, backfill_position)
       AND requests.seq NOT IN (SELECT seq FROM cloud_parked WHERE part = 'row') GROUP BY 1 ORDER BY 1`,
  );
  statement.setReadBigInts(true);
  return statement.all(from).map((row) => ({
    date: String(row["day"]),
    requests: Number(row["requests"]),
    costPico: typeof row["cost"] === "bigint" ? row["cost"] : 0n,
    promptTokens: Number(row["prompt"]),
    completionTokens: Number(row["completion"]),
  }));
}
