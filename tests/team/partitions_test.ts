import { strictEqual as equal } from "node:assert/strict";
import { inRange, monthOf } from "../../src/team/partitions.ts";

Deno.test("monthOf() is the first day of the month, UTC", () => {
  equal(monthOf(Date.UTC(2026, 1, 28, 23, 59, 59, 999)), "2026-02-01");
  equal(monthOf(Date.UTC(2026, 2, 1)), "2026-03-01");
});

Deno.test("inRange() takes five years back, to the beginning of the month, and 31 days ahead", () => {
  const now = Date.UTC(2026, 10, 21, 12);
  equal(inRange(Date.UTC(2021, 10, 1), now), true);
  equal(inRange(Date.UTC(2021, 10, 1) - 1, now), false);
  equal(inRange(now + 31 * 86_400_000, now), true);
  equal(inRange(now + 31 * 86_400_000 + 1, now), false);
  equal(inRange(NaN, now), false);
});
