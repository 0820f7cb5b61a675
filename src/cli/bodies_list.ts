/**
 * `halton-meter bodies list`: the calls whose bodies are stored, newest first.
 *
 * Imports: store, cli.
 *
 * @module
 */

import { bodyEntries, type BodyEntry, type BodyFilter } from "../store/body_pages.ts";
import type { Database } from "../store/database.ts";
import type { MeterContext } from "./app.ts";
import { PIPE_COLUMNS } from "./output.ts";
import { bytesLabel, momentLabel } from "./quantities.ts";
import { type FilterFlags, filterOf, limitOf, withStored } from "./stored.ts";
import { type Column, layoutTable, loadPaint, showableJson } from "./table.ts";

const DEFAULT_LIMIT = 20;

/** Flags of the command. */
export interface ListFlags extends FilterFlags {
  readonly limit?: string;
  readonly json: boolean;
}

/** The bodies of one call; one at least. */
export interface CallWithBodies {
  readonly request: BodyEntry | null;
  readonly response: BodyEntry | null;
  /** Either of the two. */
  readonly any: BodyEntry;
}

const COLUMNS: readonly Column<CallWithBodies>[] = [
  { title: "id", align: "left", drop: 0, cell: ({ any }) => any.requestId },
  { title: "time", align: "left", drop: 1, cell: ({ any }) => momentLabel(any.requestedAt) },
  { title: "project", align: "left", drop: 2, cell: ({ any }) => any.project },
  { title: "model", align: "left", drop: 3, cell: ({ any }) => any.model ?? "–" },
  { title: "request", align: "right", drop: 4, cell: ({ request }) => sizeLabel(request) },
  { title: "response", align: "right", drop: 4, cell: ({ response }) => sizeLabel(response) },
  { title: "masked", align: "right", drop: 5, cell: (call) => String(masked(call)) },
];

/** Prints the list. */
export async function bodiesListCommand(this: MeterContext, flags: ListFlags): Promise<void> {
  const limit = limitOf(flags.limit, DEFAULT_LIMIT);
  const calls = await withStored((db) => latestCalls(db, filterOf(db, flags), limit));
  const { stdout } = this.process;
  if (flags.json) return stdout.write(`${showableJson(calls.map(callJson), 2)}\n`);
  if (calls.length === 0) return stdout.write("No bodies are stored\n");
  const lines = layoutTable(COLUMNS, calls, stdout.columns ?? PIPE_COLUMNS, await loadPaint(stdout.colour));
  stdout.write(`${lines.join("\n")}\n`);
}

/** The latest calls with bodies, newest first. */
export function latestCalls(db: Database, filter: BodyFilter, limit: number): CallWithBodies[] {
  const calls: CallWithBodies[] = [];
  for (const page of bodyEntries(db, filter, "newest")) {
    for (const entry of page) {
      const last = calls.at(-1);
      if (last?.any.requestId === entry.requestId) {
        calls[calls.length - 1] = { ...last, [entry.direction]: entry };
      } else if (calls.length === limit) {
        return calls;
      } else {
        calls.push({ request: null, response: null, any: entry, [entry.direction]: entry });
      }
    }
  }
  return calls;
}

function callJson({ request, response, any }: CallWithBodies) {
  return {
    request_id: any.requestId,
    requested_at: new Date(any.requestedAt).toISOString(),
    project: any.project,
    provider: any.provider,
    model: any.model,
    request: request === null ? null : entryJson(request),
    response: response === null ? null : entryJson(response),
  };
}

function entryJson({ contentType, storedBytes, textBytes, originalSize, truncated, redactions }: BodyEntry) {
  return {
    content_type: contentType,
    stored_bytes: storedBytes,
    text_bytes: textBytes,
    original_size_bytes: originalSize,
    truncated,
    redactions,
  };
}

/** A `+` stands for what was cut off. */
function sizeLabel(entry: BodyEntry | null): string {
  if (entry === null) return "–";
  return `${bytesLabel(entry.textBytes)}${entry.truncated ? "+" : ""}`;
}

function masked({ request, response }: CallWithBodies): number {
  const counts = [request, response].flatMap((entry) => Object.values(entry?.redactions ?? {}));
  return counts.reduce((sum, count) => sum + count, 0);
}
