import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { createRateTable } from "../../src/meter/rates.ts";
import { rateRows } from "../../src/roles/rate_rows.ts";

const DAY = Date.UTC(2026, 0, 2);

Deno.test("rateRows makes one row per line and prompt threshold", () => {
  const list = createRateTable([{
    provider: "anthropic",
    model: "claude-own",
    prices: { input: "3", output: "15", cacheRead: "0.3", webSearch: "10" },
    tiers: [{ above: 200_000, prices: { input: "6", output: "22.5" } }],
    validFrom: DAY,
    validUntil: null,
  }]).list();
  const own = rateRows(list).filter((row) => row.model === "claude-own");
  deepEqual(own.map(({ promptOver, input, output }) => [promptOver, input, output]), [
    [0, "3", "15"],
    [200_000, "6", "22.5"],
  ]);
  const first = own[0];
  equal(first?.cacheRead, "0.3");
  equal(first?.cacheWrite5m, null);
  deepEqual(first?.other, { webSearch: "10" });
  equal(first?.validFrom, DAY);
  equal(first?.validUntil, null);
  equal(first?.source, "override");
  equal(own[1]?.other, null);
});

Deno.test("rateRows turns the days of the bundle into instants, midnight UTC", () => {
  const list = createRateTable().list();
  const dated = list.find((line) => typeof line.from === "string");
  ok(dated !== undefined && typeof dated.from === "string");
  const row = rateRows(list).find((each) =>
    each.model === dated.id && each.provider === dated.provider && each.validFrom !== null
  );
  equal(new Date(row?.validFrom ?? NaN).toISOString(), `${dated.from}T00:00:00.000Z`);
});

Deno.test("rateRows keeps the order and drops no line of the bundle", () => {
  const list = createRateTable().list();
  const rows = rateRows(list);
  equal(rows.length, list.reduce((sum, line) => sum + 1 + (line.tiers?.length ?? 0), 0));
  ok(rows.length > 100);
  for (const row of rows) {
    ok(row.input !== "" && row.output !== "");
    for (const price of Object.values(row.other ?? {})) equal(typeof price, "string");
  }
});
