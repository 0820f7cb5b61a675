/** One call in full: its row, the explanation of its cost, its bodies. */

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { BodyStats, RequestBodies, RequestDetail, SearchPage } from "../../src/api/schemas_calls.ts";
import { AuditTrail, CloudState, Policies, PricingRates } from "../../src/api/schemas_settings.ts";
import { PAC_MEDIA_TYPE } from "../../src/domain/pac.ts";
import { READINGS, rowOf } from "../store/calls.ts";
import { body, writerOf } from "../store/sample.ts";
import { fillOdd, withApi } from "./harness.ts";

Deno.test("/v1/requests/{id} explains the cost of a call of every kind as it was recorded", async () => {
  await withApi(async (world) => {
    const writer = writerOf(world.db);
    const rows = Object.entries(READINGS).map(([name, reading]) => ({ name, row: rowOf(reading) }));
    for (const { row } of rows) writer.record(row, []);
    writer.flush();
    for (const { name, row } of rows) {
      const value = await world.json(`/v1/requests/${row.id}`);
      const detail = RequestDetail.parse(value);
      deepEqual(detail, value, name);
      ok(detail.explanation.agrees, name);
      deepEqual(detail.explanation.recomputed?.cost_usd, detail.explanation.stored.cost_usd, name);
      if (row.cost.kind === "unpriced") ok(detail.explanation.advice !== null, name);
    }
  });
});

Deno.test("every other list keeps to its schema over calls of every odd kind", async () => {
  await withApi(async (world) => {
    fillOdd(world.db);
    world.db.exec(`INSERT INTO policies (public_id, project_id, kind, settings, enabled, created_at, updated_at)
      VALUES ('a', NULL, 'monthly_budget', '{"usd":"20"}', 1, 5, 6)`);
    const shapes = [
      ["/v1/requests?limit=500", SearchPage],
      ["/v1/requests?q=claude", SearchPage],
      ["/v1/bodies/stats", BodyStats],
      ["/v1/pricing-rates", PricingRates],
      ["/v1/audit", AuditTrail],
      ["/v1/policies", Policies],
      ["/v1/cloud/state", CloudState],
    ] as const;
    for (const [path, shape] of shapes) {
      const value = await world.json(path);
      deepEqual(shape.parse(value), value, path);
    }
    const { items } = SearchPage.parse(await world.json("/v1/requests?limit=500"));
    for (const { id } of items) {
      const value = await world.json(`/v1/requests/${id}`);
      deepEqual(RequestDetail.parse(value), value);
    }
    deepEqual(await world.json("/v1/cloud/state"), {
      configured: false,
      enabled: false,
      body_sync: false,
      workspace_id: null,
      base_url: null,
    });
  });
});

Deno.test("/v1/requests/{id}/body gives the stored texts and no page elsewhere may read them", async () => {
  await withApi(async (world) => {
    const writer = writerOf(world.db);
    const row = rowOf(
      READINGS["plain"] ?? (() => {
        throw new Error("No reading");
      })(),
    );
    writer.record(row, [body({ text: '{"a":"[REDACTED:email]"}', redactions: { email: 1 } })]);
    writer.flush();
    const response = await world.ask(`/v1/requests/${row.id}/body`, { headers: { origin: "http://localhost:3000" } });
    equal(response.headers.get("access-control-allow-origin"), null);
    const value = RequestBodies.parse(await response.json());
    deepEqual(value.bodies.map(({ direction, text, redactions }) => [direction, text, redactions]), [
      ["request", '{"a":"[REDACTED:email]"}', { email: 1 }],
    ]);
    const stats = BodyStats.parse(await world.json("/v1/bodies/stats"));
    deepEqual([stats.bodies, stats.requests, stats.redactions], [1, 1, { email: 1 }]);
  });
});

Deno.test("/proxy.pac names the metered hosts under the type that systems want", async () => {
  await withApi(async (world) => {
    const response = await world.ask("/proxy.pac");
    equal(response.headers.get("content-type"), PAC_MEDIA_TYPE);
    const text = await response.text();
    ok(text.includes("api.anthropic.com") && text.includes(`PROXY 127.0.0.1:${world.config.daemon.edgePort}`));
  });
});
