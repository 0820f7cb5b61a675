/**
 * One call in full: everything its row holds that explains it, and what is stored of its bodies, without their text.
 *
 * Imports: ./database.ts (types), ./listing.ts, ./stored_calls.ts.
 *
 * @module
 */

import type { Database } from "./database.ts";
import { type RecordedRequest, REQUEST_COLUMNS, requestOf } from "./listing.ts";
import { findCalls, type StoredCall } from "./stored_calls.ts";

/** What is stored of one body. Sizes in bytes. */
export interface BodyFacts {
  readonly direction: "request" | "response";
  readonly contentType: string | null;
  readonly textBytes: number;
  /** Before redaction and cut. */
  readonly originalSize: number;
  readonly truncated: boolean;
  /** Rule name to times fired. */
  readonly redactions: Readonly<Record<string, number>>;
}

/** Beside what every list shows. `null` = not known. */
export interface RequestDetail {
  readonly request: RecordedRequest;
  /** What its price depends on; see stored_calls.ts. */
  readonly call: StoredCall;
  readonly projectName: string;
  /** The rule that named the project. */
  readonly attributionLayer: string;
  readonly cacheWrite5mTokens: number | null;
  readonly cacheWrite1hTokens: number | null;
  readonly rateMatch: string | null;
  readonly requestedTier: string | null;
  readonly speed: string | null;
  readonly inferenceGeo: string | null;
  readonly providerErrorType: string | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** The counts contradict each other. */
  readonly usageInconsistent: boolean;
  /** The provider's own usage object, JSON. */
  readonly rawUsage: string | null;
  /** Request first; empty when none were captured or they were purged. */
  readonly bodies: readonly BodyFacts[];
  /** Later fetches of the same response. */
  readonly repeatedBy: readonly string[];
}

const MORE_COLUMNS = `projects.name AS project_name, attribution_layer, cache_write_5m_tokens, cache_write_1h_tokens,
  rate_match, requested_tier, speed, inference_geo, provider_error_type, request_bytes, response_bytes,
  usage_inconsistent, raw_usage`;

/** Fetches of one response that are listed with it. */
const MAX_REPEATED = 20;

/** The call of that id, or `null`. */
export function requestDetail(db: Database, id: string): RequestDetail | null {
  const statement = db.prepare(
    `SELECT ${REQUEST_COLUMNS}, ${MORE_COLUMNS} FROM requests JOIN projects ON projects.id = requests.project_id
     WHERE requests.id = ?`,
  );
  statement.setReadBigInts(true);
  const row = statement.get(id);
  const call = row === undefined ? undefined : findCalls(db, id, 1)[0];
  if (row === undefined || call === undefined) return null;
  return {
    request: requestOf(row),
    call,
    projectName: String(row["project_name"]),
    attributionLayer: String(row["attribution_layer"]),
    cacheWrite5mTokens: numberOrNull(row["cache_write_5m_tokens"]),
    cacheWrite1hTokens: numberOrNull(row["cache_write_1h_tokens"]),
    rateMatch: textOrNull(row["rate_match"]),
    requestedTier: textOrNull(row["requested_tier"]),
    speed: textOrNull(row["speed"]),
    inferenceGeo: textOrNull(row["inference_geo"]),
    providerErrorType: textOrNull(row["provider_error_type"]),
    requestBytes: Number(row["request_bytes"]),
    responseBytes: Number(row["response_bytes"]),
    usageInconsistent: Number(row["usage_inconsistent"]) === 1,
    rawUsage: textOrNull(row["raw_usage"]),
    bodies: bodyFacts(db, id),
    repeatedBy: repeatedBy(db, row, id),
  };
}

function bodyFacts(db: Database, id: string): BodyFacts[] {
  const rows = db.prepare(
    `SELECT direction, content_type, text_bytes, original_size_bytes, truncated, redactions FROM request_bodies
     WHERE request_id = ? ORDER BY direction`,
  ).all(id);
  return rows.map((row) => ({
    direction: row["direction"] === "request" ? "request" : "response",
    contentType: textOrNull(row["content_type"]),
    textBytes: Number(row["text_bytes"]),
    originalSize: Number(row["original_size_bytes"]),
    truncated: row["truncated"] === 1,
    redactions: JSON.parse(String(row["redactions"])),
  }));
}

/** Repeated fetches come after the call they repeat, and are few enough to be looked through by their own index. */
function repeatedBy(db: Database, row: Readonly<Record<string, unknown>>, id: string): string[] {
  if (row["duplicate_of"] !== null || row["response_id"] === null) return [];
  return db.prepare(
    `SELECT id FROM requests WHERE duplicate_of IS NOT NULL AND requested_at >= ? AND duplicate_of = ?
     ORDER BY requested_at, seq LIMIT ${MAX_REPEATED}`,
  ).all(Number(row["requested_at"]), id).map((found) => String(found["id"]));
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : null;
}
