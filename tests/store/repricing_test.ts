import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { createRateTable } from "../../src/meter/rates.ts";
import { type Database, openReadOnly } from "../../src/store/database.ts";
import { sumUsage, usageCells } from "../../src/store/queries.ts";
import {
  addRepriced,
  hoursWithCalls,
  NOTHING_REPRICED,
  prepareRepriceHour,
  type Pricer,
} from "../../src/store/repricing.ts";
import { rebuildRollups } from "../../src/store/rollups.ts";
import { priceOf, READINGS, rowOf } from "./calls.ts";
import { NOON, row, withDatabase, write } from "./sample.ts";

const HOUR = 3_600_000;
const ALWAYS = { from: 0, to: Number.MAX_SAFE_INTEGER };
const LISTED: Pricer = (reading, at) => priceOf(reading, createRateTable(), at);

/** With a price for `foo-1` and another one for the model of most calls. */
const NEGOTIATED = createRateTable([
  ["claude-sonnet-4-6", "1.5"],
  ["foo-1", "2"],
].map(([model = "", input = ""]) => ({
  provider: "anthropic" as const,
  model,
  prices: { input, output: "10", cacheRead: "0.1", cacheWrite5m: "2", cacheWrite1h: "4" },
  validFrom: null,
  validUntil: null,
})));
const NEW: Pricer = (reading, at) => priceOf(reading, NEGOTIATED, at);

/** Every kind of call, spread over three days, some of them in one hour. */
function fill(db: Database): void {
  const kinds = Object.values(READINGS);
  const calls = Array.from({ length: 120 }, (_, index) => {
    const one = kinds[index % kinds.length];
    if (one === undefined) throw new Error("No such reading");
    const slug = `p${index % 3}`;
    return rowOf(one, { requestedAt: NOON + index * 1_999_999, attribution: { slug, layer: "git" } });
  });
  write(db, calls);
}

function repriceAll(db: Database, price: Pricer, write = true, range = ALWAYS) {
  const repriceHour = prepareRepriceHour(db, range, null, price, write);
  return hoursWithCalls(db, range, null).reduce(
    (sum, { hour }) => addRepriced(sum, repriceHour(hour)),
    NOTHING_REPRICED,
  );
}

function content(db: Database): unknown[] {
  return ["usage_spans", "usage_slots", "usage_hours", "usage_clients"].flatMap((table) =>
    db.prepare(`SELECT * FROM ${table}`).all().map((each) => ({ ...each }))
  );
}

Deno.test("prepareRepriceHour changes costs and leaves roll-ups that equal those rebuilt from all rows", async () => {
  await withDatabase((db) => {
    fill(db);
    const done = repriceAll(db, NEW);
    ok(done.changed > 0 && done.changed < done.calls && done.nowPriced > 0 && done.nowUnpriced === 0);
    const folded = content(db);
    equal(sumUsage(usageCells(db, ALWAYS)).costPico, done.newPico);
    rebuildRollups(db);
    deepEqual(content(db), folded);
    const sources = db.prepare("SELECT rates_source FROM requests WHERE model = 'foo-1'").all();
    ok(sources.length > 0 && sources.every((each) => each["rates_source"] === "override"));
    const units = db.prepare("SELECT cost_pico, cost_usd_minor_units AS units FROM requests WHERE model = 'foo-1'")
      .get();
    equal(units?.["units"], Math.round(Number(units?.["cost_pico"]) / 1e7));
  });
});

Deno.test("prepareRepriceHour changes nothing the second time, and goes back with the old prices", async () => {
  await withDatabase((db) => {
    fill(db);
    // How often a row was changed is not what it holds.
    const rows = () => db.prepare("SELECT * FROM requests").all().map(({ revision: _, ...each }) => each);
    const [before, sums] = [rows(), content(db)];
    deepEqual(repriceAll(db, LISTED), { ...repriceAll(db, LISTED), changed: 0, nowPriced: 0, nowUnpriced: 0 });
    deepEqual(rows(), before);
    const there = repriceAll(db, NEW);
    const again = repriceAll(db, NEW);
    deepEqual([again.changed, again.oldPico, again.newPico], [0, there.newPico, there.newPico]);
    const back = repriceAll(db, LISTED);
    deepEqual([back.changed, back.nowUnpriced, back.newPico], [there.changed, there.nowPriced, there.oldPico]);
    deepEqual(rows(), before);
    deepEqual(content(db), sums);
  });
});

Deno.test("prepareRepriceHour only counts when it may not write", async () => {
  await withDatabase((db, path) => {
    fill(db);
    const rehearsed = openReadOnly(path);
    if (rehearsed === null) throw new Error("No database");
    const would = repriceAll(rehearsed, NEW, false);
    rehearsed.close();
    deepEqual(would, repriceAll(db, NEW));
  });
});

Deno.test("prepareRepriceHour keeps to its range, within an hour too, and to its project", async () => {
  await withDatabase((db) => {
    const one = READINGS["unknown"];
    if (one === undefined) throw new Error("No such reading");
    const at = Math.floor(NOON / HOUR) * HOUR;
    write(db, [0, 1, 2, 3].map((minute) => rowOf(one, { requestedAt: at + minute * 60_000 })));
    const done = repriceAll(db, NEW, true, { from: at + 60_000, to: at + 180_000 });
    deepEqual([done.calls, done.nowPriced], [2, 2]);
    equal(sumUsage(usageCells(db, ALWAYS)).unpriced, 2);
    deepEqual(hoursWithCalls(db, ALWAYS, 99), []);
    equal(prepareRepriceHour(db, ALWAYS, 99, NEW, true)(at).calls, 0);
  });
});

Deno.test("prepareRepriceHour leaves repeated fetches and rows of the first schema alone", async () => {
  await withDatabase((db) => {
    const one = READINGS["unknown"];
    if (one === undefined) throw new Error("No such reading");
    write(db, [row({ responseId: "msg_9" }), row({ responseId: "msg_9", method: "GET" }), rowOf(one)]);
    db.exec("UPDATE requests SET billable = NULL WHERE model = 'foo-1'");
    const done = repriceAll(db, NEW);
    deepEqual([done.calls, done.kept, done.nowPriced], [2, 1, 0]);
    equal(db.prepare("SELECT count(*) AS n FROM requests WHERE cost_missing = 'duplicate'").get()?.["n"], 1);
  });
});

Deno.test("prepareRepriceHour undoes the whole hour when a price cannot be made", async () => {
  await withDatabase((db) => {
    fill(db);
    let calls = 0;
    const failing: Pricer = (reading, at) => {
      if (++calls > 5) throw new Error("no price");
      return NEW(reading, at);
    };
    const repriceHour = prepareRepriceHour(db, ALWAYS, null, failing, true);
    let failed = 0;
    for (const { hour } of hoursWithCalls(db, ALWAYS, null).slice(2)) {
      try {
        repriceHour(hour);
      } catch {
        failed++;
        break;
      }
    }
    equal(failed, 1);
    const kept = content(db);
    rebuildRollups(db);
    deepEqual(content(db), kept);
  });
});
