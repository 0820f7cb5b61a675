/**
 * Puts a reading together from what a format found, with "not known" for everything else.
 *
 * Imports: domain, ./http_reader.ts (types).
 *
 * @module
 */

import {
  type ExtraUsage,
  type ModalityTokens,
  type Mode,
  type Provider,
  type ProviderError,
  type Reading,
  type RequestKind,
  type TokenUsage,
  UNKNOWN_USAGE,
  type UsagePart,
  type UsageUnknown,
} from "../domain/exchange.ts";
import type { Call, Ending } from "./http_reader.ts";

/** What every reading of one endpoint shares. */
export interface Endpoint {
  readonly provider: Provider;
  readonly kind: RequestKind;
}

/** What a format found in a response. Absent = not known, or none. */
export interface Found {
  readonly complete: boolean;
  readonly usageUnknown: UsageUnknown | null;
  readonly usage?: TokenUsage;
  /** `null` = the provider did not tell what the counts consist of. */
  readonly modalities?: ModalityTokens | null;
  readonly extraParts?: readonly UsagePart[];
  readonly extra?: ExtraUsage;
  readonly servedModel?: string | null;
  readonly responseId?: string | null;
  readonly servedTier?: string | null;
  readonly speed?: string | null;
  readonly inferenceGeo?: string | null;
  readonly providerCostPico?: bigint | null;
  readonly inconsistent?: boolean;
  readonly billable?: boolean;
  readonly paidWithCredits?: boolean;
  readonly error?: ProviderError | null;
  readonly rawUsage?: string | null;
  readonly mode?: Mode;
}

/** One reading of `call`. */
export function readingOf(endpoint: Endpoint, call: Pick<Call, "asked" | "mode">, found: Found): Reading {
  const servedModel = found.servedModel ?? null;
  const modalities = found.modalities ?? null;
  const requestedModel = call.asked.model;
  const response: UsagePart = {
    kind: "response",
    model: servedModel ?? requestedModel,
    usage: found.usage ?? UNKNOWN_USAGE,
    ...(modalities === null ? {} : { modalities }),
  };
  return {
    provider: endpoint.provider,
    kind: endpoint.kind,
    mode: found.mode ?? call.mode,
    requestedModel,
    servedModel,
    responseId: found.responseId ?? null,
    requestedTier: call.asked.tier,
    servedTier: found.servedTier ?? null,
    speed: found.speed ?? null,
    inferenceGeo: found.inferenceGeo ?? null,
    parts: [response, ...found.extraParts ?? []],
    extra: found.extra ?? {},
    providerCostPico: found.providerCostPico ?? null,
    complete: found.complete,
    usageUnknown: found.usageUnknown,
    inconsistent: found.inconsistent ?? false,
    billable: found.billable ?? true,
    ...(found.paidWithCredits === true ? { paidWithCredits: true } : {}),
    error: found.error ?? null,
    rawUsage: found.rawUsage ?? null,
  };
}

/**
 * Why the counts are missing or not final; `null` when they are neither.
 *
 * @param final Whether the event after which the counts cannot change was seen.
 */
export function whyUnknown(usage: TokenUsage, final: boolean, ending: Ending): UsageUnknown | null {
  const counted = usage.input !== null && usage.output !== null;
  if (counted && final) return null;
  if (!counted && ending.failedStatus) return "not_reported";
  return ending.fault ?? (final ? "not_reported" : "cut");
}
