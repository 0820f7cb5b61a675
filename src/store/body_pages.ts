/**
 * Stored bodies in order, a page at a time. Each page is a query of its own, so that a long search holds nothing open and the
 * recorder's log can be folded meanwhile.
 *
 * Imports: node:sqlite (types), ./bodies.ts.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { unpackBody } from "./bodies.ts";

/** Which bodies. Absent = no restriction. */
export interface BodyFilter {
  readonly projectId?: number | undefined;
  /** UTC epoch ms. */
  readonly from?: number | undefined;
}

/** One stored body without its text. Sizes in bytes. */
export interface BodyEntry {
  readonly requestId: string;
  /** UTC epoch ms. */
  readonly requestedAt: number;
  readonly project: string;
  readonly provider: string;
  readonly model: string | null;
  readonly direction: "request" | "response";
  readonly contentType: string | null;
  readonly storedBytes: number;
  readonly textBytes: number;
  /** Before redaction and cut. */
  readonly originalSize: number;
  readonly truncated: boolean;
  readonly redactions: Readonly<Record<string, number>>;
}

/** One stored body. */
export interface BodyText extends BodyEntry {
  readonly text: string;
}

export type BodyOrder = "newest" | "oldest";

/** Large enough to be quick, small enough that a page of the largest bodies fits into memory. */
const ENTRIES_PER_PAGE = 200;
const TEXTS_PER_PAGE = 16;

const ENTRY_COLUMNS = `request_bodies.rowid AS row, request_id, request_bodies.created_at AS created_at,
  projects.slug AS project, provider, model, direction, content_type, stored_bytes, text_bytes, original_size_bytes,
  truncated, redactions`;

/** Pages of entries. */
export function* bodyEntries(db: DatabaseSync, filter: BodyFilter, order: BodyOrder): Generator<BodyEntry[]> {
  for (const page of pages(db, ENTRY_COLUMNS, ENTRIES_PER_PAGE, filter, order)) yield page.map(entryOf);
}

/** Pages of bodies with their text. */
export function* bodyTexts(db: DatabaseSync, filter: BodyFilter, order: BodyOrder): Generator<BodyText[]> {
  const columns = `${ENTRY_COLUMNS}, encoding, body`;
  for (const page of pages(db, columns, TEXTS_PER_PAGE, filter, order)) {
    yield page.map((row) => ({ ...entryOf(row), text: unpackBody(row["encoding"], row["body"]) }));
  }
}

/** The two bodies of each call stand side by side, since they were written together. */
function* pages(
  db: DatabaseSync,
  columns: string,
  perPage: number,
  filter: BodyFilter,
  order: BodyOrder,
): Generator<Record<string, unknown>[]> {
  const [beyond, way] = order === "newest" ? ["<", "DESC"] : [">", "ASC"];
  const statement = db.prepare(
    `SELECT ${columns} FROM request_bodies JOIN requests ON requests.id = request_id
       JOIN projects ON projects.id = requests.project_id
     WHERE (request_bodies.created_at, request_bodies.rowid) ${beyond} (:time, :row)
       AND request_bodies.created_at >= :from AND (:project IS NULL OR requests.project_id = :project)
     ORDER BY request_bodies.created_at ${way}, request_bodies.rowid ${way} LIMIT ${perPage}`,
  );
  const end = order === "newest" ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER;
  let last = { time: end, row: end };
  for (;;) {
    const rows = statement.all({
      ...last,
      from: filter.from ?? Number.MIN_SAFE_INTEGER,
      project: filter.projectId ?? null,
    });
    const final = rows.at(-1);
    if (final === undefined) return;
    yield rows;
    if (rows.length < perPage) return;
    last = { time: Number(final["created_at"]), row: Number(final["row"]) };
  }
}

function entryOf(row: Record<string, unknown>): BodyEntry {
  return {
    requestId: String(row["request_id"]),
    requestedAt: Number(row["created_at"]),
    project: String(row["project"]),
    provider: String(row["provider"]),
    model: typeof row["model"] === "string" ? row["model"] : null,
    direction: row["direction"] === "request" ? "request" : "response",
    contentType: typeof row["content_type"] === "string" ? row["content_type"] : null,
    storedBytes: Number(row["stored_bytes"]),
    textBytes: Number(row["text_bytes"]),
    originalSize: Number(row["original_size_bytes"]),
    truncated: row["truncated"] === 1,
    redactions: JSON.parse(String(row["redactions"])),
  };
}
