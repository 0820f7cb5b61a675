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

/** What a column takes. */
export type Value = string | number | bigint | null;

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
  "response_usage",
  "modalities",
  "extra_usage",
  "raw_usage",
  "provider_cost_pico",
  "response_complete",
  "billable",
  "cost_pico",
  "cost_usd_minor_units",
  "cost_missing",
  "rate_match",
  "rates_source",
  "billing_basis",
  "requested_tier",
  "served_tier",
  "speed",
  "inference_geo",
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
  "source_workdir",
] as const;

const INSERT_REQUEST = `INSERT INTO requests (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map(() => "?").join(", ")})`;

const INSERT_BODY = `INSERT INTO request_bodies (request_id, direction, content_type, encoding, body, stored_bytes,
  text_bytes, original_size_bytes, truncated, redactions, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

// A response counts from the first row that knew its usage; a call that only started a background job knows none.
const FIRST_RECORDED = `SELECT id FROM requests WHERE provider = ? AND response_id = ? AND duplicate_of IS NULL
  AND (NOT ? OR output_tokens IS NOT NULL OR input_tokens IS NOT NULL OR cost_pico > 0) ORDER BY seq LIMIT 1`;

// The row of a call that only started a background job, once the usage of that job is told.
const STARTED =
  `SELECT id, seq, requested_at FROM requests WHERE provider = ? AND response_id = ? AND duplicate_of IS NULL
  AND input_tokens IS NULL AND output_tokens IS NULL AND cost_pico IS NULL AND status = 'success' AND id <> ?
  ORDER BY seq DESC LIMIT 1`;

/**
 * Prepares the statements once and returns the function that inserts. It throws what SQLite throws.
 *
 * @returns A function that gives the time (UTC epoch ms) of an earlier row that no longer counts, since this one knows its
 *   usage; `null` without one. The roll-ups of that hour must be made anew.
 */
export function prepareExchangeInsert(
  db: DatabaseSync,
  ensureProject: EnsureProject,
): (row: ExchangeRow, bodies: readonly PackedBody[]) => number | null {
  const insertRequest = db.prepare(INSERT_REQUEST);
  const insertBody = db.prepare(INSERT_BODY);
  const firstRecorded = db.prepare(FIRST_RECORDED);
  const started = db.prepare(STARTED);
  const retire = db.prepare("UPDATE requests SET duplicate_of = ?, cost_missing = 'duplicate' WHERE seq = ?");
  // Polls since then named the start as the row that counts. The time keeps the search short.
  const follow = db.prepare(
    "UPDATE requests SET duplicate_of = ? WHERE duplicate_of IS NOT NULL AND requested_at >= ? AND duplicate_of = ?",
  );

  /** The first row that knew the usage counts, so that the one that started the job stops to be called unpriced. */
  function retireStart(row: ExchangeRow): number | null {
    if (!onlyFetches(row) || row.responseId === null || !saysUsage(row)) return null;
    const found = started.get(row.provider, row.responseId, row.id);
    if (found === undefined) return null;
    const startedAt = Number(found["requested_at"]);
    retire.run(row.id, Number(found["seq"]));
    follow.run(row.id, startedAt, String(found["id"]));
    return startedAt;
  }

  function repeatedFetchOf(row: ExchangeRow): string | null {
    if (!onlyFetches(row) || row.responseId === null) return null;
    const id = firstRecorded.get(row.provider, row.responseId, saysUsage(row) ? 1 : 0)?.["id"];
    return typeof id === "string" ? id : null;
  }

  return (row, bodies) => {
    const projectId = ensureProject(row.attribution.slug, row.requestedAt);
    const duplicateOf = repeatedFetchOf(row);
    insertRequest.run(...requestValues(row, projectId, duplicateOf));
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
    return duplicateOf === null ? retireStart(row) : null;
  };
}

/**
 * Whether a call gives what exists. Any other POST with a known id is a new charge: a fork, or a gateway with one id for all.
 */
function onlyFetches({ method, path }: ExchangeRow): boolean {
  return method === "GET" || /\/cancel(?:$|\?)/.test(path);
}

function saysUsage({ usage, cost }: ExchangeRow): boolean {
  return usage.output !== null || usage.input !== null || cost.kind === "priced";
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
    row.responseUsage,
    row.modalities,
    row.extraUsage,
    row.rawUsage,
    row.providerCostPico,
    row.responseComplete ? 1 : 0,
    row.billable ? 1 : 0,
    ...(duplicateOf === null ? costValues(row.cost) : DUPLICATE),
    row.billingBasis,
    row.requestedTier,
    row.servedTier,
    row.speed,
    row.inferenceGeo,
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
    row.sourceWorkdir ?? null,
  ];
}

/** `input_tokens` to `cache_write_1h_tokens`. The sum of cache writes is known as soon as one of them is. */
function tokenValues(usage: TokenUsage): Value[] {
  const { cacheWrite5m, cacheWrite1h } = usage;
  const cacheWrite = cacheWrite5m === null && cacheWrite1h === null ? null : (cacheWrite5m ?? 0) + (cacheWrite1h ?? 0);
  return [usage.input, usage.output, usage.thinking, usage.cacheRead, cacheWrite, cacheWrite5m, cacheWrite1h];
}

/** In the order of {@link costValues}. */
const DUPLICATE: readonly Value[] = [null, null, "duplicate", null, null];

/** `cost_pico`, `cost_usd_minor_units`, `cost_missing`, `rate_match`, `rates_source`. */
export function costValues(cost: Cost): Value[] {
  switch (cost.kind) {
    case "priced":
      return [cost.pico, picoToMillicents(cost.pico), null, cost.match, cost.ratesSource];
    case "free":
      return [0, 0, null, null, null];
    case "unpriced":
      return [null, null, cost.reason, null, null];
  }
}
