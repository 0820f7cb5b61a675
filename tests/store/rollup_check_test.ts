import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { dateOf, daysBetween } from "../../src/domain/days.ts";
import type { Database } from "../../src/store/database.ts";
import { NO_USAGE, sumUsage, type TimeRange, usageByDay, usageCells } from "../../src/store/queries.ts";
import { hoursWithCalls, prepareRepriceHour } from "../../src/store/repricing.ts";
import { verifyRollups } from "../../src/store/rollup_check.ts";
import { HOUR_SPAN, prepareRebuildHour, rebuildRollups } from "../../src/store/rollups.ts";
import { cutRow, NOON, row, unpricedRow, withDatabase, write } from "./sample.ts";

/** Whole numbers from a seed, so that a failure can be repeated (Lehmer's generator with Park and Miller's multiplier). */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = state * 48_271 % 2_147_483_647;
    return state % below;
  };
}

const EVER: TimeRange = { from: 0, to: Number.MAX_SAFE_INTEGER };
const BASES = ["metered", "subscription", "credits", "unknown"] as const;

function insertSome(db: Database, random: (below: number) => number): void {
  write(
    db,
    Array.from({ length: 1 + random(30) }, () => {
      const changes = {
        requestedAt: NOON - random(70) * 86_400_000 - random(86_400_000),
        attribution: { slug: `p${random(4)}`, layer: "git" } as const,
        provider: (["anthropic", "openai", "xai"] as const)[random(3)] ?? "xai",
        model: random(9) === 0 ? null : `m${random(3)}`,
        billingBasis: BASES[random(4)] ?? "unknown",
        clientName: random(3) === 0 ? null : `c${random(2)}`,
        // Some of these are fetched again.
        ...(random(4) === 0 && { method: "GET", responseId: `r${random(12)}` }),
      };
      const kind = random(8);
      return kind === 0 ? cutRow(changes) : kind === 1 ? unpricedRow(changes) : row({
        ...changes,
        requestKind: kind === 2 ? "count_tokens" : "chat",
        cost: { kind: "priced", pico: BigInt(random(1_000_000)), ratesSource: "override", match: "exact" },
      });
    }),
  );
}

function repriceSome(db: Database, random: (below: number) => number): void {
  const from = NOON - random(70) * 86_400_000 - random(5_000_000);
  const range = { from, to: from + random(9) * 86_400_000 + random(5_000_000) };
  const cost = {
    kind: "priced",
    pico: BigInt(random(900)),
    ratesSource: "bundled-2026-05-01",
    match: "exact",
  } as const;
  const price = prepareRepriceHour(db, range, null, () => cost, true);
  for (const { hour } of hoursWithCalls(db, range, null)) price(hour);
}

/** What a merge of two projects, or a purge of calls, has to do: change rows, then the hours in which they are. */
function changeSome(db: Database, random: (below: number) => number): void {
  const hours = db.prepare(
    "SELECT DISTINCT requested_at / 3600000 * 3600000 AS hour FROM requests WHERE project_id = ?",
  );
  const project = 1 + random(4);
  const found = hours.all(project).map((each) => Number(each["hour"]));
  db.exec("BEGIN");
  if (random(2) === 0) db.prepare("UPDATE OR IGNORE requests SET project_id = 1 WHERE project_id = ?").run(project);
  else db.prepare("DELETE FROM requests WHERE project_id = ? AND seq % 5 = 0 AND duplicate_of IS NULL").run(project);
  const rebuild = prepareRebuildHour(db);
  for (const hour of found) rebuild(hour);
  db.exec("COMMIT");
}

Deno.test("verifyRollups() finds nothing after any order of inserting, re-pricing, merging and deleting", async () => {
  for (const seed of [1, 77, 4242]) {
    await withDatabase((db) => {
      const random = numbersFrom(seed);
      for (let step = 0; step < 25; step++) {
        const kind = step < 4 ? 0 : random(4);
        if (kind < 2) insertSome(db, random);
        else if (kind === 2) repriceSome(db, random);
        else changeSome(db, random);
      }
      deepEqual(verifyRollups(db), [], `seed ${seed}`);
      const before = sumUsage(usageCells(db, EVER));
      rebuildRollups(db);
      deepEqual(verifyRollups(db), []);
      deepEqual(sumUsage(usageCells(db, EVER)), before);
    });
  }
});

Deno.test("usageByDay() and usageCells() agree with the rows in every kind of zone, also where clocks change", async () => {
  await withDatabase((db) => {
    const random = numbersFrom(5);
    for (let i = 0; i < 20; i++) insertSome(db, random);
    const range = db.prepare(
      `SELECT coalesce(sum(cost_pico), 0) AS pico, count(*) AS n FROM requests
       WHERE requested_at >= ? AND requested_at < ? AND duplicate_of IS NULL`,
    );
    range.setReadBigInts(true);
    const zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Chatham"];
    for (const zone of [...zones, "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Kiritimati"]) {
      const days = daysBetween(dateOf(NOON - 75 * 86_400_000, zone), dateOf(NOON, zone), zone);
      const cells = usageByDay(db, [...days.map(({ from }) => from), days.at(-1)?.to ?? 0]);
      for (const [index, { date, from, to }] of days.entries()) {
        const truth = range.get(from, to);
        const of = cells.filter(({ day }) => day === index);
        const sums = sumUsage(usageCells(db, { from, to }));
        equal(BigInt(of.reduce((sum, { requests }) => sum + requests, 0)), truth?.["n"], `${zone} ${date}`);
        equal(of.reduce((sum, { costPico }) => sum + (costPico ?? 0n), 0n), truth?.["pico"], `${zone} ${date}`);
        deepEqual([BigInt(sums.requests), sums.costPico ?? 0n], [truth?.["n"], truth?.["pico"]], `${zone} ${date}`);
      }
    }
    equal(sumUsage([]), NO_USAGE);
  });
});

Deno.test("verifyRollups() names the table, the time and the project of what is wrong", async () => {
  await withDatabase((db) => {
    write(db, [row(), row({ requestedAt: NOON + HOUR_SPAN })]);
    db.exec("UPDATE usage_slots SET cost_pico = cost_pico + 1 WHERE project_id = 0 AND starts_at = " + NOON);
    deepEqual(verifyRollups(db), [{ table: "usage_slots", span: 900_000, startsAt: NOON, projectId: null }]);
    db.exec("DELETE FROM usage_spans WHERE span = 86400000");
    deepEqual(verifyRollups(db).map(({ table, span }) => [table, span]), [
      ["usage_spans", 86_400_000],
      ["usage_slots", 900_000],
    ]);
    db.exec("DELETE FROM usage_hours WHERE starts_at = " + NOON);
    deepEqual(verifyRollups(db).filter(({ table }) => table === "usage_hours"), [
      { table: "usage_hours", span: 3_600_000, startsAt: NOON, projectId: null },
    ]);
    rebuildRollups(db);
    deepEqual(verifyRollups(db), []);
  });
});
