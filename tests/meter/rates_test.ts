import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import { MeterError } from "../../src/domain/errors.ts";
import { createRateTable, type RateOverride } from "../../src/meter/rates.ts";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 21);

const override = (line: Partial<RateOverride>): RateOverride => ({
  provider: "openai",
  model: "gpt-5",
  prices: { input: "1" },
  validFrom: null,
  validUntil: null,
  ...line,
});

Deno.test("RateTable.find() changes price at the first instant of the day, UTC", () => {
  const table = createRateTable();
  const cut = Date.UTC(2026, 9, 7);
  equal(table.find("anthropic", "claude-sonnet-5-5", cut - 1)?.rate.prices.perToken.cacheRead, 200_000n);
  equal(table.find("anthropic", "claude-sonnet-5-5", cut)?.rate.prices.perToken.cacheRead, 100_000n);
  equal(table.find("openai", "gpt-5.6-luna", Date.UTC(2026, 6, 30) - 1)?.rate.prices.perToken.input, 1_000_000n);
  equal(table.find("openai", "gpt-5.6-luna", Date.UTC(2026, 6, 30))?.rate.prices.perToken.input, 200_000n);
});

Deno.test("RateTable.find() gives the same answer again, and another for another instant", () => {
  const table = createRateTable();
  const first = table.find("openai", "o3", NOW);
  equal(table.find("openai", "o3", NOW)?.rate, first?.rate);
  equal(table.find("openai", "o3", Date.UTC(2025, 0, 1))?.rate.prices.perToken.input, 10_000_000n);
  equal(table.find("openai", "o3", NOW)?.rate.prices.perToken.input, 2_000_000n);
});

Deno.test("RateTable.find() survives more names than it keeps", () => {
  const table = createRateTable();
  for (let i = 0; i < 2500; i++) equal(table.find("openai", `made-up-${i}`, NOW), null);
  equal(table.find("openai", "gpt-5", NOW)?.match, "exact");
});

Deno.test("RateTable.find() names the bundle by its date", () => {
  const found = createRateTable().find("anthropic", "claude-opus-5-5", NOW);
  ok(/^bundled-2026-\d{2}-\d{2}$/.test(found?.source ?? ""), found?.source);
});

Deno.test("RateTable.find() lets an override replace the whole line within its period", () => {
  const table = createRateTable([override({ validFrom: NOW, validUntil: NOW + DAY })]);
  equal(table.find("openai", "gpt-5", NOW - 1)?.source.startsWith("bundled-"), true);
  const found = table.find("openai", "gpt-5", NOW);
  equal(found?.source, "override");
  deepEqual(found?.rate.prices.perToken, { input: 1_000_000n });
  equal(table.find("openai", "gpt-5", NOW + DAY)?.source.startsWith("bundled-"), true);
  equal(table.find("openai", "gpt-5-mini", NOW)?.source.startsWith("bundled-"), true);
  equal(table.find("anthropic", "gpt-5", NOW), null);
});

Deno.test("RateTable.find() applies an override to dated names, and prefers one that names the date", () => {
  const general = override({ prices: { input: "1" } });
  const dated = override({ model: "gpt-5-2025-08-07", prices: { input: "2" } });
  for (const lines of [[general, dated], [dated, general]]) {
    const table = createRateTable(lines);
    equal(table.find("openai", "gpt-5-2025-08-07", NOW)?.rate.prices.perToken.input, 2_000_000n);
    equal(table.find("openai", "gpt-5-2026-01-01", NOW)?.match, "alias");
    equal(table.find("openai", "gpt-5-2026-01-01", NOW)?.rate.prices.perToken.input, 1_000_000n);
    equal(table.find("openai", "gpt-5-pro", NOW)?.source.startsWith("bundled-"), true);
  }
});

Deno.test("RateTable.find() takes the later of two overrides, by start and then by place", () => {
  const always = override({ prices: { input: "1" } });
  const since = override({ prices: { input: "2" }, validFrom: NOW });
  const again = override({ prices: { input: "3" }, validFrom: NOW });
  const price = (lines: RateOverride[], at: number) =>
    createRateTable(lines).find("openai", "gpt-5", at)?.rate.prices.perToken.input;
  equal(price([since, always], NOW), 2_000_000n);
  equal(price([always, since], NOW - 1), 1_000_000n);
  equal(price([since, again], NOW), 3_000_000n);
});

Deno.test("RateTable.find() prices a model that only the user knows", () => {
  const found = createRateTable([override({ model: "house-model" })]).find("openai", "House-Model", NOW);
  deepEqual([found?.match, found?.source, found?.rate.id], ["exact", "override", "house-model"]);
});

Deno.test("RateTable.find() keeps the listed id under an override, for tier factors", () => {
  const table = createRateTable([override({ model: "gpt-5-codex" })]);
  equal(table.find("openai", "gpt-5-codex", NOW)?.rate.id, "gpt-5");
});

Deno.test("createRateTable() refuses an override that it cannot read exactly", () => {
  const bad: RateOverride[] = [
    override({ prices: { input: "0.0000001" } }),
    override({ prices: { input: "-1" } }),
    override({ prices: { output: "cheap" } }),
    override({ model: "" }),
    override({ tiers: [{ above: 0.5, prices: {} }] }),
    override({ validFrom: NaN }),
  ];
  for (const line of bad) {
    throws(() => createRateTable([line]), (error) => error instanceof MeterError && error.code === "bad_input");
  }
});

Deno.test("RateTable.list() shows overrides first, then every provider", () => {
  const lines = createRateTable([override({})]).list();
  equal(lines[0]?.source, "override");
  equal(lines[0]?.id, "gpt-5");
  for (const provider of ["anthropic", "gemini", "openai", "xai"]) {
    ok(lines.some((line) => line.provider === provider && line.source !== "override"), provider);
  }
  equal(lines.filter(({ id }) => id === "claude-sonnet-5-5").length, 2);
});
