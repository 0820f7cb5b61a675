/**
 * The models of November 2026 at the vendors' list prices, copied from their pages by hand and not from the table: input, cache
 * read, cache write of 5 min and of 1 h, output, in USD per million tokens. A dash is a price that the vendor does not publish.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { Provider } from "../../src/domain/exchange.ts";
import { formatFraction } from "../../src/domain/money.ts";
import type { Prices } from "../../src/meter/rate_line.ts";
import { createRateTable } from "../../src/meter/rates.ts";

const TODAY = Date.UTC(2026, 10, 21);
const table = createRateTable();

type Line = readonly [provider: Provider, model: string, prices: string, grade?: "exact" | "alias" | "pattern"];

const LISTED: readonly Line[] = [
  ["anthropic", "claude-opus-5-5", "4 0.2 5 8 20"],
  ["anthropic", "claude-opus-5", "5 0.5 6.25 10 25"],
  ["anthropic", "claude-opus-4-8", "5 0.5 6.25 10 25"],
  ["anthropic", "claude-opus-4-7", "5 0.5 6.25 10 25"],
  ["anthropic", "claude-opus-4-6", "5 0.5 6.25 10 25"],
  ["anthropic", "claude-sonnet-5-5", "2 0.1 2.5 4 10"],
  ["anthropic", "claude-sonnet-5", "2 0.2 2.5 4 10"],
  ["anthropic", "claude-sonnet-4-6", "3 0.3 3.75 6 15"],
  ["anthropic", "claude-haiku-5-5", "0.1 0.01 0.125 0.2 0.5"],
  ["anthropic", "claude-haiku-4-5", "1 0.1 1.25 2 5"],
  ["anthropic", "claude-haiku-4-5-20251001", "1 0.1 1.25 2 5", "alias"],
  ["anthropic", "claude-fable-5", "10 1 12.5 20 50"],
  ["anthropic", "claude-fable-5-1", "10 0.25 12.5 20 50"],
  ["anthropic", "claude-fable-5-2", "8 0.2 10 16 40"],
  ["anthropic", "claude-mythos-5", "10 1 12.5 20 50"],
  ["anthropic", "claude-mythos-5-1", "10 0.25 12.5 20 50"],
  ["anthropic", "claude-3-7-sonnet-20250219", "3 0.3 3.75 6 15", "alias"],
  ["openai", "gpt-6.2-sol", "2 0.1 2.5 5 10"],
  ["openai", "gpt-6.1-terra", "1 0.05 1.25 2.5 5"],
  ["openai", "gpt-6.1-sol", "2 0.1 2.5 - 10"],
  ["openai", "gpt-6-sol", "2 0.2 2.5 - 10"],
  ["openai", "gpt-6-astra", "10 1 12.5 - 50"],
  ["openai", "gpt-6-luna", "0.1 0.01 0.125 - 0.5"],
  ["openai", "gpt-5.6-sol", "4 0.4 5 - 20"],
  ["openai", "gpt-5.6-terra", "2 0.2 2.5 - 12"],
  ["openai", "gpt-5.6-luna", "0.2 0.02 0.25 - 1.2"],
  ["openai", "gpt-5.6", "4 0.4 5 - 20", "alias"],
  ["openai", "gpt-5.5", "5 0.5 - - 30"],
  ["gemini", "gemini-2.5-pro", "1.25 0.125 - - 10"],
  ["gemini", "models/gemini-2.5-pro", "1.25 0.125 - - 10"],
  ["gemini", "gemini-3.1-pro-preview", "2 0.2 - - 12"],
  ["gemini", "gemini-3.8-flash", "0.75 0.075 - - 3.75"],
  ["xai", "grok-4.7", "2 0.5 - - 6"],
  ["xai", "grok-4.6", "2 0.5 - - 6"],
  ["xai", "grok-4.3", "1.25 0.2 - - 2.5"],
  ["xai", "grok-4.20", "1.25 0.2 - - 2.5"],
  ["xai", "grok-4.20-0309-reasoning", "1.25 0.2 - - 2.5", "alias"],
  ["xai", "grok-3-mini", "0.3 0.075 - - 0.5"],
];

/** Prices of the whole request above a length of the prompt. */
const LONG: readonly (readonly [provider: Provider, model: string, above: number, prices: string])[] = [
  ["anthropic", "claude-haiku-5-5", 100_000, "0.5 0.05 0.625 1 2.5"],
  ["openai", "gpt-6.2-sol", 272_000, "4 0.2 5 10 15"],
  ["openai", "gpt-6.1-terra", 272_000, "2 0.1 2.5 5 7.5"],
  ["openai", "gpt-6.1-sol", 272_000, "4 0.2 5 - 15"],
  ["openai", "gpt-6-sol", 272_000, "4 0.4 5 - 15"],
  ["openai", "gpt-6-astra", 272_000, "20 2 25 - 75"],
  ["openai", "gpt-5.6-sol", 272_000, "8 0.8 10 - 30"],
  ["openai", "gpt-5.6-terra", 272_000, "4 0.4 5 - 18"],
  ["openai", "gpt-5.5", 272_000, "10 1 - - 45"],
  ["gemini", "gemini-2.5-pro", 200_000, "2.5 0.25 - - 15"],
  ["gemini", "gemini-3.1-pro-preview", 200_000, "4 0.4 - - 18"],
  // xAI's tier begins at 200,000 itself.
  ["xai", "grok-4.7", 199_999, "4 1 - - 12"],
  ["xai", "grok-4.3", 199_999, "2.5 0.4 - - 5"],
];

/** Models whose price changed in the middle of their life, on the last day before and on the first day after. */
const CHANGED: readonly (readonly [provider: Provider, model: string, day: number, before: string, after: string])[] = [
  ["anthropic", "claude-sonnet-5-5", Date.UTC(2026, 9, 7), "2 0.2 2.5 4 10", "2 0.1 2.5 4 10"],
  ["openai", "gpt-5.6-terra", Date.UTC(2026, 6, 30), "2.5 0.25 3.125 - 15", "2 0.2 2.5 - 12"],
  ["openai", "gpt-5.6-luna", Date.UTC(2026, 6, 30), "1 0.1 1.25 - 6", "0.2 0.02 0.25 - 1.2"],
  ["openai", "gpt-5.6-sol", Date.UTC(2026, 7, 21), "5 0.5 6.25 - 30", "4 0.4 5 - 20"],
];

/** No price was published for these; the nearest name must not lend them its own. */
const UNLISTED: readonly (readonly [Provider, string])[] = [
  ["anthropic", "claude-mythos-5-2"],
  ["anthropic", "claude-opus-6"],
  ["anthropic", "claude-haiku-5-5-fast"],
  ["openai", "gpt-6.1-astra"],
  ["openai", "gpt-6-sol-pro"],
  ["gemini", "gemini-3.9-pro"],
  // The newest Pro model, not the first one, which was called gemini-pro.
  ["gemini", "gemini-pro-latest"],
  ["xai", "grok-5"],
];

/** As the tables above write it. */
function shown({ perToken }: Prices): string {
  return [perToken.input, perToken.cacheRead, perToken.cacheWrite5m, perToken.cacheWrite1h, perToken.output]
    .map((pico) => pico === undefined ? "-" : formatFraction({ num: pico, den: 1_000_000n })).join(" ");
}

function found(provider: Provider, model: string, at: number) {
  const rate = table.find(provider, model, at);
  if (rate === null) throw new Error(`No price for ${model}`);
  return rate;
}

for (const [provider, model, prices, grade = "exact"] of LISTED) {
  Deno.test(`createRateTable() has the list price of ${model}`, () => {
    const { rate, match } = found(provider, model, TODAY);
    deepEqual([shown(rate.prices), match], [prices, grade]);
  });
}

for (const [provider, model, above, prices] of LONG) {
  Deno.test(`createRateTable() has the price of ${model} for prompts of more than ${above} tokens`, () => {
    const { tiers } = found(provider, model, TODAY).rate;
    deepEqual(tiers.map((tier) => [tier.above, shown(tier.prices)]), [[above, prices]]);
  });
}

for (const [provider, model, day, before, after] of CHANGED) {
  Deno.test(`createRateTable() changes the price of ${model} on the day it changed`, () => {
    equal(shown(found(provider, model, day - 1).rate.prices), before);
    equal(shown(found(provider, model, day).rate.prices), after);
  });
}

Deno.test("createRateTable() has the price of an hour of sessions that are billed by their length", () => {
  const hour = (model: string) => found("openai", model, TODAY).rate.prices.perAudioHour;
  // 0.05 and 0.034 USD a minute.
  deepEqual([hour("gpt-live-1"), hour("gpt-realtime-translate")], [3_000_000_000_000n, 2_040_000_000_000n]);
});

Deno.test("createRateTable() has no price for models without a published one", () => {
  for (const [provider, model] of UNLISTED) equal(table.find(provider, model, TODAY), null, model);
});
