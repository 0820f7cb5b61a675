/**
 * What one rendering of a page is made from.
 *
 * Imports: api (types), domain, store.
 *
 * @module
 */

import { addDays, dateOf, daysBetween, isDate, startOfDay } from "../../domain/days.ts";
import type { Database } from "../../store/database.ts";
import type { TimeRange } from "../../store/queries.ts";
import { NO_CALLS, type Stats } from "../../store/stats.ts";
import type { ApiDeps } from "../deps.ts";

/** One reading of the clock and one database for a whole page. */
export interface View {
  readonly deps: ApiDeps;
  readonly db: Database;
  /** UTC epoch ms. */
  readonly now: number;
  /** Today's local date. */
  readonly today: string;
  readonly timeZone: string;
}

/** @throws {MeterError} when there is no database that can be read. */
export function viewOf(deps: ApiDeps): View {
  const now = deps.now();
  return { deps, db: deps.database(), now, today: dateOf(now, deps.timeZone), timeZone: deps.timeZone };
}

/** The last `days` local days up to now, and as many days before them up to the same time of day. */
export function windowsOf({ now, today, timeZone }: View, days: number): { current: TimeRange; before: TimeRange } {
  const first = addDays(today, 1 - days);
  const to = startOfDay(addDays(today, 1), timeZone);
  const before = startOfDay(addDays(first, -days), timeZone);
  const sinceMidnight = now - startOfDay(today, timeZone);
  return {
    current: { from: startOfDay(first, timeZone), to },
    before: { from: before, to: startOfDay(addDays(today, -days), timeZone) + sinceMidnight },
  };
}

/** Sums of the last `days` days with those before the first call too, so that a chart of a few is as wide as one of all. */
export function everyDay(stats: Stats, { today, timeZone }: View, days: number): Stats {
  const known = new Map(stats.byDay.map((day) => [day.date, day]));
  const all = daysBetween(addDays(today, 1 - days), today, timeZone);
  return { ...stats, byDay: all.map((day) => known.get(day.date) ?? { ...day, ...NO_CALLS }) };
}

/** A date in an address, or `null`. */
export function dateIn(value: string | undefined): string | null {
  return value !== undefined && isDate(value) ? value : null;
}

/** A number of days in an address, one of those offered. */
export function daysIn(value: string | undefined, offered: readonly number[], otherwise: number): number {
  const days = Number(value);
  return offered.includes(days) ? days : otherwise;
}
