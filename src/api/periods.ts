/**
 * From a query's dates to the period and the instants that they mean.
 *
 * Imports: domain, store (types), ./deps.ts (types).
 *
 * @module
 */

import { addDays, dateOf, startOfDay } from "../domain/days.ts";
import { MeterError } from "../domain/errors.ts";
import type { Database } from "../store/database.ts";
import { findProject } from "../store/project_rows.ts";
import { lastRequestedAt } from "../store/queries.ts";
import type { RequestFilters } from "../store/request_pages.ts";
import type { StatsPeriod } from "../store/stats.ts";
import type { ApiDeps } from "./deps.ts";

/** Days as typed. */
export interface PeriodInput {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly tz?: string | undefined;
}

/** Days of a period whose first day is not told, as in `halton-meter report`. */
const USUAL_DAYS = 30;

/** Days ahead, of today and of the last call, that are listed: an answer has a line for each, and 9999 is three million off. */
const DAYS_AHEAD = 366;

/** @throws {MeterError} `bad_input` for a period that ends before it begins. */
export function periodOf({ since, until, tz }: PeriodInput, deps: ApiDeps): StatsPeriod {
  const zone = tz ?? deps.timeZone;
  if (since !== undefined && until !== undefined && until < since) throw backwards("until", "since");
  const last = until === undefined ? dateOf(deps.now(), zone) : listable(until, zone, deps);
  return { first: since ?? addDays(last, 1 - USUAL_DAYS), last, timeZone: zone };
}

/** A last day, or the furthest one that is listed: no call is left out. */
function listable(until: string, zone: string, { now, database }: ApiDeps): string {
  const latest = Math.max(now(), lastRequestedAt(database()) ?? 0);
  const furthest = addDays(dateOf(latest, zone), DAYS_AHEAD);
  return until < furthest ? until : furthest;
}

/** Filters as typed. */
export interface FilterInput {
  readonly project?: string | undefined;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly status?: "success" | "error" | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly q?: string | undefined;
  readonly tz?: string | undefined;
}

/**
 * @returns `null` for a project that there is not.
 * @throws {MeterError} `bad_input` for days in the wrong order.
 */
export function filtersOf(db: Database, input: FilterInput, deps: ApiDeps): RequestFilters | null {
  const zone = input.tz ?? deps.timeZone;
  const { from, to, project } = input;
  if (from !== undefined && to !== undefined && to < from) throw backwards("to", "from");
  const found = project === undefined ? undefined : findProject(db, project);
  if (found === null) return null;
  return {
    ...(found !== undefined && { projectId: found.id }),
    ...(input.provider !== undefined && { provider: input.provider }),
    ...(input.model !== undefined && { model: input.model }),
    ...(input.status !== undefined && { status: input.status }),
    ...(from !== undefined && { from: startOfDay(from, zone) }),
    ...(to !== undefined && { to: startOfDay(addDays(to, 1), zone) }),
    ...(input.q !== undefined && { q: input.q }),
  };
}

function backwards(end: string, begin: string): MeterError {
  return new MeterError("bad_input", `Cannot tell the period: ${end} is before ${begin}`, {
    hint: `Give a day for ${end} that is not before ${begin}`,
  });
}
