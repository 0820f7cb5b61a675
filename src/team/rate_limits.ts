/**
 * How often something may be tried. Attempts that guard a secret are counted in the database, so that all instances count
 * together; what only guards capacity is counted in this process.
 *
 * Imports: ./database.ts, ./problem.ts, ./secrets.ts.
 *
 * @module
 */

import { type Database, numberIn } from "./database.ts";
import { tooMany } from "./problem.ts";
import { hashOf } from "./secrets.ts";

/** One counted purpose, e.g. `pairing-guess`, and whom it is counted for: an address, a name, or nobody in particular. */
export interface Counter {
  readonly purpose: string;
  readonly who: string;
  readonly limit: number;
  readonly windowS: number;
}

/**
 * Counts one attempt against every counter. The count is kept whatever becomes of the attempt.
 *
 * @throws {Refusal} 429 as soon as one is above its limit.
 */
export async function countAttempt(db: Database, counters: readonly Counter[], nowMs = Date.now()): Promise<void> {
  // In the order of their keys, so that two attempts never wait for each other's.
  const keyed = counters.map((counter) => ({ ...counter, key: keyOf(counter) })).sort((a, b) => a.key < b.key ? -1 : 1);
  for (const { key, limit, windowS } of keyed) {
    const start = windowStart(nowMs, windowS);
    const attempts = await db.transaction(async (sql) => {
      const [row] = await sql(
        `INSERT INTO rate_limits (key, window_start, attempts) VALUES ($1::text, $2::text::bigint, 1)
         ON CONFLICT (key) DO UPDATE SET window_start = excluded.window_start,
           attempts = CASE WHEN rate_limits.window_start = excluded.window_start THEN rate_limits.attempts + 1 ELSE 1 END
         RETURNING attempts`,
        [key, String(start)],
      );
      return row === undefined ? 0 : numberIn(row, "attempts");
    });
    if (attempts > limit) throw tooMany(Math.max(1, start + windowS - Math.floor(nowMs / 1000)));
  }
}

/**
 * Makes an attempt that guards a secret: it is counted before it is made and given back when it was right, so that many at
 * once get no further than one after the other.
 *
 * @param wrong Whether the outcome is one that counts.
 * @throws {Refusal} 429 as soon as one counter is above its limit; nothing is tried then.
 */
export async function limitedAttempt<T>(
  db: Database,
  counters: readonly Counter[],
  make: () => Promise<T>,
  wrong: (outcome: T) => boolean,
  nowMs = Date.now(),
): Promise<T> {
  await countAttempt(db, counters, nowMs);
  const outcome = await make();
  if (!wrong(outcome)) await giveBack(db, counters, nowMs);
  return outcome;
}

async function giveBack(db: Database, counters: readonly Counter[], nowMs: number): Promise<void> {
  // One after the other in transactions of their own, so that two attempts never wait for each other's.
  for (const counter of counters) {
    await db.transaction(async (sql) => {
      await sql(
        `UPDATE rate_limits SET attempts = attempts - 1
         WHERE key = $1::text AND window_start = $2::text::bigint AND attempts > 0`,
        [keyOf(counter), String(windowStart(nowMs, counter.windowS))],
      );
    });
  }
}

function windowStart(nowMs: number, windowS: number): number {
  return Math.floor(nowMs / 1000 / windowS) * windowS;
}

/** @throws {Refusal} 429 when a counter has reached its limit; counts nothing. */
export async function checkAttempts(db: Database, counters: readonly Counter[], nowMs = Date.now()): Promise<void> {
  await db.transaction(async (sql) => {
    for (const counter of counters) {
      const start = windowStart(nowMs, counter.windowS);
      const [row] = await sql(
        "SELECT attempts FROM rate_limits WHERE key = $1::text AND window_start = $2::text::bigint",
        [keyOf(counter), String(start)],
      );
      if (row !== undefined && numberIn(row, "attempts") >= counter.limit) {
        throw tooMany(Math.max(1, start + counter.windowS - Math.floor(nowMs / 1000)));
      }
    }
  });
}

/** Forgets counts that no window needs any more. */
export async function dropOldCounts(db: Database, nowMs = Date.now()): Promise<void> {
  await db.transaction(async (sql) => {
    await sql("DELETE FROM rate_limits WHERE window_start < $1::text::bigint", [
      String(Math.floor(nowMs / 1000) - 86_400),
    ]);
  });
}

function keyOf({ purpose, who }: Counter): string {
  return `${purpose}:${hashOf(who)}`;
}

/** A budget per key, refilled evenly over a minute; a burst may use up the whole of it. */
export interface Budget {
  /** @throws {Refusal} 429 with the seconds until the next one is free. */
  spend(key: string): void;
}

/** Keys beyond this many are forgotten, the longest unused first. */
const MAX_KEYS = 10_000;

/** Builds a budget of so many per minute. `now`: milliseconds that never run backwards. */
export function createBudget(perMinute: number, now: () => number = () => performance.now()): Budget {
  const left = new Map<string, { tokens: number; at: number }>();
  return {
    spend(key) {
      const at = now();
      const known = left.get(key) ?? { tokens: perMinute, at };
      const tokens = Math.min(perMinute, known.tokens + (at - known.at) * perMinute / 60_000);
      left.delete(key);
      left.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at });
      const oldest = left.keys().next();
      if (left.size > MAX_KEYS && oldest.done !== true) left.delete(oldest.value);
      if (tokens < 1) throw tooMany(Math.ceil((1 - tokens) * 60 / perMinute));
    },
  };
}
