/**
 * Takes batches: checks each row, prices it, and writes all that are good in one statement.
 *
 * Idempotent by (workspace, request_id): a row that comes again changes nothing, unless the same machine sends it with a
 * higher revision. A machine cannot change another's rows.
 *
 * Imports: meter (types), ./database.ts, ./partitions.ts, ./recompute.ts, ./row_schema.ts.
 *
 * @module
 */

import type { RateTable } from "../meter/rates.ts";
import { flagIn, numberIn, type Sql } from "./database.ts";
import { inRange } from "./partitions.ts";
import { recompute, type StoredCost } from "./recompute.ts";
import { issueIn, Row, Uuid } from "./row_schema.ts";

/** One row that was not taken. */
export interface Rejected {
  /** Null when what was sent is no UUID. */
  readonly request_id: string | null;
  readonly code: "bad_row" | "unknown_field" | "timestamp_out_of_range";
  readonly message: string;
}

/** A row, ready to be written. */
export interface PricedRow {
  readonly row: Row;
  readonly atMs: number;
  /** One element of the statement's JSON, by column. */
  readonly columns: Readonly<Record<string, unknown>>;
}

/** What a batch came to before it was written. */
export interface CheckedBatch {
  readonly rows: readonly PricedRow[];
  readonly rejected: readonly Rejected[];
  /** Rows of a batch that repeats an id; the highest revision is kept. */
  readonly repeated: number;
}

/** Checks and prices the rows of a batch. Touches no database. */
export function checkRows(sent: readonly unknown[], rates: RateTable, nowMs: number): CheckedBatch {
  const kept = new Map<string, PricedRow>();
  const rejected: Rejected[] = [];
  let repeated = 0;
  for (const value of sent) {
    const found = Row.safeParse(value);
    if (!found.success) {
      rejected.push({ request_id: idIn(value), ...issueIn(found.error) });
      continue;
    }
    const row = found.data;
    const atMs = Date.parse(row.timestamp);
    if (!inRange(atMs, nowMs)) {
      const message = "The time of the call is too far from this server's clock";
      rejected.push({ request_id: row.request_id, code: "timestamp_out_of_range", message });
      continue;
    }
    const cost = recompute(row, rates, atMs);
    const other = kept.get(row.request_id);
    if (other !== undefined) repeated++;
    if (other === undefined || other.row.revision < row.revision) {
      kept.set(row.request_id, { row, atMs, columns: columnsOf(row, cost, atMs) });
    }
  }
  // In the order of their ids, so that two batches with the same rows never wait for each other's.
  const rows = [...kept.values()].sort((a, b) => a.row.request_id < b.row.request_id ? -1 : 1);
  return { rows, rejected, repeated };
}

function idIn(value: unknown): string | null {
  if (typeof value !== "object" || value === null || !("request_id" in value)) return null;
  return Uuid.safeParse(value.request_id).data ?? null;
}

function columnsOf(row: Row, cost: StoredCost, atMs: number): Record<string, unknown> {
  const { timestamp: _, cost_usd_pico, cost_missing, rates_source, cost_inputs, ...plain } = row;
  return {
    ...plain,
    // Not as it was sent: the database knows no offset beyond 16 hours.
    occurred_at: new Date(atMs).toISOString(),
    cost_inputs,
    cost_pico: cost.pico === null ? null : cost.pico.toString(),
    cost_missing: cost.missing,
    rates_source: cost.ratesSource,
    reported_cost_pico: cost_usd_pico,
    reported_cost_missing: cost_missing,
    reported_rates_source: rates_source,
  };
}

/** Columns that come out of the JSON, with their types. */
const COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ["revision", "integer"],
  ["provider", "text"],
  ["host", "text"],
  ["method", "text"],
  ["path", "text"],
  ["requested_model", "text"],
  ["model", "text"],
  ["mode", "text"],
  ["request_kind", "text"],
  ["status", "text"],
  ["status_code", "integer"],
  ["error_class", "text"],
  ["provider_error_code", "text"],
  ["prompt_tokens", "bigint"],
  ["completion_tokens", "bigint"],
  ["thinking_tokens", "bigint"],
  ["cache_read_tokens", "bigint"],
  ["cache_write_tokens", "bigint"],
  ["cache_write_5m_tokens", "bigint"],
  ["cache_write_1h_tokens", "bigint"],
  ["tokens_complete", "boolean"],
  ["usage_unknown", "text"],
  ["cost_inputs", "jsonb"],
  ["cost_pico", "bigint"],
  ["cost_missing", "text"],
  ["rates_source", "text"],
  ["reported_cost_pico", "bigint"],
  ["reported_cost_missing", "text"],
  ["reported_rates_source", "text"],
  ["billing_basis", "text"],
  ["latency_ms", "double precision"],
  ["ttft_ms", "double precision"],
  ["project", "text"],
  ["client_name", "text"],
  ["duplicate_of", "uuid"],
  ["hostname", "text"],
  ["prompt_hash", "text"],
  ["source_workdir", "text"],
];

const NAMES = COLUMNS.map(([name]) => name);

/** Columns of `usage_days` that are sums, each with what one row adds to it. */
const SUMS: readonly (readonly [name: string, ofRow: string])[] = [
  ["requests", "1"],
  ["errors", "(status = 'error')::int"],
  ["priced", "(cost_pico IS NOT NULL)::int"],
  ["cost_pico", "coalesce(cost_pico, 0)"],
  ["reported_cost_pico", "coalesce(reported_cost_pico, 0)"],
  ...["prompt", "completion", "cache_read", "cache_write"].flatMap((kind): [string, string][] => [
    [`${kind}_known`, `(${kind}_tokens IS NOT NULL)::int`],
    [`${kind}_tokens`, `coalesce(${kind}_tokens, 0)`],
  ]),
];

const CELL =
  "occurred_at, provider, requested_model, model, project, status, duplicate_of, cost_pico, reported_cost_pico, " +
  "prompt_tokens, completion_tokens, cache_read_tokens, cache_write_tokens";

/**
 * $1 the rows as JSON, $2 workspace, $3 device, $4 member. The partition of a row that is corrected is the one it was first
 * stored in, whatever time the correction names. Sums gain what is written and lose what it replaces, which is looked up row by
 * row: as a join, the planner has been seen to read all of a workspace's keys for every batch.
 */
const WRITE = `
WITH input AS (
  SELECT * FROM json_to_recordset($1::text::json) AS r(request_id uuid, occurred_at timestamptz, ${
  COLUMNS.map(([name, type]) => `${name} ${type}`).join(", ")
})
), replaced AS (
  SELECT ${CELL.split(", ").map((name) => `r.${name}`).join(", ")}
  FROM input
  CROSS JOIN LATERAL (
    SELECT occurred_at FROM request_keys WHERE workspace_id = $2::text::uuid AND request_id = input.request_id
      AND device_id = $3::text::uuid AND revision < input.revision LIMIT 1
  ) k
  CROSS JOIN LATERAL (
    SELECT ${CELL} FROM requests WHERE workspace_id = $2::text::uuid AND occurred_at = k.occurred_at
      AND request_id = input.request_id LIMIT 1
  ) r
  WHERE input.revision > 1
), keys AS (
  INSERT INTO request_keys AS k (workspace_id, request_id, device_id, occurred_at, revision)
  SELECT $2::text::uuid, request_id, $3::text::uuid, occurred_at, revision FROM input
  ON CONFLICT (workspace_id, request_id) DO UPDATE SET revision = excluded.revision
    WHERE k.revision < excluded.revision AND k.device_id = excluded.device_id
  RETURNING request_id, occurred_at, (xmax = 0) AS inserted
), written AS (
  INSERT INTO requests (workspace_id, request_id, occurred_at, device_id, member_id, ${NAMES.join(", ")})
  SELECT $2::text::uuid, input.request_id, keys.occurred_at, $3::text::uuid, $4::text::uuid,
    ${NAMES.map((name) => `input.${name}`).join(", ")}
  FROM input JOIN keys ON keys.request_id = input.request_id
  ON CONFLICT (workspace_id, occurred_at, request_id) DO UPDATE SET
    ${NAMES.map((name) => `${name} = excluded.${name}`).join(", ")}
  RETURNING ${CELL}
), changes AS (
  SELECT 1 AS sign, ${CELL} FROM written UNION ALL SELECT -1, ${CELL} FROM replaced
), summed AS (
  INSERT INTO usage_days AS u (workspace_id, day, device_id, member_id, provider, model, project, ${
  SUMS.map(([name]) => name).join(", ")
})
  SELECT $2::text::uuid, (occurred_at AT TIME ZONE 'UTC')::date, $3::text::uuid, $4::text::uuid, provider,
    coalesce(model, requested_model, ''), coalesce(project, ''), ${
  SUMS.map(([, ofRow]) => `sum(sign * ${ofRow})`).join(", ")
}
  FROM changes WHERE duplicate_of IS NULL GROUP BY 2, 5, 6, 7
  ON CONFLICT (workspace_id, day, device_id, provider, model, project) DO UPDATE SET
    ${SUMS.map(([name]) => `${name} = u.${name} + excluded.${name}`).join(", ")}
)
SELECT inserted, count(*)::int AS rows FROM keys GROUP BY inserted`;

/** Who sends a batch. */
export interface Sender {
  readonly workspaceId: string;
  readonly deviceId: string;
  readonly memberId: string;
}

/** Writes the rows inside the transaction of `sql`. @returns how many were not there before. */
export async function writeRows(sql: Sql, sender: Sender, rows: readonly PricedRow[]): Promise<number> {
  if (rows.length === 0) return 0;
  // One batch of a machine at a time: what a row replaces is read before it is written.
  await sql("SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0))", [sender.deviceId]);
  const json = JSON.stringify(rows.map(({ columns }) => columns));
  const counts = await sql(WRITE, [json, sender.workspaceId, sender.deviceId, sender.memberId]);
  return counts.filter((row) => flagIn(row, "inserted")).reduce((sum, row) => sum + numberIn(row, "rows"), 0);
}
