import { deepStrictEqual as deepEqual } from "node:assert/strict";
import type { Reading } from "../../src/domain/exchange.ts";
import { priceNotes } from "../../src/meter/price_notes.ts";
import { createRateTable } from "../../src/meter/rates.ts";
import { bareReading } from "./bare_reading.ts";

const NOW = Date.UTC(2026, 10, 21);

function notes(model: string, input: number, more: Partial<Reading> = {}, at = NOW): string[] {
  const usage = { input, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 1, thinking: null };
  return priceNotes(
    bareReading({
      requestedModel: model,
      servedModel: model,
      parts: [{ kind: "response", model, usage }],
      ...more,
    }),
    createRateTable(),
    at,
  );
}

Deno.test("priceNotes() has nothing to say of list prices, of models without one, and of what bills nothing", () => {
  deepEqual(notes("claude-haiku-5-5", 100_000), []);
  deepEqual(notes("foo-1", 100_001, { speed: "fast" }), []);
  deepEqual(notes("claude-haiku-5-5", 100_001, { billable: false }), []);
  deepEqual(notes("claude-haiku-5-5", 100_001, { providerCostPico: 1n }), []);
});

Deno.test("priceNotes() tells of a long prompt, a tier and a region", () => {
  deepEqual(notes("claude-haiku-5-5", 100_001), [
    "The prompt of claude-haiku-5-5 has more than 100000 tokens: every token at the long-context price",
  ]);
  deepEqual(notes("claude-opus-5-5", 1, { mode: "batch", inferenceGeo: "us" }), [
    "Served as batch: token prices of claude-opus-5-5 times 0.5",
    "Served in region us: token prices of claude-opus-5-5 times 1.1",
  ]);
});

Deno.test("priceNotes() does not call a prompt long where the tier is priced at base prices", () => {
  const usage = { input: 300_000, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 1, thinking: null };
  const parts: Reading["parts"] = [{ kind: "response", model: "claude-opus-4-6", usage }];
  deepEqual(notes("claude-opus-4-6", 0, { parts, speed: "fast" }, Date.UTC(2026, 2, 1)), [
    "Served as fast: token prices of claude-opus-4-6 times 6",
  ]);
});

Deno.test("priceNotes() says that Google's searches are not in the cost", () => {
  const searched = (model: string, provider: "gemini" | "anthropic") => {
    return notes(model, 10, { provider, extra: { webSearchRequests: 3 } });
  };
  deepEqual(searched("gemini-2.5-flash", "gemini"), [
    "Google searches are not in this cost (3): a free allowance comes first, of which no response tells",
  ]);
  deepEqual(searched("claude-haiku-5-5", "anthropic"), []);
});
