/**
 * Routes of sums: all projects, one project, and what is done to a project.
 *
 * Imports: hono, store, zod, api.
 *
 * @module
 */

import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { findProject } from "../store/project_rows.ts";
import { oneProjectStats, projectStats } from "../store/project_stats.ts";
import { usageStats } from "../store/stats.ts";
import type { ApiDeps } from "./deps.ts";
import { periodOf } from "./periods.ts";
import { presentProject, presentStats } from "./present.ts";
import { Refusal } from "./problem.ts";
import { answers, PeriodQuery, SlugParam, ZoneQuery } from "./route.ts";
import { ProjectChange } from "./schemas_settings.ts";
import { Project, Projects, Stats } from "./schemas_usage.ts";

/** The refusal of a slug that no project has. */
export function noSuchProject(): Refusal {
  return new Refusal(404, "no_such_project", "No project has this slug", "See /v1/projects for those that there are");
}

/** Adds them. */
export function addUsageRoutes(api: OpenAPIHono, deps: ApiDeps): void {
  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/stats",
      summary: "What all calls of a period add up to",
      request: { query: PeriodQuery },
      responses: answers(Stats, "Sums, by day, provider and model"),
    }),
    (context) => {
      const period = periodOf(context.req.valid("query"), deps);
      return context.json(presentStats(usageStats(deps.database(), period), period), 200);
    },
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/projects",
      summary: "All projects, archived ones included",
      request: { query: ZoneQuery },
      responses: answers(Projects, "By slug; months are those of tz"),
    }),
    (context) => {
      const { tz } = context.req.valid("query");
      const projects = projectStats(deps.database(), deps.now(), tz ?? deps.timeZone);
      return context.json(projects.map(presentProject), 200);
    },
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/projects/{slug}",
      summary: "One project",
      request: { params: SlugParam, query: ZoneQuery },
      responses: answers(Project, "Months are those of tz"),
    }),
    (context) => {
      const { tz } = context.req.valid("query");
      const found = oneProjectStats(
        deps.database(),
        context.req.valid("param").slug,
        deps.now(),
        tz ?? deps.timeZone,
      );
      if (found === null) throw noSuchProject();
      return context.json(presentProject(found), 200);
    },
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/projects/{slug}/stats",
      summary: "What a project's calls of a period add up to",
      request: { params: SlugParam, query: PeriodQuery },
      responses: answers(Stats, "As /v1/stats"),
    }),
    (context) => {
      const db = deps.database();
      const project = findProject(db, context.req.valid("param").slug);
      if (project === null) throw noSuchProject();
      const period = periodOf(context.req.valid("query"), deps);
      return context.json(presentStats(usageStats(db, period, project.id), period), 200);
    },
  );

  api.openapi(
    createRoute({
      method: "patch",
      path: "/v1/projects/{slug}",
      summary: "Rename or archive a project, or choose whether its bodies are kept",
      request: {
        params: SlugParam,
        body: { content: { "application/json": { schema: ProjectChange } }, required: true },
      },
      responses: answers(Project, "As it is now; in force for the next call"),
    }),
    async (context) => {
      const { slug } = context.req.valid("param");
      if (findProject(deps.database(), slug) === null) throw noSuchProject();
      const { name, archived, body_capture } = context.req.valid("json");
      await deps.commands.updateProject({
        slug,
        ...(name !== undefined && { name: name.trim() }),
        ...(archived !== undefined && { archived }),
        ...(body_capture !== undefined && { bodyCapture: body_capture }),
      });
      const changed = oneProjectStats(deps.database(), slug, deps.now(), deps.timeZone);
      if (changed === null) throw noSuchProject();
      return context.json(presentProject(changed), 200);
    },
  );
}
