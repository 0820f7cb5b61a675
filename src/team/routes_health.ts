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

/** A database that takes longer is as good as away, and a balancer's probe does not wait for ever. */
const READY_MS = 3_000;

/** Adds the routes. */
export function addHealthRoutes(app: Hono<TeamEnv>, { db, stopping }: TeamDeps): void {
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/readyz", async (context) => {
    if (stopping.aborted) return context.json({ status: "stopping" }, 503);
    try {
      const version = await within(READY_MS, schemaVersion(db));
      return version === NEWEST
        ? context.json({ status: "ready" })
        : context.json({ status: "wrong_schema", version, wanted: NEWEST }, 503);
    } catch {
      return context.json({ status: "database_unavailable" }, 503);
    }
  });
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => timer = setTimeout(() => reject(new Error("Too late")), ms));
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // What comes after all tells nobody anything.
    work.catch(() => {});
  }
}
