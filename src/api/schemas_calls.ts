/**
 * Shapes of single calls: lists, one in full, its bodies. See schemas_usage.ts for what holds for all.
 *
 * Imports: zod, ./schemas_usage.ts.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { Count, Instant, Millicents, Tokens } from "./schemas_usage.ts";

const UsdText = z.string().nullable().describe("Exact decimal dollars; null = not known");

const requestFields = {
  id: z.uuid(),
  provider: z.string(),
  model: z.string().nullable().describe("null = neither response nor request named one"),
  mode: z.string().describe("standard, streaming, websocket or batch"),
  input_tokens: Tokens.describe("Prompt tokens neither read from nor written to a cache"),
  output_tokens: Tokens.describe("All output, thinking included"),
  thinking_tokens: Tokens,
  cache_read_tokens: Tokens,
  cache_write_tokens: Tokens,
  cost_usd_minor_units: Millicents.describe("Billed money in millicents: 0 under a subscription, null = not known"),
  latency_ms: z.number().min(0).nullable(),
  tokens_complete: z.boolean(),
  requested_at: Instant,
  status: z.enum(["success", "error"]),
  project: z.string().describe("Slug"),
  requested_model: z.string().nullable(),
  request_kind: z.string(),
  host: z.string(),
  method: z.string(),
  path: z.string().describe("Redacted"),
  cost_usd: UsdText.describe("Billed money, exact decimal dollars"),
  not_billed_cost_usd_minor_units: Millicents.describe("Worth at API prices of a call on no bill; 0 for a billed one"),
  cost_missing: z.string().nullable().describe("Why the cost is not known"),
  billing_basis: z.string().describe("metered, subscription, credits or unknown"),
  rates_source: z.string().nullable(),
  served_tier: z.string().nullable(),
  duplicate_of: z.string().nullable().describe("The call that counts, when this is a repeated fetch of its response"),
  client_name: z.string().nullable(),
  client_version: z.string().nullable(),
  http_status: z.int().nullable(),
  error_class: z.string().nullable(),
  provider_error_code: z.string().nullable(),
  ttft_ms: z.number().min(0).nullable().describe("To the first byte of the answer"),
  usage_unknown: z.string().nullable().describe("Why a count is missing or not final"),
};

export const Request = z.object(requestFields).openapi("Request");

export const RequestPage = z.object({
  items: z.array(Request),
  next_cursor: z.string().nullable().describe("For the next page; null = this was the last"),
  total: Count.describe("Calls that the filters let through, on all pages"),
}).openapi("RequestPage");

export const SearchPage = z.object({
  items: z.array(Request),
  next_cursor: z.string().nullable().describe("For the next page; a page of a search may be short and still have one"),
  total: Count.nullable().describe("null for a search, whose matches are not counted"),
}).openapi("SearchPage");

const Amount = {
  cost_usd: UsdText,
  cost_missing: z.string().nullable(),
  rates_source: z.string().nullable(),
  rate_match: z.string().nullable(),
};

export const Explanation = z.object({
  stored: z.object(Amount).describe("As recorded"),
  recomputed: z.object(Amount).nullable().describe("With the prices known now; null = it cannot be recomputed"),
  agrees: z.boolean(),
  lines: z.array(z.object({
    label: z.string(),
    unit: z.string(),
    count: z.number(),
    usd_per_million: z.string(),
    factor: z.string(),
    cost_usd: UsdText,
  })).describe("What the recomputed cost is made of"),
  notes: z.array(z.string()),
  advice: z.object({ why: z.string(), todo: z.string().nullable() }).nullable(),
}).openapi("PriceExplanation");

const BodyFacts = {
  direction: z.enum(["request", "response"]),
  content_type: z.string().nullable(),
  text_bytes: Count,
  original_size_bytes: Count.describe("Before redaction and cut"),
  truncated: z.boolean(),
  redactions: z.record(z.string(), Count).describe("Rule to times fired"),
};

export const RequestDetail = z.object({
  ...requestFields,
  project_name: z.string(),
  attribution_layer: z.string().describe("The rule that named the project"),
  cache_write_5m_tokens: Tokens,
  cache_write_1h_tokens: Tokens,
  requested_tier: z.string().nullable(),
  speed: z.string().nullable(),
  inference_geo: z.string().nullable(),
  provider_error_type: z.string().nullable(),
  request_bytes: Count,
  response_bytes: Count,
  usage_inconsistent: z.boolean(),
  raw_usage: z.string().nullable().describe("The provider's own usage object, JSON"),
  repeated_by: z.array(z.string()),
  bodies: z.array(z.object(BodyFacts)),
  explanation: Explanation,
}).openapi("RequestDetail");

export const RequestBodies = z.object({
  id: z.string(),
  bodies: z.array(z.object({ ...BodyFacts, text: z.string().describe("Redacted") })),
}).openapi("RequestBodies");

export const BodyStats = z.object({
  bodies: Count,
  requests: Count.describe("Calls with a stored body"),
  stored_bytes: Count,
  text_bytes: Count,
  truncated: Count,
  oldest: Instant.nullable(),
  newest: Instant.nullable(),
  redactions: z.record(z.string(), Count).describe("Rule to times fired, over all stored bodies"),
  capture_enabled: z.boolean().describe("The daemon-wide setting"),
  max_body_bytes: Count,
  retention_days: Count,
}).openapi("BodyStats");
