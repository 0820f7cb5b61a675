/**
 * Writes one exchange and its bodies: which field goes to which column, who owns it, and whether the same response was
 * recorded before. Runs inside a transaction that the caller holds.
 *
 * Imports: node:sqlite (types), domain, ./project_rows.ts.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { Cost, ExchangeRow, TokenUsage } from "../domain/exchange.ts";
import { picoToMillicents } from "../domain/money.ts";
import type { EnsureProject } from "./project_rows.ts";

/** A body as it is stored. */
export interface PackedBody {
  readonly direction: "request" | "response";
  readonly contentType: string | null;
  readonly encoding: "identity" | "gzip";
  readonly body: Uint8Array;
  readonly textBytes: number;
  readonly originalSize: number;
  readonly truncated: boolean;
  /** JSON object of rule name to times fired. */
  readonly redactions: string;
}

type Value = string | number | bigint | null;

const COLUMNS = [
  "id",
  "project_id",
  "attribution_layer",
  "provider",
  "host",
  "method",
  "path",
  "model",
  "requested_model",
  "mode",
  "request_kind",
  "input_tokens",
  "output_tokens",
  "thinking_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "cache_write_5m_tokens",
  "cache_write_1h_tokens",
  "extra_parts",
  "raw_usage",
  "cost_pico",
  "cost_usd_minor_units",
  "cost_missing",
  "rate_match",
  "rates_source",
  "billing_basis",
  "requested_tier",
  "served_tier",
  "response_id",
  "duplicate_of",
  "client_name",
  "client_version",
  "status",
  "http_status",
  "error_class",
  "provider_error_code",
  "provider_error_type",
  "requested_at",
  "ttft_ms",
  "latency_ms",
  "tokens_complete",
  "usage_unknown",
  "usage_inconsistent",
  "request_bytes",
  "response_bytes",
  "prompt_hash",
] as const;

const INSERT_REQUEST = `INSERT INTO requests (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map(() => "?").join(", ")})`;

const INSERT_BODY = `INSERT INTO request_bodies (request_id, direction, content_type, encoding, body, stored_bytes,
  text_bytes, original_size_bytes, truncated, redactions, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

// A response counts from the first row that knew its usage; a call that only started a background job knows none.
const FIRST_RECORDED = `SELECT id FROM requests WHERE provider = ? AND response_id = ? AND duplicate_of IS NULL
  AND (NOT ? OR output_tokens IS NOT NULL OR input_tokens IS NOT NULL OR cost_pico > 0) ORDER BY seq LIMIT 1`;

/** Prepares the statements once and returns the function that inserts. It throws what SQLite throws. */
export function prepareExchangeInsert(
  db: DatabaseSync,
  ensureProject: EnsureProject,
): (row: ExchangeRow, bodies: readonly PackedBody[]) => void {
  const insertRequest = db.prepare(INSERT_REQUEST);
  const insertBody = db.prepare(INSERT_BODY);
  const firstRecorded = db.prepare(FIRST_RECORDED);

  function repeatedFetchOf(row: ExchangeRow): string | null {
    // Only a GET fetches what exists. A POST with a known id is a new charge: a fork, or a gateway with one id for all.
    if (row.method !== "GET" || row.responseId === null) return null;
    const saysUsage = row.usage.output !== null || row.usage.input !== null || row.cost.kind === "priced";
    const id = firstRecorded.get(row.provider, row.responseId, saysUsage ? 1 : 0)?.["id"];
    return typeof id === "string" ? id : null;
  }

  return (row, bodies) => {
    const projectId = ensureProject(row.attribution.slug, row.requestedAt);
    insertRequest.run(...requestValues(row, projectId, repeatedFetchOf(row)));
    for (const packed of bodies) {
      insertBody.run(
        row.id,
        packed.direction,
        packed.contentType,
        packed.encoding,
        packed.body,
        packed.body.byteLength,
        packed.textBytes,
        packed.originalSize,
        packed.truncated ? 1 : 0,
        packed.redactions,
        row.requestedAt,
      );
    }
  };
}

/** In the order of {@link COLUMNS}. */
function requestValues(row: ExchangeRow, projectId: number, duplicateOf: string | null): Value[] {
  return [
    row.id,
    projectId,
    row.attribution.layer,
    row.provider,
    row.host,
    row.method,
    row.path,
    row.model === "" ? null : row.model,
    row.requestedModel,
    row.mode,
    row.requestKind,
    ...tokenValues(row.usage),
    row.extraParts,
    row.rawUsage,
    ...costValues(row.cost, duplicateOf),
    row.billingBasis,
    row.requestedTier,
    row.servedTier,
    row.responseId,
    duplicateOf,
    row.clientName,
    row.clientVersion,
    row.status,
    row.httpStatus,
    row.errorClass,
    row.providerErrorCode,
    row.providerErrorType,
    row.requestedAt,
    row.ttftMs,
    row.latencyMs,
    row.tokensComplete ? 1 : 0,
    row.usageUnknown,
    row.usageInconsistent ? 1 : 0,
    row.requestBytes,
    row.responseBytes,
    row.promptHash,
  ];
}

/** `input_tokens` to `cache_write_1h_tokens`. The sum of cache writes is known as soon as one of them is. */
function tokenValues(usage: TokenUsage): Value[] {
  const { cacheWrite5m, cacheWrite1h } = usage;
  const cacheWrite = cacheWrite5m === null && cacheWrite1h === null ? null : (cacheWrite5m ?? 0) + (cacheWrite1h ?? 0);
  return [usage.input, usage.output, usage.thinking, usage.cacheRead, cacheWrite, cacheWrite5m, cacheWrite1h];
}

/** `cost_pico`, `cost_usd_minor_units`, `cost_missing`, `rate_match`, `rates_source`. */
function costValues(cost: Cost, duplicateOf: string | null): Value[] {
  if (duplicateOf !== null) return [null, null, "duplicate", null, null];
  switch (cost.kind) {
    case "priced":
      return [cost.pico, picoToMillicents(cost.pico), null, cost.match, cost.ratesSource];
    case "free":
      return [0, 0, null, null, null];
    case "unpriced":
      return [null, null, cost.reason, null, null];
  }
}
