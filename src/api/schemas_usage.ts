/**
 * Shapes of sums: daemon, projects, stats. With the other schema files the single source of /openapi.json and of the tests.
 *
 * Names and meanings of documented fields are fixed; fields may be added. Money is in millicents (1e-5 USD), rounded once, half to
 * even, from exact sums. `null` = not known, which is never the same as 0.
 *
 * Imports: zod.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";

export const Count = z.int().min(0);
export const Millicents = z.int().nullable();
export const Tokens = z.int().min(0).nullable();
export const Instant = z.iso.datetime().describe("ISO 8601, UTC");
export const LocalDate = z.iso.date().describe("A day of the reader's time zone");

export const Health = z.object({
  status: z.literal("ok"),
  version: z.string(),
}).openapi("Health");

export const DaemonActivity = z.object({
  last_seen_at: Instant.nullable().describe("When the latest call was made; null = none was"),
  request_count_last_hour: Count,
}).openapi("DaemonActivity");

/** What every group of calls says of money beside its billed cost. */
const Beside = {
  unpriced_requests: Count.describe("Calls without a known cost; no sum of money holds them"),
  not_billed_requests: Count.describe("Calls under a subscription or credits"),
  not_billed_cost_usd_minor_units: Millicents.describe("What those would have cost at API prices; on no bill"),
};

const COST = "Billed money; 0 when nothing is billed, null when no billed call has a known cost";

const Summary = z.object({
  total_requests: Count.describe("Repeated fetches left out"),
  total_input_tokens: Tokens.describe("Prompt tokens neither read from nor written to a cache"),
  total_output_tokens: Tokens.describe("All output, thinking included"),
  total_thinking_tokens: Tokens.describe("Part of the output"),
  total_cache_read_tokens: Tokens,
  total_cache_write_tokens: Tokens,
  total_cost_usd_minor_units: Millicents.describe(COST),
  cache_hit_rate: z.number().min(0).max(1).nullable().describe("Cache reads / (input + cache reads); null = unknown"),
  active_projects: Count,
  models_in_use: Count,
  last_request_at: Instant.nullable(),
  total_errors: Count,
  incomplete_requests: Count.describe("Calls whose counts are not final"),
  tokens_unknown_requests: Count.describe("Calls of which a count that should be there is unknown"),
  average_latency_ms: z.number().min(0).nullable(),
  ...Beside,
});

export const Stats = z.object({
  summary: Summary,
  by_day: z.array(z.object({
    date: LocalDate,
    requests: Count,
    cost_usd_minor_units: Millicents.describe(COST),
    ...Beside,
  })).describe("Every day of the period, from the first call on"),
  by_day_by_provider: z.array(z.object({
    date: LocalDate,
    provider: z.string(),
    requests: Count,
    cost_usd_minor_units: Millicents.describe(COST),
    ...Beside,
  })).describe("Only days and providers with calls"),
  by_provider: z.array(z.object({
    provider: z.string(),
    requests: Count,
    cost_usd_minor_units: Millicents.describe(COST),
    ...Beside,
  })),
  by_model: z.array(z.object({
    provider: z.string(),
    model: z.string().nullable().describe("null = neither response nor request named one"),
    requests: Count,
    input_tokens: Tokens,
    output_tokens: Tokens,
    cost_usd_minor_units: Millicents.describe(COST),
    cache_read_tokens: Tokens,
    cache_write_tokens: Tokens,
    ...Beside,
  })),
  since: LocalDate.describe("First day of the period"),
  until: LocalDate.describe("Last day, included"),
  tz: z.string().describe("The time zone whose days these are"),
}).openapi("Stats");

export const Project = z.object({
  id: z.uuid(),
  name: z.string(),
  slug: z.string(),
  created_at: Instant,
  archived_at: Instant.nullable(),
  body_capture: z.enum(["on", "off"]).nullable().describe("The project's own choice; null = the daemon-wide one holds"),
  stats: z.object({
    requests_this_month: Count,
    cost_usd_this_month_minor_units: Millicents.describe(COST),
    previous_month_cost_usd_minor_units: Millicents.describe(COST),
    all_time_cost_usd_minor_units: Millicents.describe(COST),
    all_time_requests: Count,
    last_active_at: Instant.nullable(),
    primary_model: z.string().nullable().describe("Most calls"),
    primary_provider: z.string().nullable().describe("Most calls"),
    top_model: z.string().nullable().describe("Highest cost of all time"),
    top_provider: z.string().nullable().describe("Highest cost of all time"),
    not_billed_cost_usd_this_month_minor_units: Millicents.describe("Worth at API prices; on no bill"),
    all_time_not_billed_cost_usd_minor_units: Millicents.describe("Worth at API prices; on no bill"),
    all_time_unpriced_requests: Count,
  }),
}).openapi("Project");

export const Projects = z.array(Project).openapi("Projects");
