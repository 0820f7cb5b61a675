/**
 * The local HTTP API: routes over read-only queries. Opens no port.
 *
 * Imports: hono, domain, store (queries), api.
 *
 * @module
 */

import { Hono } from "hono";
import type { Database } from "../store/database.ts";
import { lastRequestedAt, requestsSince } from "../store/queries.ts";
import { loopbackHostOnly, privateAnswers, readableBy } from "./guard.ts";
import { problem } from "./problem.ts";

const HOUR_MS = 3_600_000;

/** What the API answers from. */
export interface ApiOptions {
  readonly version: string;
  readonly allowOrigins: readonly string[];
  /** The port that is listened on. */
  readonly port: () => number;
  /** The database, or null while there is none. */
  readonly database: () => Database | null;
  /** UTC epoch ms. */
  readonly now: () => number;
}

/** Builds the application. */
export function createApi(options: ApiOptions): Hono {
  const api = new Hono();
  api.use(privateAnswers(), loopbackHostOnly(options.port), readableBy(options.allowOrigins));
  api.get("/health", (context) => context.json({ status: "ok", version: options.version }));
  api.get("/v1/daemon/status", (context) => {
    const database = options.database();
    const last = database === null ? null : lastRequestedAt(database);
    return context.json({
      last_seen_at: last === null ? null : new Date(last).toISOString(),
      request_count_last_hour: database === null ? 0 : requestsSince(database, options.now() - HOUR_MS),
    });
  });
  api.notFound((context) => problem(context, 404, "not_found", "There is nothing at this path", "See /health"));
  api.onError((_error, context) =>
    problem(context, 503, "database_unavailable", "The database cannot be read right now", "Run halton-meter status")
  );
  return api;
}
