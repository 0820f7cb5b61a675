/**
 * Calls one by one, newest first, in pages. Sums are in queries.ts; filters and cursors for readers in request_pages.ts.
 *
 * Imports: node:sqlite (types).
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";

/** One recorded call. Times are UTC epoch ms; `null` = not known. */
export interface RecordedRequest {
  readonly id: string;
  readonly project: string;
  readonly provider: string;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly model: string | null;
  readonly requestedModel: string | null;
  readonly mode: string;
  readonly requestKind: string;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly thinkingTokens: number | null;
  readonly cacheReadTokens: number | null;
  readonly cacheWriteTokens: number | null;
  readonly costPico: bigint | null;
  /** Millicents. */
  readonly costUsdMinorUnits: number | null;
  readonly costMissing: string | null;
  readonly ratesSource: string | null;
  readonly billingBasis: string;
  readonly servedTier: string | null;
  readonly responseId: string | null;
  readonly duplicateOf: string | null;
  readonly clientName: string | null;
  readonly clientVersion: string | null;
  readonly status: string;
  readonly httpStatus: number | null;
  readonly errorClass: string | null;
  readonly providerErrorCode: string | null;
  readonly requestedAt: number;
  readonly ttftMs: number | null;
  readonly latencyMs: number | null;
  readonly tokensComplete: boolean;
  readonly usageUnknown: string | null;
  readonly promptHash: string | null;
}

/** Which calls to list. Absent = no restriction. */
export interface RequestFilter {
  readonly projectId?: number | undefined;
  readonly provider?: string | undefined;
  readonly from?: number | undefined;
  /** Exclusive. */
  readonly to?: number | undefined;
}

/** One page. */
export interface RequestPage {
  readonly items: readonly RecordedRequest[];
  /** For the next page; `null` = this was the last. */
  readonly nextCursor: string | null;
}

/** What {@link requestOf} reads, for a query over `requests` joined with `projects`. */
export const REQUEST_COLUMNS =
  `requests.seq, requests.id, projects.slug AS project, provider, host, method, path, model,
  requested_model, mode, request_kind, input_tokens, output_tokens, thinking_tokens, cache_read_tokens,
  cache_write_tokens, cost_pico, cost_usd_minor_units, cost_missing, rates_source, billing_basis, served_tier,
  response_id, duplicate_of, client_name, client_version, status, http_status, error_class, provider_error_code,
  requested_at, ttft_ms, latency_ms, tokens_complete, usage_unknown, prompt_hash`;

/**
 * Lists calls, newest first. Stable while calls arrive: a cursor names the last call seen, not a position.
 *
 * @param cursor `nextCursor` of the page before; one that this function did not make starts over.
 * @param limit Calls on a page, at least 1.
 */
export function listRequests(
  db: DatabaseSync,
  filter: RequestFilter,
  limit: number,
  cursor: string | null = null,
): RequestPage {
  const after = readCursor(cursor);
  const statement = db.prepare(
    `SELECT ${REQUEST_COLUMNS} FROM requests JOIN projects ON projects.id = requests.project_id
     WHERE ${conditions(filter)} AND (requested_at, seq) < (:after_time, :after_seq)
     ORDER BY requested_at DESC, seq DESC LIMIT :limit`,
  );
  statement.setReadBigInts(true);
  const rows = statement.all({
    ...parameters(filter),
    after_time: after.time,
    after_seq: after.seq,
    limit: limit + 1,
  });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    items: page.map(requestOf),
    nextCursor: more ? `${last["requested_at"]}-${last["seq"]}` : null,
  };
}

/** How many calls a filter lets through. */
export function countRequests(db: DatabaseSync, filter: RequestFilter): number {
  const row = db.prepare(`SELECT count(*) AS n FROM requests WHERE ${conditions(filter)}`).get(parameters(filter));
  return Number(row?.["n"]);
}

/** One call, or `null`. */
export function findRequest(db: DatabaseSync, id: string): RecordedRequest | null {
  const statement = db.prepare(
    `SELECT ${REQUEST_COLUMNS} FROM requests JOIN projects ON projects.id = requests.project_id WHERE requests.id = ?`,
  );
  statement.setReadBigInts(true);
  const row = statement.get(id);
  return row === undefined ? null : requestOf(row);
}

function conditions(filter: RequestFilter): string {
  const parts = ["TRUE"];
  if (filter.projectId !== undefined) parts.push("project_id = :project");
  if (filter.provider !== undefined) parts.push("provider = :provider");
  if (filter.from !== undefined) parts.push("requested_at >= :from");
  if (filter.to !== undefined) parts.push("requested_at < :to");
  return parts.join(" AND ");
}

function parameters(filter: RequestFilter): Record<string, string | number> {
  return {
    ...(filter.projectId !== undefined && { project: filter.projectId }),
    ...(filter.provider !== undefined && { provider: filter.provider }),
    ...(filter.from !== undefined && { from: filter.from }),
    ...(filter.to !== undefined && { to: filter.to }),
  };
}

function readCursor(cursor: string | null): { time: number; seq: number } {
  const found = /^(\d{1,15})-(\d{1,15})$/.exec(cursor ?? "");
  return found === null
    ? { time: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER }
    : { time: Number(found[1]), seq: Number(found[2]) };
}

/** One row, read with big integers. */
export function requestOf(row: Readonly<Record<string, unknown>>): RecordedRequest {
  return {
    id: String(row["id"]),
    project: String(row["project"]),
    provider: String(row["provider"]),
    host: String(row["host"]),
    method: String(row["method"]),
    path: String(row["path"]),
    model: textOrNull(row["model"]),
    requestedModel: textOrNull(row["requested_model"]),
    mode: String(row["mode"]),
    requestKind: String(row["request_kind"]),
    inputTokens: numberOrNull(row["input_tokens"]),
    outputTokens: numberOrNull(row["output_tokens"]),
    thinkingTokens: numberOrNull(row["thinking_tokens"]),
    cacheReadTokens: numberOrNull(row["cache_read_tokens"]),
    cacheWriteTokens: numberOrNull(row["cache_write_tokens"]),
    costPico: typeof row["cost_pico"] === "bigint" ? row["cost_pico"] : null,
    costUsdMinorUnits: numberOrNull(row["cost_usd_minor_units"]),
    costMissing: textOrNull(row["cost_missing"]),
    ratesSource: textOrNull(row["rates_source"]),
    billingBasis: String(row["billing_basis"]),
    servedTier: textOrNull(row["served_tier"]),
    responseId: textOrNull(row["response_id"]),
    duplicateOf: textOrNull(row["duplicate_of"]),
    clientName: textOrNull(row["client_name"]),
    clientVersion: textOrNull(row["client_version"]),
    status: String(row["status"]),
    httpStatus: numberOrNull(row["http_status"]),
    errorClass: textOrNull(row["error_class"]),
    providerErrorCode: textOrNull(row["provider_error_code"]),
    requestedAt: Number(row["requested_at"]),
    ttftMs: numberOrNull(row["ttft_ms"]),
    latencyMs: numberOrNull(row["latency_ms"]),
    tokensComplete: Number(row["tokens_complete"]) === 1,
    usageUnknown: textOrNull(row["usage_unknown"]),
    promptHash: textOrNull(row["prompt_hash"]),
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : null;
}
