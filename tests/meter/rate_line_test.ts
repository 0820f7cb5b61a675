import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import { type RateSource, readRate } from "../../src/meter/rate_line.ts";

const line: RateSource = { provider: "openai", id: "m", from: null, until: null, prices: {} };

Deno.test("readRate() reads tokens per million, searches per thousand and audio per hour", () => {
  const { prices } = readRate({ ...line, prices: { input: "3.75", webSearch: "10", audioHour: "0.36" } });
  deepEqual(prices, {
    perToken: { input: 3_750_000n },
    perSearch: 10_000_000_000n,
    perAudioHour: 360_000_000_000n,
    uncountable: false,
  });
});

Deno.test("readRate() keeps an absent price apart from a free one", () => {
  const { perToken } = readRate({ ...line, prices: { output: "0" } }).prices;
  equal(perToken.output, 0n);
  equal("input" in perToken, false);
});

Deno.test("readRate() knows what no reading can count", () => {
  equal(readRate({ ...line, prices: { input: "1", textMessages: "1" } }).prices.uncountable, true);
  for (const key of ["inputVideo", "outputVideo", "cacheReadImage"]) {
    equal(readRate({ ...line, prices: { input: "1", [key]: "1" } }).prices.uncountable, false, key);
  }
});

Deno.test("readRate() takes days as UTC midnights and null as unbounded", () => {
  const rate = readRate({ ...line, from: "2026-10-07", until: "2027-01-01" });
  deepEqual([rate.fromMs, rate.untilMs], [Date.UTC(2026, 9, 7), Date.UTC(2027, 0, 1)]);
  deepEqual([readRate(line).fromMs, readRate(line).untilMs], [-Infinity, Infinity]);
});

Deno.test("readRate() orders tiers by threshold", () => {
  const tiers = [{ above: 200, prices: {} }, { above: 100, prices: {} }];
  deepEqual(readRate({ ...line, tiers }).tiers.map(({ above }) => above), [100, 200]);
});

Deno.test("readRate() throws for a day, threshold or price that it cannot read", () => {
  throws(() => readRate({ ...line, from: "7 October" }), RangeError);
  throws(() => readRate({ ...line, until: "2026-13-01" }), RangeError);
  throws(() => readRate({ ...line, tiers: [{ above: -1, prices: {} }] }), RangeError);
  throws(() => readRate({ ...line, prices: { webSearch: "ten" } }), RangeError);
});
