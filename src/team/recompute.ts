/**
 * Recomputes what a call cost from this server's own rates (C2), with the very code that the meter prices with. What the
 * machine says it cost is kept beside it and never counted.
 *
 * Imports: domain (types), meter, ./row_schema.ts (types).
 *
 * @module
 */

import type { ExtraUsage, ModalityTokens, Reading, TokenUsage, UsagePart } from "../domain/exchange.ts";
import { costOf } from "../meter/cost.ts";
import type { RateTable } from "../meter/rates.ts";
import type { CostInputs, Row } from "./row_schema.ts";

/** What is stored of a cost. */
export interface StoredCost {
  /** Pico-dollars; null = not known, with the reason. */
  readonly pico: bigint | null;
  readonly missing: string | null;
  readonly ratesSource: string | null;
}

/** Prices one row. `atMs`: when the call was made, UTC epoch ms. */
export function recompute(row: Row, rates: RateTable, atMs: number): StoredCost {
  if (row.duplicate_of !== null) return { pico: null, missing: "duplicate", ratesSource: null };
  const cost = costOf(readingOf(row), rates, atMs);
  switch (cost.kind) {
    case "priced":
      return { pico: cost.pico, missing: null, ratesSource: cost.ratesSource };
    case "free":
      return { pico: 0n, missing: null, ratesSource: null };
    case "unpriced":
      return { pico: null, missing: cost.reason, ratesSource: null };
  }
}

/** The reading that the machine priced. */
export function readingOf(row: Row): Reading {
  const inputs = row.cost_inputs;
  return {
    provider: row.provider,
    kind: row.request_kind,
    mode: row.mode,
    requestedModel: row.requested_model,
    servedModel: row.model,
    responseId: null,
    requestedTier: inputs.requested_tier ?? null,
    servedTier: inputs.served_tier ?? null,
    speed: inputs.speed ?? null,
    inferenceGeo: inputs.inference_geo ?? null,
    parts: [responsePart(row), ...(inputs.extra_parts ?? []).map(extraPart)],
    extra: extraUsage(inputs),
    providerCostPico: typeof inputs.provider_cost_pico === "string" ? BigInt(inputs.provider_cost_pico) : null,
    complete: inputs.response_complete ?? true,
    usageUnknown: row.usage_unknown,
    inconsistent: false,
    billable: inputs.billable ?? true,
    error: null,
    rawUsage: null,
  };
}

function responsePart(row: Row): UsagePart {
  const alone = row.cost_inputs.response_usage ?? row;
  return { kind: "response", model: row.model, usage: usageOf(alone), ...told(row.cost_inputs.modalities) };
}

function extraPart(part: NonNullable<CostInputs["extra_parts"]>[number]): UsagePart {
  return { kind: part.kind, model: part.model ?? null, usage: usageOf(part), ...told(part.modalities) };
}

interface Counts {
  readonly prompt_tokens?: number | null | undefined;
  readonly completion_tokens?: number | null | undefined;
  readonly thinking_tokens?: number | null | undefined;
  readonly cache_read_tokens?: number | null | undefined;
  readonly cache_write_5m_tokens?: number | null | undefined;
  readonly cache_write_1h_tokens?: number | null | undefined;
}

function usageOf(counts: Counts): TokenUsage {
  return {
    input: counts.prompt_tokens ?? null,
    cacheRead: counts.cache_read_tokens ?? null,
    cacheWrite5m: counts.cache_write_5m_tokens ?? null,
    cacheWrite1h: counts.cache_write_1h_tokens ?? null,
    output: counts.completion_tokens ?? null,
    thinking: counts.thinking_tokens ?? null,
  };
}

const MODALITIES: readonly (readonly [keyof NonNullable<CostInputs["modalities"]>, keyof ModalityTokens])[] = [
  ["input_audio", "inputAudio"],
  ["input_image", "inputImage"],
  ["input_video", "inputVideo"],
  ["cache_read_audio", "cacheReadAudio"],
  ["cache_read_image", "cacheReadImage"],
  ["output_audio", "outputAudio"],
  ["output_image", "outputImage"],
  ["output_video", "outputVideo"],
];

function told(sent: CostInputs["modalities"]): { readonly modalities?: ModalityTokens } {
  if (sent === null || sent === undefined) return {};
  const modalities: { -readonly [Key in keyof ModalityTokens]: ModalityTokens[Key] } = {};
  for (const [from, to] of MODALITIES) {
    const value = sent[from];
    if (value !== undefined) modalities[to] = value;
  }
  return { modalities };
}

function extraUsage({ extra_usage: sent }: CostInputs): ExtraUsage {
  return {
    ...(sent?.web_search_requests === undefined ? {} : { webSearchRequests: sent.web_search_requests }),
    ...(sent?.audio_seconds === undefined ? {} : { audioSeconds: sent.audio_seconds }),
    ...(sent?.tool_calls === undefined ? {} : { toolCalls: sent.tool_calls }),
  };
}
