/**
 * What a range of days adds up to, ready to be shown: totals, by day, by provider, by model, by project. The one query behind
 * `/v1/stats`, the overview and a project's page.
 *
 * Sums follow queries.ts: repeated fetches are in none of them, a sum of nothing known is `null`, and money on a bill is told
 * from the worth of calls under a subscription by {@link spentPico}.
 *
 * Imports: domain, ./database.ts (types), ./project_rows.ts, ./queries.ts.
 *
 * @module
 */

import { addDays, dateOf, type Day, daysBetween, startOfDay } from "../domain/days.ts";
import type { Database } from "./database.ts";
import { listProjects } from "./project_rows.ts";
import {
  type BilledParts,
  billedPico,
  type DayCell,
  firstRequestedAt,
  groupUsage,
  sumUsage,
  type TimeRange,
  usageByDay,
  type UsageCell,
  usageCells,
  type UsageSums,
} from "./queries.ts";

/** Which days. Dates are local to `timeZone`, both included. */
export interface StatsPeriod {
  /** `null` = since the first call. */
  readonly first: string | null;
  readonly last: string;
  readonly timeZone: string;
}

/** One provider's calls on a day; days and providers without calls are absent. */
export interface DayProviderUsage extends BilledParts {
  readonly date: string;
  readonly provider: string;
}

/** All calls on a day. Every day of the period has one, those without calls too. */
export interface DayUsage extends BilledParts {
  readonly date: string;
  readonly from: number;
  readonly to: number;
}

/** One group of calls. */
export interface ProviderUsage {
  readonly provider: string;
  readonly sums: UsageSums;
}

/** `model` `null` = neither response nor request named one. */
export interface ModelUsage {
  readonly provider: string;
  readonly model: string | null;
  readonly sums: UsageSums;
}

export interface ProjectUsage {
  readonly slug: string;
  readonly name: string;
  readonly sums: UsageSums;
}

/** Calls without a cost, by the reason. */
export interface MissingCost {
  readonly reason: string;
  readonly provider: string;
  readonly model: string | null;
  readonly requests: number;
}

/** Everything about a period. Groups in order of {@link compareSums}. */
export interface Stats {
  readonly range: TimeRange;
  readonly totals: UsageSums;
  /** Projects with a call in the period. */
  readonly activeProjects: number;
  /** Models that were named, by provider. */
  readonly modelsInUse: number;
  readonly byDay: readonly DayUsage[];
  readonly byDayByProvider: readonly DayProviderUsage[];
  readonly byProvider: readonly ProviderUsage[];
  readonly byModel: readonly ModelUsage[];
  readonly byProject: readonly ProjectUsage[];
  readonly missing: readonly MissingCost[];
}

/** No calls at all. */
export const NO_CALLS: BilledParts = {
  requests: 0,
  unpriced: 0,
  costPico: null,
  notBilledRequests: 0,
  notBilledUnpriced: 0,
  notBilledPico: null,
};

/**
 * What is on a bill. Exactly 0 for no calls and for calls of which none is billed; `null` when there are billed calls and
 * none of them has a known cost. Where only some have none, their number is `unpriced - notBilledUnpriced`.
 */
export function spentPico(sums: BilledParts): bigint | null {
  return sums.requests === 0 ? 0n : billedPico(sums);
}

/** What calls on no bill would have cost at API prices: 0 without such calls, `null` when none of them has a price. */
export function worthPico(sums: BilledParts): bigint | null {
  return sums.notBilledRequests === 0 ? 0n : sums.notBilledPico;
}

/** The period of `days` days that ends today. */
export function lastDays(days: number, now: number, timeZone: string): StatsPeriod {
  const last = dateOf(now, timeZone);
  return { first: addDays(last, 1 - days), last, timeZone };
}

/** The period of equal length, in days, that ends where this one begins. `null` for one without a beginning. */
export function periodBefore({ first, last, timeZone }: StatsPeriod): StatsPeriod | null {
  if (first === null) return null;
  const days = Math.round((Date.parse(last) - Date.parse(first)) / 86_400_000) + 1;
  return { first: addDays(first, -days), last: addDays(first, -1), timeZone };
}

/** The instants of a period; an open begin is the day of the first call. */
export function rangeOf(db: Database, { first, last, timeZone }: StatsPeriod): TimeRange {
  const to = startOfDay(addDays(last, 1), timeZone);
  const earliest = firstRequestedAt(db);
  const begin = first === null ? null : startOfDay(first, timeZone);
  // Nothing is before the first call, and a period of two thousand years has too many days to list.
  const floor = earliest === null ? startOfDay(last, timeZone) : startOfDay(dateOf(earliest, timeZone), timeZone);
  return { from: Math.min(Math.max(begin ?? floor, floor), to), to };
}

/**
 * Reads everything about a period.
 *
 * @param projectId One project only; `null` = all.
 */
export function usageStats(db: Database, period: StatsPeriod, projectId: number | null = null): Stats {
  const range = rangeOf(db, period);
  const cells = usageCells(db, range, projectId);
  const days = daysBetween(dateOf(range.from, period.timeZone), period.last, period.timeZone);
  const dayCells = usageByDay(db, [...days.map(({ from }) => from), range.to], projectId);
  const byModel = modelsOf(cells);
  return {
    range,
    totals: sumUsage(cells),
    activeProjects: new Set(cells.map((cell) => cell.projectId)).size,
    modelsInUse: byModel.filter(({ model }) => model !== null).length,
    byDay: daySums(days, dayCells),
    byDayByProvider: dayCells.map(({ day, ...cell }) => ({ ...cell, date: days[day]?.date ?? "" })),
    byProvider: providersOf(cells),
    byModel,
    byProject: projectsOf(db, cells),
    missing: missingOf(cells),
  };
}

/** Totals of a period alone, for a comparison. */
export function usageTotals(db: Database, period: StatsPeriod, projectId: number | null = null): UsageSums {
  return sumUsage(usageCells(db, rangeOf(db, period), projectId));
}

/** Highest cost at API prices first, unpriced last, then more calls first. */
export function compareSums(a: UsageSums, b: UsageSums): number {
  const [left, right] = [a.costPico ?? -1n, b.costPico ?? -1n];
  if (left !== right) return left > right ? -1 : 1;
  return b.requests - a.requests;
}

function daySums(days: readonly Day[], cells: readonly DayCell[]): DayUsage[] {
  const byDay = Map.groupBy(cells, ({ day }) => day);
  return days.map((day, index) => ({ ...day, ...(byDay.get(index) ?? []).reduce(plusBilled, NO_CALLS) }));
}

/** Both together. */
export function plusBilled(a: BilledParts, b: BilledParts): BilledParts {
  return {
    requests: a.requests + b.requests,
    unpriced: a.unpriced + b.unpriced,
    costPico: addKnown(a.costPico, b.costPico),
    notBilledRequests: a.notBilledRequests + b.notBilledRequests,
    notBilledUnpriced: a.notBilledUnpriced + b.notBilledUnpriced,
    notBilledPico: addKnown(a.notBilledPico, b.notBilledPico),
  };
}

function addKnown(a: bigint | null, b: bigint | null): bigint | null {
  return a === null ? b : b === null ? a : a + b;
}

function providersOf(cells: readonly UsageCell[]): ProviderUsage[] {
  const groups = groupUsage(cells, ({ provider }) => provider);
  return [...groups].map(([provider, sums]) => ({ provider, sums })).sort((a, b) => compareSums(a.sums, b.sums));
}

function modelsOf(cells: readonly UsageCell[]): ModelUsage[] {
  const groups = Map.groupBy(cells, ({ provider, model }) => JSON.stringify([provider, model]));
  return [...groups.values()].map((members) => ({
    provider: members[0]?.provider ?? "",
    model: members[0]?.model ?? null,
    sums: sumUsage(members),
  })).sort((a, b) => compareSums(a.sums, b.sums));
}

function projectsOf(db: Database, cells: readonly UsageCell[]): ProjectUsage[] {
  const groups = groupUsage(cells, ({ projectId }) => projectId);
  return listProjects(db).flatMap(({ id, slug, name }) => {
    const sums = groups.get(id);
    return sums === undefined ? [] : [{ slug, name, sums }];
  }).sort((a, b) => compareSums(a.sums, b.sums));
}

function missingOf(cells: readonly UsageCell[]): MissingCost[] {
  const found = cells.filter(({ costMissing }) => costMissing !== null);
  const groups = Map.groupBy(
    found,
    ({ costMissing, provider, model }) => JSON.stringify([costMissing, provider, model]),
  );
  return [...groups.values()].map((members) => ({
    reason: members[0]?.costMissing ?? "",
    provider: members[0]?.provider ?? "",
    model: members[0]?.model ?? null,
    requests: members.reduce((sum, { requests }) => sum + requests, 0),
  })).sort((a, b) => b.requests - a.requests);
}
