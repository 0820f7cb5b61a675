/**
 * Projects with what they have done: this month, the month before, ever. Months are those of a time zone.
 *
 * Imports: domain, ./database.ts (types), ./project_rows.ts, ./queries.ts, ./settings.ts, ./stats.ts.
 *
 * @module
 */

import { dateOf, startOfDay, startOfMonth } from "../domain/days.ts";
import type { Database } from "./database.ts";
import { findProject, listProjects, type Project } from "./project_rows.ts";
import { type BilledParts, spendByProject, type SpendCell, spendCells, type TimeRange } from "./queries.ts";
import { type BodyCapture, bodyCaptureBySlug } from "./settings.ts";
import { NO_CALLS, plusBilled, spentPico } from "./stats.ts";

/** One project and its sums. */
export interface ProjectStats {
  readonly project: Project;
  /** The project's own choice; `null` = the daemon-wide setting holds. */
  readonly bodyCapture: BodyCapture;
  readonly thisMonth: BilledParts;
  readonly previousMonth: BilledParts;
  readonly allTime: BilledParts & { readonly lastRequestedAt: number | null };
  /** Most calls; `null` without calls that named one. */
  readonly primaryModel: string | null;
  readonly primaryProvider: string | null;
  /** Highest cost, on a bill first, then at API prices; `null` when no cost is known. */
  readonly topModel: string | null;
  readonly topProvider: string | null;
}

const EVER: TimeRange = { from: 0, to: 253_402_300_800_000 };

/** All projects by slug, archived ones included. */
export function projectStats(db: Database, now: number, timeZone: string): ProjectStats[] {
  return statsOf(db, listProjects(db), null, now, timeZone);
}

/** One project, or `null` when no project has that slug. */
export function oneProjectStats(db: Database, slug: string, now: number, timeZone: string): ProjectStats | null {
  const project = findProject(db, slug);
  return project === null ? null : statsOf(db, [project], project.id, now, timeZone)[0] ?? null;
}

function statsOf(
  db: Database,
  projects: readonly Project[],
  only: number | null,
  now: number,
  timeZone: string,
): ProjectStats[] {
  const today = dateOf(now, timeZone);
  const [previous, current, next] = [-1, 0, 1].map((months) => startOfDay(startOfMonth(today, months), timeZone));
  const byProject = (from: number | undefined, to: number | undefined) =>
    Map.groupBy(spendByProject(db, { from: from ?? 0, to: to ?? 0 }, only), ({ projectId }) => projectId);
  const thisMonth = byProject(current, next);
  const previousMonth = byProject(previous, current);
  const ever = Map.groupBy(spendCells(db, EVER, only), ({ projectId }) => projectId);
  const choices = bodyCaptureBySlug(db);
  return projects.map((project) => {
    const cells = ever.get(project.id) ?? [];
    return {
      project,
      bodyCapture: choices.get(project.slug) ?? null,
      thisMonth: sumOf(thisMonth.get(project.id) ?? []),
      previousMonth: sumOf(previousMonth.get(project.id) ?? []),
      allTime: { ...sumOf(cells), lastRequestedAt: latestOf(cells) },
      primaryModel: first(cells, ({ model }) => model, byRequests),
      primaryProvider: first(cells, ({ provider }) => provider, byRequests),
      topModel: first(cells, ({ model }) => model, byCost),
      topProvider: first(cells, ({ provider }) => provider, byCost),
    };
  });
}

function sumOf(cells: readonly BilledParts[]): BilledParts {
  return cells.reduce<BilledParts>(plusBilled, NO_CALLS);
}

function latestOf(cells: readonly SpendCell[]): number | null {
  return cells.reduce<number | null>(
    (latest, { lastRequestedAt: at }) => at === null ? latest : Math.max(latest ?? at, at),
    null,
  );
}

/** The name whose calls come first by `compare`; a tie goes to the name that sorts first. */
function first(
  cells: readonly SpendCell[],
  nameOf: (cell: SpendCell) => string | null,
  compare: (a: BilledParts, b: BilledParts) => number,
): string | null {
  const named = [...Map.groupBy(cells, nameOf)].flatMap(([name, members]) =>
    name === null ? [] : [{ name, sums: sumOf(members) }]
  );
  const known = compare === byCost ? named.filter(({ sums }) => sums.costPico !== null) : named;
  const [best] = known.sort((a, b) => compare(a.sums, b.sums) || (a.name < b.name ? -1 : 1));
  return best?.name ?? null;
}

function byRequests(a: BilledParts, b: BilledParts): number {
  return b.requests - a.requests;
}

function byCost(a: BilledParts, b: BilledParts): number {
  return descending(spentPico(a) ?? 0n, spentPico(b) ?? 0n) || descending(a.costPico ?? 0n, b.costPico ?? 0n);
}

function descending(a: bigint, b: bigint): number {
  return a === b ? 0 : a > b ? -1 : 1;
}
