/**
 * `/healthz`: the process answers. `/readyz`: it can do its work, so a balancer may send it requests.
 *
 * Imports: hono, ./deps.ts (types), ./migrate.ts.
 *
 * @module
 */

import type { Hono } from "hono";
import type { TeamDeps, TeamEnv } from "./deps.ts";
import { NEWEST, schemaVersion } from "./migrate.ts";

/** Adds the routes. */
export function addHealthRoutes(app: Hono<TeamEnv>, { db, stopping }: TeamDeps): void {
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/readyz", async (context) => {
    if (stopping.aborted) return context.json({ status: "stopping" }, 503);
    try {
      const version = await schemaVersion(db);
      return version === NEWEST
        ? context.json({ status: "ready" })
        : context.json({ status: "wrong_schema", version, wanted: NEWEST }, 503);
    } catch {
      return context.json({ status: "database_unavailable" }, 503);
    }
  });
}
