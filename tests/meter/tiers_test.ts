import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { Provider, Reading } from "../../src/domain/exchange.ts";
import { formatFraction } from "../../src/domain/money.ts";
import { regionFactor, type Tier, tierFactor, tierOf } from "../../src/meter/tiers.ts";
import { bareReading } from "./bare_reading.ts";

function reading(provider: Provider, fields: Partial<Reading> = {}): Reading {
  return bareReading({ provider, ...fields });
}

function factor(tier: Tier, provider: Provider, id: string, long = false): string {
  const found = tierFactor(tier, provider, id, long);
  return found === null ? "none" : formatFraction(found.factor);
}

Deno.test("tierOf() believes the response over the request", () => {
  equal(tierOf(reading("openai", { requestedTier: "priority", servedTier: "default" })), "standard");
  equal(tierOf(reading("openai", { requestedTier: "auto", servedTier: "priority" })), "fast");
  equal(tierOf(reading("openai", { requestedTier: "flex", servedTier: null })), "flex");
  equal(tierOf(reading("openai", { requestedTier: "flex", servedTier: "auto" })), "flex");
  equal(tierOf(reading("openai", { servedTier: "auto" })), "standard");
  equal(tierOf(reading("openai")), "standard");
});

Deno.test("tierOf() reads each vendor's own names", () => {
  const cases: readonly (readonly [Provider, string, Tier])[] = [
    ["anthropic", "standard", "standard"],
    ["anthropic", "batch", "batch"],
    ["anthropic", "priority", "unknown"],
    ["openai", "fast", "fast"],
    ["openai", "ultrafast", "ultrafast"],
    ["openai", "scale", "unknown"],
    ["gemini", "ON_DEMAND", "standard"],
    ["gemini", "ON_DEMAND_FLEX", "flex"],
    ["gemini", "ON_DEMAND_PRIORITY", "fast"],
    ["gemini", "ON_DEMAND_OFFPEAK", "unknown"],
    ["gemini", "PROVISIONED_THROUGHPUT", "unknown"],
    ["xai", "default", "standard"],
    ["xai", "constructor", "unknown"],
  ];
  for (const [provider, servedTier, want] of cases) {
    equal(tierOf(reading(provider, { servedTier })), want, `${provider} ${servedTier}`);
  }
});

Deno.test("tierOf() joins speed and batch with the tier, and calls a contradiction unknown", () => {
  equal(tierOf(reading("anthropic", { servedTier: "standard", speed: "fast" })), "fast");
  equal(tierOf(reading("anthropic", { servedTier: "fast", speed: "fast" })), "fast");
  equal(tierOf(reading("anthropic", { servedTier: "standard", speed: "standard" })), "standard");
  equal(tierOf(reading("anthropic", { servedTier: "batch", speed: "fast" })), "unknown");
  equal(tierOf(reading("anthropic", { servedTier: "batch", mode: "batch" })), "batch");
  equal(tierOf(reading("openai", { servedTier: "default", mode: "batch" })), "batch");
  equal(tierOf(reading("openai", { servedTier: "flex", mode: "batch" })), "unknown");
});

Deno.test("tierFactor() halves batch and flex only where the vendor does", () => {
  equal(factor("batch", "anthropic", "claude-opus-5"), "0.5");
  equal(factor("batch", "openai", "gpt-5"), "0.5");
  equal(factor("batch", "gemini", "gemini-2.5-pro"), "0.5");
  equal(factor("batch", "xai", "grok-4.5"), "none");
  equal(factor("flex", "openai", "gpt-5"), "0.5");
  equal(factor("flex", "gemini", "gemini-2.5-pro"), "0.5");
  equal(factor("flex", "anthropic", "claude-opus-5"), "none");
});

Deno.test("tierFactor() knows fast prices per model, and none for a model without them", () => {
  const cases: readonly (readonly [Provider, string, string])[] = [
    ["anthropic", "claude-opus-4-6", "6"],
    ["anthropic", "claude-opus-4-7", "6"],
    ["anthropic", "claude-opus-4-8", "2"],
    ["anthropic", "claude-opus-5", "2"],
    ["anthropic", "claude-opus-5-5", "2"],
    ["anthropic", "claude-sonnet-5", "none"],
    ["openai", "gpt-5.5", "2.5"],
    ["openai", "gpt-5-mini", "1.8"],
    ["openai", "gpt-4o", "1.7"],
    ["openai", "gpt-4o-mini", "5/3"],
    ["openai", "o4-mini", "20/11"],
    ["openai", "gpt-5-pro", "none"],
    ["openai", "toString", "none"],
    ["gemini", "gemini-3.8-flash", "1.8"],
    ["gemini", "gemini-2.5-pro", "none"],
    ["xai", "grok-4.5", "none"],
  ];
  for (const [provider, id, want] of cases) equal(factor("fast", provider, id), want, id);
});

Deno.test("tierFactor() gives long prompts a fast price only where one is published", () => {
  equal(factor("fast", "openai", "gpt-5.5", true), "none");
  equal(factor("fast", "openai", "gpt-5.6-sol", true), "2");
  deepEqual(tierFactor("fast", "anthropic", "claude-opus-4-6", true), {
    factor: { num: 6n, den: 1n },
    basePricesOnly: true,
  });
});

Deno.test("tierFactor() leaves the standard tier alone and knows nothing of an unknown one", () => {
  equal(factor("standard", "xai", "anything"), "1");
  equal(factor("unknown", "openai", "gpt-5"), "none");
});

Deno.test("regionFactor() adds a tenth for the US from Opus 4.6 on and knows no other place", () => {
  const cases: readonly (readonly [string | null, string, string])[] = [
    ["us", "claude-opus-4-6", "1.1"],
    ["us", "claude-sonnet-4-6", "1.1"],
    ["us", "claude-opus-5-5", "1.1"],
    ["US", "claude-haiku-5-5", "1.1"],
    ["us", "claude-opus-4-5", "none"],
    ["us", "claude-haiku-4-5", "none"],
    ["us", "claude-3-7-sonnet-latest", "none"],
    ["global", "claude-opus-4-5", "1"],
    ["not_available", "claude-opus-5", "1"],
    [null, "claude-opus-5", "1"],
    ["eu", "claude-opus-5", "none"],
  ];
  for (const [geo, id, want] of cases) {
    const found = regionFactor("anthropic", geo, id);
    equal(found === null ? "none" : formatFraction(found), want, `${geo} ${id}`);
  }
  deepEqual(regionFactor("openai", "us", "gpt-5"), { num: 1n, den: 1n });
});

Deno.test("tierFactor() knows ultrafast where its price was published", () => {
  equal(factor("ultrafast", "openai", "gpt-6-astra"), "6");
  equal(factor("ultrafast", "openai", "gpt-6.1-sol"), "6");
  equal(factor("ultrafast", "openai", "gpt-6.1-sol", true), "none");
  equal(factor("ultrafast", "openai", "gpt-6-luna"), "none");
  equal(factor("ultrafast", "anthropic", "gpt-6-astra"), "none");
});

Deno.test("tierFactor() knows the fast prices of the newest models of OpenAI's", () => {
  deepEqual(["gpt-6-sol", "gpt-6.1-terra", "gpt-6.2-sol"].map((id) => factor("fast", "openai", id)), ["2", "2", "2"]);
  deepEqual(["gpt-6-sol", "gpt-6.2-sol"].map((id) => factor("fast", "openai", id, true)), ["none", "2"]);
});
