import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { createRateTable } from "../../src/meter/rates.ts";
import { checkRows } from "../../src/team/ingest.ts";
import { row, ROW_COST_PICO } from "./support/server.ts";

const RATES = createRateTable();
const NOW = Date.UTC(2026, 10, 21, 12);
const at = (iso: string) => ({ timestamp: iso });
const good = (changes: Readonly<Record<string, unknown>> = {}) => row({ ...at("2026-11-21T11:00:00Z"), ...changes });

Deno.test("checkRows() takes a good row and prices it by the server's rates", () => {
  const { rows, rejected } = checkRows([good()], RATES, NOW);
  deepEqual(rejected, []);
  equal(rows[0]?.columns["cost_pico"], ROW_COST_PICO.toString());
  equal(rows[0]?.columns["reported_cost_pico"], "1");
});

Deno.test("checkRows() keeps the highest revision of an id that a batch repeats", () => {
  const one = good();
  const { rows, repeated } = checkRows([one, { ...one, revision: 3 }, { ...one, revision: 2 }], RATES, NOW);
  deepEqual([rows.length, rows[0]?.row.revision, repeated], [1, 3, 2]);
});

Deno.test("checkRows() orders rows by id, so that two batches lock in the same order", () => {
  const ids = ["ffffffff", "00000000", "aaaaaaaa"].map((head) => `${head}-0000-4000-8000-000000000000`);
  const { rows } = checkRows(ids.map((request_id) => good({ request_id })), RATES, NOW);
  deepEqual(rows.map(({ row }) => row.request_id), ids.toSorted());
});

Deno.test("checkRows() refuses times that no partition is made for, and takes those of a clock that is somewhat wrong", () => {
  const refused = ["2021-10-31T23:59:59Z", "2026-12-23T00:00:00Z", "1970-01-01T00:00:00Z", "9999-01-01T00:00:00Z"];
  for (const time of refused) {
    equal(checkRows([row(at(time))], RATES, NOW).rejected[0]?.code, "timestamp_out_of_range", time);
  }
  for (const time of ["2021-11-01T00:00:00Z", "2026-12-20T00:00:00Z", "2026-11-21T13:00:00+02:00"]) {
    equal(checkRows([row(at(time))], RATES, NOW).rows.length, 1, time);
  }
});

Deno.test("checkRows() refuses what no field may hold, and repeats nothing of it", () => {
  const cases: Record<string, unknown>[] = [
    { request_id: "x" },
    { revision: 0 },
    { timestamp: "yesterday" },
    { provider: "acme" },
    { path: "/v1/messages?key=secret" },
    { path: "v1" },
    { model: "two words" },
    { prompt_tokens: 1.5 },
    { prompt_tokens: 2 ** 53 },
    { prompt_tokens: "7" },
    { cost_usd_pico: 7 },
    { cost_usd_pico: "-7" },
    { project: "Not A Slug" },
    { prompt_hash: "secret" },
    { duplicate_of: "secret" },
    { latency_ms: -1 },
    { hostname: "two words" },
    { hostname: "nul\u0000" },
    { path: "/nul\u0000" },
    { source_workdir: "/half\ud800" },
    { client_name: "bell\u0007" },
    { cost_inputs: { requested_tier: "a sentence that is secret" } },
    { cost_inputs: { extra_parts: [{ kind: "secret" }] } },
    { cost_inputs: { extra_usage: { audio_seconds: 1e308 } } },
  ];
  for (const changes of cases) {
    const { rows, rejected } = checkRows([good(changes)], RATES, NOW);
    deepEqual([rows.length, rejected[0]?.code], [0, "bad_row"], JSON.stringify(changes));
    equal(JSON.stringify(rejected).includes("secret"), false);
  }
});

Deno.test("checkRows() takes a row whose counts come to a cost that no column holds, without one", () => {
  const most = Number.MAX_SAFE_INTEGER;
  for (const changes of [{ prompt_tokens: most }, { cost_inputs: { extra_usage: { web_search_requests: most } } }]) {
    const { rows: [kept], rejected } = checkRows([good(changes)], RATES, NOW);
    deepEqual([kept?.columns["cost_pico"], kept?.columns["cost_missing"], rejected], [
      null,
      "implausible_cost",
      [],
    ]);
  }
});

Deno.test("checkRows() tells an unknown field from a bad one, at any depth, without its name", () => {
  for (
    const changes of [{ secret_field: 1 }, { cost_inputs: { secret_field: 1 } }, {
      cost_inputs: { extra_parts: [{ kind: "advisor", secret_field: 1 }] },
    }]
  ) {
    const { rejected } = checkRows([good(changes)], RATES, NOW);
    equal(rejected[0]?.code, "unknown_field");
    equal(JSON.stringify(rejected).includes("secret"), false);
  }
});

Deno.test("checkRows() takes a row without the fields that a preset leaves out", () => {
  const { hostname: _h, prompt_hash: _p, source_workdir: _w, ...minimal } = good();
  ok(checkRows([minimal], RATES, NOW).rows.length === 1);
});

Deno.test("checkRows() keeps what is not known as null", () => {
  const { rows } = checkRows([good({ prompt_tokens: null, usage_unknown: "cut", tokens_complete: false })], RATES, NOW);
  deepEqual([rows[0]?.columns["prompt_tokens"], rows[0]?.columns["cost_pico"]], [null, null]);
  equal(rows[0]?.columns["cost_missing"], "usage_unknown");
});

Deno.test("checkRows() hands the database times in UTC, whatever the offset: it knows none beyond 16 hours", () => {
  const { rows } = checkRows([good(at("2026-11-21T10:00:00.1239+23:00"))], RATES, NOW);
  equal(rows[0]?.columns["occurred_at"], "2026-11-20T11:00:00.123Z");
});
