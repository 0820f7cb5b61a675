import { equal, throws } from "node:assert/strict";
import { createBudget } from "../../src/team/rate_limits.ts";
import { Refusal } from "../../src/team/problem.ts";

Deno.test("createBudget() lets a burst of a minute's worth through, then one at a time, per key", () => {
  let now = 0;
  const budget = createBudget(60, () => now);
  for (let i = 0; i < 60; i++) budget.spend("a");
  throws(
    () => budget.spend("a"),
    (error) => error instanceof Refusal && error.status === 429 && error.retryAfterS === 1,
  );
  budget.spend("b");
  now += 1_000;
  budget.spend("a");
  throws(() => budget.spend("a"), Refusal);
  now += 3_600_000;
  for (let i = 0; i < 60; i++) budget.spend("a");
  throws(() => budget.spend("a"), Refusal);
});

Deno.test("createBudget() tells how long to wait", () => {
  const budget = createBudget(2, () => 0);
  budget.spend("a");
  budget.spend("a");
  let waits: number | null = null;
  try {
    budget.spend("a");
  } catch (error) {
    if (error instanceof Refusal) waits = error.retryAfterS;
  }
  equal(waits, 30);
});
