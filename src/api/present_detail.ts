/**
 * One call in full, with the explanation of its cost, in the shape of the API.
 *
 * Imports: domain, meter, store (types), ./present.ts, ./schemas_calls.ts (types), zod (types).
 *
 * @module
 */

import type { z } from "@hono/zod-openapi";
import type { Config } from "../domain/config.ts";
import { explain } from "../meter/explanation.ts";
import { explanationFields } from "../meter/explanation_fields.ts";
import { createRateTable, type RateTable } from "../meter/rates.ts";
import type { BodyFacts, RequestDetail } from "../store/request_detail.ts";
import type { StoredCall } from "../store/stored_calls.ts";
import { presentRequest, usdText } from "./present.ts";
import type { Explanation, RequestDetail as DetailShape } from "./schemas_calls.ts";

let kept: { readonly overrides: Config["pricing"]["overrides"]; readonly table: RateTable } | null = null;

/** The price table of a configuration; the latest is kept. */
export function ratesOf({ pricing }: Config): RateTable {
  if (kept?.overrides !== pricing.overrides) {
    kept = { overrides: pricing.overrides, table: createRateTable(pricing.overrides) };
  }
  return kept.table;
}

export function presentDetail(detail: RequestDetail, config: Config): z.infer<typeof DetailShape> {
  return {
    ...presentRequest(detail.request),
    project_name: detail.projectName,
    attribution_layer: detail.attributionLayer,
    cache_write_5m_tokens: detail.cacheWrite5mTokens,
    cache_write_1h_tokens: detail.cacheWrite1hTokens,
    requested_tier: detail.requestedTier,
    speed: detail.speed,
    inference_geo: detail.inferenceGeo,
    provider_error_type: detail.providerErrorType,
    request_bytes: detail.requestBytes,
    response_bytes: detail.responseBytes,
    usage_inconsistent: detail.usageInconsistent,
    raw_usage: detail.rawUsage,
    repeated_by: [...detail.repeatedBy],
    bodies: detail.bodies.map(presentBodyFacts),
    explanation: presentExplanation(detail.call, ratesOf(config)),
  };
}

export function presentBodyFacts(facts: BodyFacts) {
  return {
    direction: facts.direction,
    content_type: facts.contentType,
    text_bytes: facts.textBytes,
    original_size_bytes: facts.originalSize,
    truncated: facts.truncated,
    redactions: { ...facts.redactions },
  };
}

function presentExplanation(call: StoredCall, table: RateTable): z.infer<typeof Explanation> {
  return explanationFields(explain(call, table), (pico) => ({ cost_usd: usdText(pico) }));
}
