/**
 * Reading for programs: totals and stored bodies, with a token of scope `admin`, which acts for the member who made it.
 *
 * Imports: hono, zod, ./bodies.ts, ./callers.ts, ./deps.ts (types), ./problem.ts, ./row_schema.ts, ./totals.ts.
 *
 * @module
 */

import type { Hono } from "hono";
import { z } from "zod";
import { viewBodies } from "./bodies.ts";
import { asCaller, bearerIn } from "./callers.ts";
import type { TeamDeps, TeamEnv } from "./deps.ts";
import { Refusal } from "./problem.ts";
import { Day, Uuid } from "./row_schema.ts";
import { grandTotal, GROUPS, lastDays, type Total, totalsBy } from "./totals.ts";

const Query = z.object({
  from: Day.optional(),
  until: Day.optional(),
  by: z.enum(GROUPS).optional(),
});

/** Adds the routes. */
export function addReadRoutes(app: Hono<TeamEnv>, { db }: TeamDeps): void {
  app.get("/v1/workspace/totals", async (context) => {
    const query = Query.safeParse(context.req.query());
    if (!query.success) {
      const wanted = "Use from=YYYY-MM-DD, until=YYYY-MM-DD (exclusive) and by=day, member, project, model or provider";
      throw new Refusal(400, "bad_input", "The query cannot be read", wanted);
    }
    const recent = lastDays(30, Date.now());
    const period = { from: query.data.from ?? recent.from, until: query.data.until ?? recent.until };
    return await asCaller(db, bearerIn(context.req.raw), ["admin"], async (sql, caller) => {
      const lines = query.data.by === undefined ? [] : await totalsBy(sql, query.data.by, period);
      return context.json({
        workspace_id: caller.workspaceId,
        ...period,
        total: totalJson(await grandTotal(sql, period)),
        ...(query.data.by === undefined ? {} : { by: query.data.by, lines: lines.map(lineJson) }),
      });
    });
  });

  app.get("/v1/requests/:id/body", async (context) => {
    const id = Uuid.safeParse(context.req.param("id"));
    if (!id.success) throw new Refusal(400, "bad_id", "The path names no request", "Put the request's UUID there");
    return await asCaller(db, bearerIn(context.req.raw), ["admin"], async (sql, caller) => {
      const { redactionApplied, request, response } = await viewBodies(sql, caller, id.data);
      return context.json({ request_id: id.data, redaction_applied: redactionApplied, request, response });
    });
  });
}

function lineJson(total: Total) {
  return { key: total.key, ...totalJson(total) };
}

/** Money and tokens as decimal text, since both may exceed 2^53; null = nothing known. */
function totalJson(total: Total) {
  const text = (value: bigint | null) => value === null ? null : value.toString();
  return {
    requests: total.requests,
    errors: total.errors,
    unpriced: total.unpriced,
    cost_usd_pico: text(total.costPico),
    prompt_tokens: text(total.promptTokens),
    completion_tokens: text(total.completionTokens),
    cache_read_tokens: text(total.cacheReadTokens),
    cache_write_tokens: text(total.cacheWriteTokens),
  };
}
