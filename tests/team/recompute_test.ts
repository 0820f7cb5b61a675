import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { createRateTable } from "../../src/meter/rates.ts";
import { readingOf, recompute } from "../../src/team/recompute.ts";
import { Row } from "../../src/team/row_schema.ts";
import { row } from "./support/server.ts";

const RATES = createRateTable();
const AT = Date.UTC(2026, 10, 21);
const parsed = (changes: Readonly<Record<string, unknown>>) => Row.parse(row(changes));

Deno.test("recompute() prices what the meter prices, and what it cannot price has the meter's reason", () => {
  const cases: [Record<string, unknown>, bigint | null, string | null][] = [
    [{}, 56_000_000_000n, null],
    [{ cost_inputs: { served_tier: "batch" } }, 28_000_000_000n, null],
    [{ cost_inputs: { billable: false } }, 0n, null],
    [{ cost_inputs: { provider_cost_pico: "123" } }, 123n, null],
    [{ cost_inputs: { served_tier: "priority" } }, null, "tier_unknown"],
    [{ model: "no-such-model" }, null, "unknown_model"],
    [{ model: null }, null, "model_not_reported"],
    [{ prompt_tokens: null, usage_unknown: "not_reported" }, null, "usage_unknown"],
    [{ usage_unknown: "cut", cost_inputs: { response_complete: false } }, null, "usage_incomplete"],
    [{ duplicate_of: crypto.randomUUID() }, null, "duplicate"],
  ];
  for (const [changes, pico, missing] of cases) {
    const cost = recompute(parsed(changes), RATES, AT);
    deepEqual([cost.pico, cost.missing], [pico, missing], JSON.stringify(changes));
  }
});

Deno.test("recompute() adds parts that are billed under models of their own", () => {
  const inputs = {
    response_usage: {
      prompt_tokens: 1_000,
      completion_tokens: 0,
      cache_read_tokens: 0,
      cache_write_5m_tokens: 0,
      cache_write_1h_tokens: 0,
    },
    extra_parts: [{
      kind: "advisor",
      model: "claude-opus-5",
      prompt_tokens: 2_000,
      completion_tokens: 0,
      cache_read_tokens: 0,
      cache_write_5m_tokens: 0,
      cache_write_1h_tokens: 0,
    }],
  };
  equal(recompute(parsed({ cost_inputs: inputs }), RATES, AT).pico, 3_000n * 5_000_000n);
});

Deno.test("readingOf() tells modalities that were not told from those of which there were none", () => {
  equal(readingOf(parsed({ cost_inputs: {} })).parts[0].modalities, undefined);
  deepEqual(readingOf(parsed({ cost_inputs: { modalities: {} } })).parts[0].modalities, {});
  const { parts, extra } = readingOf(
    parsed({
      cost_inputs: { modalities: { input_audio: 5, cache_read_image: 0 }, extra_usage: { web_search_requests: 2 } },
    }),
  );
  deepEqual(parts[0].modalities, { inputAudio: 5, cacheReadImage: 0 });
  deepEqual(extra, { webSearchRequests: 2 });
});
