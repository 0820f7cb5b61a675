import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { cacheSavings, readOverview } from "../../../src/api/pages/overview_data.ts";
import { viewOf } from "../../../src/api/pages/view.ts";
import { createRateTable } from "../../../src/meter/rates.ts";
import { NO_USAGE } from "../../../src/store/queries.ts";
import { NOON, row, withDatabase, write } from "../../store/sample.ts";
import { depsOf } from "./deps.ts";

const RATES = createRateTable([
  {
    provider: "anthropic",
    model: "m",
    prices: { input: "3", output: "15", cacheRead: "0.3" },
    validFrom: null,
    validUntil: null,
  },
]);

function model(name: string | null, cacheReadTokens: number) {
  return { provider: "anthropic", model: name, sums: { ...NO_USAGE, requests: 1, inputTokens: 100, cacheReadTokens } };
}

Deno.test("cacheSavings() is what cached tokens would have cost more as plain input", () => {
  const found = cacheSavings([model("m", 900)], RATES, NOON);
  deepEqual(found, { readTokens: 900, promptTokens: 1_000, savedPico: 900n * 2_700_000n, withoutPrice: 0 });
});

Deno.test("cacheSavings() leaves out, and counts, tokens of models without a price", () => {
  const found = cacheSavings([model("m", 10), model("nobody-knows-it", 7), model(null, 5)], RATES, NOON);
  equal(found.withoutPrice, 12);
  equal(found.savedPico, 27_000_000n);
  equal(cacheSavings([model("nobody-knows-it", 7)], RATES, NOON).savedPico, null);
  equal(cacheSavings([model("m", 0)], RATES, NOON).savedPico, 0n);
});

Deno.test("readOverview() reads today, seven and thirty days, each against the days before", async () => {
  await withDatabase((db) => {
    const days = (count: number) => row({ requestedAt: NOON - count * 86_400_000 });
    write(db, [days(0), days(1), days(6), days(8), days(29), days(40)]);
    const now = NOON + 3_600_000;
    const overview = readOverview(viewOf(depsOf(() => db, { now: () => now, timeZone: "UTC" })));
    deepEqual(overview.spend.map(({ days, current, before }) => [days, current.requests, before.requests]), [
      [1, 1, 1],
      [7, 3, 1],
      [30, 5, 1],
    ]);
    equal(overview.lastCallAt, NOON);
    equal(overview.stats.byDay.length, 30);
  });
});
