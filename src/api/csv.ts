/**
 * Calls as CSV (RFC 4180), written a page at a time so that a million rows need no memory.
 *
 * A text field that a spreadsheet would take for a formula begins with an apostrophe: names and paths come from outside.
 *
 * Imports: store, ./present.ts.
 *
 * @module
 */

import type { Database } from "../store/database.ts";
import type { RecordedRequest } from "../store/listing.ts";
import { type RequestFilters, requestPage } from "../store/request_pages.ts";
import { presentRequest } from "./present.ts";

type Cell = string | number | boolean | null;

/** Columns, in order. Stable: columns may be added at the end. */
const COLUMNS = [
  "id",
  "requested_at",
  "project",
  "provider",
  "model",
  "mode",
  "request_kind",
  "status",
  "http_status",
  "error_class",
  "input_tokens",
  "output_tokens",
  "thinking_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "tokens_complete",
  "cost_usd",
  "cost_usd_minor_units",
  "not_billed_cost_usd_minor_units",
  "cost_missing",
  "billing_basis",
  "rates_source",
  "latency_ms",
  "ttft_ms",
  "client_name",
  "client_version",
  "host",
  "path",
  "duplicate_of",
] as const;

const ROWS_PER_PIECE = 500;

/** The table as a stream; it reads on as it is read. Calls that arrive meanwhile are not in it. */
export function csvStream(database: () => Database, filters: RequestFilters): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let cursor: string | null = null;
  let begun = false;
  return new ReadableStream({
    pull(controller) {
      const page = requestPage(database(), filters, ROWS_PER_PIECE, cursor);
      const lines = page.items.map(lineOf);
      controller.enqueue(encoder.encode([...(begun ? [] : [record(COLUMNS)]), ...lines].join("")));
      begun = true;
      cursor = page.nextCursor;
      if (cursor === null) controller.close();
    },
  }, { highWaterMark: 0 });
}

function lineOf(request: RecordedRequest): string {
  const shown = presentRequest(request);
  return record(COLUMNS.map((column) => shown[column]));
}

function record(cells: readonly Cell[]): string {
  return `${cells.map(csvField).join(",")}\r\n`;
}

/** One field; `null` is empty. */
export function csvField(cell: Cell): string {
  if (typeof cell !== "string") return cell === null ? "" : String(cell);
  // A leading tab or return is stripped by spreadsheets before they look for a formula.
  const safe = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/.test(cell) && !/^-?\d+(?:\.\d+)?$/.test(cell)
    ? `'${cell}`
    : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
