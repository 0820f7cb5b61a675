/**
 * The whole server as one function from request to answer. Opens no port.
 *
 * Imports: hono, ./log.ts, ./problem.ts, the routes.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import { routePath } from "hono/route";
import type { TeamDeps, TeamEnv } from "./deps.ts";
import { reasonOf } from "./log.ts";
import { refusalPage } from "./pages/refusal.tsx";
import { addPageRoutes } from "./pages/routes.tsx";
import { problemResponse, Refusal, refusalOf } from "./problem.ts";
import { addHealthRoutes } from "./routes_health.ts";
import { addMachineRoutes } from "./routes_machine.ts";
import { addPairingRoutes } from "./routes_pairing.ts";
import { addReadRoutes } from "./routes_read.ts";

/** No cache may keep an answer, no page may frame it, nothing but our own style sheet is loaded, and no script at all. */
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  // Not "no-referrer": browsers would then send our own forms with `Origin: null` (Fetch standard, "append a request Origin").
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy":
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; " +
    "frame-ancestors 'none'",
};

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Builds the application. */
export function createTeamApp(deps: TeamDeps): Hono<TeamEnv> {
  const app = new Hono<TeamEnv>();
  app.use(async (context, next) => {
    const started = performance.now();
    await next();
    const { headers, status } = context.res;
    for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
    if (deps.publicUrl().startsWith("https:")) headers.set("strict-transport-security", "max-age=31536000");
    deps.log({
      event: "http.answered",
      request: context.env.requestId,
      method: methodOf(context),
      route: routeOf(context),
      status,
      duration_ms: Math.round(performance.now() - started),
    });
  });
  addHealthRoutes(app, deps);
  addPairingRoutes(app, deps);
  addMachineRoutes(app, deps);
  addReadRoutes(app, deps);
  addPageRoutes(app, deps);
  app.notFound((context) => {
    return answer(context, new Refusal(404, "not_found", "There is nothing at this address", "Check the address"));
  });
  app.onError((error, context) => {
    const refusal = refusalOf(error);
    if (refusal.status >= 500) {
      const { requestId: request } = context.env;
      deps.log({
        event: "http.failed",
        request,
        method: methodOf(context),
        route: routeOf(context),
        reason: reasonOf(error),
      });
    }
    return answer(context, refusal);
  });
  return app;
}

/** The pattern of the route, so that no id, code or secret of a path is logged. */
function routeOf(context: Context<TeamEnv>): string {
  const pattern = routePath(context, -1);
  return pattern === "*" || pattern === "/*" ? "none" : pattern;
}

/** One of those that there are: any other is text of the sender's. */
function methodOf(context: Context<TeamEnv>): string {
  const { method } = context.req;
  return METHODS.includes(method) ? method : "other";
}

/** A refusal for a program, or a page for a person. */
function answer(context: Context<TeamEnv>, refusal: Refusal): Response | Promise<Response> {
  return context.req.path.startsWith("/v1/") ? problemResponse(refusal) : refusalPage(context, refusal);
}
