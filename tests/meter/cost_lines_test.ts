import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { TokenUsage } from "../../src/domain/exchange.ts";
import { extraLines, isTimed, promptPrices, tokenLines } from "../../src/meter/cost_lines.ts";
import { type Prices, type PriceText, type Rate, readRate } from "../../src/meter/rate_line.ts";

const usage: TokenUsage = { input: 60, cacheRead: 20, cacheWrite5m: 15, cacheWrite1h: 5, output: 7, thinking: 3 };
const full = { input: "1", cacheRead: "2", cacheWrite5m: "3", cacheWrite1h: "4", output: "5" };
const rate = readRate({
  provider: "anthropic",
  id: "m",
  from: null,
  until: null,
  prices: full,
  tiers: [{ above: 99, prices: { input: "10" } }, { above: 200, prices: { input: "20" } }],
});

Deno.test("promptPrices() compares all four prompt counts and leaves output out", () => {
  equal(promptPrices(rate, usage).prices, rate.tiers[0]?.prices);
  equal(promptPrices(rate, { ...usage, input: 59 }).prices, rate.prices);
  equal(promptPrices(rate, { ...usage, input: 59, output: 9999 }).long, false);
  equal(promptPrices(rate, { ...usage, input: 200 }).prices, rate.tiers[1]?.prices);
});

Deno.test("tokenLines() bills each bucket once and thinking never", () => {
  const result = tokenLines({ kind: "response", model: "m", usage }, rate, rate.prices);
  if ("missing" in result) throw new Error(result.missing);
  deepEqual(result.lines.map(({ label, count, price }) => [label, count, price.num]), [
    ["input", 60, 1_000_000n],
    ["cache read", 20, 2_000_000n],
    ["cache write 5m", 15, 3_000_000n],
    ["cache write 1h", 5, 4_000_000n],
    ["output", 7, 5_000_000n],
  ]);
});

Deno.test("tokenLines() has no line for a count of zero and needs no price for it", () => {
  const none = { ...usage, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0 };
  const result = tokenLines(
    { kind: "response", model: "m", usage: none },
    rate,
    readRate({
      provider: "anthropic",
      id: "m",
      from: null,
      until: null,
      prices: { input: "1" },
    }).prices,
  );
  equal("lines" in result && result.lines.length, 1);
});

Deno.test("tokenLines() bills OpenAI's writes for 12 hours at their own price, or at the one price for writes", () => {
  const lines = (provider: Rate["provider"], prices: PriceText) => {
    const own = readRate({ provider, id: "m", from: null, until: null, prices });
    const result = tokenLines({ kind: "response", model: "m", usage }, own, own.prices);
    return "missing" in result
      ? result.missing
      : result.lines.slice(2, 4).map(({ label, price }) => [label, price.num]);
  };
  const { cacheWrite1h: _none, ...oneWritePrice } = full;
  deepEqual(lines("openai", full), [["cache write 30m", 3_000_000n], ["cache write 12h", 4_000_000n]]);
  deepEqual(lines("openai", oneWritePrice), [["cache write 30m", 3_000_000n], ["cache write 12h", 3_000_000n]]);
  equal(lines("anthropic", oneWritePrice), "rate_missing");
});

Deno.test("extraLines() counts searches by the thousand and audio by the hour", () => {
  const timed = readRate({
    ...rate,
    from: null,
    until: null,
    prices: { webSearch: "10", audioHour: "0.36" },
    tiers: [],
  });
  equal(isTimed(timed.prices), true);
  equal(isTimed(rate.prices), false);
  const result = extraLines({ webSearchRequests: 2, audioSeconds: 1.5 }, timed.prices, "openai");
  if ("missing" in result) throw new Error(result.missing);
  deepEqual(result.lines.map(({ unit, count, price }) => [unit, count, price.num, price.den]), [
    ["requests", 2, 10_000_000_000n, 1n],
    ["seconds", 1.5, 360_000_000_000n, 3600n],
  ]);
});

Deno.test("extraLines() refuses counts that are none", () => {
  for (const extra of [{ webSearchRequests: -1 }, { audioSeconds: NaN }, { audioSeconds: -1 }, { toolCalls: 0.5 }]) {
    deepEqual(extraLines(extra, rate.prices, "openai"), { missing: "usage_unknown" });
  }
});

Deno.test("extraLines() leaves searches out that come out of Gemini's allowance, unless a price was set for them", () => {
  const priced = readRate({ ...rate, from: null, until: null, prices: { webSearch: "14" }, tiers: [] });
  const searched = (provider: "gemini" | "openai", prices: Prices) =>
    extraLines({ webSearchRequests: 2 }, prices, provider);
  deepEqual(searched("gemini", rate.prices), { lines: [] });
  deepEqual(searched("openai", rate.prices), { missing: "rate_missing" });
  const { lines } = searched("gemini", priced.prices) as { lines: readonly { count: number }[] };
  deepEqual(lines.map(({ count }) => count), [2]);
});
