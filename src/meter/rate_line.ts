/**
 * The shape of a price line, as text in the bundled table and as numbers in use.
 *
 * Owns the units: tokens in USD per million, web searches in USD per thousand, audio in USD per hour, all as decimal
 * text; pico-dollars once read. Leaves finding a line to rates.ts and applying it to cost.ts.
 *
 * Imports: domain.
 *
 * @module
 */

import type { Provider } from "../domain/exchange.ts";
import { parseDecimal, parsePricePerMTok } from "../domain/money.ts";

/** Everything that has a price per token. Audio, image and video keys are rates for a subset of the plain count. */
export const TOKEN_KEYS = [
  "input",
  "cacheRead",
  "cacheWrite5m",
  "cacheWrite1h",
  "output",
  "inputAudio",
  "inputImage",
  "inputVideo",
  "cacheReadAudio",
  "cacheReadImage",
  "outputAudio",
  "outputImage",
  "outputVideo",
] as const;

/** A price per token. */
export type TokenKey = typeof TOKEN_KEYS[number];

/** Prices as published, in decimal text. Absent = not published, which differs from `"0"`. */
export type PriceText =
  & { readonly [K in TokenKey]?: string | undefined }
  & {
    /** USD per 1,000 web searches. */
    readonly webSearch?: string | undefined;
    /** USD per hour of audio. */
    readonly audioHour?: string | undefined;
    /** USD per 1,000 text messages in a voice session; present so that such a model is known not to be countable. */
    readonly textMessages?: string | undefined;
  };

/** Prices for the whole request once its prompt holds more than `above` tokens. */
export interface TierText {
  readonly above: number;
  readonly prices: PriceText;
}

/** A model-name rule of the price data: a small boolean tree. */
export type MatchRule =
  | { readonly equals: string }
  | { readonly starts_with: string }
  | { readonly ends_with: string }
  | { readonly contains: string }
  | { readonly regex: string }
  | { readonly or: readonly MatchRule[] }
  | { readonly and: readonly MatchRule[] };

/** One line of the bundled table. `from` is a UTC day (`2026-03-13`) or null for "always". */
export interface SeedLine {
  readonly provider: string;
  readonly id: string;
  readonly from: string | null;
  readonly match: MatchRule;
  readonly prices: PriceText;
  readonly tiers?: readonly TierText[] | undefined;
}

/** Prices in pico-dollars, per token, per search and per hour. */
export interface Prices {
  readonly perToken: { readonly [K in TokenKey]?: bigint };
  readonly perSearch: bigint | null;
  readonly perAudioHour: bigint | null;
  /** Whether the model bills something whose count no reading carries: messages in a voice session. */
  readonly uncountable: boolean;
}

/** A price line in use: one model, one period. Times are UTC epoch milliseconds, `untilMs` exclusive. */
export interface Rate {
  readonly provider: Provider;
  /** The model's name in the price list, under which tier factors are kept. */
  readonly id: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly prices: Prices;
  /** Whole-request tiers, ascending. */
  readonly tiers: readonly { readonly above: number; readonly prices: Prices }[];
}

/** What {@link readRate} needs. Days are UTC days; milliseconds are taken as they are. */
export interface RateSource {
  readonly provider: Provider;
  readonly id: string;
  readonly from: string | number | null;
  readonly until: string | number | null;
  readonly prices: PriceText;
  readonly tiers?: readonly TierText[] | undefined;
}

/** Reads a line's text into numbers. @throws {RangeError} if a price, day or threshold cannot be read exactly. */
export function readRate(source: RateSource): Rate {
  const tiers = (source.tiers ?? []).map(({ above, prices }) => {
    if (!Number.isSafeInteger(above) || above < 0) {
      throw new RangeError("Cannot read a tier: the threshold is not a count");
    }
    return { above, prices: readPrices(prices) };
  });
  return {
    provider: source.provider,
    id: source.id,
    fromMs: instant(source.from, -Infinity),
    untilMs: instant(source.until, Infinity),
    prices: readPrices(source.prices),
    tiers: tiers.sort((a, b) => a.above - b.above),
  };
}

function readPrices(text: PriceText): Prices {
  const perToken: { [K in TokenKey]?: bigint } = {};
  for (const key of TOKEN_KEYS) {
    const price = text[key];
    if (price !== undefined) perToken[key] = parsePricePerMTok(price);
  }
  return {
    perToken,
    perSearch: text.webSearch === undefined ? null : parseDecimal(text.webSearch, 9),
    perAudioHour: text.audioHour === undefined ? null : parseDecimal(text.audioHour, 12),
    uncountable: text.textMessages !== undefined,
  };
}

function instant(value: string | number | null, unbounded: number): number {
  if (value === null) return unbounded;
  const ms = typeof value === "number" ? value : /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(ms)) throw new RangeError("Cannot read a price line: its date is not a day");
  return ms;
}
