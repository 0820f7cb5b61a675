import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { dateIn, daysIn, everyDay, viewOf, windowsOf } from "../../../src/api/pages/view.ts";
import { lastDays, usageStats } from "../../../src/store/stats.ts";
import { NOON, row, withDatabase, write } from "../../store/sample.ts";
import { depsOf } from "./deps.ts";

Deno.test("windowsOf() compares whole days up to now with as many days up to the same time", async () => {
  await withDatabase((db) => {
    const now = Date.UTC(2026, 3, 15, 12);
    const view = viewOf(depsOf(() => db, { now: () => now, timeZone: "Europe/Berlin" }));
    equal(view.today, "2026-04-15");
    const iso = (at: number) => new Date(at).toISOString().slice(0, 16);
    const { current, before } = windowsOf(view, 7);
    deepEqual([current.from, current.to, before.from, before.to].map(iso), [
      "2026-04-08T22:00",
      "2026-04-15T22:00",
      "2026-04-01T22:00",
      "2026-04-08T12:00",
    ]);
    const today = windowsOf(view, 1);
    deepEqual([today.before.from, today.before.to].map(iso), ["2026-04-13T22:00", "2026-04-14T12:00"]);
  });
});

Deno.test("everyDay() has a day for each of the period, also for those before the first call", async () => {
  await withDatabase((db) => {
    write(db, [row()]);
    const view = viewOf(depsOf(() => db, { now: () => NOON, timeZone: "UTC" }));
    const stats = usageStats(db, lastDays(30, NOON, "UTC"));
    equal(stats.byDay.length, 1);
    const { byDay } = everyDay(stats, view, 30);
    deepEqual([byDay.length, byDay[0]?.date, byDay.at(-1)?.date], [30, "2026-03-17", "2026-04-15"]);
    deepEqual([byDay[0]?.requests, byDay.at(-1)], [0, stats.byDay[0]]);
  });
});

Deno.test("dates and days in an address are taken only when they make sense", () => {
  equal(dateIn("2026-02-28"), "2026-02-28");
  for (const text of [undefined, "", "2026-02-30", "yesterday", "2026-2-3"]) equal(dateIn(text), null);
  equal(daysIn("90", [7, 30, 90], 30), 90);
  for (const text of [undefined, "31", "x", "-7"]) equal(daysIn(text, [7, 30, 90], 30), 30);
});
