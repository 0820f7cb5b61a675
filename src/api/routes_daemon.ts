/**
 * Routes about the daemon itself: is it there, what did it see last, what a browser or a scraper asks of it.
 *
 * Imports: domain, hono, store, zod, api.
 *
 * @module
 */

import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { INTERCEPTED_HOSTS } from "../domain/hosts.ts";
import { PAC_MEDIA_TYPE, PAC_PATH, pacFile } from "../domain/pac.ts";
import { lastRequestedAt, requestsSince } from "../store/queries.ts";
import type { ApiDeps } from "./deps.ts";
import { metricsText } from "./metrics.ts";
import { instantOrNull } from "./present.ts";
import { answers, answersText } from "./route.ts";
import { CloudState } from "./schemas_settings.ts";
import { DaemonActivity, Health } from "./schemas_usage.ts";

const HOUR_MS = 3_600_000;

/** Adds them. */
export function addDaemonRoutes(api: OpenAPIHono, deps: ApiDeps): void {
  api.openapi(
    createRoute({
      method: "get",
      path: "/health",
      summary: "Whether the API answers",
      responses: answers(Health, "It does"),
    }),
    (context) => context.json({ status: "ok" as const, version: deps.version }, 200),
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/daemon/status",
      summary: "When the latest call was made, and how many there were in the last hour",
      responses: answers(DaemonActivity, "Repeated fetches included"),
    }),
    (context) => {
      const db = deps.database();
      return context.json({
        last_seen_at: instantOrNull(lastRequestedAt(db)),
        request_count_last_hour: requestsSince(db, deps.now() - HOUR_MS),
      }, 200);
    },
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/v1/cloud/state",
      summary: "Whether this machine sends anything to a team server",
      responses: answers(CloudState, "Off unless somebody paired it"),
    }),
    (context) => {
      const { cloud } = deps.config();
      return context.json({
        configured: cloud.workspaceId !== null,
        enabled: cloud.enabled,
        body_sync: cloud.bodySync,
        workspace_id: cloud.workspaceId,
        base_url: cloud.workspaceId === null ? null : cloud.baseUrl,
      }, 200);
    },
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/metrics",
      summary: "Counters and gauges for Prometheus",
      responses: answersText("text/plain", "Text format 0.0.4"),
    }),
    async (context) => {
      const status = await deps.status().catch(() => null);
      const text = metricsText(deps.database(), status, deps);
      return context.body(text, 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
    },
  );

  api.openapi(
    createRoute({
      method: "get",
      path: PAC_PATH,
      summary: "The proxy auto-configuration file",
      responses: answersText(PAC_MEDIA_TYPE, "Names the metered hosts; everything else goes direct"),
    }),
    async (context) => {
      const status = await deps.status().catch(() => null);
      const edgePort = status?.edge.port ?? deps.config().daemon.edgePort;
      return context.body(pacFile({ edgePort, hosts: INTERCEPTED_HOSTS }), 200, { "content-type": PAC_MEDIA_TYPE });
    },
  );
}
