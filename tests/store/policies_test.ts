import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { listPolicies, policyEvents } from "../../src/store/policies.ts";
import { row, withDatabase, write } from "./sample.ts";

Deno.test("listPolicies and policyEvents give back what is stored", async () => {
  await withDatabase((db) => {
    write(db, [row()]);
    db.exec(`INSERT INTO policies (public_id, project_id, kind, settings, enabled, created_at, updated_at) VALUES
      ('a', 1, 'monthly_budget', '{"usd":"20"}', 1, 5, 6), ('b', NULL, 'monthly_budget', '[]', 0, 7, 8)`);
    db.exec(`INSERT INTO policy_events (policy_id, occurred_at, event, details) VALUES
      (1, 10, 'budget.crossed', '{"usd":"21"}'), (2, 11, 'budget.crossed', '{}')`);
    deepEqual(listPolicies(db), [
      {
        id: "a",
        project: "demo",
        kind: "monthly_budget",
        settings: { usd: "20" },
        enabled: true,
        createdAt: 5,
        updatedAt: 6,
      },
      { id: "b", project: null, kind: "monthly_budget", settings: {}, enabled: false, createdAt: 7, updatedAt: 8 },
    ]);
    deepEqual(policyEvents(db, 1), [{ policyId: "b", occurredAt: 11, event: "budget.crossed", details: {} }]);
  });
});
