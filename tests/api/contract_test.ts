/**
 * The documented client contract: field names and meanings, over calls of every odd kind.
 */

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import type { z } from "@hono/zod-openapi";
import { RequestPage } from "../../src/api/schemas_calls.ts";
import { DaemonActivity, Health, Project, Projects, Stats } from "../../src/api/schemas_usage.ts";
import { fillOdd, oddRows, withApi, type World } from "./harness.ts";

/** Documented names, which may never go. */
const NAMES = {
  summary: [
    "total_requests",
    "total_input_tokens",
    "total_output_tokens",
    "total_thinking_tokens",
    "total_cache_read_tokens",
    "total_cache_write_tokens",
    "total_cost_usd_minor_units",
    "cache_hit_rate",
    "active_projects",
    "models_in_use",
    "last_request_at",
  ],
  stats: ["summary", "by_day", "by_day_by_provider", "by_provider", "by_model"],
  by_day: ["date", "requests", "cost_usd_minor_units"],
  by_day_by_provider: ["date", "provider", "requests", "cost_usd_minor_units"],
  by_provider: ["provider", "requests", "cost_usd_minor_units"],
  by_model: ["provider", "model", "requests", "input_tokens", "output_tokens", "cost_usd_minor_units"],
  project: ["id", "name", "slug", "created_at", "archived_at", "stats"],
  projectStats: [
    "requests_this_month",
    "cost_usd_this_month_minor_units",
    "previous_month_cost_usd_minor_units",
    "all_time_cost_usd_minor_units",
    "all_time_requests",
    "last_active_at",
    "primary_model",
    "primary_provider",
    "top_model",
    "top_provider",
  ],
  request: [
    "id",
    "provider",
    "model",
    "mode",
    "input_tokens",
    "output_tokens",
    "thinking_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cost_usd_minor_units",
    "latency_ms",
    "tokens_complete",
    "requested_at",
    "status",
  ],
};

function has(value: object, names: readonly string[]): void {
  for (const name of names) ok(Object.hasOwn(value, name), name);
}

/** The answer, held to its schema: nothing more, nothing less, nothing else. */
async function checked<Shape extends z.ZodType>(world: World, path: string, schema: Shape): Promise<z.infer<Shape>> {
  const response = await world.ask(path);
  equal(response.status, 200, path);
  const value: unknown = await response.json();
  const parsed = schema.parse(value);
  deepEqual(parsed, value, `${path} answers with fields that its schema does not have`);
  return parsed;
}

Deno.test("/health and /v1/daemon/status have the documented shape, with and without calls", async () => {
  await withApi(async (world) => {
    deepEqual(await checked(world, "/health", Health), { status: "ok", version: "9.9.9" });
    deepEqual(await checked(world, "/v1/daemon/status", DaemonActivity), {
      last_seen_at: null,
      request_count_last_hour: 0,
    });
    fillOdd(world.db);
    const status = await checked(world, "/v1/daemon/status", DaemonActivity);
    equal(status.last_seen_at, "2026-04-15T12:00:00.000Z");
    ok(status.request_count_last_hour > 0);
  });
});

Deno.test("/v1/stats holds what the rows add up to, unknown values apart", async () => {
  await withApi(async (world) => {
    const none = await checked(world, "/v1/stats", Stats);
    equal(none.summary.total_cost_usd_minor_units, 0);
    equal(none.summary.total_input_tokens, 0);
    equal(none.summary.cache_hit_rate, null);
    fillOdd(world.db);
    const month = await checked(world, "/v1/stats", Stats);
    deepEqual([month.since, month.until, month.tz], ["2026-03-17", "2026-04-15", "UTC"]);
    const stats = await checked(world, "/v1/stats?since=2026-01-01", Stats);
    has(stats, NAMES.stats);
    has(stats.summary, NAMES.summary);
    const counted = world.db.prepare("SELECT count(*) AS n FROM requests WHERE duplicate_of IS NULL").get();
    equal(stats.summary.total_requests, counted?.["n"]);
    equal(counted?.["n"], oddRows().length); // One repeated fetch less, one unknown provider more.
    const billed = world.db.prepare(
      `SELECT sum(cost_pico) AS pico FROM requests
       WHERE duplicate_of IS NULL AND billing_basis NOT IN ('subscription', 'credits')`,
    );
    billed.setReadBigInts(true);
    const pico = billed.get()?.["pico"];
    equal(stats.summary.total_cost_usd_minor_units, Number((pico as bigint) / 10_000_000n));
    equal(stats.summary.not_billed_requests, 3);
    equal(stats.summary.not_billed_cost_usd_minor_units, 24_691); // 2 × 123456789012 pico, rounded once.
    const { total_input_tokens: input, total_cache_read_tokens: cached } = stats.summary;
    equal(stats.summary.cache_hit_rate, (cached ?? 0) / ((input ?? 0) + (cached ?? 0)));
    equal(stats.summary.models_in_use, stats.by_model.filter(({ model }) => model !== null).length);
    for (const day of stats.by_day) has(day, NAMES.by_day);
    for (const day of stats.by_day_by_provider) has(day, NAMES.by_day_by_provider);
    for (const one of stats.by_provider) has(one, NAMES.by_provider);
    for (const one of stats.by_model) has(one, NAMES.by_model);
    for (const list of [stats.by_day, stats.by_day_by_provider, stats.by_provider, stats.by_model]) {
      equal(list.reduce((sum, { requests }) => sum + requests, 0), stats.summary.total_requests);
    }
    const unnamed = stats.by_model.find(({ model }) => model === null);
    deepEqual([unnamed?.cost_usd_minor_units, unnamed?.input_tokens], [null, null]);
  });
});

Deno.test("/v1/stats lists every day of the reader's zone once, in order, and keeps to since and until", async () => {
  await withApi(async (world) => {
    fillOdd(world.db);
    for (const tz of ["UTC", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Los_Angeles"]) {
      const stats = await checked(world, `/v1/stats?since=2026-03-01&tz=${tz}`, Stats);
      equal(stats.by_day[0]?.date, "2026-03-01");
      equal(stats.by_day.length, 46);
      equal(stats.tz, tz);
      deepEqual(stats.by_day.map(({ date }) => date), [...new Set(stats.by_day.map(({ date }) => date))].sort());
    }
    const march = await checked(world, "/v1/stats?since=2026-03-01&until=2026-03-31", Stats);
    equal(march.summary.total_requests, 2);
    equal((await checked(world, "/v1/stats?since=2099-01-01", Stats)).summary.total_requests, 0);
    equal((await checked(world, "/v1/stats?since=0001-01-01", Stats)).by_day[0]?.date, "2026-01-25");
  });
});

Deno.test("/v1/projects and /v1/projects/{slug} tell months, all time, primary and top", async () => {
  await withApi(async (world) => {
    deepEqual(await checked(world, "/v1/projects", Projects), []);
    fillOdd(world.db);
    const projects = await checked(world, "/v1/projects", Projects);
    deepEqual(projects.map(({ slug }) => slug), ["demo", "old", "team/odd:one"]);
    for (const project of projects) {
      has(project, NAMES.project);
      has(project.stats, NAMES.projectStats);
      deepEqual(await checked(world, `/v1/projects/${encodeURIComponent(project.slug)}`, Project), project);
    }
    const [demo, old] = projects;
    equal(demo?.stats.primary_model, "claude-sonnet-4-6");
    equal(demo?.stats.top_model, "grok-9");
    equal(demo?.stats.top_provider, "xai");
    equal(demo?.stats.previous_month_cost_usd_minor_units, 0); // A failed call in March, and one under credits.
    equal(old?.archived_at, "2023-11-14T22:13:20.000Z");
    equal(old?.stats.requests_this_month, 0);
    equal(old?.stats.all_time_cost_usd_minor_units, 100_000);
    equal((await world.ask("/v1/projects/nobody")).status, 404);
  });
});

Deno.test("/v1/projects/{slug}/stats counts one project", async () => {
  await withApi(async (world) => {
    fillOdd(world.db);
    const stats = await checked(world, "/v1/projects/old/stats?since=2025-01-01", Stats);
    equal(stats.summary.total_requests, 1);
    equal(stats.summary.active_projects, 1);
    equal((await world.ask("/v1/projects/nobody/stats")).status, 404);
  });
});

Deno.test("/v1/projects/{slug}/requests pages through every call once, with the documented fields", async () => {
  await withApi(async (world) => {
    fillOdd(world.db);
    const seen: z.infer<typeof RequestPage>["items"] = [];
    let cursor = "";
    do {
      const page = await checked(world, `/v1/projects/demo/requests?limit=3${cursor}`, RequestPage);
      seen.push(...page.items);
      equal(page.total, 12);
      cursor = page.next_cursor === null ? "" : `&cursor=${encodeURIComponent(page.next_cursor)}`;
    } while (cursor !== "");
    equal(new Set(seen.map(({ id }) => id)).size, 12);
    deepEqual(seen.map((call) => call.requested_at), seen.map((call) => call.requested_at).sort().reverse());
    for (const call of seen) has(call, NAMES.request);
    const repeated = seen.find((call) => call.duplicate_of !== null);
    deepEqual([repeated?.cost_usd_minor_units, repeated?.cost_missing], [null, "duplicate"]);
    const subscribed = seen.filter((call) => call.billing_basis === "subscription");
    deepEqual(subscribed.map((call) => call.cost_usd_minor_units), [0, 0]);
    deepEqual(subscribed.map((call) => call.not_billed_cost_usd_minor_units).sort(), [12_346, null].sort());
    const cut = seen.find((call) => !call.tokens_complete);
    deepEqual([cut?.input_tokens, cut?.cost_usd_minor_units, cut?.latency_ms], [null, null, null]);
    const mine = await checked(world, "/v1/projects/demo/requests?provider=xai", RequestPage);
    deepEqual(mine.items.map(({ model }) => model), ["grok-9"]);
    equal(mine.total, 1);
  });
});

Deno.test("the OpenAPI document names every documented route and is made of the same schemas", async () => {
  await withApi(async (world) => {
    const document = await world.json("/openapi.json") as {
      openapi: string;
      paths: Record<string, unknown>;
      components: { schemas: Record<string, { properties?: Record<string, unknown> }> };
    };
    equal(document.openapi, "3.1.0");
    for (
      const path of [
        "/health",
        "/v1/daemon/status",
        "/v1/projects",
        "/v1/projects/{slug}",
        "/v1/stats",
        "/v1/projects/{slug}/stats",
        "/v1/projects/{slug}/requests",
        "/v1/projects/{slug}/requests.csv",
        "/v1/requests",
        "/v1/requests/{id}",
        "/v1/requests/{id}/body",
        "/v1/bodies/stats",
        "/v1/pricing-rates",
        "/v1/audit",
        "/v1/policies",
        "/v1/cloud/state",
        "/v1/events",
        "/metrics",
        "/proxy.pac",
      ]
    ) ok(Object.hasOwn(document.paths, path), path);
    has(document.components.schemas["Project"]?.properties ?? {}, NAMES.project);
    has(document.components.schemas["Stats"]?.properties ?? {}, NAMES.stats);
  });
});
