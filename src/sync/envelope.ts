/**
 * A row of `requests` as it is sent: an allow-list. What is not named here is not sent, whatever a row holds; nothing is copied
 * by looping over what is there.
 *
 * Texts are words and paths that were redacted when they were recorded. One that is no word, or too long to be one, is left
 * out: only a mistake could have put a sentence there.
 *
 * Imports: domain (types), ./cost_inputs.ts, ./privacy.ts (types), ./wire.ts.
 *
 * @module
 */

import type { PendingRow } from "../domain/cloud.ts";
import { costInputsOf } from "./cost_inputs.ts";
import type { Allowed } from "./privacy.ts";
import { countOf, flagOf, msOf, nameOf, picoOf, type Wire, wordOf } from "./wire.ts";

/** Of `POST /v1/requests/batch`. */
export const SCHEMA = 1;

/** The server takes no more rows in one batch. */
export const MOST_ROWS = 500;

/** The server takes 2 MiB, decompressed; this leaves room for the envelope. */
export const MOST_BYTES = 2 * 1_048_576 - 4_096;

/** What holds for rows beside what they hold themselves. */
export interface EnvelopeOptions {
  readonly machineId: string;
  /** This machine's name; `null` = not known, or never to be sent. */
  readonly hostname: string | null;
  /** By slug. */
  readonly allowed: (project: string | null) => Allowed;
}

/** A batch, and which of the rows it holds: the first so many. */
export interface Batch {
  readonly text: string;
  readonly count: number;
}

/** The longest path that is sent; a longer one is cut. */
const MOST_PATH = 1_024;

/** As many of the first rows as one batch may hold, at least one. */
export function batchOf(rows: readonly PendingRow[], options: EnvelopeOptions): Batch {
  const texts: string[] = [];
  let bytes = 0;
  for (const row of rows.slice(0, MOST_ROWS)) {
    const text = JSON.stringify(rowOf(row, options));
    bytes += new TextEncoder().encode(text).length + 1;
    if (texts.length > 0 && bytes > MOST_BYTES) break;
    texts.push(text);
  }
  const machine = JSON.stringify(options.machineId);
  return {
    text: `{"schema":${SCHEMA},"machine_id":${machine},"rows":[${texts.join(",")}]}`,
    count: texts.length,
  };
}

/** One row on the wire. */
export function rowOf({ id, revision, columns }: PendingRow, options: EnvelopeOptions): Wire {
  const project = wordOf(columns["project"], 128);
  const allowed = options.allowed(project);
  return {
    request_id: id,
    revision,
    timestamp: new Date(Number(columns["requested_at"])).toISOString(),
    provider: wordOf(columns["provider"]),
    host: wordOf(columns["host"], 253),
    method: wordOf(columns["method"]),
    path: pathOf(columns["path"]),
    requested_model: nameOf(columns["requested_model"], 200),
    model: nameOf(columns["model"], 200),
    mode: wordOf(columns["mode"]),
    request_kind: wordOf(columns["request_kind"]),
    status: wordOf(columns["status"]),
    status_code: countOf(columns["http_status"]),
    error_class: wordOf(columns["error_class"]),
    provider_error_code: nameOf(columns["provider_error_code"], 128),
    prompt_tokens: countOf(columns["input_tokens"]),
    completion_tokens: countOf(columns["output_tokens"]),
    thinking_tokens: countOf(columns["thinking_tokens"]),
    cache_read_tokens: countOf(columns["cache_read_tokens"]),
    cache_write_tokens: countOf(columns["cache_write_tokens"]),
    cache_write_5m_tokens: countOf(columns["cache_write_5m_tokens"]),
    cache_write_1h_tokens: countOf(columns["cache_write_1h_tokens"]),
    tokens_complete: flagOf(columns["tokens_complete"]) ?? false,
    usage_unknown: wordOf(columns["usage_unknown"]),
    cost_inputs: costInputsOf(columns),
    cost_usd_pico: picoOf(columns["cost_pico"]),
    cost_missing: wordOf(columns["cost_missing"]),
    rates_source: wordOf(columns["rates_source"]),
    billing_basis: wordOf(columns["billing_basis"]),
    latency_ms: msOf(columns["latency_ms"]),
    ttft_ms: msOf(columns["ttft_ms"]),
    project,
    client_name: clientOf(columns["client_name"]),
    duplicate_of: wordOf(columns["duplicate_of"]),
    hostname: allowed.hostname ? nameOf(options.hostname, 253) : null,
    prompt_hash: allowed.promptHash ? hashOf(columns["prompt_hash"]) : null,
    source_workdir: allowed.sourceWorkdir ? folderOf(columns["source_workdir"]) : null,
  };
}

/** Without query: it may hold what a client asked for. */
function pathOf(value: unknown): string {
  const [path = ""] = typeof value === "string" ? value.split(/[?#]/, 1) : [];
  const shown = path.replaceAll(/[\s\p{Cc}]/gu, "").slice(0, MOST_PATH);
  return shown.startsWith("/") ? shown : `/${shown}`;
}

/** A product's name: words with single spaces between. */
function clientOf(value: unknown): string | null {
  return typeof value === "string" && value.length <= 64 && /^\S+(?: \S+){0,3}$/.test(value) ? value : null;
}

function hashOf(value: unknown): string | null {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value) ? value : null;
}

/** A folder's name may have blanks, as no word has, but is one line and absolute. */
function folderOf(value: unknown): string | null {
  return typeof value === "string" && /^\/[^\p{Cc}]{0,1023}$/u.test(value) ? value : null;
}
