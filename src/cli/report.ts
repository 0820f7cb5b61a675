/**
 * What the cost report says: sums by project, model and provider for a period, read straight from the database, so that no
 * daemon is needed. How it looks is in report_text.ts and report_data.ts.
 *
 * Imports: domain, store, ./report_period.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import type { Database } from "../store/database.ts";
import { findProject, listProjects } from "../store/project_rows.ts";
import {
  billedPico,
  groupUsage,
  lastRequestedAt,
  latencyP95,
  NO_USAGE,
  repeatedFetches,
  sumsByDay,
  sumUsage,
  type TimeRange,
  usageByClient,
  type UsageCell,
  usageCells,
  type UsageSums,
} from "../store/queries.ts";
import { dayLabel, localDays, localDaysBefore, periodBefore } from "./report_period.ts";

/** What a table has one line for. */
export type ReportBy = "project" | "model" | "provider" | "day" | "client";

/** What to report on. */
export interface ReportRequest {
  readonly range: TimeRange;
  /** Slug; absent = all projects. */
  readonly project?: string | undefined;
  /** One table; absent = by project and by model. */
  readonly by?: ReportBy | undefined;
  /** Adds the sums of the period of equal length before this one. */
  readonly versusPrevious?: boolean | undefined;
}

/** One line of a table. Keys that the table does not split by are `null`; so is the model of calls that name none. */
export interface ReportLine {
  readonly project: string | null;
  readonly provider: string | null;
  readonly model: string | null;
  /** `YYYY-MM-DD`, of the machine's time zone. */
  readonly day: string | null;
  /** `null` also for calls whose client is not known. */
  readonly client: string | null;
  readonly sums: UsageSums;
  /** ms; only in lines by project. */
  readonly p95LatencyMs: number | null;
  /**
   * Sums of the same line in the period before; for a day, of the day at its place there. `null` when not asked for, and
   * when there was no such call; a day has sums all the same.
   */
  readonly previous: UsageSums | null;
}

/** Calls without a cost, by reason and model. */
export interface UnpricedLine {
  readonly reason: string;
  readonly provider: string;
  readonly model: string | null;
  readonly requests: number;
}

/** A finished report. */
export interface Report {
  readonly range: TimeRange;
  readonly project: string | null;
  readonly by: ReportBy | null;
  readonly totals: UsageSums;
  readonly projects: number;
  readonly models: number;
  /** Lines in order of cost, the highest first. Empty unless `by` asks for them. */
  readonly byProject: readonly ReportLine[];
  readonly byModel: readonly ReportLine[];
  readonly byProvider: readonly ReportLine[];
  /** In order of time; days without a call, and without one at their place in the period before, are left out. */
  readonly byDay: readonly ReportLine[];
  readonly byClient: readonly ReportLine[];
  /** By project and model; always there. */
  readonly rows: readonly ReportLine[];
  readonly unpriced: readonly UnpricedLine[];
  /** Calls that fetched a response again and are in no sum. */
  readonly repeatedFetches: number;
  readonly previous: { readonly range: TimeRange; readonly totals: UsageSums } | null;
  /** UTC epoch ms of the latest call in the whole database; `null` when it holds none. */
  readonly lastRequestedAt: number | null;
}

/**
 * @param db `null` = no database yet, which is reported as no calls.
 * @throws {MeterError} `bad_input` for a project that the database does not know.
 */
export function buildReport(db: Database | null, request: ReportRequest): Report {
  const projectId = projectIdOf(db, request.project);
  const { range } = request;
  const cells = db === null ? [] : usageCells(db, range, projectId);
  const before = periodBefore(range);
  const earlier = db === null || request.versusPrevious !== true ? [] : usageCells(db, before, projectId);
  const slugs = new Map(db === null ? [] : listProjects(db).map(({ id, slug }) => [id, slug]));
  const wants = (by: ReportBy) => isShown(request.by ?? null, by);
  const lines = (split: Split) => linesOf(cells, earlier, slugs, split);
  return {
    range,
    project: request.project ?? null,
    by: request.by ?? null,
    totals: sumUsage(cells),
    projects: new Set(cells.map(({ projectId }) => projectId)).size,
    models: new Set(cells.map(({ provider, model }) => JSON.stringify([provider, model]))).size,
    byProject: wants("project") ? withLatency(db, range, lines({ project: true })) : [],
    byModel: wants("model") ? lines({ provider: true, model: true }).map(withoutId) : [],
    byProvider: wants("provider") ? lines({ provider: true }).map(withoutId) : [],
    byDay: wants("day") ? dayLines(db, range, projectId, request.versusPrevious === true ? before : null) : [],
    byClient: wants("client") ? clientLines(db, range, projectId, request.versusPrevious === true ? before : null) : [],
    rows: lines({ project: true, provider: true, model: true }).map(withoutId),
    unpriced: unpricedOf(cells),
    repeatedFetches: db === null ? 0 : repeatedFetches(db, range, projectId),
    previous: request.versusPrevious === true ? { range: before, totals: sumUsage(earlier) } : null,
    lastRequestedAt: db === null ? null : lastRequestedAt(db),
  };
}

/** Whether a report shows the table by `key`: the one that was asked for, else those by project and by model. */
export function isShown(asked: ReportBy | null, key: ReportBy): boolean {
  return asked === null ? key === "project" || key === "model" : asked === key;
}

/** Mean latency in ms, or `null` when no call has one. */
export function averageLatency(sums: UsageSums): number | null {
  return sums.latencyCount === 0 ? null : sums.latencyMs / sums.latencyCount;
}

/** Which keys a table splits by. */
interface Split {
  readonly project?: true;
  readonly provider?: true;
  readonly model?: true;
}

interface KeyedLine extends ReportLine {
  readonly projectId: number;
}

function linesOf(
  cells: readonly UsageCell[],
  earlier: readonly UsageCell[],
  slugs: ReadonlyMap<number, string>,
  split: Split,
): KeyedLine[] {
  const keyOf = (cell: UsageCell) =>
    JSON.stringify([split.project && cell.projectId, split.provider && cell.provider, split.model && cell.model]);
  const previous = groupUsage(earlier, keyOf);
  const lines = [...Map.groupBy(cells, keyOf)].map(([key, members]) => {
    const first = members[0];
    return {
      projectId: first?.projectId ?? 0,
      project: split.project ? slugs.get(first?.projectId ?? 0) ?? null : null,
      provider: split.provider ? first?.provider ?? null : null,
      model: split.model ? first?.model ?? null : null,
      day: null,
      client: null,
      sums: sumUsage(members),
      p95LatencyMs: null,
      previous: previous.get(key) ?? null,
    };
  });
  return lines.sort(compareLines);
}

const NO_KEYS = { project: null, provider: null, model: null, day: null, client: null, p95LatencyMs: null };

/** A line for each local day with a call. A day is as long as the clocks make it. */
function dayLines(
  db: Database | null,
  range: TimeRange,
  projectId: number | null,
  before: TimeRange | null,
): ReportLine[] {
  if (db === null) return [];
  const boundaries = localDays(range);
  const earlier = before === null ? null : sumsByDay(db, localDaysBefore(boundaries, before), projectId);
  return sumsByDay(db, boundaries, projectId).map((sums, day) => ({
    ...NO_KEYS,
    day: dayLabel(boundaries[day] ?? 0),
    sums,
    previous: earlier === null ? null : earlier[day] ?? NO_USAGE,
  })).filter(({ sums, previous }) => sums.requests > 0 || (previous?.requests ?? 0) > 0);
}

function clientLines(
  db: Database | null,
  range: TimeRange,
  projectId: number | null,
  before: TimeRange | null,
): ReportLine[] {
  if (db === null) return [];
  const earlier = before === null ? [] : usageByClient(db, before, projectId);
  return usageByClient(db, range, projectId).map(({ client, sums }) => ({
    ...NO_KEYS,
    client,
    sums,
    previous: earlier.find((line) => line.client === client)?.sums ?? null,
  })).sort(compareLines);
}

/** Most billed first, then what is worth most, lines without any cost last; then more calls first; then by name. */
function compareLines(a: ReportLine, b: ReportLine): number {
  for (const amountOf of [billedPico, ({ notBilledPico }: UsageSums) => notBilledPico]) {
    const [one, other] = [amountOf(a.sums) ?? -1n, amountOf(b.sums) ?? -1n];
    if (one !== other) return one > other ? -1 : 1;
  }
  if (a.sums.requests !== b.sums.requests) return b.sums.requests - a.sums.requests;
  const names = [nameOf(a), nameOf(b)] as const;
  return names[0] < names[1] ? -1 : names[0] > names[1] ? 1 : 0;
}

function nameOf(line: ReportLine): string {
  return [line.project, line.provider, line.model, line.client].map((name) => name ?? "").join("\n");
}

function withLatency(db: Database | null, range: TimeRange, lines: readonly KeyedLine[]): ReportLine[] {
  if (db === null) return [];
  return lines.map((line) => ({
    ...withoutId(line),
    p95LatencyMs: latencyP95(db, range, line.projectId, line.sums.latencyCount),
  }));
}

function withoutId({ projectId: _, ...line }: KeyedLine): ReportLine {
  return line;
}

function unpricedOf(cells: readonly UsageCell[]): UnpricedLine[] {
  const lines = new Map<string, UnpricedLine>();
  for (const { costMissing: reason, provider, model, requests } of cells) {
    if (reason === null) continue;
    const key = JSON.stringify([reason, provider, model]);
    lines.set(key, { reason, provider, model, requests: requests + (lines.get(key)?.requests ?? 0) });
  }
  const byModel = (a: UnpricedLine, b: UnpricedLine) => (a.model ?? "") < (b.model ?? "") ? -1 : 1;
  return [...lines.values()].sort((a, b) => b.requests - a.requests || byModel(a, b));
}

function projectIdOf(db: Database | null, slug: string | undefined): number | null {
  if (db === null || slug === undefined) return null;
  const project = findProject(db, slug);
  if (project !== null) return project.id;
  throw new MeterError("bad_input", `Cannot report on project ${JSON.stringify(slug)}: no call of it was recorded`, {
    hint: 'Run "halton-meter report --by project" to see the projects',
  });
}
