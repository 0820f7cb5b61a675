import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { CORRECTIONS } from "../../src/meter/corrections.ts";
import { createRateTable } from "../../src/meter/rates.ts";
import seed from "../../src/meter/seed_rates.json" with { type: "json" };

const NOW = Date.UTC(2026, 10, 21);
const table = createRateTable();

Deno.test("CORRECTIONS name their source and the day it was read", () => {
  for (const { source, read } of CORRECTIONS) {
    ok(source.startsWith("https://"), source);
    ok(/^\d{4}-\d{2}-\d{2}$/.test(read) && !Number.isNaN(Date.parse(read)), read);
  }
});

Deno.test("CORRECTIONS refer to lines that the bundled table has", () => {
  for (const correction of CORRECTIONS) {
    const lines = seed.lines.filter(({ provider }) => provider === correction.provider);
    if (correction.kind === "amend" || correction.kind === "alias") {
      ok(lines.some(({ id }) => id === correction.id), correction.id);
    }
    if (correction.kind === "threshold") {
      ok(lines.some(({ tiers }) => tiers?.some(({ above }) => above === correction.bundled)), correction.provider);
    }
  }
});

Deno.test("CORRECTIONS leave no gap and no overlap between the periods of a model", () => {
  const byModel = Map.groupBy(
    CORRECTIONS.filter((one) => one.kind === "price"),
    ({ provider, id }) => `${provider} ${id}`,
  );
  for (const [model, periods] of byModel) {
    const sorted = [...periods].sort((a, b) => (a.from ?? "") < (b.from ?? "") ? -1 : 1);
    sorted.forEach((period, at) => equal(period.until, sorted[at + 1]?.from ?? null, model));
  }
});

Deno.test("CORRECTIONS price Haiku 5.5 by the length of the prompt", () => {
  const rate = table.find("anthropic", "claude-haiku-5-5", NOW)?.rate;
  equal(rate?.prices.perToken.input, 100_000n);
  deepEqual(rate?.tiers.map(({ above, prices }) => [above, prices.perToken.input, prices.perToken.output]), [
    [100_000, 500_000n, 2_500_000n],
  ]);
});

Deno.test("CORRECTIONS start every long-context tier of OpenAI above 272,000", () => {
  const tiers = table.list().filter(({ provider }) => provider === "openai").flatMap(({ tiers }) => tiers ?? []);
  ok(tiers.length >= 10);
  for (const { above } of tiers) equal(above, 272_000);
});

Deno.test("CORRECTIONS give GPT-6.1 Sol its published prices", () => {
  const { perToken } = table.find("openai", "gpt-6.1-sol", NOW)?.rate.prices ?? {};
  deepEqual(perToken, { input: 2_000_000n, cacheRead: 100_000n, cacheWrite5m: 2_500_000n, output: 10_000_000n });
});

Deno.test("CORRECTIONS give image models an image rate and the free open models a price of nothing", () => {
  equal(table.find("openai", "gpt-image-1", NOW)?.rate.prices.perToken.outputImage, 40_000_000n);
  equal(table.find("gemini", "gemma-4-31b-it", NOW)?.rate.prices.perToken.output, 0n);
});
