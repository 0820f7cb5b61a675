/**
 * Shapes of prices, policies, the audit trail and the state of sync. See schemas_usage.ts for what holds for all.
 *
 * Imports: zod, ./schemas_usage.ts.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { Count, Instant } from "./schemas_usage.ts";

const Prices = z.record(z.string(), z.string()).describe("Decimal USD per million tokens; absent = no price");

export const PricingRates = z.object({
  bundle_date: z.iso.date(),
  overrides: Count.describe("Prices of the user's own"),
  rates: z.array(z.object({
    provider: z.string(),
    model: z.string(),
    source: z.string().describe("bundled-YYYY-MM-DD or override"),
    valid_from: z.string().nullable(),
    valid_until: z.string().nullable().describe("Exclusive"),
    prices: Prices,
    tiers: z.array(z.object({ prompt_over: Count, prices: Prices })),
  })),
}).openapi("PricingRates");

const Price = z.string().regex(/^\d{1,9}(\.\d{1,6})?$/);
const Day = z.iso.date().nullable().default(null);

export const PriceChange = z.object({
  provider: z.string().min(1).max(32),
  model: z.string().min(1).max(120),
  prices: z.strictObject({
    input: Price,
    output: Price,
    cache_read: Price.optional(),
    cache_write_5m: Price.optional(),
    cache_write_1h: Price.optional(),
  }).nullable().describe("Decimal USD per million tokens; null takes the override out"),
  from: Day.describe("First day, UTC; null = always was"),
  until: Day.describe("First day on which it no longer holds; null = open"),
}).strict().openapi("PriceChange");

export const PriceChanged = z.object({
  changed: Count.describe("Overrides added or taken out; 0 = it was so already"),
  next: z.string(),
}).openapi("PriceChanged");

export const ProjectChange = z.object({
  name: z.string().min(1).max(100).optional(),
  archived: z.boolean().optional(),
  body_capture: z.enum(["on", "off"]).nullable().optional().describe("null = the daemon-wide setting holds"),
}).strict().openapi("ProjectChange");

const Details = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

export const AuditTrail = z.object({
  items: z.array(z.object({ occurred_at: Instant, event: z.string(), details: Details })),
}).openapi("AuditTrail");

export const Policies = z.object({
  policies: z.array(z.object({
    id: z.string(),
    project: z.string().nullable().describe("Slug; null = all projects"),
    kind: z.string(),
    settings: z.record(z.string(), z.unknown()),
    enabled: z.boolean(),
    created_at: Instant,
    updated_at: Instant,
  })),
  events: z.array(z.object({
    policy_id: z.string(),
    occurred_at: Instant,
    event: z.string(),
    details: z.record(z.string(), z.unknown()),
  })).describe("The latest, newest first. A policy watches and never blocks a call"),
}).openapi("Policies");

export const CloudState = z.object({
  configured: z.boolean().describe("Whether this machine is paired with a server"),
  enabled: z.boolean().describe("cloud.enabled of the configuration"),
  body_sync: z.boolean(),
  workspace_id: z.string().nullable(),
  base_url: z.string().nullable(),
}).openapi("CloudState");
