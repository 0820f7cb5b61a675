import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { projectStats } from "../../src/store/project_stats.ts";
import { lastDays, periodBefore, spentPico, usageStats, usageTotals, worthPico } from "../../src/store/stats.ts";
import { NO_USAGE } from "../../src/store/queries.ts";
import { NOON, row, unpricedRow, withDatabase, write } from "./sample.ts";

const DAY = 86_400_000;
const USD = 1_000_000_000_000n;

Deno.test("usageStats tells billed money from the worth of a subscription, in totals, days and groups alike", async () => {
  await withDatabase((db) => {
    write(db, [row(), row({ billingBasis: "subscription" }), unpricedRow({ billingBasis: "credits" }), unpricedRow()]);
    const stats = usageStats(db, lastDays(1, NOON, "UTC"));
    for (const sums of [stats.totals, stats.byDay[0], stats.byDayByProvider[0], stats.byProvider[0]?.sums]) {
      if (sums === undefined) throw new Error("Missing");
      deepEqual([spentPico(sums), worthPico(sums), sums.requests, sums.unpriced], [USD, USD, 4, 2]);
    }
    deepEqual(stats.missing.map(({ reason, requests }) => [reason, requests]), [["unknown_model", 2]]);
  });
});

Deno.test("spentPico is 0 where nothing is billed and null where nothing billed has a known cost", () => {
  equal(spentPico(NO_USAGE), 0n);
  equal(worthPico(NO_USAGE), 0n);
  equal(spentPico({ ...NO_USAGE, requests: 2, unpriced: 2 }), null);
  equal(spentPico({ ...NO_USAGE, requests: 2, notBilledRequests: 2, notBilledUnpriced: 1, unpriced: 1 }), 0n);
  equal(worthPico({ ...NO_USAGE, requests: 2, notBilledRequests: 2, notBilledUnpriced: 2, unpriced: 2 }), null);
});

Deno.test("periods are whole days of the reader's zone, and the one before is as long", async () => {
  deepEqual(lastDays(7, NOON, "UTC"), { first: "2026-04-09", last: "2026-04-15", timeZone: "UTC" });
  deepEqual(lastDays(1, NOON, "Pacific/Kiritimati").first, "2026-04-16");
  deepEqual(periodBefore(lastDays(7, NOON, "UTC")), { first: "2026-04-02", last: "2026-04-08", timeZone: "UTC" });
  equal(periodBefore({ first: null, last: "2026-04-15", timeZone: "UTC" }), null);
  await withDatabase((db) => {
    write(db, [0, 1, 2, 3].map((days) => row({ requestedAt: NOON - days * DAY })));
    equal(usageTotals(db, lastDays(2, NOON, "UTC")).requests, 2);
    const before = periodBefore(lastDays(2, NOON, "UTC"));
    equal(before === null ? 0 : usageTotals(db, before).requests, 2);
    deepEqual(usageStats(db, lastDays(10, NOON, "UTC")).byDay.map(({ date, requests }) => [date, requests]), [
      ["2026-04-12", 1],
      ["2026-04-13", 1],
      ["2026-04-14", 1],
      ["2026-04-15", 1],
    ]);
  });
});

Deno.test("projectStats counts months of the reader's zone", async () => {
  await withDatabase((db) => {
    // 1 April 03:00 UTC is still March in New York.
    write(db, [row({ requestedAt: Date.UTC(2026, 3, 1, 3) }), row()]);
    const months = (zone: string) =>
      projectStats(db, NOON, zone).map(({ thisMonth, previousMonth }) => [thisMonth.requests, previousMonth.requests]);
    deepEqual(months("UTC"), [[2, 0]]);
    deepEqual(months("America/New_York"), [[1, 1]]);
  });
});

Deno.test("projectStats names the model with most calls and the one that cost most, billed before worth", async () => {
  await withDatabase((db) => {
    const cost = (usd: bigint) =>
      ({ kind: "priced", pico: usd * USD, ratesSource: "override", match: "exact" }) as const;
    write(db, [
      row({ model: "often", cost: cost(1n) }),
      row({ model: "often", cost: cost(1n) }),
      row({ model: "dear", cost: cost(9n), provider: "openai" }),
      row({ model: "worth", cost: cost(99n), billingBasis: "subscription" }),
      unpricedRow({ model: null, attribution: { slug: "nameless", layer: "git" } }),
    ]);
    const [demo, nameless] = projectStats(db, NOON, "UTC");
    deepEqual([demo?.primaryModel, demo?.primaryProvider, demo?.topModel, demo?.topProvider], [
      "often",
      "anthropic",
      "dear",
      "openai",
    ]);
    deepEqual([nameless?.primaryModel, nameless?.primaryProvider, nameless?.topModel, nameless?.topProvider], [
      null,
      "anthropic",
      null,
      null,
    ]);
  });
});
