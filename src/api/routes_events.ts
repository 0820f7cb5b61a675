/**
 * `/v1/events`: calls as they are recorded, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 *
 * Each call is an event `request` whose id is its place in the order of writing, so that a reader that comes back, also to a
 * daemon that was started again, goes on where it was. A reader too far behind is told so by an event `reset` and goes on from now.
 *
 * Imports: hono, store, zod, api.
 *
 * @module
 */

import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import type { Database } from "../store/database.ts";
import { newestSeq, requestsWritten } from "../store/request_pages.ts";
import type { ApiDeps, Subscription } from "./deps.ts";
import { presentRequest } from "./present.ts";
import { Refusal } from "./problem.ts";
import { answersText } from "./route.ts";

/** A comment goes out this long after the latest event, so that both ends notice a dead connection. */
const HEARTBEAT_MS = 15_000;

/** Calls in one piece of the stream. */
const ROWS_PER_PIECE = 50;

/** Calls that a reader may have missed before it is better off to load its page anew. */
const MAX_BEHIND = 1_000;

/** What a browser waits before it comes back. */
const OPENING = "retry: 2000\n: halton-meter\n\n";

/** Adds the route. */
export function addEventRoutes(api: OpenAPIHono, deps: ApiDeps): void {
  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/events",
      summary: "Calls as they are recorded",
      responses: answersText("text/event-stream", "Events named request, each a call as in /v1/requests"),
    }),
    (context) => {
      const newest = newestSeq(deps.database());
      const subscription = deps.events.subscribe();
      if (subscription === null) {
        throw new Refusal(503, "too_many_readers", "Too many readers follow the calls already", "Close another page");
      }
      const { signal } = context.req.raw;
      if (signal.aborted) subscription.close();
      else signal.addEventListener("abort", () => subscription.close(), { once: true });
      const from = startOf(context.req.header("last-event-id"), newest);
      return context.body(eventStream(deps.database, subscription, signal, from), 200, {
        "content-type": "text/event-stream; charset=utf-8",
      });
    },
  );
}

/** Where to begin, and whether the reader has missed calls. */
function startOf(
  lastEventId: string | undefined,
  newest: number,
): { readonly after: number; readonly missed: boolean } {
  const last = /^\d{1,15}$/.test(lastEventId ?? "") ? Number(lastEventId) : null;
  if (last === null) return { after: newest, missed: false };
  const known = last <= newest && newest - last <= MAX_BEHIND;
  return { after: known ? last : newest, missed: !known };
}

function eventStream(
  database: () => Database,
  subscription: Subscription,
  signal: AbortSignal,
  start: { readonly after: number; readonly missed: boolean },
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let after = start.after;
  let opening: string | null = OPENING + (start.missed ? resetEvent(after) : "");
  return new ReadableStream({
    async pull(controller) {
      if (opening !== null) {
        controller.enqueue(encoder.encode(opening));
        opening = null;
        return;
      }
      const found = written(database(), after) || await waited(database, subscription, after);
      if (signal.aborted) return controller.close();
      after = found === "" ? after : found.after;
      controller.enqueue(encoder.encode(found === "" ? ": still here\n\n" : found.text));
    },
    cancel: () => subscription.close(),
  }, { highWaterMark: 0 });
}

interface Piece {
  readonly text: string;
  readonly after: number;
}

async function waited(database: () => Database, subscription: Subscription, after: number): Promise<Piece | ""> {
  await subscription.next(HEARTBEAT_MS);
  return written(database(), after);
}

/** What was written after a place; empty for nothing. */
function written(db: Database, after: number): Piece | "" {
  const newest = newestSeq(db);
  if (newest <= after) return "";
  if (newest - after > MAX_BEHIND) return { text: resetEvent(newest), after: newest };
  const rows = requestsWritten(db, after, newest, ROWS_PER_PIECE);
  const last = rows.at(-1);
  if (last === undefined) return { text: "", after: newest };
  const text = rows.map(({ seq, request }) =>
    `id: ${seq}\nevent: request\ndata: ${JSON.stringify(presentRequest(request))}\n\n`
  ).join("");
  return { text, after: rows.length < ROWS_PER_PIECE ? newest : last.seq };
}

function resetEvent(seq: number): string {
  return `id: ${seq}\nevent: reset\ndata: {}\n\n`;
}
