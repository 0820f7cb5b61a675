/**
 * Hand-kept corrections to the bundled price table, each with its source and the day on which it was read.
 *
 * Applied over seed_rates.json when the table is loaded. Prices are the vendor's list prices in USD per million tokens.
 * A model is listed only with figures that were published for it; a model without figures stays unknown, whatever its
 * neighbours cost. Adding one is adding an entry.
 *
 * Imports: domain (types).
 *
 * @module
 */

import type { Provider } from "../domain/exchange.ts";
import type { PriceText, TierText } from "./rate_line.ts";

/** Where a figure was read and when, as a UTC day. */
interface Provenance {
  readonly source: string;
  readonly read: string;
}

/** Replaces every bundled line of `id`, or adds a model. Days are UTC; `until` is exclusive; null = always. */
export interface PriceCorrection extends Provenance {
  readonly kind: "price";
  readonly provider: Provider;
  readonly id: string;
  readonly from: string | null;
  readonly until: string | null;
  readonly prices: PriceText;
  readonly tiers?: readonly TierText[];
}

/** Adds prices to every bundled line of `id`, base and tiers alike. */
export interface AmendCorrection extends Provenance {
  readonly kind: "amend";
  readonly provider: Provider;
  readonly id: string;
  readonly prices: PriceText;
}

/** Other names under which `id` is sold at the same price. */
export interface AliasCorrection extends Provenance {
  readonly kind: "alias";
  readonly provider: Provider;
  readonly id: string;
  readonly names: readonly string[];
}

/** Moves a long-context threshold of every bundled line of a provider. */
export interface ThresholdCorrection extends Provenance {
  readonly kind: "threshold";
  readonly provider: Provider;
  readonly bundled: number;
  readonly above: number;
}

/** One correction. */
export type Correction = PriceCorrection | AmendCorrection | AliasCorrection | ThresholdCorrection;

const ANTHROPIC_PRICING = "https://platform.claude.com/docs/en/about-claude/pricing";
const OPENAI_PRICING = "https://developers.openai.com/api/docs/pricing";
const GEMINI_PRICING = "https://ai.google.dev/gemini-api/docs/pricing";

/** In the order in which they are applied. */
export const CORRECTIONS: readonly Correction[] = [
  // The bundled rule for claude-sonnet-5 also claims this name, at the cache price of the older model.
  {
    kind: "price",
    provider: "anthropic",
    id: "claude-sonnet-5-5",
    from: null,
    until: "2026-10-07",
    prices: { input: "2", cacheRead: "0.2", cacheWrite5m: "2.5", cacheWrite1h: "4", output: "10", webSearch: "10" },
    source: "https://platform.claude.com/docs/en/models/sonnet-5-5/overview",
    read: "2026-11-21",
  },
  {
    kind: "price",
    provider: "anthropic",
    id: "claude-sonnet-5-5",
    from: "2026-10-07",
    until: null,
    prices: { input: "2", cacheRead: "0.1", cacheWrite5m: "2.5", cacheWrite1h: "4", output: "10", webSearch: "10" },
    source: ANTHROPIC_PRICING,
    read: "2026-11-21",
  },
  {
    kind: "price",
    provider: "anthropic",
    id: "claude-haiku-5-5",
    from: null,
    until: null,
    prices: {
      input: "0.1",
      cacheRead: "0.01",
      cacheWrite5m: "0.125",
      cacheWrite1h: "0.2",
      output: "0.5",
      webSearch: "10",
    },
    tiers: [{
      above: 100_000,
      prices: {
        input: "0.5",
        cacheRead: "0.05",
        cacheWrite5m: "0.625",
        cacheWrite1h: "1",
        output: "2.5",
        webSearch: "10",
      },
    }],
    source: "https://platform.claude.com/docs/en/models/haiku-5-5/overview",
    read: "2026-11-21",
  },
  // Sold from 2026-11-09 on. Mythos 5.2 is not listed: no figure was published for it.
  {
    kind: "price",
    provider: "anthropic",
    id: "claude-fable-5-2",
    from: null,
    until: null,
    prices: { input: "8", cacheRead: "0.2", cacheWrite5m: "10", cacheWrite1h: "16", output: "40", webSearch: "10" },
    source: "https://github.com/archid21/rightsize/releases/tag/v0.10.2",
    read: "2026-11-21",
  },
  {
    kind: "price",
    provider: "anthropic",
    id: "claude-mythos-5",
    from: null,
    until: null,
    prices: { input: "10", cacheRead: "1", cacheWrite5m: "12.5", cacheWrite1h: "20", output: "50", webSearch: "10" },
    source: ANTHROPIC_PRICING,
    read: "2026-11-21",
  },
  {
    kind: "price",
    provider: "anthropic",
    id: "claude-mythos-5-1",
    from: null,
    until: null,
    prices: { input: "10", cacheRead: "0.25", cacheWrite5m: "12.5", cacheWrite1h: "20", output: "50", webSearch: "10" },
    source: ANTHROPIC_PRICING,
    read: "2026-11-21",
  },
  // The bundled data starts the upper tier of GPT-5.4 to GPT-5.6 and GPT-6 Astra at 272,000 itself, after a column
  // heading; the vendor's sentence is "more than 272K", which the bundled data follows for GPT-6 Sol and Luna.
  {
    kind: "threshold",
    provider: "openai",
    bundled: 271_999,
    above: 272_000,
    source: OPENAI_PRICING,
    read: "2026-11-21",
  },
  {
    kind: "price",
    provider: "openai",
    id: "gpt-6.1-sol",
    from: null,
    until: null,
    prices: { input: "2", cacheRead: "0.1", cacheWrite5m: "2.5", output: "10", webSearch: "10" },
    tiers: [{
      above: 272_000,
      prices: { input: "4", cacheRead: "0.2", cacheWrite5m: "5", output: "15", webSearch: "10" },
    }],
    source: "https://developers.openai.com/api/docs/models/gpt-6.1-sol",
    read: "2026-11-21",
  },
  {
    kind: "price",
    provider: "openai",
    id: "gpt-6.1-terra",
    from: null,
    until: null,
    prices: { input: "1", cacheRead: "0.05", cacheWrite5m: "1.25", cacheWrite1h: "2.5", output: "5", webSearch: "10" },
    tiers: [{
      above: 272_000,
      prices: { input: "2", cacheRead: "0.1", cacheWrite5m: "2.5", cacheWrite1h: "5", output: "7.5", webSearch: "10" },
    }],
    source: "https://developers.openai.com/api/docs/models/gpt-6.1-terra",
    read: "2026-11-21",
  },
  {
    kind: "price",
    provider: "openai",
    id: "gpt-6.2-sol",
    from: null,
    until: null,
    prices: { input: "2", cacheRead: "0.1", cacheWrite5m: "2.5", cacheWrite1h: "5", output: "10", webSearch: "10" },
    tiers: [{
      above: 272_000,
      prices: { input: "4", cacheRead: "0.2", cacheWrite5m: "5", cacheWrite1h: "10", output: "15", webSearch: "10" },
    }],
    source: "https://developers.openai.com/api/docs/models/gpt-6.2-sol",
    read: "2026-11-21",
  },
  // Billed by the length of the session: 0.05 and 0.034 USD a minute.
  byTheHour("gpt-live-1", "3"),
  byTheHour("gpt-realtime-translate", "2.04"),
  // These models put out nothing but images, so the one output rate is the image rate.
  imageOutput("gpt-image-1", "40"),
  imageOutput("gpt-image-1-mini", "8"),
  imageOutput("gpt-image-2", "30"),
  {
    kind: "alias",
    provider: "gemini",
    id: "gemini-3.1-pro-preview",
    names: ["gemini-3.1-pro-preview-customtools"],
    source: GEMINI_PRICING,
    read: "2026-11-21",
  },
  // The bundled data has no price for these and says that there is no paid tier.
  freeOfCharge("gemma-4-26b-a4b-it"),
  freeOfCharge("gemma-4-31b-it"),
  {
    kind: "price",
    provider: "xai",
    id: "grok-4.7",
    from: null,
    until: null,
    prices: { input: "2", cacheRead: "0.5", output: "6" },
    tiers: [{ above: 199_999, prices: { input: "4", cacheRead: "1", output: "12" } }],
    source: "https://apidog.com/blog/how-to-use-grok-4-7-api/",
    read: "2026-11-21",
  },
  {
    kind: "alias",
    provider: "xai",
    id: "grok-4.20",
    names: ["grok-4.20-0309-reasoning"],
    source: "https://docs.x.ai/docs/models",
    read: "2026-11-21",
  },
];

function imageOutput(id: string, outputImage: string): AmendCorrection {
  return { kind: "amend", provider: "openai", id, prices: { outputImage }, source: OPENAI_PRICING, read: "2026-11-21" };
}

function byTheHour(id: string, audioHour: string): PriceCorrection {
  const source = `https://developers.openai.com/api/docs/models/${id}`;
  return {
    kind: "price",
    provider: "openai",
    id,
    from: null,
    until: null,
    prices: { audioHour },
    source,
    read: "2026-11-21",
  };
}

function freeOfCharge(id: string): AmendCorrection {
  const prices = { input: "0", output: "0" };
  return { kind: "amend", provider: "gemini", id, prices, source: GEMINI_PRICING, read: "2026-11-21" };
}
