/**
 * Sentences for what the meter knows only by a code: why a cost or a count is missing, who pays, what went wrong.
 *
 * Imports: domain (types), ./format.ts.
 *
 * @module
 */

import type { BillingBasis, CostMissing, ErrorClass, UsageUnknown } from "../../domain/exchange.ts";
import { words } from "./format.ts";

/** Why a call has no cost, and what a reader can do about it. */
export interface Reason {
  readonly label: string;
  readonly why: string;
  readonly todo: string | null;
}

const MISSING: Readonly<Record<CostMissing | "duplicate", Reason>> = {
  unknown_model: {
    label: "unknown model",
    why: "The price list has no line for this model.",
    todo: "halton-meter pricing set --help",
  },
  model_not_reported: {
    label: "model not named",
    why: "Neither the request nor the answer named a model.",
    todo: null,
  },
  usage_unknown: {
    label: "usage unknown",
    why: "A count that the price depends on was not reported.",
    todo: null,
  },
  usage_incomplete: {
    label: "answer cut short",
    why: "The answer ended before its final counts arrived. The provider may have billed it.",
    todo: null,
  },
  rate_missing: {
    label: "rate missing",
    why: "The model is listed, without a price for something this call used.",
    todo: "halton-meter pricing set --help",
  },
  tier_unknown: {
    label: "tier unknown",
    why: "The call was served on a tier whose price is not known.",
    todo: "halton-meter pricing set --help",
  },
  implausible_cost: {
    label: "implausible cost",
    why: "It came to more than 10,000 USD: a count that was reported, or a price, is wrong.",
    todo: "halton-meter pricing list",
  },
  duplicate: {
    label: "repeated fetch",
    why: "It fetched an answer that an earlier call had already paid for.",
    todo: null,
  },
};

/** The reason behind a missing cost; `null` stands for a row without one, which the writer does not make. */
export function costReason(missing: string | null): Reason {
  const known: Readonly<Record<string, Reason>> = MISSING;
  const found = missing === null || !Object.hasOwn(known, missing) ? undefined : known[missing];
  return found ?? { label: missing === null ? "unknown" : words(missing), why: "The cost is not known.", todo: null };
}

const USAGE: Readonly<Record<UsageUnknown, string>> = {
  not_requested: "the client did not ask for usage in its stream (stream_options.include_usage)",
  not_reported: "this kind of answer carries no usage",
  cut: "the answer ended before its last event",
  unreadable: "the answer could not be read",
  dropped: "the copy was given up to keep memory bounded",
};

/** Why counts are missing or not final. */
export function usageReason(unknown: string): string {
  const known: Readonly<Record<string, string>> = USAGE;
  return Object.hasOwn(known, unknown) ? known[unknown] ?? words(unknown) : words(unknown);
}

const BASES: Readonly<Record<BillingBasis, string>> = {
  metered: "billed by use",
  subscription: "under a subscription: not billed, shown at what it would cost at API prices",
  credits: "paid with credits: not billed, shown at what it would cost at API prices",
  unknown: "billed by use, as far as is known",
};

/** Who pays for a call. */
export function basisSentence(basis: string): string {
  const known: Readonly<Record<string, string>> = BASES;
  return Object.hasOwn(known, basis) ? known[basis] ?? words(basis) : words(basis);
}

/** Whether calls of a billing basis end up on a bill. */
export function isBilled(basis: string): boolean {
  return basis !== "subscription" && basis !== "credits";
}

const ERRORS: Readonly<Record<ErrorClass, string>> = {
  rate_limit: "rate limit",
  server_error: "server error",
  bad_request: "bad request",
  auth: "authentication",
  timeout: "timeout",
  network: "network",
  unknown: "error",
};

/** A failed call's kind. */
export function errorLabel(errorClass: string | null): string {
  const known: Readonly<Record<string, string>> = ERRORS;
  return errorClass !== null && Object.hasOwn(known, errorClass) ? known[errorClass] ?? "error" : "error";
}

const PROVIDERS: Readonly<Record<string, string>> = {
  anthropic: "Anthropic",
  openai: "OpenAI",
  gemini: "Google Gemini",
  xai: "xAI",
};

/** A provider as it writes itself. */
export function providerName(provider: string): string {
  return Object.hasOwn(PROVIDERS, provider) ? PROVIDERS[provider] ?? provider : provider;
}

/** The class that colours a provider, the same on every page. */
export function providerClass(provider: string): string {
  return Object.hasOwn(PROVIDERS, provider) ? `p-${provider}` : "p-other";
}
