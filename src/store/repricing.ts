/**
 * Prices stored calls again, an hour of calls in one transaction, roll-ups included: whoever looks in between sees sums that
 * agree with the rows, and an interruption leaves whole hours. What a price is, the caller knows.
 *
 * Rows that lack what their price depends on keep their cost, and so do repeated fetches, which have none.
 *
 * Imports: node:sqlite (types), domain, ./exchange_insert.ts, ./queries.ts (types), ./rollups.ts, ./stored_calls.ts, ./transaction.ts.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { Cost, Reading } from "../domain/exchange.ts";
import { costValues } from "./exchange_insert.ts";
import type { TimeRange } from "./queries.ts";
import { HOUR_SPAN, prepareRebuildHour } from "./rollups.ts";
import { CALL_COLUMNS, type StoredCall, storedCallOf, type StoredCost } from "./stored_calls.ts";
import { inTransaction } from "./transaction.ts";

/** The cost of a reading made at an instant, UTC epoch ms. */
export type Pricer = (reading: Reading, atMs: number) => Cost;

/** What was found, and, unless it was a rehearsal, written. */
export interface Repriced {
  /** Calls looked at. */
  readonly calls: number;
  /** Calls whose amount, or reason for having none, is another one now; the next two are among them. */
  readonly changed: number;
  /** Unpriced before, priced now. */
  readonly nowPriced: number;
  /** Priced before, unpriced now. */
  readonly nowUnpriced: number;
  /** Calls that do not hold what their price depends on. */
  readonly kept: number;
  readonly oldPico: bigint;
  readonly newPico: bigint;
}

/** Nothing looked at. */
export const NOTHING_REPRICED: Repriced = {
  calls: 0,
  changed: 0,
  nowPriced: 0,
  nowUnpriced: 0,
  kept: 0,
  oldPico: 0n,
  newPico: 0n,
};

/** Begins of the hours in which there are calls, UTC epoch ms, ascending, with how many. */
export function hoursWithCalls(
  db: DatabaseSync,
  range: TimeRange,
  projectId: number | null,
): { readonly hour: number; readonly calls: number }[] {
  const rows = db.prepare(
    `SELECT requested_at / ${HOUR_SPAN} * ${HOUR_SPAN} AS hour, count(*) AS calls FROM requests
     WHERE requested_at >= ? AND requested_at < ? AND (? IS NULL OR project_id = ?) GROUP BY 1 ORDER BY 1`,
  ).all(range.from, range.to, projectId, projectId);
  return rows.map((row) => ({ hour: Number(row["hour"]), calls: Number(row["calls"]) }));
}

/**
 * Prepares the statements and returns the function that prices one hour's calls of `range` again.
 *
 * @param write False = only counts what would change; the database may then be open for reading.
 */
export function prepareRepriceHour(
  db: DatabaseSync,
  range: TimeRange,
  projectId: number | null,
  price: Pricer,
  write: boolean,
): (hour: number) => Repriced {
  const select = db.prepare(
    `SELECT ${CALL_COLUMNS} FROM requests JOIN projects ON projects.id = requests.project_id
     WHERE requested_at >= ? AND requested_at < ? AND (? IS NULL OR project_id = ?) AND duplicate_of IS NULL
     ORDER BY requested_at, seq`,
  );
  select.setReadBigInts(true);

  function look(hour: number, change: (call: StoredCall, cost: Cost) => void): Repriced {
    const [from, to] = [Math.max(hour, range.from), Math.min(hour + HOUR_SPAN, range.to)];
    let sum = NOTHING_REPRICED;
    // Not `iterate`: in Deno 2.4 a statement gives its rows that way only once.
    for (const row of select.all(from, to, projectId, projectId)) {
      const call = storedCallOf(row);
      const cost = call.reading === null ? null : price(call.reading, call.requestedAt);
      sum = addRepriced(sum, outcomeOf(call.cost, cost));
      if (cost !== null && differs(call.cost, cost)) change(call, cost);
    }
    return sum;
  }

  if (!write) return (hour) => look(hour, () => {});

  const update = db.prepare(
    `UPDATE requests SET cost_pico = ?, cost_usd_minor_units = ?, cost_missing = ?, rate_match = ?, rates_source = ?
     WHERE seq = ?`,
  );
  const rebuildHour = prepareRebuildHour(db);
  return (hour) =>
    inTransaction(db, () => {
      const changes: (readonly [StoredCall, Cost])[] = [];
      const sum = look(hour, (call, cost) => changes.push([call, cost]));
      for (const [call, cost] of changes) update.run(...costValues(cost), call.seq);
      if (changes.length > 0) rebuildHour(hour);
      return sum;
    });
}

/** Both together. */
export function addRepriced(a: Repriced, b: Repriced): Repriced {
  return {
    calls: a.calls + b.calls,
    changed: a.changed + b.changed,
    nowPriced: a.nowPriced + b.nowPriced,
    nowUnpriced: a.nowUnpriced + b.nowUnpriced,
    kept: a.kept + b.kept,
    oldPico: a.oldPico + b.oldPico,
    newPico: a.newPico + b.newPico,
  };
}

/** Whether a cost is another amount, or lacks it for another reason, than the one that is stored. */
export function amountDiffers(stored: StoredCost, cost: Cost): boolean {
  return stored.pico !== amountOf(cost) || stored.missing !== (cost.kind === "unpriced" ? cost.reason : null);
}

function outcomeOf(stored: StoredCost, cost: Cost | null): Repriced {
  const before = stored.pico;
  const now = cost === null ? before : amountOf(cost);
  return {
    calls: 1,
    changed: cost !== null && amountDiffers(stored, cost) ? 1 : 0,
    nowPriced: before === null && now !== null ? 1 : 0,
    nowUnpriced: before !== null && now === null ? 1 : 0,
    kept: cost === null ? 1 : 0,
    oldPico: before ?? 0n,
    newPico: now ?? 0n,
  };
}

/** Also where only the source of the rate is another one. */
function differs(stored: StoredCost, cost: Cost): boolean {
  if (amountDiffers(stored, cost)) return true;
  return cost.kind === "priced" && (stored.ratesSource !== cost.ratesSource || stored.match !== cost.match);
}

function amountOf(cost: Cost): bigint | null {
  return cost.kind === "priced" ? cost.pico : cost.kind === "free" ? 0n : null;
}
