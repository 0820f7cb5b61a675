/**
 * Turns one part of a reading and its rate into the lines of a bill, or names what is missing.
 *
 * Owns which counts a price needs and which subset is billed at which rate. Leaves tier factors to tiers.ts and sums to
 * cost.ts.
 *
 * Imports: domain.
 *
 * @module
 */

import type { CostMissing, ExtraUsage, ModalityTokens, Provider, TokenUsage, UsagePart } from "../domain/exchange.ts";
import type { Fraction } from "../domain/money.ts";
import type { Prices, Rate, TokenKey } from "./rate_line.ts";

/** What a line counts. */
export type Unit = "tokens" | "requests" | "seconds" | "charge";

/** One line of a bill before any factor. */
export interface BareLine {
  readonly label: string;
  readonly unit: Unit;
  /** Count of the unit, more than zero. */
  readonly count: number;
  /** Pico-dollars per unit. */
  readonly price: Fraction;
}

/** Lines, or why there are none. */
export type Lines = { readonly lines: readonly BareLine[] } | { readonly missing: CostMissing };

/** The prices that hold for a prompt of this size, and whether they are those of a long prompt. */
export interface PromptPrices {
  readonly prices: Prices;
  readonly long: boolean;
}

const PROMPT_BUCKETS = ["input", "cacheRead", "cacheWrite5m", "cacheWrite1h"] as const;
const BUCKETS = [...PROMPT_BUCKETS, "output"] as const;

/** Names on screen. */
const LABELS: Readonly<Record<TokenKey, string>> = {
  input: "input",
  cacheRead: "cache read",
  cacheWrite5m: "cache write 5m",
  cacheWrite1h: "cache write 1h",
  output: "output",
  inputAudio: "input audio",
  inputImage: "input image",
  inputVideo: "input video",
  cacheReadAudio: "cache read audio",
  cacheReadImage: "cache read image",
  outputAudio: "output audio",
  outputImage: "output image",
  outputVideo: "output video",
};

/** OpenAI keeps what is written for 30 minutes, or for 12 hours. */
const OPENAI_LABELS: Readonly<Partial<Record<TokenKey, string>>> = {
  cacheWrite5m: "cache write 30m",
  cacheWrite1h: "cache write 12h",
};

/**
 * The tier a prompt falls into: the highest whose threshold is exceeded by the four prompt counts together. The whole
 * request is billed at that tier's prices. Unknown counts weigh nothing here; {@link tokenLines} refuses them.
 */
export function promptPrices(rate: Rate, usage: TokenUsage): PromptPrices {
  const prompt = PROMPT_BUCKETS.reduce((sum, bucket) => sum + (usage[bucket] ?? 0), 0);
  const tier = rate.tiers.findLast(({ above }) => prompt > above);
  return { prices: tier?.prices ?? rate.prices, long: tier !== undefined };
}

/** Whether a model is billed by the length of the audio and not by tokens, so that token counts may be missing. */
export function isTimed(prices: Prices): boolean {
  return prices.perAudioHour !== null && prices.perToken.input === undefined;
}

/** Lines for the tokens of one part at the given prices. */
export function tokenLines(part: UsagePart, rate: Rate, prices: Prices): Lines {
  const { usage } = part;
  if (!isTimed(prices) && needsMissingCount(usage, rate, prices)) return { missing: "usage_unknown" };
  if (needsMissingSplit(part, prices)) return { missing: "usage_unknown" };
  const counts = split(usage, part.modalities ?? {});
  if (counts.some(([, count]) => !isCount(count))) return { missing: "usage_unknown" };
  if (prices.uncountable) return { missing: "rate_missing" };

  const lines: BareLine[] = [];
  for (const [key, count] of counts) {
    if (count === 0) continue;
    const price = priceOf(key, prices, rate.provider);
    if (price === undefined) return { missing: "rate_missing" };
    const label = (rate.provider === "openai" ? OPENAI_LABELS[key] : undefined) ?? LABELS[key];
    lines.push({ label, unit: "tokens", count, price: { num: price, den: 1n } });
  }
  return { lines };
}

/** Lines for what is billed beside tokens. `rate` is that of the response itself. */
export function extraLines(extra: ExtraUsage, prices: Prices, provider: Provider): Lines {
  const lines: BareLine[] = [];
  const { webSearchRequests: searches = 0, audioSeconds, toolCalls = 0 } = extra;
  if (!isCount(searches) || !isCount(toolCalls)) return { missing: "usage_unknown" };
  if (toolCalls > 0) return { missing: "rate_missing" };
  if (searches > 0 && !isAllowance(provider, prices)) {
    if (prices.perSearch === null) return { missing: "rate_missing" };
    lines.push({ label: "web search", unit: "requests", count: searches, price: { num: prices.perSearch, den: 1n } });
  }
  if (isTimed(prices) && audioSeconds === undefined) return { missing: "usage_unknown" };
  if (audioSeconds !== undefined && audioSeconds !== 0) {
    if (!Number.isFinite(audioSeconds) || audioSeconds < 0) return { missing: "usage_unknown" };
    if (prices.perAudioHour === null) return { missing: "rate_missing" };
    lines.push({
      label: "audio",
      unit: "seconds",
      count: audioSeconds,
      price: { num: prices.perAudioHour, den: 3600n },
    });
  }
  return { lines };
}

/**
 * Whether searches come out of a free allowance first, which no response tells of: Google gives thousands a month, or a day. They are
 * left out of the cost, which `price_notes.ts` says, unless a price was set for them.
 */
export function isAllowance(provider: Provider, { perSearch }: Prices): boolean {
  return provider === "gemini" && perSearch === null;
}

/** Whether a count that decides the price was not reported: input always, others where a price or tier hangs on it. */
function needsMissingCount(usage: TokenUsage, rate: Rate, prices: Prices): boolean {
  if (usage.input === null) return true;
  if (rate.tiers.length > 0 && PROMPT_BUCKETS.some((bucket) => usage[bucket] === null)) return true;
  return BUCKETS.some((bucket) => usage[bucket] === null && prices.perToken[bucket] !== undefined);
}

/** Counts by rate. Subsets are taken out of the count that holds them; a subset larger than that shows as negative. */
function split(usage: TokenUsage, subsets: ModalityTokens): readonly (readonly [TokenKey, number])[] {
  const { inputAudio = 0, inputImage = 0, inputVideo = 0, cacheReadAudio = 0, cacheReadImage = 0 } = subsets;
  const { outputAudio = 0, outputImage = 0, outputVideo = 0 } = subsets;
  return [
    ["input", (usage.input ?? 0) - inputAudio - inputImage - inputVideo],
    ["inputAudio", inputAudio],
    ["inputImage", inputImage],
    ["inputVideo", inputVideo],
    ["cacheRead", (usage.cacheRead ?? 0) - cacheReadAudio - cacheReadImage],
    ["cacheReadAudio", cacheReadAudio],
    ["cacheReadImage", cacheReadImage],
    ["cacheWrite5m", usage.cacheWrite5m ?? 0],
    ["cacheWrite1h", usage.cacheWrite1h ?? 0],
    ["output", (usage.output ?? 0) - outputAudio - outputImage - outputVideo],
    ["outputAudio", outputAudio],
    ["outputImage", outputImage],
    ["outputVideo", outputVideo],
  ];
}

/**
 * A rate for a kind of token. Images and video sent to a model without a rate for them are billed as its input: vendors list
 * one price for text, images and video there, and a separate one where it differs. OpenAI's models up to GPT-6.1 Sol list one
 * price for writing to a cache, whatever the lifetime. Nothing else falls back.
 */
function priceOf(key: TokenKey, prices: Prices, provider: Provider): bigint | undefined {
  const { perToken } = prices;
  const price = perToken[key];
  if (price !== undefined) return price;
  if (key === "cacheWrite1h" && provider === "openai") return perToken.cacheWrite5m;
  if (key === "inputImage" || key === "inputVideo") return perToken.input;
  return key === "cacheReadImage" ? perToken.cacheRead : undefined;
}

/**
 * Whether it was not told how much of a count was video, or of a cache images, though the price depends on it. A count of
 * zero needs no split.
 */
function needsMissingSplit({ usage, modalities }: UsagePart, { perToken }: Prices): boolean {
  const differs = (key: TokenKey, plain: TokenKey) => perToken[key] !== undefined && perToken[key] !== perToken[plain];
  if (modalities === undefined) {
    if (differs("inputVideo", "input") && usage.input !== 0) return true;
    if (differs("outputVideo", "output") && usage.output !== 0) return true;
  }
  const cached = usage.cacheRead ?? 0;
  return cached > 0 && differs("cacheReadImage", "cacheRead") && modalities?.cacheReadImage === undefined;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
