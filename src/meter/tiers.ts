/**
 * What a service tier, a speed or a region does to list prices. Exact factors, per model where vendors differ by model.
 *
 * A tier whose price was not published for a model has no factor: the call is then unpriced, never charged at the base
 * rate. Every figure names its source; all were read on 2026-11-21.
 *
 * Imports: domain.
 *
 * @module
 */

import type { Provider, Reading } from "../domain/exchange.ts";
import { type Fraction, multiply, ONE } from "../domain/money.ts";

/** How a call was served, as far as prices care. `unknown` covers every name without a published meaning. */
export type Tier = "standard" | "batch" | "flex" | "fast" | "ultrafast" | "unknown";

/** What multiplies the token prices of a part, and which prices: a fast mode may know no long-context rates. */
export interface TierFactor {
  readonly factor: Fraction;
  readonly basePricesOnly: boolean;
}

/** Tier names on the wire, lower case, as each vendor uses them. */
const TIER_NAMES: Readonly<Record<Provider, Readonly<Record<string, Tier>>>> = {
  // "priority" is missing on purpose: Anthropic sells it by commitment, so a call has no price of its own.
  anthropic: { standard: "standard", standard_only: "standard", batch: "batch", fast: "fast" },
  // OpenAI renamed priority processing to fast mode on 2026-07-30; both names stay valid.
  openai: {
    default: "standard",
    standard: "standard",
    batch: "batch",
    flex: "flex",
    priority: "fast",
    fast: "fast",
    ultrafast: "ultrafast",
  },
  gemini: {
    standard: "standard",
    // On its OpenAI-compatible path.
    default: "standard",
    on_demand: "standard",
    batch: "batch",
    flex: "flex",
    on_demand_flex: "flex",
    priority: "fast",
    on_demand_priority: "fast",
  },
  xai: { default: "standard", standard: "standard", priority: "fast" },
};

/** Values that leave the tier open. */
const SILENT = new Set(["", "auto", "unspecified", "service_tier_unspecified", "traffic_type_unspecified"]);

interface Fast {
  readonly factor: Fraction;
  /** For prompts above the long-context threshold: same factor on the upper rates, base rates, or not published. */
  readonly long: "upper" | "base" | "unpublished";
}

const times = (num: bigint, den = 1n): Fraction => ({ num, den });
const listed = (factor: Fraction): Fast => ({ factor, long: "unpublished" });
const HALF = times(1n, 2n);

/**
 * Fast prices divided by standard prices, by listed id. Where a table gives several prices for a model (input, cached,
 * output) their quotients agree.
 *
 * Sources: Anthropic build-with-claude/fast-mode (one multiplier across the whole context window); OpenAI
 * api-fast-mode and api-priority-processing, GPT-6 family from its model pages; Gemini's price page, which gives a
 * figure for two models and a span of 1.75 to 2 for the rest.
 */
const FAST: Readonly<Record<Provider, Readonly<Record<string, Fast>>>> = {
  anthropic: {
    "claude-opus-4-6": { factor: times(6n), long: "base" },
    "claude-opus-4-7": { factor: times(6n), long: "base" },
    "claude-opus-4-8": { factor: times(2n), long: "base" },
    "claude-opus-5": { factor: times(2n), long: "base" },
    "claude-opus-5-5": { factor: times(2n), long: "base" },
  },
  openai: {
    "gpt-6.1-sol": { factor: times(2n), long: "upper" },
    "gpt-6.1-terra": listed(times(2n)),
    "gpt-6.2-sol": { factor: times(2n), long: "upper" },
    "gpt-6-astra": listed(times(2n)),
    "gpt-6-sol": listed(times(2n)),
    "gpt-6-luna": listed(times(2n)),
    "gpt-5.6-sol": { factor: times(2n), long: "upper" },
    "gpt-5.6-terra": { factor: times(2n), long: "upper" },
    "gpt-5.6-luna": { factor: times(2n), long: "upper" },
    "gpt-5.5": listed(times(5n, 2n)),
    "gpt-5.4": listed(times(2n)),
    "gpt-5.4-mini": listed(times(2n)),
    "gpt-5.2": listed(times(2n)),
    "gpt-5.1": listed(times(2n)),
    "gpt-5": listed(times(2n)),
    "gpt-5-mini": listed(times(9n, 5n)),
    "gpt-4.1": listed(times(7n, 4n)),
    "gpt-4.1-mini": listed(times(7n, 4n)),
    "gpt-4.1-nano": listed(times(2n)),
    "gpt-4o": listed(times(17n, 10n)),
    "gpt-4o-2024-05-13": listed(times(7n, 4n)),
    "gpt-4o-mini": listed(times(5n, 3n)),
    o3: listed(times(7n, 4n)),
    "o4-mini": listed(times(20n, 11n)),
  },
  gemini: {
    "gemini-3.7-flash": listed(times(9n, 5n)),
    "gemini-3.8-flash": listed(times(9n, 5n)),
  },
  xai: {},
};

/**
 * Ultrafast prices divided by standard prices, by listed id; OpenAI alone sells it. GPT-6.2 Sol is not listed: its factor holds
 * until a day only.
 */
const ULTRAFAST: Readonly<Record<string, Fast>> = {
  "gpt-6-astra": listed(times(6n)),
  "gpt-6.1-sol": listed(times(6n)),
};

/** Vendors that publish half price for batches and for flex processing. */
const HALF_PRICE: Readonly<Record<"batch" | "flex", readonly Provider[]>> = {
  batch: ["anthropic", "openai", "gemini"],
  flex: ["openai", "gemini"],
};

/** Older Claude models, for which no regional price exists; the 1.1× holds "for Opus 4.6 and newer". */
const WITHOUT_REGION = /^claude-(?:2|v1|3-|opus-4-[015]$|sonnet-4-[05]$|haiku-4-5$)/;

/**
 * The tier that served a call. What the response says wins over what the request asked for; `auto` says nothing. With
 * neither, the call is standard, which is every vendor's default.
 */
export function tierOf(reading: Reading): Tier {
  const { provider, servedTier, requestedTier, speed, mode } = reading;
  let tier = tierNamed(provider, servedTier) ?? tierNamed(provider, requestedTier) ?? "standard";
  if (speed?.toLowerCase() === "fast") tier = together(tier, "fast");
  return mode === "batch" ? together(tier, "batch") : tier;
}

/** Two statements about one call. No vendor sells two of them at once, so anything but agreement is unknown. */
function together(tier: Tier, other: Tier): Tier {
  return tier === "standard" || tier === other ? other : "unknown";
}

/** What `tier` does to the prices of a listed model, or null when that was not published. */
export function tierFactor(tier: Tier, provider: Provider, id: string, long: boolean): TierFactor | null {
  if (tier === "standard") return { factor: ONE, basePricesOnly: false };
  if (tier === "unknown") return null;
  if (tier === "batch" || tier === "flex") {
    return HALF_PRICE[tier].includes(provider) ? { factor: HALF, basePricesOnly: false } : null;
  }
  const factors = tier === "fast" ? FAST[provider] : provider === "openai" ? ULTRAFAST : {};
  const found = Object.hasOwn(factors, id) ? factors[id] : undefined;
  if (found === undefined || (long && found.long === "unpublished")) return null;
  return { factor: found.factor, basePricesOnly: found.long === "base" };
}

/** What the place of inference does to token prices, or null when that was not published. Anthropic only. */
export function regionFactor(provider: Provider, geo: string | null, id: string): Fraction | null {
  if (provider !== "anthropic") return ONE;
  const place = geo?.toLowerCase() ?? "not_available";
  if (place === "global" || place === "not_available" || place === "") return ONE;
  return place === "us" && !WITHOUT_REGION.test(id) ? times(11n, 10n) : null;
}

/** Tier and region together. */
export function combinedFactor(tier: TierFactor | null, region: Fraction | null): TierFactor | null {
  if (tier === null || region === null) return null;
  return { ...tier, factor: multiply(tier.factor, region) };
}

function tierNamed(provider: Provider, name: string | null): Tier | null {
  const key = name?.trim().toLowerCase() ?? "";
  if (SILENT.has(key)) return null;
  const names = TIER_NAMES[provider];
  return Object.hasOwn(names, key) ? names[key] ?? "unknown" : "unknown";
}
