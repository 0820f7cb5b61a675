/**
 * Why a call has no cost, and what a person can do about it.
 *
 * Imports: domain (types).
 *
 * @module
 */

import type { Reading } from "../domain/exchange.ts";

/** A reason in a sentence, and one thing to do, if there is any. */
export interface Advice {
  readonly why: string;
  readonly todo: string | null;
}

/**
 * @param reason `cost_missing` of the row.
 * @param model Of the part without a price, as far as known.
 */
export function adviceFor(reason: string, provider: string, model: string | null, reading: Reading | null): Advice {
  const set = model === null
    ? null
    : `halton-meter pricing set ${provider} ${quoted(model)} --input X --output Y, then halton-meter pricing reprice`;
  switch (reason) {
    case "unknown_model":
      // Of several parts of a call, one model may have a price and another none.
      return { why: `No price is known for ${model ?? "this model"}`, todo: set };
    case "rate_missing":
      return { why: "The price list has no rate for something that this call used", todo: set };
    case "model_not_reported":
      return { why: "Neither the response nor the request named a model", todo: null };
    case "tier_unknown":
      return { why: `No price is published for how it was served (${servedAs(reading)})`, todo: null };
    case "usage_incomplete":
      return { why: "The response ended before its counts were final", todo: null };
    case "usage_unknown":
      return reading?.usageUnknown === "not_requested"
        ? {
          why: "The client did not ask for usage, so that the provider reported none",
          todo: 'Set "stream_options": {"include_usage": true} in the request',
        }
        : { why: "The provider did not report all counts that the price depends on", todo: null };
    case "implausible_cost":
      return {
        why: "It came to more than 10,000 USD, so that a count that was reported, or a price, is wrong",
        todo: "halton-meter pricing list, then halton-meter pricing reprice once the price is right",
      };
    case "duplicate":
      return { why: "It fetched a response again that an earlier call had paid for", todo: null };
    default:
      return { why: reason.replaceAll("_", " "), todo: null };
  }
}

function servedAs(reading: Reading | null): string {
  const told = [
    reading?.servedTier ?? reading?.requestedTier ?? null,
    reading?.speed ?? null,
    reading?.inferenceGeo ?? null,
  ].filter((word) => word !== null);
  return told.length === 0 ? "not told" : told.join(", ");
}

/** As a shell takes it. */
function quoted(word: string): string {
  return /^[\w.:@\/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
