/**
 * Routes of prices, the audit trail and policies.
 *
 * Imports: hono, meter, store, zod, api.
 *
 * @module
 */

import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { rateFields } from "../meter/explanation_fields.ts";
import { BUNDLE_DATE } from "../meter/rates.ts";
import { listPolicies, policyEvents } from "../store/policies.ts";
import { auditTrail } from "../store/settings.ts";
import type { ApiDeps } from "./deps.ts";
import { instant } from "./present.ts";
import { ratesOf } from "./present_detail.ts";
import { answers } from "./route.ts";
import { AuditTrail, Policies, PriceChange, PriceChanged, PricingRates } from "./schemas_settings.ts";

const RatesQuery = z.object({
  provider: z.string().max(64).optional(),
  model: z.string().max(200).optional().openapi({ description: "A part of its name" }),
});

const LatestQuery = z.object({ limit: z.coerce.number().pipe(z.int().min(1).max(1_000)).default(100) });

/** Policy events that are listed with the policies. */
const MAX_POLICY_EVENTS = 100;

/** Adds them. */
export function addSettingRoutes(api: OpenAPIHono, deps: ApiDeps): void {
  addPrices(api, deps);
  addTrails(api, deps);
}

function addPrices(api: OpenAPIHono, deps: ApiDeps): void {
  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/pricing-rates",
      summary: "Every price that calls are priced with",
      request: { query: RatesQuery },
      responses: answers(PricingRates, "Bundled, corrected and overridden; by provider and model"),
    }),
    (context) => {
      const { provider, model } = context.req.valid("query");
      const config = deps.config();
      const listed = ratesOf(config).list().filter((rate) =>
        (provider === undefined || rate.provider === provider) &&
        (model === undefined || rate.id.toLowerCase().includes(model.toLowerCase()))
      );
      return context.json({
        bundle_date: BUNDLE_DATE,
        overrides: config.pricing.overrides.length,
        rates: listed.map(rateFields),
      }, 200);
    },
  );

  api.openapi(
    createRoute({
      method: "put",
      path: "/v1/pricing-rates",
      summary: "Set, or take out, a price of your own in config.toml",
      request: { body: { content: { "application/json": { schema: PriceChange } }, required: true } },
      responses: answers(PriceChanged, "In force for the next call"),
    }),
    async (context) => {
      const { prices, ...change } = context.req.valid("json");
      const known = prices === null ? null : Object.fromEntries(
        Object.entries(prices).filter((entry): entry is [string, string] => entry[1] !== undefined),
      );
      const { changed } = await deps.commands.setPrice({ ...change, prices: known });
      return context.json({ changed, next: "For calls that are recorded already: halton-meter pricing reprice" }, 200);
    },
  );
}

function addTrails(api: OpenAPIHono, deps: ApiDeps): void {
  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/audit",
      summary: "What was done to the store and its settings",
      request: { query: LatestQuery },
      responses: answers(AuditTrail, "Newest first"),
    }),
    (context) => {
      const items = auditTrail(deps.database(), context.req.valid("query").limit).map((event) => ({
        occurred_at: instant(event.occurredAt),
        event: event.event,
        details: { ...event.details },
      }));
      return context.json({ items }, 200);
    },
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/policies",
      summary: "Policies, and what they noticed",
      responses: answers(Policies, "A policy watches and never blocks a call"),
    }),
    (context) => {
      const db = deps.database();
      return context.json({
        policies: listPolicies(db).map((policy) => ({
          id: policy.id,
          project: policy.project,
          kind: policy.kind,
          settings: { ...policy.settings },
          enabled: policy.enabled,
          created_at: instant(policy.createdAt),
          updated_at: instant(policy.updatedAt),
        })),
        events: policyEvents(db, MAX_POLICY_EVENTS).map((event) => ({
          policy_id: event.policyId,
          occurred_at: instant(event.occurredAt),
          event: event.event,
          details: { ...event.details },
        })),
      }, 200);
    },
  );
}
