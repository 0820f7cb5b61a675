import { deepStrictEqual as deepEqual, rejects, strictEqual as equal, throws } from "node:assert/strict";
import { Refusal } from "../../src/team/problem.ts";
import { type Counter, createBudget, limitedAttempt } from "../../src/team/rate_limits.ts";
import { withServerLogin } from "./support/login.ts";
import { postgresTest } from "./support/postgres.ts";

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

postgresTest(
  "limitedAttempt() counts before it tries, so that many at once get no further, and gives right ones back",
  async () => {
    await withServerLogin(async (db) => {
      const counter = (who: string): Counter => ({ purpose: "test", who, limit: 10, windowS: 900 });
      let tried = 0;
      const attempt = (who: string, right: boolean) => {
        const make = () => {
          tried++;
          return new Promise<boolean>((resolve) => setTimeout(() => resolve(right), 20));
        };
        return limitedAttempt(db, [counter(who), counter("everywhere")], make, (outcome) => !outcome, 1_000_000);
      };
      const outcomes = await Promise.allSettled(Array.from({ length: 14 }, () => attempt("guesser", false)));
      equal(tried, 10, "the right one among them would have been found");
      deepEqual(outcomes.map(({ status }) => status).sort(), [
        ...Array(10).fill("fulfilled"),
        ...Array(4).fill("rejected"),
      ]);
      await rejects(attempt("guesser", true), Refusal);
      const rest = { ...counter("owner"), limit: 1 };
      for (let i = 0; i < 3; i++) {
        equal(await limitedAttempt(db, [rest], () => Promise.resolve(true), (outcome) => !outcome, 1_000_000), true);
      }
    });
  },
);
