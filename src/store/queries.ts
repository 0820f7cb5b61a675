/**
 * What calls add up to. All reads of sums: by project, model, provider, day, and the reasons of what is missing.
 *
 * A range is half open, in UTC epoch ms. Sums leave repeated fetches out and leave unknown values out of a sum, saying how
 * many there were; a sum of nothing known is `null`. Costs are `bigint` pico-dollars, since they outgrow a double.
 *
 * Imports: node:sqlite (types), ./rollups.ts.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  CLIENT_MEASURES,
  DAY_SPAN,
  HOUR_SPAN,
  NOT_BILLED,
  REQUEST_DIMENSIONS,
  REQUEST_MEASURES,
  SLOT_SPAN,
  WIDE_SPAN,
} from "./rollups.ts";

/** Half open: `from` belongs to it, `to` does not. UTC epoch ms. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** Sums over some calls. */
export interface UsageSums {
  readonly requests: number;
  readonly errors: number;
  /** Calls whose counts are not final. */
  readonly incomplete: number;
  /** Calls of which some count that should be there is unknown. */
  readonly tokensUnknown: number;
  /** Calls without a cost. */
  readonly unpriced: number;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly thinkingTokens: number | null;
  readonly cacheReadTokens: number | null;
  readonly cacheWriteTokens: number | null;
  /** Exact, of billed and not billed calls together; `null` when no call was priced. See {@link billedPico}. */
  readonly costPico: bigint | null;
  /** Calls under a subscription or credits. */
  readonly notBilledRequests: number;
  /** Those of them without a cost. */
  readonly notBilledUnpriced: number;
  /** The part of `costPico` that is theirs: what they would have cost at API prices, on no bill. */
  readonly notBilledPico: bigint | null;
  /** Sum over `latencyCount` calls, ms. */
  readonly latencyMs: number;
  readonly latencyCount: number;
  readonly lastRequestedAt: number | null;
}

/** Sums of one kind of calls; the smallest group that sums are kept for. */
export interface UsageCell extends UsageSums {
  readonly projectId: number;
  readonly provider: string;
  /** `null` = neither the response nor the request named one. */
  readonly model: string | null;
  /** Why these calls have no cost; `null` = they are priced. */
  readonly costMissing: string | null;
  readonly billingBasis: string;
}

/** What is needed to tell billed money from the worth of calls on no bill; see {@link UsageSums}. */
export type BilledParts = Pick<
  UsageSums,
  "requests" | "unpriced" | "costPico" | "notBilledRequests" | "notBilledUnpriced" | "notBilledPico"
>;

/** One provider's calls on one day. */
export interface DayCell extends BilledParts {
  /** Index of the day: it lasts from `boundaries[day]` to `boundaries[day + 1]`. */
  readonly day: number;
  readonly provider: string;
}

/** Billing bases under which no single call is billed. */
const NOT_BILLED_BASES: readonly string[] = ["subscription", "credits"];

const CELL_COLUMNS = `project_id, provider, model, cost_missing, billing_basis, requests, errors, incomplete,
  tokens_unknown, input_tokens, output_tokens, thinking_tokens, cache_read_tokens, cache_write_tokens, cost_pico,
  latency_ms, latency_count, last_requested_at`;

function spanRows(span: number, from: string, to: string): string {
  return `SELECT ${CELL_COLUMNS} FROM usage_spans
    WHERE span = ${span} AND starts_at >= :${from} AND starts_at < :${to} AND (:project IS NULL OR project_id = :project)`;
}

function callRows(from: string, to: string): string {
  return `SELECT ${REQUEST_DIMENSIONS}, ${REQUEST_MEASURES} FROM requests
    WHERE requested_at >= :${from} AND requested_at < :${to} AND duplicate_of IS NULL
      AND (:project IS NULL OR project_id = :project) GROUP BY 1, 2, 3, 4, 5`;
}

/** The longest spans that fit, shorter ones around them, and the rims from the calls themselves. */
const PIECES = [
  spanRows(WIDE_SPAN, "wide_from", "wide_to"),
  spanRows(DAY_SPAN, "day_from", "wide_from"),
  spanRows(DAY_SPAN, "wide_to", "day_to"),
  spanRows(HOUR_SPAN, "hour_from", "day_from"),
  spanRows(HOUR_SPAN, "day_to", "hour_to"),
  callRows("from", "hour_from"),
  callRows("hour_to", "to"),
].join(" UNION ALL ");

/**
 * The instants that {@link PIECES} names. An end that lies beyond every call is moved to where the longest spans end: the calls
 * are the same, the rows fewer.
 */
function piecesOf(db: DatabaseSync, asked: TimeRange): Record<string, number> {
  const [first, last] = [firstRequestedAt(db) ?? 0, lastRequestedAt(db) ?? 0];
  const range = {
    from: asked.from <= first && asked.from < asked.to ? Math.floor(asked.from / WIDE_SPAN) * WIDE_SPAN : asked.from,
    to: asked.to > last && asked.from < asked.to ? Math.ceil(asked.to / WIDE_SPAN) * WIDE_SPAN : asked.to,
  };
  const hours = inner(range, HOUR_SPAN);
  const days = inner(hours, DAY_SPAN);
  const wide = inner(days, WIDE_SPAN);
  return {
    from: range.from,
    hour_from: hours.from,
    day_from: days.from,
    wide_from: wide.from,
    wide_to: wide.to,
    day_to: days.to,
    hour_to: hours.to,
    to: range.to,
  };
}

const CELLS = `
SELECT project_id, provider, model, cost_missing, billing_basis, sum(requests) AS requests, sum(errors) AS errors,
  sum(incomplete) AS incomplete, sum(tokens_unknown) AS tokens_unknown, sum(input_tokens) AS input_tokens,
  sum(output_tokens) AS output_tokens, sum(thinking_tokens) AS thinking_tokens,
  sum(cache_read_tokens) AS cache_read_tokens, sum(cache_write_tokens) AS cache_write_tokens,
  sum(cost_pico) AS cost_pico, sum(latency_ms) AS latency_ms, sum(latency_count) AS latency_count,
  max(last_requested_at) AS last_requested_at
FROM (${PIECES}) GROUP BY 1, 2, 3, 4, 5`;

/**
 * Sums for every combination of project, provider, model, missing-cost reason and billing basis in a range. One read gives
 * every table of a report: see {@link sumUsage} and {@link groupUsage}.
 *
 * @param projectId One project only; `null` = all.
 */
export function usageCells(db: DatabaseSync, range: TimeRange, projectId: number | null = null): UsageCell[] {
  const statement = db.prepare(CELLS);
  statement.setReadBigInts(true);
  const rows = statement.all({ ...piecesOf(db, range), project: projectId });
  return rows.map((row) => {
    const costMissing = String(row["cost_missing"]);
    const model = String(row["model"]);
    return {
      projectId: Number(row["project_id"]),
      provider: String(row["provider"]),
      model: model === "" ? null : model,
      costMissing: costMissing === "" ? null : costMissing,
      billingBasis: String(row["billing_basis"]),
      ...sumsOf(
        row,
        costMissing === "" ? 0 : Number(row["requests"]),
        NOT_BILLED_BASES.includes(String(row["billing_basis"])),
      ),
    };
  });
}

/** Spend of one kind of calls: less than a {@link UsageCell} tells, and quicker to read. */
export interface SpendCell extends BilledParts {
  readonly projectId: number;
  readonly provider: string;
  readonly model: string | null;
  readonly lastRequestedAt: number | null;
}

/** Spend for every combination of project, provider, model and whether it is billed. Parameters as {@link usageCells}. */
export function spendCells(db: DatabaseSync, range: TimeRange, projectId: number | null = null): SpendCell[] {
  const statement = db.prepare(
    `SELECT project_id, provider, model, ${NOT_BILLED} AS not_billed, sum(requests) AS requests,
       sum(iif(cost_missing = '', 0, requests)) AS unpriced, sum(cost_pico) AS cost_pico,
       max(last_requested_at) AS last_requested_at
     FROM (${PIECES}) GROUP BY 1, 2, 3, 4`,
  );
  statement.setReadBigInts(true);
  return statement.all({ ...piecesOf(db, range), project: projectId }).map((row) => ({
    projectId: Number(row["project_id"]),
    provider: String(row["provider"]),
    model: row["model"] === "" ? null : String(row["model"]),
    ...billedParts(row, Number(row["not_billed"]) === 1),
    lastRequestedAt: numberOrNull(row["last_requested_at"]),
  }));
}

const PROJECT_COLUMNS = "project_id, not_billed, requests, unpriced, cost_pico";

function projectRows(span: number, from: string, to: string): string {
  return `SELECT ${PROJECT_COLUMNS} FROM usage_clients WHERE span = ${span} AND starts_at >= :${from} AND starts_at < :${to}
    AND project_id IN (SELECT id FROM projects WHERE :project IS NULL OR id = :project)`;
}

/** Days, the hours around them, and the rims. */
const PROJECTS = [
  projectRows(DAY_SPAN, "day_from", "day_to"),
  projectRows(HOUR_SPAN, "hour_from", "day_from"),
  projectRows(HOUR_SPAN, "day_to", "hour_to"),
  `SELECT project_id, ${NOT_BILLED}, 1, cost_pico IS NULL, cost_pico FROM requests
   WHERE ((requested_at >= :from AND requested_at < :hour_from) OR (requested_at >= :hour_to AND requested_at < :to))
     AND duplicate_of IS NULL AND (:project IS NULL OR project_id = :project)`,
].join(" UNION ALL ");

/** Spend of one project, billed or not. */
export interface ProjectSpend extends BilledParts {
  readonly projectId: number;
}

/**
 * Spend by project and whether it is billed: from the sums by client, which are fewer than those by model that
 * {@link spendCells} reads.
 */
export function spendByProject(db: DatabaseSync, range: TimeRange, projectId: number | null = null): ProjectSpend[] {
  const hours = inner(range, HOUR_SPAN);
  const days = inner(hours, DAY_SPAN);
  const statement = db.prepare(
    `SELECT project_id, not_billed, sum(requests) AS requests, sum(unpriced) AS unpriced, sum(cost_pico) AS cost_pico
     FROM (${PROJECTS}) GROUP BY 1, 2`,
  );
  statement.setReadBigInts(true);
  return statement.all({
    ...range,
    hour_from: hours.from,
    day_from: days.from,
    day_to: days.to,
    hour_to: hours.to,
    project: projectId,
  }).map((row) => ({ projectId: Number(row["project_id"]), ...billedParts(row, Number(row["not_billed"]) === 1) }));
}

function billedParts(row: Readonly<Record<string, unknown>>, notBilled: boolean): BilledParts {
  const [requests, unpriced] = [Number(row["requests"]), Number(row["unpriced"])];
  const costPico = bigintOrNull(row["cost_pico"]);
  return {
    requests,
    unpriced,
    costPico,
    notBilledRequests: notBilled ? requests : 0,
    notBilledUnpriced: notBilled ? unpriced : 0,
    notBilledPico: notBilled ? costPico : null,
  };
}

/** Sums of calls that are all billed or all not. */
function sumsOf(row: Readonly<Record<string, unknown>>, unpriced: number, notBilled: boolean): UsageSums {
  const requests = Number(row["requests"]);
  const costPico = bigintOrNull(row["cost_pico"]);
  return {
    requests,
    errors: Number(row["errors"]),
    incomplete: Number(row["incomplete"]),
    tokensUnknown: Number(row["tokens_unknown"]),
    unpriced,
    inputTokens: numberOrNull(row["input_tokens"]),
    outputTokens: numberOrNull(row["output_tokens"]),
    thinkingTokens: numberOrNull(row["thinking_tokens"]),
    cacheReadTokens: numberOrNull(row["cache_read_tokens"]),
    cacheWriteTokens: numberOrNull(row["cache_write_tokens"]),
    costPico,
    notBilledRequests: notBilled ? requests : 0,
    notBilledUnpriced: notBilled ? unpriced : 0,
    notBilledPico: notBilled ? costPico : null,
    latencyMs: Number(row["latency_ms"] ?? 0),
    latencyCount: Number(row["latency_count"]),
    lastRequestedAt: numberOrNull(row["last_requested_at"]),
  };
}

/**
 * What calls cost that end up on a bill: metered ones, and those of which nothing is known. `null` when none of these was
 * priced; 0 when there are calls, but no such ones.
 */
export function billedPico(sums: BilledParts): bigint | null {
  const billed = sums.requests - sums.notBilledRequests;
  if (billed === 0) return sums.requests === 0 ? null : 0n;
  if (sums.unpriced - sums.notBilledUnpriced === billed) return null;
  return (sums.costPico ?? 0n) - (sums.notBilledPico ?? 0n);
}

/** One client's calls; `null` = it named itself in no way that is known. */
export interface ClientCell {
  readonly client: string | null;
  readonly sums: UsageSums;
}

const CLIENT_COLUMNS = `client, not_billed, requests, errors, incomplete, tokens_unknown, unpriced, input_tokens,
  output_tokens, thinking_tokens, cache_read_tokens, cache_write_tokens, cost_pico, latency_ms, latency_count,
  last_requested_at`;

/** As {@link PIECES}: days, the hours around them, and the rims. */
const CLIENTS = `
WITH pieces AS (
  SELECT ${CLIENT_COLUMNS} FROM usage_clients
  WHERE span = ${DAY_SPAN} AND project_id = coalesce(:project, 0) AND starts_at >= :day_from AND starts_at < :day_to
  UNION ALL
  SELECT ${CLIENT_COLUMNS} FROM usage_clients
  WHERE span = ${HOUR_SPAN} AND project_id = coalesce(:project, 0) AND starts_at >= :hour_from AND starts_at < :day_from
  UNION ALL
  SELECT ${CLIENT_COLUMNS} FROM usage_clients
  WHERE span = ${HOUR_SPAN} AND project_id = coalesce(:project, 0) AND starts_at >= :day_to AND starts_at < :hour_to
  UNION ALL
  SELECT ${CLIENT_COLUMNS} FROM (
    SELECT coalesce(client_name, '') AS client, ${NOT_BILLED} AS not_billed, ${CLIENT_MEASURES} FROM requests
    WHERE ((requested_at >= :from AND requested_at < :hour_from) OR (requested_at >= :hour_to AND requested_at < :to))
      AND duplicate_of IS NULL AND (:project IS NULL OR project_id = :project)
    GROUP BY 1, 2
  )
)
SELECT client, not_billed, sum(requests) AS requests, sum(errors) AS errors, sum(incomplete) AS incomplete,
  sum(tokens_unknown) AS tokens_unknown, sum(unpriced) AS unpriced, sum(input_tokens) AS input_tokens,
  sum(output_tokens) AS output_tokens, sum(thinking_tokens) AS thinking_tokens,
  sum(cache_read_tokens) AS cache_read_tokens, sum(cache_write_tokens) AS cache_write_tokens,
  sum(cost_pico) AS cost_pico, sum(latency_ms) AS latency_ms, sum(latency_count) AS latency_count,
  max(last_requested_at) AS last_requested_at
FROM pieces GROUP BY 1, 2`;

/** Sums by client, in no particular order. */
export function usageByClient(db: DatabaseSync, range: TimeRange, projectId: number | null = null): ClientCell[] {
  return prepareByClient(db, projectId)(range);
}

/** Sums of each of several days, those without a call too. @param boundaries As for {@link usageByDay}. */
export function sumsByDay(
  db: DatabaseSync,
  boundaries: readonly number[],
  projectId: number | null = null,
): UsageSums[] {
  const [first, last] = [firstRequestedAt(db), lastRequestedAt(db)];
  if (first === null || last === null) return boundaries.slice(1).map(() => NO_USAGE);
  const byClient = prepareByClient(db, projectId);
  return boundaries.slice(1).map((to, day) => {
    const from = boundaries[day] ?? to;
    // Most days of a very long period lie outside of what was recorded.
    return to <= first || from > last ? NO_USAGE : sumUsage(byClient({ from, to }).map(({ sums }) => sums));
  });
}

function prepareByClient(db: DatabaseSync, projectId: number | null): (range: TimeRange) => ClientCell[] {
  const statement = db.prepare(CLIENTS);
  statement.setReadBigInts(true);
  return ({ from, to }) => {
    const hours = inner({ from, to }, HOUR_SPAN);
    const days = inner(hours, DAY_SPAN);
    const rows = statement.all({
      from,
      hour_from: hours.from,
      day_from: days.from,
      day_to: days.to,
      hour_to: hours.to,
      to,
      project: projectId,
    });
    return [...Map.groupBy(rows, (row) => String(row["client"]))].map(([client, members]) => ({
      client: client === "" ? null : client,
      sums: sumUsage(members.map((row) => sumsOf(row, Number(row["unpriced"]), Number(row["not_billed"]) === 1))),
    }));
  };
}

/** Sums of no calls at all. */
export const NO_USAGE: UsageSums = {
  requests: 0,
  errors: 0,
  incomplete: 0,
  tokensUnknown: 0,
  unpriced: 0,
  inputTokens: null,
  outputTokens: null,
  thinkingTokens: null,
  cacheReadTokens: null,
  cacheWriteTokens: null,
  costPico: null,
  notBilledRequests: 0,
  notBilledUnpriced: 0,
  notBilledPico: null,
  latencyMs: 0,
  latencyCount: 0,
  lastRequestedAt: null,
};

/** Adds cells up. */
export function sumUsage(cells: Iterable<UsageSums>): UsageSums {
  let sums = NO_USAGE;
  for (const cell of cells) {
    sums = {
      requests: sums.requests + cell.requests,
      errors: sums.errors + cell.errors,
      incomplete: sums.incomplete + cell.incomplete,
      tokensUnknown: sums.tokensUnknown + cell.tokensUnknown,
      unpriced: sums.unpriced + cell.unpriced,
      inputTokens: addKnown(sums.inputTokens, cell.inputTokens),
      outputTokens: addKnown(sums.outputTokens, cell.outputTokens),
      thinkingTokens: addKnown(sums.thinkingTokens, cell.thinkingTokens),
      cacheReadTokens: addKnown(sums.cacheReadTokens, cell.cacheReadTokens),
      cacheWriteTokens: addKnown(sums.cacheWriteTokens, cell.cacheWriteTokens),
      costPico: addKnown(sums.costPico, cell.costPico),
      notBilledRequests: sums.notBilledRequests + cell.notBilledRequests,
      notBilledUnpriced: sums.notBilledUnpriced + cell.notBilledUnpriced,
      notBilledPico: addKnown(sums.notBilledPico, cell.notBilledPico),
      latencyMs: sums.latencyMs + cell.latencyMs,
      latencyCount: sums.latencyCount + cell.latencyCount,
      lastRequestedAt: sums.lastRequestedAt === null
        ? cell.lastRequestedAt
        : Math.max(sums.lastRequestedAt, cell.lastRequestedAt ?? 0),
    };
  }
  return sums;
}

/** Adds cells up by key, in the order in which keys first appear. */
export function groupUsage<Key>(cells: readonly UsageCell[], keyOf: (cell: UsageCell) => Key): Map<Key, UsageSums> {
  const groups = Map.groupBy(cells, keyOf);
  return new Map([...groups].map(([key, members]) => [key, sumUsage(members)]));
}

/** Below this many calls sorting them is quicker than walking the index of the slowest. */
const SORTED_UP_TO = 1_000;

/**
 * Latency that 95 of 100 calls of a project did not exceed, by nearest rank, exact.
 *
 * @param count Calls of the project in the range that have a latency: `latencyCount` of its sums.
 */
export function latencyP95(db: DatabaseSync, range: TimeRange, projectId: number, count: number): number | null {
  if (count === 0) return null;
  // Rank from the slow end. The slowest twentieth of the project's index is walked, whatever the length of the range.
  const slower = count - Math.ceil(count * 0.95);
  const index = count <= SORTED_UP_TO ? "requests_by_project" : "requests_by_latency";
  const row = db.prepare(
    `SELECT latency_ms FROM requests INDEXED BY ${index}
     WHERE project_id = ? AND requested_at >= ? AND requested_at < ? AND latency_ms IS NOT NULL AND duplicate_of IS NULL
     ORDER BY latency_ms DESC LIMIT 1 OFFSET ?`,
  ).get(projectId, range.from, range.to, slower);
  return row === undefined ? null : Number(row["latency_ms"]);
}

const DAY_SUMS = `provider, sum(requests) AS requests, sum(unpriced) AS unpriced, sum(cost_pico) AS cost_pico,
  sum(not_billed_requests) AS not_billed_requests, sum(not_billed_unpriced) AS not_billed_unpriced,
  sum(not_billed_pico) AS not_billed_pico`;

const DAY_COLUMNS =
  "provider, requests, unpriced, cost_pico, not_billed_requests, not_billed_unpriced, not_billed_pico";

function hourRows(columns: string): string {
  return `SELECT ${columns} FROM usage_hours WHERE starts_at >= :hour_from AND starts_at < :hour_to`;
}

function slotRows(columns: string, from: string, to: string): string {
  return `SELECT ${columns} FROM usage_slots
    WHERE project_id = coalesce(:project, 0) AND starts_at >= :${from} AND starts_at < :${to}`;
}

function singleCalls(from: string, to: string): string {
  return `SELECT provider, 1, cost_pico IS NULL, cost_pico, ${NOT_BILLED}, ${NOT_BILLED} AND cost_pico IS NULL,
      iif(${NOT_BILLED}, cost_pico, NULL) FROM requests
    WHERE requested_at >= :${from} AND requested_at < :${to}
      AND duplicate_of IS NULL AND (:project IS NULL OR project_id = :project)`;
}

const WHOLE_QUARTERS = [
  hourRows(DAY_COLUMNS),
  slotRows(DAY_COLUMNS, "slot_from", "hour_from"),
  slotRows(DAY_COLUMNS, "hour_to", "slot_to"),
];

/** A day of whole hours, and one of whole quarters, of all projects; a day of whole quarters, of one; and any other one. */
const DAY_KINDS = {
  hours: `${hourRows(DAY_SUMS)} GROUP BY provider`,
  slots: `${slotRows(DAY_SUMS, "slot_from", "slot_to")} GROUP BY provider`,
  quarters: `SELECT ${DAY_SUMS} FROM (${WHOLE_QUARTERS.join(" UNION ALL ")}) GROUP BY provider`,
  pieces: `SELECT ${DAY_SUMS} FROM (${
    [...WHOLE_QUARTERS, singleCalls("from", "slot_from"), singleCalls("slot_to", "to")].join(" UNION ALL ")
  }) GROUP BY provider`,
} as const;

/** The places within a day that {@link DAY_KINDS} name. Hours are kept of all projects together only. */
function dayPieces(range: TimeRange, projectId: number | null) {
  const slots = inner(range, SLOT_SPAN);
  const hours = projectId === null ? inner(slots, HOUR_SPAN) : { from: slots.to, to: slots.to };
  const whole = (part: TimeRange) => part.from === range.from && part.to === range.to;
  const quarters = projectId === null ? "quarters" : "slots";
  return { slots, hours, kind: whole(hours) ? "hours" : whole(slots) ? quarters : "pieces" } as const;
}

/**
 * Calls and cost by day and provider. The caller knows where days begin; that is how time zones and their changes of
 * clocks are dealt with. Any boundary works; those at full quarters of an hour are quick, and at full hours quickest.
 *
 * @param boundaries Begin of every day and end of the last, ascending, UTC epoch ms.
 */
export function usageByDay(
  db: DatabaseSync,
  boundaries: readonly number[],
  projectId: number | null = null,
): DayCell[] {
  const prepared = new Map<keyof typeof DAY_KINDS, StatementSync>();
  const statementFor = (kind: keyof typeof DAY_KINDS) => {
    const known = prepared.get(kind);
    if (known !== undefined) return known;
    const statement = db.prepare(DAY_KINDS[kind]);
    statement.setReadBigInts(true);
    prepared.set(kind, statement);
    return statement;
  };
  const rowsOf = (range: TimeRange) => {
    const { slots, hours, kind } = dayPieces(range, projectId);
    const hourPart = { hour_from: hours.from, hour_to: hours.to };
    if (kind === "hours") return statementFor(kind).all(hourPart);
    const slotPart = { slot_from: slots.from, slot_to: slots.to, project: projectId };
    if (kind === "slots") return statementFor(kind).all(slotPart);
    return statementFor(kind).all({ ...(kind === "pieces" && range), ...slotPart, ...hourPart });
  };
  return boundaries.slice(0, -1).flatMap((from, day) =>
    rowsOf({ from, to: boundaries[day + 1] ?? from }).map((row): DayCell => ({
      day,
      provider: String(row["provider"]),
      requests: Number(row["requests"]),
      unpriced: Number(row["unpriced"]),
      costPico: bigintOrNull(row["cost_pico"]),
      notBilledRequests: Number(row["not_billed_requests"]),
      notBilledUnpriced: Number(row["not_billed_unpriced"]),
      notBilledPico: bigintOrNull(row["not_billed_pico"]),
    })).sort((a, b) => a.provider < b.provider ? -1 : 1)
  );
}

/** Which calls are counted. Absent = no restriction; `model` empty = those that named none. */
export interface CountFilter {
  readonly projectId?: number | undefined;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
}

/** How many calls there are, and how many of them failed; repeated fetches left out. */
export function countUsage(
  db: DatabaseSync,
  range: TimeRange,
  { projectId, provider, model }: CountFilter,
): { readonly requests: number; readonly errors: number } {
  const row = db.prepare(
    `SELECT coalesce(sum(requests), 0) AS requests, coalesce(sum(errors), 0) AS errors FROM (${PIECES})
     WHERE (:provider IS NULL OR provider = :provider) AND (:model IS NULL OR model = :model)`,
  ).get({ ...piecesOf(db, range), project: projectId ?? null, provider: provider ?? null, model: model ?? null });
  return { requests: Number(row?.["requests"]), errors: Number(row?.["errors"]) };
}

/** Calls left out of every sum since they fetched what an earlier call had paid for. */
export function repeatedFetches(db: DatabaseSync, range: TimeRange, projectId: number | null = null): number {
  const row = db.prepare(
    `SELECT count(*) AS repeated FROM requests
     WHERE requested_at >= ? AND requested_at < ? AND duplicate_of IS NOT NULL AND (? IS NULL OR project_id = ?)`,
  ).get(range.from, range.to, projectId, projectId);
  return Number(row?.["repeated"]);
}

/** Calls since an instant, repeated fetches included. */
export function requestsSince(db: DatabaseSync, from: number): number {
  return Number(db.prepare("SELECT count(*) AS n FROM requests WHERE requested_at >= ?").get(from)?.["n"]);
}

/** When the latest call was made, or `null`. */
export function lastRequestedAt(db: DatabaseSync): number | null {
  return numberOrNull(db.prepare("SELECT max(requested_at) AS latest FROM requests").get()?.["latest"]);
}

/** When the first call was made, or `null`. */
export function firstRequestedAt(db: DatabaseSync): number | null {
  return numberOrNull(db.prepare("SELECT min(requested_at) AS first FROM requests").get()?.["first"]);
}

/** The part of a range that is made of whole spans; empty at a place inside the range when there is none. */
function inner(range: TimeRange, span: number): TimeRange {
  const from = Math.ceil(range.from / span) * span;
  const to = Math.floor(range.to / span) * span;
  return from < to ? { from, to } : { from: range.to, to: range.to };
}

function addKnown(a: number | null, b: number | null): number | null;
function addKnown(a: bigint | null, b: bigint | null): bigint | null;
function addKnown(a: number | bigint | null, b: number | bigint | null): number | bigint | null {
  if (a === null) return b;
  if (b === null) return a;
  return typeof a === "bigint" ? a + BigInt(b) : a + Number(b);
}

function bigintOrNull(value: unknown): bigint | null {
  return typeof value === "bigint" ? value : null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : null;
}
