/**
 * Calls one by one, newest first, filtered, in pages that stay put while calls arrive: a cursor names the last call seen, not
 * a position.
 *
 * Reading a page costs about the same however rare a match is. Provider, model and status are looked up in the roll-ups first,
 * so that only hours with a match are read. A search reads SEARCHED_ROWS calls at most: a page of it may be short, even
 * empty, and still have a cursor.
 *
 * Imports: domain, ./database.ts (types), ./listing.ts, ./queries.ts, ./rollups.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import type { Database } from "./database.ts";
import { type RecordedRequest, REQUEST_COLUMNS, requestOf, type RequestPage } from "./listing.ts";
import { countUsage } from "./queries.ts";
import { type Position, readCursor, writeCursor } from "./request_cursor.ts";
import { DAY_SPAN, HOUR_SPAN, WIDE_SPAN } from "./rollups.ts";

/** Which calls to list. Absent = no restriction. */
export interface RequestFilters {
  readonly projectId?: number | undefined;
  readonly provider?: string | undefined;
  /** Empty = calls that named none. */
  readonly model?: string | undefined;
  readonly status?: "success" | "error" | undefined;
  /** UTC epoch ms. */
  readonly from?: number | undefined;
  /** Exclusive. */
  readonly to?: number | undefined;
  /** Found in model, path, client, project, error code or beginning of the id, whatever the case. */
  readonly q?: string | undefined;
}

/** Calls that one page of a search looks at. */
export const SEARCHED_ROWS = 20_000;

/** Before every call. */
const NEWEST: Position = { time: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };

const JOINED = "requests JOIN projects ON projects.id = requests.project_id";

type Row = Readonly<Record<string, unknown>>;

/**
 * Reads one page.
 *
 * @param cursor `nextCursor` of the page before, for the same filters; `null` = from the newest call on.
 * @throws {MeterError} `bad_input` for a cursor that this function did not make for these filters.
 */
export function requestPage(
  db: Database,
  filters: RequestFilters,
  limit: number,
  cursor: string | null = null,
): RequestPage {
  const after = cursor === null ? NEWEST : readCursor(cursor, filterKey(filters));
  if (after === null) {
    throw new MeterError("bad_input", "Cannot read this page: the cursor does not belong to this list", {
      hint: "Start again without a cursor",
    });
  }
  const { rows, end } = filters.q !== undefined
    ? searched(db, filters, limit, after)
    : { rows: filtered(db, filters, limit + 1, after), end: null };
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next = rows.length > limit && last !== undefined ? positionOf(last) : end;
  return { items: page.map(requestOf), nextCursor: next === null ? null : writeCursor(next, filterKey(filters)) };
}

/**
 * How many calls filters let through, repeated fetches included, from the roll-ups.
 *
 * @returns `null` for a search, whose matches are not counted.
 */
export function countMatching(db: Database, filters: RequestFilters): number | null {
  if (filters.q !== undefined) return null;
  const { provider, model, status } = filters;
  const range = { from: filters.from ?? 0, to: filters.to ?? Number.MAX_SAFE_INTEGER };
  const { requests, errors } = countUsage(db, range, { projectId: filters.projectId, provider, model });
  const count = status === undefined ? requests : status === "error" ? errors : requests - errors;
  const repeated = db.prepare(
    `SELECT count(*) AS n FROM requests INDEXED BY requests_repeated WHERE duplicate_of IS NOT NULL
       AND requested_at >= :from AND requested_at < :to AND ${allOf(conditions(filters))}`,
  ).get({ ...parameters(filters), ...range });
  return count + Number(repeated?.["n"]);
}

/** A call and its place in the order of writing. */
export interface WrittenRequest {
  readonly seq: number;
  readonly request: RecordedRequest;
}

/** Calls written after `afterSeq`, up to and with `upToSeq`, in order of writing, `limit` at most. */
export function requestsWritten(db: Database, afterSeq: number, upToSeq: number, limit: number): WrittenRequest[] {
  const statement = db.prepare(
    `SELECT ${REQUEST_COLUMNS} FROM ${JOINED} WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
  );
  statement.setReadBigInts(true);
  return statement.all(afterSeq, upToSeq, limit).map((row) => ({ seq: Number(row["seq"]), request: requestOf(row) }));
}

/** `seq` of the call that was written last; 0 for none. */
export function newestSeq(db: Database): number {
  return Number(db.prepare("SELECT coalesce(max(seq), 0) AS seq FROM requests").get()?.["seq"]);
}

function filtered(db: Database, filters: RequestFilters, limit: number, after: Position): Row[] {
  const read = prepareRead(db, filters, "TRUE");
  const { provider, model, status } = filters;
  if (provider === undefined && model === undefined && status === undefined) {
    return read(filters.from ?? 0, filters.to ?? Number.MAX_SAFE_INTEGER, after, limit);
  }
  const rows: Row[] = [];
  for (const hour of hoursWithMatches(db, filters, after)) {
    const [from, to] = [Math.max(hour, filters.from ?? 0), Math.min(hour + HOUR_SPAN, filters.to ?? hour + HOUR_SPAN)];
    rows.push(...read(from, to, after, limit - rows.length));
    if (rows.length >= limit) break;
  }
  return rows;
}

/** Begins of the hours in which a call matches, newest first, read as they are asked for. Repeated fetches are in no roll-up. */
function* hoursWithMatches(db: Database, filters: RequestFilters, after: Position): Generator<number> {
  const inRollups = [...named(filters)];
  if (filters.status === "error") inRollups.push("errors > 0");
  if (filters.status === "success") inRollups.push("requests > errors");
  const select = db.prepare(
    `SELECT starts_at FROM usage_spans WHERE span = :span AND starts_at >= :from AND starts_at < :to
       AND ${allOf(inRollups)}
     UNION SELECT requested_at / CAST(:span AS INTEGER) * CAST(:span AS INTEGER) FROM requests INDEXED BY requests_repeated
     WHERE duplicate_of IS NOT NULL AND requested_at >= :from AND requested_at < :to AND ${allOf(conditions(filters))}
     ORDER BY 1 DESC`,
  );
  const bound = parameters(filters);
  const read = (span: number, from: number, to: number) =>
    select.all({ ...bound, span, from, to }).map((row) => Number(row["starts_at"]));
  function* spansIn(from: number, to: number, [span, ...shorter]: readonly number[]): Generator<number> {
    if (span === undefined) return;
    for (const start of read(span, Math.floor(from / span) * span, to)) {
      if (shorter.length === 0) yield start;
      else yield* spansIn(Math.max(start, from), Math.min(start + span, to), shorter);
    }
  }
  const end = Math.min(after.time + 1, filters.to ?? Number.MAX_SAFE_INTEGER);
  yield* spansIn(filters.from ?? 0, end, [WIDE_SPAN, DAY_SPAN, HOUR_SPAN]);
}

/** Looks at SEARCHED_ROWS calls at most. `end` = where it stopped looking; `null` = at the last call. */
function searched(
  db: Database,
  filters: RequestFilters,
  limit: number,
  after: Position,
): { readonly rows: Row[]; readonly end: Position | null } {
  // A pattern ends at a zero character, and would find everything; no text that is searched holds one.
  if (filters.q?.includes("\0") === true) return { rows: [], end: null };
  const range = { from: filters.from ?? 0, to: filters.to ?? Number.MAX_SAFE_INTEGER };
  const inProject = filters.projectId === undefined ? "TRUE" : "project_id = :project";
  const within =
    `requested_at >= :from AND requested_at < :to AND (requested_at, seq) < (:time, :seq) AND ${inProject}`;
  const edge = db.prepare(
    `SELECT requested_at, seq FROM requests WHERE ${within}
     ORDER BY requested_at DESC, seq DESC LIMIT 1 OFFSET ${SEARCHED_ROWS - 1}`,
  ).get({ ...range, ...after, ...(filters.projectId !== undefined && { project: filters.projectId }) });
  const end = edge === undefined ? null : positionOf(edge);
  const read = prepareRead(db, filters, `(requested_at, seq) >= (:end_time, :end_seq) AND ${FOUND}`);
  const rows = read(range.from, range.to, after, limit + 1, {
    end_time: end?.time ?? 0,
    end_seq: end?.seq ?? 0,
    q: `%${likeText(filters.q ?? "")}%`,
    beginning: `${likeText(filters.q ?? "")}%`,
  });
  return { rows, end };
}

const FOUND = `(model LIKE :q ESCAPE '!' OR requested_model LIKE :q ESCAPE '!' OR path LIKE :q ESCAPE '!'
  OR client_name LIKE :q ESCAPE '!' OR projects.slug LIKE :q ESCAPE '!' OR projects.name LIKE :q ESCAPE '!'
  OR provider_error_code LIKE :q ESCAPE '!' OR error_class LIKE :q ESCAPE '!'
  OR requests.id LIKE :beginning ESCAPE '!')`;

function likeText(text: string): string {
  return text.replace(/[!%_]/g, "!$&");
}

type Values = Readonly<Record<string, string | number>>;

/** Reads calls of a time from a position on, newest first. */
function prepareRead(
  db: Database,
  filters: RequestFilters,
  also: string,
): (from: number, to: number, after: Position, limit: number, values?: Values) => Row[] {
  const statement = db.prepare(
    `SELECT ${REQUEST_COLUMNS} FROM ${JOINED}
     WHERE requested_at >= :from AND requested_at < :to AND (requested_at, seq) < (:time, :seq)
       AND ${allOf(conditions(filters))} AND ${also}
     ORDER BY requested_at DESC, seq DESC LIMIT :limit`,
  );
  statement.setReadBigInts(true);
  return (from, to, after, limit, values = {}) =>
    statement.all({ ...parameters(filters), ...values, ...after, from, to, limit });
}

/** Conditions on columns that `requests` and the roll-ups share; `model` is empty there where none was named. */
function named({ projectId, provider, model }: RequestFilters): string[] {
  return [
    ...(projectId === undefined ? [] : ["project_id = :project"]),
    ...(provider === undefined ? [] : ["provider = :provider"]),
    ...(model === undefined ? [] : ["coalesce(model, '') = :model"]),
  ];
}

function conditions(filters: RequestFilters): string[] {
  return [...named(filters), ...(filters.status === undefined ? [] : ["status = :status"])];
}

function parameters({ projectId, provider, model, status }: RequestFilters): Record<string, string | number> {
  return {
    ...(projectId !== undefined && { project: projectId }),
    ...(provider !== undefined && { provider }),
    ...(model !== undefined && { model }),
    ...(status !== undefined && { status }),
  };
}

function allOf(parts: readonly string[]): string {
  return parts.length === 0 ? "TRUE" : parts.join(" AND ");
}

/** What a cursor is good for. */
function filterKey({ projectId, provider, model, status, from, to, q }: RequestFilters): string {
  return JSON.stringify([projectId, provider, model, status, from, to, q].map((value) => value ?? null));
}

function positionOf(row: Row): Position {
  return { time: Number(row["requested_at"]), seq: Number(row["seq"]) };
}
