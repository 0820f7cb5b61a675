/**
 * Calls that need a look: those without a cost, and those whose counts are not final. Newest first, in pages.
 *
 * The roll-ups say in which hours such calls are, so that only those hours are read, however rare they are. Repeated fetches
 * are not among them: they have no cost by design.
 *
 * Imports: ./database.ts (types), ./listing.ts, ./request_cursor.ts, ./rollups.ts.
 *
 * @module
 */

import type { Database } from "./database.ts";
import { type RecordedRequest, REQUEST_COLUMNS, requestOf } from "./listing.ts";
import { type Position, readCursor, writeCursor } from "./request_cursor.ts";
import { DAY_SPAN, HOUR_SPAN } from "./rollups.ts";

/** What is the matter with a call. */
export type Concern = "unpriced" | "incomplete";

/** Which of them. Absent = no restriction; times are UTC epoch ms, `to` exclusive. */
export interface ConcernFilters {
  readonly concern: Concern;
  readonly projectId?: number | undefined;
  readonly provider?: string | undefined;
  /** Empty = calls that named none. */
  readonly model?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** One page. `nextCursor` is `null` on the last, and good for the same filters only. */
export interface ConcernPage {
  readonly items: readonly RecordedRequest[];
  readonly nextCursor: string | null;
}

const IN_ROLLUPS: Readonly<Record<Concern, string>> = { unpriced: "cost_missing <> ''", incomplete: "incomplete > 0" };
const IN_REQUESTS: Readonly<Record<Concern, string>> = {
  unpriced: "cost_pico IS NULL AND duplicate_of IS NULL",
  incomplete: "tokens_complete = 0 AND duplicate_of IS NULL",
};

/**
 * Reads one page.
 *
 * @param cursor `nextCursor` of the page before; any other text starts over.
 */
export function concernPage(
  db: Database,
  filters: ConcernFilters,
  limit: number,
  cursor: string | null = null,
): ConcernPage {
  const key = `concern ${JSON.stringify(filters)}`;
  const newest = { time: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };
  const after = cursor === null ? newest : readCursor(cursor, key) ?? newest;
  const statement = db.prepare(
    `SELECT ${REQUEST_COLUMNS} FROM requests JOIN projects ON projects.id = requests.project_id
     WHERE requested_at >= :from AND requested_at < :to AND (requested_at, seq) < (:time, :seq)
       AND ${IN_REQUESTS[filters.concern]} AND ${shared(filters)}
     ORDER BY requested_at DESC, seq DESC LIMIT :limit`,
  );
  statement.setReadBigInts(true);
  const rows: Readonly<Record<string, unknown>>[] = [];
  for (const hour of hoursOf(db, filters, after)) {
    const from = Math.max(hour, filters.from ?? 0);
    const to = Math.min(hour + HOUR_SPAN, filters.to ?? hour + HOUR_SPAN);
    rows.push(...statement.all({ ...parameters(filters), ...after, from, to, limit: limit + 1 - rows.length }));
    if (rows.length > limit) break;
  }
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    items: page.map(requestOf),
    nextCursor: more ? writeCursor({ time: Number(last["requested_at"]), seq: Number(last["seq"]) }, key) : null,
  };
}

/** Begins of the hours that hold such calls, newest first, read a day at a time. */
function* hoursOf(db: Database, filters: ConcernFilters, after: Position): Generator<number> {
  const statement = db.prepare(
    `SELECT DISTINCT starts_at FROM usage_spans WHERE span = :span AND starts_at >= :from AND starts_at < :to
       AND ${IN_ROLLUPS[filters.concern]} AND ${shared(filters)} ORDER BY starts_at DESC`,
  );
  const read = (span: number, from: number, to: number) =>
    statement.all({ ...parameters(filters), span, from, to }).map((row) => Number(row["starts_at"]));
  const floor = filters.from ?? 0;
  const end = Math.min(after.time + 1, filters.to ?? Number.MAX_SAFE_INTEGER);
  for (const day of read(DAY_SPAN, Math.floor(floor / DAY_SPAN) * DAY_SPAN, end)) {
    const from = Math.max(day, Math.floor(floor / HOUR_SPAN) * HOUR_SPAN);
    yield* read(HOUR_SPAN, from, Math.min(day + DAY_SPAN, end));
  }
}

/** Conditions on columns that `requests` and the roll-ups share. */
function shared({ projectId, provider, model }: ConcernFilters): string {
  return [
    "TRUE",
    ...(projectId === undefined ? [] : ["project_id = :project"]),
    ...(provider === undefined ? [] : ["provider = :provider"]),
    ...(model === undefined ? [] : ["coalesce(model, '') = :model"]),
  ].join(" AND ");
}

function parameters({ projectId, provider, model }: ConcernFilters): Record<string, string | number> {
  return {
    ...(projectId !== undefined && { project: projectId }),
    ...(provider !== undefined && { provider }),
    ...(model !== undefined && { model }),
  };
}
