/**
 * The local HTTP API: routes over read-only queries, and the pages beside them. Opens no port.
 *
 * Imports: hono, zod, domain, api.
 *
 * @module
 */

import { OpenAPIHono } from "@hono/zod-openapi";
import type { ApiDeps } from "./deps.ts";
import { guard } from "./guard.ts";
import { pageRoutes } from "./pages/routes.tsx";
import { problem, problemOf } from "./problem.ts";
import { addCallRoutes } from "./routes_calls.ts";
import { addDaemonRoutes } from "./routes_daemon.ts";
import { addEventRoutes } from "./routes_events.ts";
import { addSettingRoutes } from "./routes_settings.ts";
import { addUsageRoutes } from "./routes_usage.ts";

/** Builds the application. */
export function createApi(deps: ApiDeps): OpenAPIHono {
  const api = new OpenAPIHono({
    defaultHook: (result) => {
      if (result.success) return undefined;
      const [issue] = result.error.issues;
      const name = issue?.path.map(String).join(".") || "the body";
      return problem(400, "bad_input", `Cannot read ${name}: ${plainSentence(issue?.message)}`, "See /openapi.json");
    },
  });
  api.use(guard({ port: deps.port, allowOrigins: () => deps.config().cors.allowOrigins }));
  addDaemonRoutes(api, deps);
  addUsageRoutes(api, deps);
  addCallRoutes(api, deps);
  addSettingRoutes(api, deps);
  addEventRoutes(api, deps);
  api.get("/openapi.json", (context) => context.json(openApiDocument(api, deps)));
  api.route("/", pageRoutes(deps));
  const allowed = methodsByPath(api);
  api.notFound((context) => {
    const methods = allowed(context.req.path);
    if (methods.length === 0) return problem(404, "not_found", "There is nothing at this path", "See /openapi.json");
    const headers = { allow: [...methods, "OPTIONS"].join(", ") };
    if (context.req.method === "OPTIONS") return new Response(null, { status: 204, headers });
    return problem(405, "method_not_allowed", "This path does not take this method", "See /openapi.json", headers);
  });
  api.onError((error) => isMalformedJson(error) ? notJson() : problemOf(error));
  return api;
}

function openApiDocument(api: OpenAPIHono, deps: ApiDeps) {
  return api.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "halton-meter",
      version: deps.version,
      description: "The local API. Money in millicents (1e-5 USD); null = not known.",
    },
    servers: [{ url: `http://127.0.0.1:${deps.port()}` }],
  });
}

/** Which methods a path takes, `HEAD` with `GET`; none for a path that there is not. */
function methodsByPath(api: OpenAPIHono): (path: string) => string[] {
  const patterns = api.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => ({
    method,
    pattern: new RegExp(`^${path.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(/:[A-Za-z_]+/g, "[^/]+")}$`),
  }));
  return (path) => {
    const found = patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
    return [...new Set(found.includes("GET") ? [...found, "HEAD"] : found)];
  };
}

/** A checker's message without what it quotes of the input. */
function plainSentence(message: string | undefined): string {
  return (message ?? "it is not what is wanted").replace(/^Invalid input: /, "");
}

/** What Hono's validator throws for a body that is no JSON. */
function isMalformedJson(error: unknown): boolean {
  return error instanceof Error && "status" in error && error.status === 400;
}

function notJson(): Response {
  return problem(400, "bad_json", "The body is not JSON", "Send a JSON object");
}
