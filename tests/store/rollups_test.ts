import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { type Database } from "../../src/store/database.ts";
import {
  DAY_SPAN,
  HOUR_SPAN,
  prepareRebuildHour,
  rebuildRollups,
  SLOT_SPAN,
  WIDE_SPAN,
} from "../../src/store/rollups.ts";
import { cutRow, NOON, row, unpricedRow, withDatabase, write } from "./sample.ts";

function content(db: Database): unknown[] {
  return ["usage_spans", "usage_slots", "usage_hours", "usage_clients"].flatMap((table) =>
    db.prepare(`SELECT * FROM ${table}`).all().map((each) => ({ ...each }))
  );
}

Deno.test("roll-ups folded in batch by batch equal those rebuilt from all rows", async () => {
  await withDatabase((db) => {
    const calls = Array.from({ length: 300 }, (_, index) => {
      const requestedAt = NOON + index * 1_111_111 - (index % 7) * 40_000_000;
      const billingBasis = (["metered", "subscription", "credits", "unknown"] as const)[index % 4] ?? "unknown";
      const clientName = index % 9 === 0 ? null : `client-${index % 2}`;
      const attribution = { slug: `p${index % 3}`, layer: "git" } as const;
      const changes = { requestedAt, billingBasis, clientName, attribution };
      return index % 11 === 0 ? cutRow(changes) : index % 5 === 0 ? unpricedRow(changes) : row(changes);
    });
    for (let start = 0; start < calls.length; start += 17) write(db, calls.slice(start, start + 17));
    const folded = content(db);
    rebuildRollups(db);
    deepEqual(content(db), folded);
    const sums = db.prepare("SELECT span, sum(requests) AS n FROM usage_spans GROUP BY span").all();
    deepEqual(sums.map(({ span, n }) => [span, n]), [[HOUR_SPAN, 300], [DAY_SPAN, 300], [WIDE_SPAN, 300]]);
    equal(db.prepare("SELECT sum(requests) AS n FROM usage_slots WHERE project_id = 0").get()?.["n"], 300);
    equal(db.prepare("SELECT sum(requests) AS n FROM usage_slots WHERE project_id > 0").get()?.["n"], 300);
  });
});

Deno.test("rebuildRollups takes up rows that were re-priced", async () => {
  await withDatabase((db) => {
    write(db, [unpricedRow(), row()]);
    db.exec("UPDATE requests SET cost_pico = 5, cost_missing = NULL WHERE cost_pico IS NULL");
    rebuildRollups(db);
    equal(
      db.prepare("SELECT sum(cost_pico) AS pico FROM usage_spans WHERE span = ?").get(DAY_SPAN)?.["pico"],
      1_000_000_000_005,
    );
    equal(db.prepare("SELECT sum(unpriced) AS n FROM usage_slots").get()?.["n"], 0);
  });
});

Deno.test("roll-ups start at multiples of their length, on both sides of a boundary", async () => {
  await withDatabase((db) => {
    const midnight = Math.floor(NOON / DAY_SPAN) * DAY_SPAN;
    write(db, [row({ requestedAt: midnight - 1 }), row({ requestedAt: midnight })]);
    const starts = (sql: string) => db.prepare(sql).all().map(({ starts_at }) => starts_at);
    deepEqual(starts(`SELECT starts_at FROM usage_spans WHERE span = ${DAY_SPAN} ORDER BY 1`), [
      midnight - DAY_SPAN,
      midnight,
    ]);
    deepEqual(starts("SELECT starts_at FROM usage_slots WHERE project_id = 0 ORDER BY 1"), [
      midnight - SLOT_SPAN,
      midnight,
    ]);
  });
});

Deno.test("roll-ups leave the tokens of a token count out, since nothing was spent", async () => {
  await withDatabase((db) => {
    write(db, [row({ requestKind: "count_tokens", cost: { kind: "free" } })]);
    const found = db.prepare("SELECT requests, input_tokens, cost_pico FROM usage_spans WHERE span = ?").get(DAY_SPAN);
    deepEqual({ ...found }, { requests: 1, input_tokens: null, cost_pico: 0 });
  });
});

Deno.test("prepareRebuildHour makes an hour and its day anew in every roll-up", async () => {
  await withDatabase((db) => {
    const hours = [0, 1, 13].map((hour) => Math.floor(NOON / DAY_SPAN) * DAY_SPAN + hour * HOUR_SPAN);
    for (const requestedAt of hours) {
      write(db, [row({ requestedAt }), row({ requestedAt, clientName: null, billingBasis: "subscription" })]);
    }
    const before = content(db);
    for (const table of ["usage_spans", "usage_slots", "usage_hours", "usage_clients"]) {
      db.exec(`UPDATE ${table} SET requests = 99`);
    }
    const rebuildHour = prepareRebuildHour(db);
    for (const hour of hours) rebuildHour(hour);
    deepEqual(content(db), before);
  });
});
