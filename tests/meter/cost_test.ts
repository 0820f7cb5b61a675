import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { ModalityTokens, Provider, Reading, TokenUsage, UsagePart } from "../../src/domain/exchange.ts";
import { UNKNOWN_USAGE } from "../../src/domain/exchange.ts";
import { parsePricePerMTok, picoToMillicents } from "../../src/domain/money.ts";
import { costOf } from "../../src/meter/cost.ts";
import { createRateTable, type RateOverride } from "../../src/meter/rates.ts";
import { bareReading } from "./bare_reading.ts";

const NOW = Date.UTC(2026, 10, 21);
const table = createRateTable();

type Counts = readonly [input: number, cacheRead: number, write5m: number, write1h: number, output: number];

function usageOf([input, cacheRead, cacheWrite5m, cacheWrite1h, output]: Counts): TokenUsage {
  return { input, cacheRead, cacheWrite5m, cacheWrite1h, output, thinking: null };
}

function reading(provider: Provider, model: string | null, counts: Counts | TokenUsage, more: Partial<Reading> = {}) {
  const usage = "input" in counts ? counts : usageOf(counts);
  return bareReading({
    provider,
    requestedModel: model,
    servedModel: model,
    parts: [{ kind: "response", model, usage }],
    ...more,
  });
}

/** Pico-dollars, or the reason why there are none. */
function price(made: Reading, at = NOW, rates = table): bigint | string {
  const cost = costOf(made, rates, at);
  const sum = cost.explain.reduce((total, { pico }) => total + pico, 0n);
  equal(sum, cost.kind === "priced" ? cost.pico : 0n, "explained lines add up to the cost");
  return cost.kind === "priced" ? cost.pico : cost.kind === "free" ? "free" : cost.reason;
}

function withModalities(provider: Provider, model: string, counts: Counts, modalities: ModalityTokens): Reading {
  const part: UsagePart = { kind: "response", model, usage: usageOf(counts), modalities };
  return reading(provider, model, counts, { parts: [part] });
}

Deno.test("costOf() prices a cache write on Claude 3.7 Sonnet: 3 × $3 + 12,304 × $3.75 + 550 × $15", () => {
  const cost = price(reading("anthropic", "claude-3-7-sonnet-20250219", [3, 0, 12_304, 0, 550]));
  // 9 + 46,140 + 8,250 = 54,399 millionths; the vendor's console shows it cut to $0.05439.
  equal(cost, 54_399_000_000n);
  equal(picoToMillicents(54_399_000_000n), 5440n);
});

Deno.test("costOf() prices the recorded grok-3-mini call as its provider did", () => {
  const recorded = reading("xai", "grok-3-mini", [1, 11, 0, 0, 291]);
  equal(price(recorded), 146_625_000n);
  const charged = { ...recorded, providerCostPico: 1_466_250n * 100n };
  equal(price(charged), 146_625_000n);
});

Deno.test("costOf() takes the provider's charge over the table, also for an unknown model", () => {
  const cost = costOf(
    reading("xai", "grok-9", [10_120, 0, 0, 0, 4308], { providerCostPico: 23_285_600_000n }),
    table,
    NOW,
  );
  deepEqual(cost, {
    kind: "priced",
    pico: 23_285_600_000n,
    ratesSource: "provider",
    match: "provider_charge",
    explain: [{
      label: "provider charge",
      unit: "charge",
      count: 1,
      pricePerMillion: "23285.6",
      factor: "1",
      pico: 23_285_600_000n,
    }],
  });
});

Deno.test("costOf() prices the two cache lifetimes apart", () => {
  equal(price(reading("anthropic", "claude-opus-5-5", [0, 0, 1000, 0, 0])), 5_000_000_000n);
  equal(price(reading("anthropic", "claude-opus-5-5", [0, 0, 0, 1000, 0])), 8_000_000_000n);
});

Deno.test("costOf() moves a whole GPT-5.6 request to the upper prices, cache included in its length", () => {
  // 270,540 × $8 + 7,936 × $0.80 + 1,000 × $30
  equal(price(reading("openai", "gpt-5.6", [270_540, 7936, 0, 0, 1000])), 2_200_668_800_000n);
  // Without the cached tokens the prompt is short: 270,540 × $4 + 1,000 × $20
  equal(price(reading("openai", "gpt-5.6", [270_540, 0, 0, 0, 1000])), 1_102_160_000_000n);
  // Cache writes count as well.
  equal(price(reading("openai", "gpt-5.6", [270_540, 0, 7936, 0, 0])), 2_164_320_000_000n + 79_360_000_000n);
});

Deno.test("costOf() halves Sonnet 5.5 cache reads from 2026-10-07 on", () => {
  const made = reading("anthropic", "claude-sonnet-5-5", [0, 1_000_000, 0, 0, 0]);
  equal(price(made, Date.UTC(2026, 9, 7) - 1), 200_000_000_000n);
  equal(price(made, Date.UTC(2026, 9, 7)), 100_000_000_000n);
});

Deno.test("costOf() charges exactly the threshold at the lower price and one token more at the upper, for every tier", () => {
  let tried = 0;
  for (const { provider, id, from, prices, tiers = [] } of table.list()) {
    const at = from === null ? Date.UTC(2026, 1, 1) : Date.parse(`${from}`) + 1;
    const [tier] = tiers;
    if (tier === undefined || prices.input === undefined || tier.prices.input === undefined) continue;
    const below = price(reading(provider, id, [tier.above, 0, 0, 0, 0]), at);
    const above = price(reading(provider, id, [tier.above + 1, 0, 0, 0, 0]), at);
    equal(below, BigInt(tier.above) * parsePricePerMTok(prices.input), `${provider} ${id}`);
    equal(above, BigInt(tier.above + 1) * parsePricePerMTok(tier.prices.input), `${provider} ${id}`);
    tried++;
  }
  equal(tried >= 28, true, `${tried} tiered lines`);
});

Deno.test("costOf() knows where each vendor's upper price begins", () => {
  const cases: readonly (readonly [Provider, string, number, number])[] = [
    ["anthropic", "claude-sonnet-4-5", Date.UTC(2026, 0, 1), 200_001],
    ["anthropic", "claude-haiku-5-5", NOW, 100_001],
    ["openai", "gpt-5.4", NOW, 272_001],
    ["openai", "gpt-5.6-luna", NOW, 272_001],
    ["openai", "gpt-6-sol", NOW, 272_001],
    ["openai", "gpt-6.1-sol", NOW, 272_001],
    ["gemini", "gemini-2.5-pro", NOW, 200_001],
    ["gemini", "gemini-1.5-pro", NOW, 128_001],
    ["xai", "grok-4.5", NOW, 200_000],
  ];
  for (const [provider, model, at, first] of cases) {
    const one = price(reading(provider, model, [1, 0, 0, 0, 0]), at);
    const lower = price(reading(provider, model, [first - 1, 0, 0, 0, 0]), at);
    const upper = price(reading(provider, model, [first, 0, 0, 0, 0]), at);
    if (typeof one !== "bigint") throw new Error(`${model}: ${one}`);
    equal(lower, one * BigInt(first - 1), model);
    equal(typeof upper === "bigint" && upper >= 2n * one * BigInt(first), true, model);
  }
});

Deno.test("costOf() leaves an unknown model unpriced", () => {
  for (const model of ["claude-mythos-5-2", "claude-sonnet-5-6", "gpt-7", "claude-opus-5-fast"]) {
    equal(price(reading("anthropic", model, [1, 0, 0, 0, 1])), "unknown_model", model);
  }
  equal(price(reading("openai", null, [1, 0, 0, 0, 1])), "model_not_reported");
});

Deno.test("costOf() calls free only what bills nothing, before anything else", () => {
  equal(price(reading("openai", null, UNKNOWN_USAGE, { billable: false, complete: false })), "free");
});

Deno.test("costOf() gives no final price to a stream that was cut, whatever was seen of it", () => {
  const cut = { complete: false, usageUnknown: "cut" } as const;
  equal(price(reading("openai", "gpt-5", [1, 0, 0, 0, 1], cut)), "usage_incomplete");
  equal(price(reading("xai", "grok-4.5", [1, 0, 0, 0, 1], { ...cut, providerCostPico: 5n })), "usage_incomplete");
});

Deno.test("costOf() prices a stream that was cut after its usage was told in full", () => {
  const whole = price(reading("openai", "gpt-5", [1, 0, 0, 0, 1]));
  equal(price(reading("openai", "gpt-5", [1, 0, 0, 0, 1], { complete: false, usageUnknown: null })), whole);
});

Deno.test("costOf() needs every count that its price depends on", () => {
  const known = usageOf([10, 0, 0, 0, 10]);
  equal(price(reading("openai", "gpt-5", { ...known, output: null })), "usage_unknown");
  equal(price(reading("openai", "gpt-5", { ...known, input: null })), "usage_unknown");
  equal(price(reading("openai", "gpt-5", { ...known, cacheRead: null })), "usage_unknown");
  equal(price(reading("openai", "gpt-5", UNKNOWN_USAGE)), "usage_unknown");
  // gpt-5 has neither a write price nor a long-context tier, so the count changes nothing; gpt-5.6 has both.
  equal(price(reading("openai", "gpt-5", { ...known, cacheWrite5m: null })), 112_500_000n);
  equal(price(reading("openai", "gpt-5.6", { ...known, cacheWrite1h: null })), "usage_unknown");
  equal(price(reading("openai", "gpt-5", known, { usageUnknown: "not_requested" })), "usage_unknown");
  equal(price(reading("gemini", "gemma-3", UNKNOWN_USAGE)), "usage_unknown");
});

Deno.test("costOf() takes counts that are no counts as unknown", () => {
  for (const input of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    equal(price(reading("openai", "gpt-5", [input, 0, 0, 0, 0])), "usage_unknown", String(input));
  }
});

Deno.test("costOf() has no price for a bucket without a rate", () => {
  equal(price(reading("openai", "gpt-5", [10, 0, 1, 0, 10])), "rate_missing");
  equal(price(reading("openai", "gpt-5-pro", [10, 1, 0, 0, 10])), "rate_missing");
  equal(price(reading("openai", "text-embedding-3-small", [10, 0, 0, 0, 1])), "rate_missing");
  equal(price(reading("openai", "text-embedding-3-small", [10, 0, 0, 0, 0])), 200_000n);
  equal(price(reading("gemini", "gemma-3", [10, 0, 0, 0, 0])), "rate_missing");
});

Deno.test("costOf() halves batch and flex, and counts no tier twice", () => {
  const counts: Counts = [100, 0, 0, 0, 100];
  const base = 1_125_000_000n;
  equal(price(reading("openai", "gpt-5", counts)), base);
  equal(price(reading("openai", "gpt-5", counts, { servedTier: "flex" })), base / 2n);
  equal(price(reading("openai", "gpt-5", counts, { mode: "batch" })), base / 2n);
  equal(price(reading("anthropic", "claude-opus-5", counts, { mode: "batch", servedTier: "batch" })), 1_500_000_000n);
});

Deno.test("costOf() prices the tier that served and has no price for a tier without one", () => {
  const counts: Counts = [100, 0, 0, 0, 100];
  const served = (model: string, servedTier: string) => price(reading("openai", model, counts, { servedTier }));
  equal(served("gpt-5", "priority"), 2_250_000_000n);
  equal(served("gpt-5-mini", "priority"), 405_000_000n);
  equal(served("gpt-5-pro", "priority"), "tier_unknown");
  equal(served("gpt-6-luna", "ultrafast"), "tier_unknown");
  equal(
    price(reading("openai", "gpt-5", counts, { requestedTier: "priority", servedTier: "default" })),
    1_125_000_000n,
  );
  equal(price(reading("xai", "grok-4.5", counts, { servedTier: "priority" })), "tier_unknown");
  equal(price(reading("anthropic", "claude-opus-5", counts, { servedTier: "priority" })), "tier_unknown");
  equal(price(reading("gemini", "gemini-2.5-pro", counts, { servedTier: "PROVISIONED_THROUGHPUT" })), "tier_unknown");
});

Deno.test("costOf() applies fast mode and region to tokens, and neither to searches", () => {
  const counts: Counts = [1000, 0, 0, 0, 1000];
  const made = (fields: Partial<Reading>) => price(reading("anthropic", "claude-opus-5-5", counts, fields));
  equal(made({}), 24_000_000_000n);
  equal(made({ speed: "fast" }), 48_000_000_000n);
  equal(made({ inferenceGeo: "us" }), 26_400_000_000n);
  equal(made({ speed: "fast", inferenceGeo: "us" }), 52_800_000_000n);
  equal(made({ inferenceGeo: "us", extra: { webSearchRequests: 3 } }), 26_400_000_000n + 30_000_000_000n);
  equal(made({ mode: "batch", extra: { webSearchRequests: 3 } }), 12_000_000_000n + 30_000_000_000n);
});

Deno.test("costOf() keeps fast mode at the base prices however long the prompt", () => {
  const at = Date.UTC(2026, 2, 1);
  const made = reading("anthropic", "claude-opus-4-6", [300_000, 0, 0, 0, 0]);
  equal(price(made, at), 3_000_000_000_000n);
  equal(price({ ...made, speed: "fast" }, at), 9_000_000_000_000n);
});

Deno.test("costOf() has no price for charges that it cannot count or has no rate for", () => {
  const counts: Counts = [1, 0, 0, 0, 1];
  equal(
    price(reading("anthropic", "claude-3-opus-latest", counts, { extra: { webSearchRequests: 1 } })),
    "rate_missing",
  );
  equal(price(reading("openai", "gpt-5", counts, { extra: { toolCalls: 1 } })), "rate_missing");
  equal(price(reading("openai", "gpt-5", counts, { extra: { audioSeconds: 1 } })), "rate_missing");
  equal(price(reading("openai", "gpt-5", counts, { extra: { toolCalls: 0, audioSeconds: 0 } })), 11_250_000n);
  equal(price(reading("xai", "grok-voice-latest", [1, 0, 0, 0, 0])), "rate_missing");
});

Deno.test("costOf() prices video and cached images where they are told, and not where the price hangs on them untold", () => {
  equal(price(reading("gemini", "gemini-embedding-2", [1000, 0, 0, 0, 0])), "usage_unknown");
  equal(price(withModalities("gemini", "gemini-embedding-2", [1000, 0, 0, 0, 0], {})), 200_000_000n);
  // 600 × $0.20 + 300 × $12 + 100 × $0.45
  const seen = { inputVideo: 300, inputImage: 100 };
  equal(price(withModalities("gemini", "gemini-embedding-2", [1000, 0, 0, 0, 0], seen)), 3_765_000_000n);
  equal(
    price(withModalities("gemini", "gemini-omni-flash-preview", [10, 0, 0, 0, 100], { outputVideo: 90 })),
    1_680_000_000n,
  );
  equal(price(withModalities("gemini", "gemini-2.5-pro", [10, 0, 0, 0, 0], { inputVideo: 4 })), 12_500_000n);
  equal(price(withModalities("gemini", "gemini-2.5-pro", [10, 0, 0, 0, 9], { outputVideo: 4 })), "rate_missing");
  // 100 × $4 + 30 × $0.40 + 20 × $0.50 + 50 × $0.40
  const cached = { cacheReadAudio: 50, cacheReadImage: 20 };
  equal(price(withModalities("openai", "gpt-realtime", [100, 100, 0, 0, 0], cached)), 442_000_000n);
  equal(price(withModalities("openai", "gpt-realtime", [100, 100, 0, 0, 0], { cacheReadImage: 0 })), 440_000_000n);
  equal(price(withModalities("gemini", "gemini-2.5-pro", [0, 100, 0, 0, 0], { cacheReadImage: 40 })), 12_500_000n);
  equal(price(withModalities("openai", "gpt-realtime", [0, 10, 0, 0, 0], { cacheReadImage: 11 })), "usage_unknown");
});

Deno.test("costOf() bills transcription by the second where the model is", () => {
  const heard = { extra: { audioSeconds: 37 }, usageUnknown: "not_reported" } as const;
  equal(price(reading("openai", "whisper-1", UNKNOWN_USAGE, heard)), 3_700_000_000n);
  equal(price(reading("openai", "gpt-transcribe", UNKNOWN_USAGE, heard)), 2_775_000_000n);
  equal(price(reading("openai", "whisper-1", UNKNOWN_USAGE, { extra: { audioSeconds: 0.5 } })), 50_000_000n);
  equal(price(reading("openai", "whisper-1", UNKNOWN_USAGE)), "usage_unknown");
});

Deno.test("costOf() prices audio and images at their own rates", () => {
  // 600 × $4 + 300 × $32 + 100 × $5 of input, 50 × $16 + 150 × $64 of output
  const made = withModalities("openai", "gpt-realtime", [1000, 0, 0, 0, 200], {
    inputAudio: 300,
    inputImage: 100,
    outputAudio: 150,
  });
  equal(price(made), 2_400_000_000n + 9_600_000_000n + 500_000_000n + 800_000_000n + 9_600_000_000n);
  equal(price(withModalities("gemini", "gemini-2.5-flash", [0, 100, 0, 0, 0], { cacheReadAudio: 100 })), 10_000_000n);
  equal(price(withModalities("openai", "gpt-image-1", [0, 0, 0, 0, 100], { outputImage: 100 })), 4_000_000_000n);
});

Deno.test("costOf() has no price for audio without a rate, and bills images as input where one price covers both", () => {
  const spoken = { inputAudio: 1 };
  equal(price(withModalities("openai", "gpt-4o-audio-preview", [10, 0, 0, 0, 0], spoken)), "rate_missing");
  equal(price(withModalities("gemini", "gemini-2.5-pro", [10, 0, 0, 0, 0], { inputImage: 4 })), 12_500_000n);
  equal(price(withModalities("openai", "gpt-5", [10, 0, 0, 0, 4], { outputImage: 4 })), "rate_missing");
});

Deno.test("costOf() does not bill a subset that is larger than its whole, nor a cache whose images it cannot tell", () => {
  equal(price(withModalities("openai", "gpt-realtime", [10, 0, 0, 0, 0], { inputAudio: 11 })), "usage_unknown");
  equal(price(withModalities("openai", "gpt-realtime", [10, 0, 0, 0, 5], { outputAudio: 6 })), "usage_unknown");
  equal(price(reading("openai", "gpt-realtime", [10, 5, 0, 0, 0])), "usage_unknown");
});

Deno.test("costOf() prices every part under its own model", () => {
  const parts: Reading["parts"] = [
    { kind: "response", model: "claude-sonnet-5-5", usage: usageOf([2414, 0, 0, 0, 3200]) },
    { kind: "advisor", model: "claude-opus-5-5-20260922", usage: usageOf([2728, 0, 0, 0, 874]) },
    { kind: "compaction", model: "claude-sonnet-5-5", usage: usageOf([60_385, 0, 55_096, 0, 522]) },
  ];
  const cost = costOf(reading("anthropic", "claude-sonnet-5-5", UNKNOWN_USAGE, { parts }), table, NOW);
  if (cost.kind !== "priced") throw new Error(JSON.stringify(cost));
  const response = 2414n * 2_000_000n + 3200n * 10_000_000n;
  const advisor = 2728n * 4_000_000n + 874n * 20_000_000n;
  const compaction = 60_385n * 2_000_000n + 55_096n * 2_500_000n + 522n * 10_000_000n;
  equal(cost.pico, response + advisor + compaction);
  equal(cost.match, "alias");
  deepEqual(cost.explain.map(({ label }) => label), [
    "input",
    "output",
    "advisor: input",
    "advisor: output",
    "compaction: input",
    "compaction: cache write 5m",
    "compaction: output",
  ]);
});

Deno.test("costOf() has no price for the whole when one part has none", () => {
  const parts: Reading["parts"] = [
    { kind: "response", model: "claude-opus-5", usage: usageOf([1, 0, 0, 0, 1]) },
    { kind: "advisor", model: "claude-mythos-5-2", usage: usageOf([1, 0, 0, 0, 1]) },
  ];
  equal(price(reading("anthropic", "claude-opus-5", UNKNOWN_USAGE, { parts })), "unknown_model");
});

Deno.test("costOf() applies an override with the factors of the model it stands for", () => {
  const line: RateOverride = {
    provider: "openai",
    model: "gpt-5-codex",
    prices: { input: "1", output: "4" },
    validFrom: null,
    validUntil: null,
  };
  const own = createRateTable([line]);
  const made = reading("openai", "gpt-5-codex", [100, 0, 0, 0, 100], { servedTier: "priority" });
  const cost = costOf(made, own, NOW);
  equal(cost.kind === "priced" && cost.ratesSource, "override");
  equal(price(made, NOW, own), 1_000_000_000n);
  equal(price(reading("openai", "gpt-5-codex", [100, 1, 0, 0, 100]), NOW, own), "rate_missing");
});

Deno.test("costOf() rounds once, half to even, and its lines add up to the rounded sum", () => {
  const line: RateOverride = {
    provider: "openai",
    model: "odd",
    prices: { input: "0.000001", cacheRead: "0.000001", output: "0.000001" },
    validFrom: null,
    validUntil: null,
  };
  const own = createRateTable([line]);
  const half = (counts: Counts) => price(reading("openai", "odd", counts, { servedTier: "flex" }), NOW, own);
  equal(half([1, 0, 0, 0, 0]), 0n);
  equal(half([3, 0, 0, 0, 0]), 2n);
  equal(half([5, 0, 0, 0, 0]), 2n);
  // Three halves are one and a half: rounded line by line this would be nothing.
  equal(half([1, 1, 0, 0, 1]), 2n);
});

Deno.test("costOf() explains each line with its count, price and factor", () => {
  const made = reading("openai", "o4-mini", [1100, 0, 0, 0, 550], { servedTier: "priority" });
  const cost = costOf(made, table, NOW);
  deepEqual(cost.explain, [
    { label: "input", unit: "tokens", count: 1100, pricePerMillion: "1.1", factor: "20/11", pico: 2_200_000_000n },
    { label: "output", unit: "tokens", count: 550, pricePerMillion: "4.4", factor: "20/11", pico: 4_400_000_000n },
  ]);
  const searched = costOf(
    reading("anthropic", "claude-opus-5", [0, 0, 0, 0, 0], { extra: { webSearchRequests: 2 } }),
    table,
    NOW,
  );
  deepEqual(searched.explain, [
    { label: "web search", unit: "requests", count: 2, pricePerMillion: "10000", factor: "1", pico: 20_000_000_000n },
  ]);
});

Deno.test("costOf() has no cost for a call that comes to more than 10,000 USD, by its counts, its prices or its provider", () => {
  const model = "claude-3-7-sonnet-20250219";
  // 3 USD per million: 10,000 USD are 10,000 millions / 3.
  equal(price(reading("anthropic", model, [3_333_333_333, 0, 0, 0, 0])), 9_999_999_999_000_000n);
  equal(price(reading("anthropic", model, [3_333_333_334, 0, 0, 0, 0])), "implausible_cost");
  equal(price(reading("xai", "grok-4.6", [1, 0, 0, 0, 1], { providerCostPico: 10n ** 16n })), 10n ** 16n);
  equal(price(reading("xai", "grok-4.6", [1, 0, 0, 0, 1], { providerCostPico: 10n ** 16n + 1n })), "implausible_cost");
});
