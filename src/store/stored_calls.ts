/**
 * Rows of `requests` as what they were priced from: a stored row turned back into the reading that made it.
 *
 * Rows written before the columns of migration 2 lack what a price depends on; their reading is `null`.
 *
 * Imports: node:sqlite (types), domain.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type {
  ExtraUsage,
  ModalityTokens,
  Mode,
  Provider,
  Reading,
  RequestKind,
  TokenUsage,
  UsagePart,
  UsageUnknown,
} from "../domain/exchange.ts";

/** The cost that a row holds. */
export interface StoredCost {
  /** `null` = unpriced. */
  readonly pico: bigint | null;
  /** Why it is unpriced; `duplicate` for a repeated fetch. */
  readonly missing: string | null;
  readonly ratesSource: string | null;
  readonly match: string | null;
}

/** One recorded call. */
export interface StoredCall {
  readonly seq: number;
  readonly id: string;
  readonly project: string;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly model: string | null;
  readonly billingBasis: string;
  readonly httpStatus: number | null;
  /** Id of the row that counts, when this one is a repeated fetch. */
  readonly duplicateOf: string | null;
  /** UTC epoch ms. */
  readonly requestedAt: number;
  readonly cost: StoredCost;
  /** `null` = the row does not hold what its price depends on. */
  readonly reading: Reading | null;
}

/** What {@link storedCallOf} reads, for a query over `requests` joined with `projects`. */
export const CALL_COLUMNS = `requests.seq, requests.id, projects.slug AS project, host, method, path, provider, model,
  requested_model, mode, request_kind, input_tokens, output_tokens, thinking_tokens, cache_read_tokens,
  cache_write_5m_tokens, cache_write_1h_tokens, extra_parts, response_usage, modalities, extra_usage, raw_usage,
  provider_cost_pico, cost_pico, cost_missing, rate_match, rates_source, billing_basis, requested_tier, served_tier,
  speed, inference_geo, response_id, duplicate_of, http_status, requested_at, usage_unknown, usage_inconsistent,
  response_complete, billable`;

/** Ids are looked up by at least this many characters. */
export const MIN_ID_PREFIX = 8;

type Row = Readonly<Record<string, unknown>>;

/**
 * Calls whose id begins with `prefix`, in order of id.
 *
 * @param limit At most this many.
 */
export function findCalls(db: DatabaseSync, prefix: string, limit: number): StoredCall[] {
  const statement = db.prepare(
    `SELECT ${CALL_COLUMNS} FROM requests JOIN projects ON projects.id = requests.project_id
     WHERE requests.id >= ? AND requests.id < ? ORDER BY requests.id LIMIT ?`,
  );
  statement.setReadBigInts(true);
  // Ids are hex digits and hyphens, all of which sort before "~".
  return statement.all(prefix, `${prefix}~`, limit).map(storedCallOf);
}

/** One row, read with big integers. */
export function storedCallOf(row: Row): StoredCall {
  return {
    seq: Number(row["seq"]),
    id: String(row["id"]),
    project: String(row["project"]),
    host: String(row["host"]),
    method: String(row["method"]),
    path: String(row["path"]),
    model: textOrNull(row["model"]),
    billingBasis: String(row["billing_basis"]),
    httpStatus: numberOrNull(row["http_status"]),
    duplicateOf: textOrNull(row["duplicate_of"]),
    requestedAt: Number(row["requested_at"]),
    cost: {
      pico: bigintOrNull(row["cost_pico"]),
      missing: textOrNull(row["cost_missing"]),
      ratesSource: textOrNull(row["rates_source"]),
      match: textOrNull(row["rate_match"]),
    },
    reading: readingOf(row),
  };
}

/** A row of another provider was written by a newer version, which knows what its price depends on. */
const PROVIDERS: readonly unknown[] = ["anthropic", "openai", "gemini", "xai"] satisfies Provider[];

function readingOf(row: Row): Reading | null {
  if (row["billable"] === null || !PROVIDERS.includes(row["provider"])) return null;
  const model = textOrNull(row["model"]);
  const response = responseOf(row, model);
  const others = partsIn(row["extra_parts"]);
  if (response === null || others === null) return null;
  return {
    // The columns hold what this program wrote into them, which is of these types.
    provider: row["provider"] as Provider,
    kind: row["request_kind"] as RequestKind,
    mode: row["mode"] as Mode,
    requestedModel: textOrNull(row["requested_model"]),
    servedModel: model,
    responseId: textOrNull(row["response_id"]),
    requestedTier: textOrNull(row["requested_tier"]),
    servedTier: textOrNull(row["served_tier"]),
    speed: textOrNull(row["speed"]),
    inferenceGeo: textOrNull(row["inference_geo"]),
    parts: [response, ...others],
    extra: (objectIn(row["extra_usage"]) ?? {}) as ExtraUsage,
    providerCostPico: bigintOrNull(row["provider_cost_pico"]),
    complete: Number(row["response_complete"]) === 1,
    usageUnknown: textOrNull(row["usage_unknown"]) as UsageUnknown | null,
    inconsistent: Number(row["usage_inconsistent"]) === 1,
    billable: Number(row["billable"]) === 1,
    error: null,
    rawUsage: textOrNull(row["raw_usage"]),
  };
}

/** The response's own part: the columns, unless they add other parts to it. `null` = what was stored cannot be read. */
function responseOf(row: Row, model: string | null): UsagePart | null {
  const alone = row["response_usage"];
  const usage = alone === null ? columnsOf(row) : usageOf(objectIn(alone));
  const told = objectIn(row["modalities"]) as ModalityTokens | null;
  if (usage === null) return null;
  return { kind: "response", model, usage, ...(told === null ? {} : { modalities: told }) };
}

function columnsOf(row: Row): TokenUsage {
  return {
    input: numberOrNull(row["input_tokens"]),
    cacheRead: numberOrNull(row["cache_read_tokens"]),
    cacheWrite5m: numberOrNull(row["cache_write_5m_tokens"]),
    cacheWrite1h: numberOrNull(row["cache_write_1h_tokens"]),
    output: numberOrNull(row["output_tokens"]),
    thinking: numberOrNull(row["thinking_tokens"]),
  };
}

/** Parts beside the response; `null` = what was stored cannot be read. */
function partsIn(stored: unknown): UsagePart[] | null {
  if (stored === null) return [];
  const list = parsed(stored);
  if (!Array.isArray(list)) return null;
  const parts = list.map(partOf);
  const good = parts.filter((part) => part !== null);
  return good.length === parts.length ? good : null;
}

function partOf(value: unknown): UsagePart | null {
  if (!isObject(value)) return null;
  const usage = usageOf(isObject(value["usage"]) ? value["usage"] : null);
  const modalities = value["modalities"];
  if (usage === null) return null;
  return {
    kind: value["kind"] as UsagePart["kind"],
    model: textOrNull(value["model"]),
    usage,
    ...(isObject(modalities) ? { modalities: modalities as ModalityTokens } : {}),
  };
}

function usageOf(value: Row | null): TokenUsage | null {
  if (value === null) return null;
  return {
    input: numberOrNull(value["input"]),
    cacheRead: numberOrNull(value["cacheRead"]),
    cacheWrite5m: numberOrNull(value["cacheWrite5m"]),
    cacheWrite1h: numberOrNull(value["cacheWrite1h"]),
    output: numberOrNull(value["output"]),
    thinking: numberOrNull(value["thinking"]),
  };
}

function objectIn(stored: unknown): Row | null {
  const value = parsed(stored);
  return isObject(value) ? value : null;
}

function parsed(stored: unknown): unknown {
  if (typeof stored !== "string") return null;
  try {
    return JSON.parse(stored);
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : null;
}

function bigintOrNull(value: unknown): bigint | null {
  return typeof value === "bigint" ? value : null;
}
