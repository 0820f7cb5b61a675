/**
 * What a batch may hold: an allow-list of fields, each with a shape into which no sentence fits.
 *
 * A row with any other field is refused, so that not even a mistake of a machine can bring content here (C1).
 *
 * Imports: zod, domain.
 *
 * @module
 */

import { z } from "zod";
import { isSlug } from "../domain/slug.ts";

/** Rows in one batch. */
export const MAX_ROWS = 500;
/** Bytes of one batch, unpacked. */
export const MAX_BATCH_BYTES = 2 * 1_048_576;

/** A name as programs write them: no white space. */
const word = (max: number) => z.string().max(max).regex(/^[\w.:\/@+~=,()\[\]-]+$/);
/** Without control characters, which PostgreSQL's text cannot all hold, and without halves of characters. */
const PLAIN = /^[^\p{Cc}\p{Cs}]*$/u;
/** A machine's name. */
export const Hostname = z.string().max(253).regex(/^[^\s\p{Cc}\p{Cs}]+$/u);
const count = z.int().min(0).nullable();
const optionalCount = count.optional();
const pico = z.string().regex(/^\d{1,18}$/);
const milliseconds = z.number().min(0).max(1e10).nullable();
const uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i).toLowerCase();
const tier = word(64).nullable().optional();

const modalities = z.strictObject({
  input_audio: z.int().min(0),
  input_image: z.int().min(0),
  input_video: z.int().min(0),
  cache_read_audio: z.int().min(0),
  cache_read_image: z.int().min(0),
  output_audio: z.int().min(0),
  output_image: z.int().min(0),
  output_video: z.int().min(0),
}).partial().nullable().optional();

const usage = {
  prompt_tokens: optionalCount,
  completion_tokens: optionalCount,
  thinking_tokens: optionalCount,
  cache_read_tokens: optionalCount,
  cache_write_5m_tokens: optionalCount,
  cache_write_1h_tokens: optionalCount,
};

/** What a price depends on beside the counts. Numbers and words only. */
export const CostInputs = z.strictObject({
  requested_tier: tier,
  served_tier: tier,
  speed: tier,
  inference_geo: tier,
  billable: z.boolean().optional(),
  response_complete: z.boolean().optional(),
  provider_cost_pico: pico.nullable().optional(),
  modalities,
  extra_usage: z.strictObject({
    web_search_requests: z.int().min(0),
    audio_seconds: z.number().min(0).max(1e9),
    tool_calls: z.int().min(0),
  }).partial().nullable().optional(),
  extra_parts: z.array(z.strictObject({
    kind: z.enum(["compaction", "advisor", "image_tool"]),
    model: word(200).nullable().optional(),
    ...usage,
    modalities,
  })).max(50).nullable().optional(),
  response_usage: z.strictObject(usage).nullable().optional(),
});

/** One metered call. Names and units as in the agreement with the meter; null = not known. */
export const Row = z.strictObject({
  request_id: uuid,
  revision: z.int().min(1).max(1_000_000_000),
  timestamp: z.iso.datetime({ offset: true }),
  provider: z.enum(["anthropic", "openai", "gemini", "xai"]),
  host: z.string().max(253).regex(/^[a-z0-9.-]+$/i),
  method: z.string().max(16).regex(/^[A-Z]+$/),
  path: z.string().max(2_048).regex(/^\/[^\s?#\p{Cc}\p{Cs}]*$/u),
  requested_model: word(200).nullable(),
  model: word(200).nullable(),
  mode: z.enum(["standard", "streaming", "websocket", "batch"]),
  request_kind: z.enum(["chat", "embedding", "image", "audio", "count_tokens", "other"]),
  status: z.enum(["success", "error"]),
  status_code: z.int().min(100).max(999).nullable(),
  error_class: word(64).nullable(),
  provider_error_code: word(128).nullable(),
  prompt_tokens: count,
  completion_tokens: count,
  thinking_tokens: count,
  cache_read_tokens: count,
  cache_write_tokens: count,
  cache_write_5m_tokens: count,
  cache_write_1h_tokens: count,
  tokens_complete: z.boolean(),
  usage_unknown: z.enum(["not_requested", "not_reported", "cut", "unreadable", "dropped"]).nullable(),
  cost_inputs: CostInputs,
  cost_usd_pico: pico.nullable(),
  cost_missing: word(64).nullable(),
  rates_source: word(64).nullable(),
  billing_basis: word(32),
  latency_ms: milliseconds,
  ttft_ms: milliseconds,
  project: z.string().refine(isSlug).nullable(),
  client_name: z.string().max(64).regex(/^\S+(?: \S+){0,3}$/).regex(PLAIN).nullable(),
  duplicate_of: uuid.nullable(),
  hostname: Hostname.nullable().optional(),
  prompt_hash: z.string().regex(/^[0-9a-f]{64}$/).nullable().optional(),
  source_workdir: z.string().min(1).max(1_024).regex(PLAIN).nullable().optional(),
});

/** A row that passed. */
export type Row = z.infer<typeof Row>;
/** Its `cost_inputs`. */
export type CostInputs = z.infer<typeof CostInputs>;

/** What a batch is sent in. Rows are looked at one by one, since a bad one must not hold up the others. */
export const BatchEnvelope = z.object({
  schema: z.literal(1),
  machine_id: uuid,
  rows: z.array(z.unknown()).min(1).max(MAX_ROWS),
});

/** A day that the database's calendar has too, with the day after it. */
export const Day = z.iso.date().refine((date) => date >= "1970-01-01" && date < "9999-12-31");

/** Days of totals to compare. */
export const DaemonTotals = z.object({
  machine_id: uuid,
  days: z.array(z.object({
    date: Day,
    requests: z.int().min(0),
    cost_usd_pico: z.string().regex(/^\d{1,30}$/),
    prompt_tokens: z.int().min(0),
    completion_tokens: z.int().min(0),
  })).min(1).max(400),
});

/** A UUID in any case. */
export const Uuid = uuid;

/** Where and why a value does not fit: a path and a reason, nothing of the value. */
export function issueIn(error: z.ZodError): { readonly code: "bad_row" | "unknown_field"; readonly message: string } {
  const [issue] = error.issues;
  const place = issue?.path.map(String).join(".") ?? "";
  // The name of an unknown field is text of the sender's, so it is not repeated.
  if (issue?.code === "unrecognized_keys") {
    return { code: "unknown_field", message: `A field is not known, in ${place || "the row"}` };
  }
  return { code: "bad_row", message: `This is not what it should be: ${place || "the row"}` };
}
