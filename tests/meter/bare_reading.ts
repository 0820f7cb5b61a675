/**
 * A reading in which nothing is told but what a test says. Not a test.
 *
 * @module
 */

import { type Reading, UNKNOWN_USAGE } from "../../src/domain/exchange.ts";

/** A finished, billable chat call with unknown usage of an unknown model of Anthropic's. */
export function bareReading(fields: Partial<Reading> = {}): Reading {
  return {
    provider: "anthropic",
    kind: "chat",
    mode: "standard",
    requestedModel: null,
    servedModel: null,
    responseId: null,
    requestedTier: null,
    servedTier: null,
    speed: null,
    inferenceGeo: null,
    parts: [{ kind: "response", model: null, usage: UNKNOWN_USAGE }],
    extra: {},
    providerCostPico: null,
    complete: true,
    usageUnknown: null,
    inconsistent: false,
    billable: true,
    error: null,
    rawUsage: null,
    ...fields,
  };
}
