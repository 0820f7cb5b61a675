/**
 * Routes of single calls: lists, CSV, one in full, its bodies.
 *
 * Imports: hono, store, zod, api.
 *
 * @module
 */

import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { bodyStats, readBodies } from "../store/bodies.ts";
import { requestDetail } from "../store/request_detail.ts";
import { countMatching, type RequestFilters, requestPage } from "../store/request_pages.ts";
import { csvStream } from "./csv.ts";
import type { ApiDeps } from "./deps.ts";
import { filtersOf } from "./periods.ts";
import { instantOrNull, presentRequest } from "./present.ts";
import { presentBodyFacts, presentDetail } from "./present_detail.ts";
import { Refusal } from "./problem.ts";
import {
  answers,
  answersText,
  IdParam,
  ProjectCsvQuery,
  ProjectRequestsQuery,
  RequestsQuery,
  SlugParam,
} from "./route.ts";
import { noSuchProject } from "./routes_usage.ts";
import { BodyStats, RequestBodies, RequestDetail, SearchPage } from "./schemas_calls.ts";

/** Adds them. */
export function addCallRoutes(api: OpenAPIHono, deps: ApiDeps): void {
  addLists(api, deps);
  addSingle(api, deps);
}

function pageOf(deps: ApiDeps, filters: RequestFilters, limit: number, cursor: string | undefined) {
  const db = deps.database();
  const { items, nextCursor } = requestPage(db, filters, limit, cursor ?? null);
  return { items: items.map(presentRequest), next_cursor: nextCursor, total: countMatching(db, filters) };
}

function knownFilters(filters: RequestFilters | null): RequestFilters {
  if (filters === null) throw noSuchProject();
  return filters;
}

function addLists(api: OpenAPIHono, deps: ApiDeps): void {
  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/requests",
      summary: "Calls, newest first",
      request: { query: RequestsQuery },
      responses: answers(SearchPage, "A page; pages stay put while calls arrive"),
    }),
    (context) => {
      const { limit, cursor, ...query } = context.req.valid("query");
      const filters = knownFilters(filtersOf(deps.database(), query, deps));
      return context.json(pageOf(deps, filters, limit, cursor), 200);
    },
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/projects/{slug}/requests",
      summary: "A project's calls, newest first",
      request: { params: SlugParam, query: ProjectRequestsQuery },
      responses: answers(SearchPage, "A page; pages stay put while calls arrive"),
    }),
    (context) => {
      const { limit, cursor, ...query } = context.req.valid("query");
      const { slug } = context.req.valid("param");
      const filters = knownFilters(filtersOf(deps.database(), { ...query, project: slug }, deps));
      return context.json(pageOf(deps, filters, limit, cursor), 200);
    },
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/projects/{slug}/requests.csv",
      summary: "A project's calls as a table, newest first",
      request: { params: SlugParam, query: ProjectCsvQuery },
      responses: answersText("text/csv", "RFC 4180"),
    }),
    (context) => {
      const { slug } = context.req.valid("param");
      const filters = knownFilters(filtersOf(deps.database(), { ...context.req.valid("query"), project: slug }, deps));
      const name = slug.replaceAll(/[^a-z0-9_-]/g, "-");
      return context.body(csvStream(deps.database, filters), 200, {
        "content-type": "text/csv; charset=utf-8",
        "content-disposition": `attachment; filename="${name}-requests.csv"`,
      });
    },
  );
}

function addSingle(api: OpenAPIHono, deps: ApiDeps): void {
  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/requests/{id}",
      summary: "One call in full, and how its cost came about",
      request: { params: IdParam },
      responses: answers(RequestDetail, "Without the text of its bodies"),
    }),
    (context) => {
      const detail = requestDetail(deps.database(), context.req.valid("param").id);
      if (detail === null) throw noSuchCall();
      return context.json(presentDetail(detail, deps.config()), 200);
    },
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/requests/{id}/body",
      summary: "The stored bodies of a call, redacted",
      request: { params: IdParam },
      responses: answers(RequestBodies, "Empty when none were captured or they were purged"),
    }),
    (context) => {
      const { id } = context.req.valid("param");
      const detail = requestDetail(deps.database(), id);
      if (detail === null) throw noSuchCall();
      const texts = new Map(readBodies(deps.database(), id).map(({ direction, text }) => [direction, text]));
      const bodies = detail.bodies.flatMap((facts) => {
        const text = texts.get(facts.direction);
        return text === undefined ? [] : [{ ...presentBodyFacts(facts), text }];
      });
      return context.json({ id, bodies }, 200);
    },
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/bodies/stats",
      summary: "What is stored of bodies, and what redaction took out of them",
      responses: answers(BodyStats, "Over all stored bodies"),
    }),
    (context) => {
      const stats = bodyStats(deps.database());
      const { bodies } = deps.config();
      return context.json({
        bodies: stats.count,
        requests: stats.requests,
        stored_bytes: stats.storedBytes,
        text_bytes: stats.textBytes,
        truncated: stats.truncated,
        oldest: instantOrNull(stats.oldest),
        newest: instantOrNull(stats.newest),
        redactions: { ...stats.redactions },
        capture_enabled: bodies.enabled,
        max_body_bytes: bodies.maxBodyBytes,
        retention_days: bodies.retentionDays,
      }, 200);
    },
  );
}

function noSuchCall(): Refusal {
  return new Refusal(404, "no_such_request", "No call has this id", "See /v1/requests for those that there are");
}
