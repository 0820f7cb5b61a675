/**
 * Writes src/meter/seed_rates.json from the price data of the npm package `@pydantic/genai-prices`.
 *
 *     deno run --allow-read=. --allow-write=src/meter/seed_rates.json scripts/build_rates.ts
 *
 * Run from the project folder after the package was updated. The result holds what the package says and nothing else:
 * our own corrections are in src/meter/corrections.ts and are applied when the table is loaded. The same package gives
 * the same bytes. Anything the package says that this script does not understand stops it.
 *
 * @module
 */

import { findProvider } from "@pydantic/genai-prices";
import type { ConditionalPrice, MatchLogic, ModelInfo, ModelPrice } from "@pydantic/genai-prices";
import type { MatchRule, PriceText, SeedLine, TierText } from "../src/meter/rate_line.ts";
import type { Provider } from "../src/domain/exchange.ts";

/** Publication day of each package version used so far, from the npm registry. */
const PUBLISHED: Readonly<Record<string, string>> = { "0.1.8": "2026-09-23" };

/** Our provider name → the package's. */
const PROVIDERS: readonly (readonly [Provider, string])[] = [
  ["anthropic", "anthropic"],
  ["gemini", "google"],
  ["openai", "openai"],
  ["xai", "x-ai"],
];

/** The package's price key → ours, in the order in which they are written. */
const KEYS: readonly (readonly [string, keyof PriceText])[] = [
  ["input_mtok", "input"],
  ["cache_read_mtok", "cacheRead"],
  ["cache_write_mtok", "cacheWrite5m"],
  ["cache_write_1h_mtok", "cacheWrite1h"],
  ["output_mtok", "output"],
  ["input_audio_mtok", "inputAudio"],
  ["input_image_mtok", "inputImage"],
  ["input_video_mtok", "inputVideo"],
  ["cache_audio_read_mtok", "cacheReadAudio"],
  ["cache_image_read_mtok", "cacheReadImage"],
  ["output_audio_mtok", "outputAudio"],
  ["output_image_mtok", "outputImage"],
  ["output_video_mtok", "outputVideo"],
  ["web_searches_kcount", "webSearch"],
  ["audio_hours", "audioHour"],
  ["input_text_messages_kcount", "textMessages"],
];

/** Left out: file searches are not on the wire, and hours of input audio repeat `audio_hours`. */
const IGNORED = new Set(["storage_searches_kcount", "input_audio_hours"]);

/** The bundled table. */
export interface SeedFile {
  readonly package: string;
  readonly version: string;
  /** Day on which that version was published. */
  readonly date: string;
  readonly lines: readonly SeedLine[];
}

/** Builds the table. @throws {Error} if the package holds something that cannot be represented exactly. */
export function buildSeed(version: string): SeedFile {
  const date = PUBLISHED[version];
  if (date === undefined) throw new Error(`Cannot build the rate table: publication day of ${version} is not listed`);
  const lines = PROVIDERS.flatMap(([provider, theirs]) => {
    const found = findProvider({ providerId: theirs });
    if (found === undefined) throw new Error(`Cannot build the rate table: the package has no provider ${theirs}`);
    return found.models.flatMap((model) => linesOf(provider, model));
  });
  lines.sort((a, b) => order(a.provider, b.provider) || order(a.id, b.id) || order(a.from ?? "", b.from ?? ""));
  return { package: "@pydantic/genai-prices", version, date, lines };
}

/** The table as text: one line of JSON per price line, so that a change shows as a change of that line. */
export function formatSeed(seed: SeedFile): string {
  const lines = seed.lines.map((line) => `    ${JSON.stringify(line)}`).join(",\n");
  return `{\n  "package": ${JSON.stringify(seed.package)},\n  "version": ${JSON.stringify(seed.version)},\n` +
    `  "date": ${JSON.stringify(seed.date)},\n  "lines": [\n${lines}\n  ]\n}\n`;
}

function linesOf(provider: Provider, model: ModelInfo): SeedLine[] {
  const periods: readonly ConditionalPrice[] = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }];
  return periods.map(({ constraint, prices }) => {
    if (constraint !== undefined && constraint.type !== "start_date") {
      throw new Error(`Cannot build the rate table: ${model.id} has a constraint of type ${constraint.type}`);
    }
    const tiers = tiersOf(model.id, prices);
    return {
      provider,
      id: model.id,
      from: constraint?.start_date ?? null,
      match: ruleOf(model.match),
      prices: pricesAt(model.id, prices, null),
      ...(tiers.length === 0 ? {} : { tiers }),
    };
  });
}

function tiersOf(id: string, prices: ModelPrice): TierText[] {
  const starts = new Set<number>();
  for (const price of Object.values(prices)) {
    if (typeof price === "object") price.tiers.forEach((tier) => starts.add(tier.start));
  }
  return [...starts].sort((a, b) => a - b).map((above) => ({ above, prices: pricesAt(id, prices, above) }));
}

/** Prices that hold above a threshold, or below the first one for `null`. A price without tiers holds everywhere. */
function pricesAt(id: string, prices: ModelPrice, above: number | null): PriceText {
  for (const key of Object.keys(prices)) {
    if (!KEYS.some(([theirs]) => theirs === key) && !IGNORED.has(key)) {
      throw new Error(`Cannot build the rate table: ${id} has an unknown price ${key}`);
    }
  }
  if (prices["input_audio_hours"] !== undefined && prices["input_audio_hours"] !== prices["audio_hours"]) {
    throw new Error(`Cannot build the rate table: ${id} has two prices for an hour of audio`);
  }
  const found = KEYS.flatMap(([theirs, ours]) => {
    const price = prices[theirs];
    if (price === undefined) return [];
    if (typeof price === "number") return [[ours, decimal(id, price)] as const];
    const tier = price.tiers.filter(({ start }) =>
      above !== null && start <= above
    ).sort((a, b) => b.start - a.start)[0];
    return [[ours, decimal(id, tier?.price ?? price.base)] as const];
  });
  return Object.fromEntries(found);
}

/** The shortest decimal that reads back as the same number, which is how the price was written at its source. */
function decimal(id: string, price: number): string {
  const text = String(price);
  if (!/^\d+(\.\d{1,6})?$/.test(text)) throw new Error(`Cannot build the rate table: ${id} has the price ${text}`);
  return text;
}

function ruleOf(rule: MatchLogic): MatchRule {
  if ("or" in rule) return { or: rule.or.map(ruleOf) };
  if ("and" in rule) return { and: rule.and.map(ruleOf) };
  if ("equals" in rule) return { equals: rule.equals };
  if ("starts_with" in rule) return { starts_with: rule.starts_with };
  if ("ends_with" in rule) return { ends_with: rule.ends_with };
  if ("contains" in rule) return { contains: rule.contains };
  if ("regex" in rule) return { regex: rule.regex };
  throw new Error("Cannot build the rate table: unknown kind of match rule");
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The version pinned in deno.json, whose text is given. */
export function pinnedVersion(config: string): string {
  const found = /npm:@pydantic\/genai-prices@([0-9.]+)"/.exec(config)?.[1];
  if (found === undefined) throw new Error("Cannot build the rate table: deno.json pins no exact package version");
  return found;
}

if (import.meta.main) {
  const version = pinnedVersion(await Deno.readTextFile("deno.json"));
  await Deno.writeTextFile("src/meter/seed_rates.json", formatSeed(buildSeed(version)));
}
