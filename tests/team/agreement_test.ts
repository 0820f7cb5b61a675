/** What the meter's own envelope makes is what the server takes, and both price it the same. */

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { costOf } from "../../src/meter/cost.ts";
import { createRateTable } from "../../src/meter/rates.ts";
import { checkBody } from "../../src/team/bodies.ts";
import { checkRows } from "../../src/team/ingest.ts";
import { readingOf } from "../../src/team/recompute.ts";
import { bodyEnvelope } from "../../src/sync/body_envelope.ts";
import { rowOf } from "../../src/sync/envelope.ts";

const AT = Date.UTC(2026, 10, 21, 12);
const RATES = createRateTable();

/** A row of the meter's database with everything that it can hold. */
const COLUMNS: Readonly<Record<string, unknown>> = {
  requested_at: BigInt(AT),
  provider: "anthropic",
  host: "api.anthropic.com",
  method: "POST",
  path: "/v1/messages?beta=true",
  model: "claude-opus-5",
  requested_model: "claude-opus-5",
  mode: "streaming",
  request_kind: "chat",
  status: "success",
  http_status: 200n,
  error_class: null,
  provider_error_code: null,
  input_tokens: 3_200n,
  output_tokens: 850n,
  thinking_tokens: 100n,
  cache_read_tokens: 20_000n,
  cache_write_tokens: 3_000n,
  cache_write_5m_tokens: 3_000n,
  cache_write_1h_tokens: 0n,
  tokens_complete: 1n,
  usage_unknown: null,
  response_complete: 1n,
  billable: 1n,
  requested_tier: "auto",
  served_tier: "standard",
  speed: "standard",
  inference_geo: "us",
  provider_cost_pico: null,
  modalities: '{"inputImage":5}',
  extra_usage: '{"webSearchRequests":2}',
  extra_parts: JSON.stringify([{
    kind: "advisor",
    model: "claude-opus-5",
    usage: { input: 2_000, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, thinking: null },
  }]),
  response_usage: '{"input":1200,"cacheRead":20000,"cacheWrite5m":3000,"cacheWrite1h":0,"output":850,"thinking":100}',
  cost_pico: 1n,
  cost_missing: null,
  rates_source: "bundled-2026-11-20",
  billing_basis: "metered",
  latency_ms: 1234.56789,
  ttft_ms: 200,
  project: "acme/site",
  client_name: "Claude Code",
  duplicate_of: null,
  prompt_hash: "ab".repeat(32),
  source_workdir: "/home/ada/a folder",
};

const ALL = { hostname: true, promptHash: true, sourceWorkdir: true };

function sent(columns: Readonly<Record<string, unknown>>) {
  const row = { seq: 1, id: crypto.randomUUID(), revision: 1, columns };
  const options = { machineId: crypto.randomUUID(), hostname: "ada-laptop", allowed: () => ALL };
  return JSON.parse(JSON.stringify(rowOf(row, options)));
}

Deno.test("checkRows() takes the meter's row with everything in it, and reads back what the meter priced", () => {
  const { rows, rejected } = checkRows([sent(COLUMNS)], RATES, AT);
  deepEqual(rejected, []);
  const [priced] = rows;
  if (priced === undefined) throw new Error("the row is there");
  const reading = readingOf(priced.row);
  deepEqual(reading.parts.map(({ usage }) => usage.input), [1_200, 2_000]);
  deepEqual(reading.extra, { webSearchRequests: 2 });
  deepEqual(reading.parts[0].modalities, { inputImage: 5 });
  const cost = costOf(reading, RATES, AT);
  equal(cost.kind === "priced" ? cost.pico.toString() : cost.kind, priced.columns["cost_pico"]);
});

Deno.test("checkRows() takes the meter's row with everything that may be unknown unknown", () => {
  const needed = [
    "requested_at",
    "provider",
    "host",
    "method",
    "path",
    "mode",
    "request_kind",
    "status",
    "tokens_complete",
    "billing_basis",
  ];
  const columns = Object.fromEntries(
    Object.entries(COLUMNS).map(([name, value]) => [name, needed.includes(name) ? value : null]),
  );
  deepEqual(checkRows([sent(columns)], RATES, AT).rejected, []);
});

Deno.test("checkBody() takes the meter's envelope", () => {
  const id = crypto.randomUUID();
  const body = {
    direction: "response",
    contentType: "text/event-stream; charset=utf-8",
    text: "data: ü\n\n",
    rules: ["email"],
  } as const;
  const { envelope } = checkBody(JSON.parse(JSON.stringify(bodyEnvelope(id, body))), id);
  deepEqual(envelope.redaction_summary, ["email"]);
});
