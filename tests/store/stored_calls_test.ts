import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { migrate, MIGRATIONS } from "../../src/store/migrations.ts";
import { findCalls } from "../../src/store/stored_calls.ts";
import { priceOf, READINGS, rowOf } from "./calls.ts";
import { NOON, withDatabase, write } from "./sample.ts";

Deno.test("findCalls gives back a reading that is priced like the one that was stored", async () => {
  await withDatabase((db) => {
    for (const [name, one] of Object.entries(READINGS)) {
      const row = rowOf(one);
      write(db, [row]);
      const [call, ...others] = findCalls(db, row.id, 2);
      equal(others.length, 0);
      // The row does not tell a served model from one that was only asked for, and no price hangs on it.
      deepEqual(call?.reading, { ...one, error: null }, name);
      deepEqual(call?.reading && priceOf(call.reading), row.cost, name);
      equal(call?.cost.pico, row.cost.kind === "priced" ? row.cost.pico : row.cost.kind === "free" ? 0n : null, name);
    }
  });
});

Deno.test("findCalls finds ids by their beginning and no others", async () => {
  await withDatabase((db) => {
    const ids = ["01998c11-0000-7000-8000-000000000001", "01998c11-0000-7000-8000-000000000002", "01998c12-aaaa"];
    write(db, ids.map((id) => rowOf(READINGS["plain"] ?? never(), { id })));
    deepEqual(findCalls(db, "01998c11", 5).map(({ id }) => id), ids.slice(0, 2));
    deepEqual(findCalls(db, "01998c11", 1).map(({ id }) => id), ids.slice(0, 1));
    deepEqual(findCalls(db, "01998c12-aaaa", 5).map(({ id }) => id), ids.slice(2));
    deepEqual(findCalls(db, "01998c13", 5), []);
  });
});

Deno.test("findCalls has no reading for a row of the first schema, which lacks what prices depend on", () => {
  const db = new DatabaseSync(":memory:");
  migrate(db, NOON, MIGRATIONS.slice(0, 1));
  db.exec("INSERT INTO projects (public_id, slug, name, created_at) VALUES ('p', 'demo', 'demo', 0)");
  db.exec(
    `INSERT INTO requests (id, project_id, attribution_layer, provider, host, method, path, mode, request_kind,
       input_tokens, output_tokens, cost_pico, billing_basis, status, requested_at, tokens_complete, usage_inconsistent,
       request_bytes, response_bytes)
     VALUES ('0000000a', 1, 'git', 'anthropic', 'h', 'POST', '/', 'standard', 'chat', 5, 6, 7, 'metered', 'success', 0, 1,
       0, 0, 0)`,
  );
  migrate(db, NOON);
  const [call] = findCalls(db, "0000000a", 1);
  deepEqual([call?.reading, call?.cost.pico, call?.project], [null, 7n, "demo"]);
  db.close();
});

Deno.test("findCalls has no reading for a row whose parts were damaged", async () => {
  await withDatabase((db) => {
    const row = rowOf(READINGS["advised"] ?? never());
    write(db, [row]);
    db.exec(`UPDATE requests SET extra_parts = '{"not": "a list"}'`);
    equal(findCalls(db, row.id, 1)[0]?.reading, null);
  });
});

function never(): never {
  throw new Error("No such reading");
}
