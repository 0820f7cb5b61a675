/**
 * The seventeen reference vectors as raw HTTP, with the exact cost of each. Counts are from recorded responses; prices are
 * those of the bundled table on 2026-11-21 in USD per million tokens, so a count times a price is millionths of a dollar.
 *
 * Needs --allow-read=tests/transcripts.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { createRateTable, type RateTable } from "../../src/meter/rates.ts";
import { BUNDLED, counts, type Metered, meterOne, price } from "./wire.ts";

const MESSAGES = "POST api.anthropic.com/v1/messages?beta=true";
const GENERATE = "POST generativelanguage.googleapis.com/v1beta/models/gemini-3-pro:generateContent";

/** gemini-3-pro is not listed; here it costs what gemini-3-pro-preview does. */
const WITH_GEMINI_3_PRO = createRateTable([{
  provider: "gemini",
  model: "gemini-3-pro",
  prices: { input: "2", cacheRead: "0.2", output: "12" },
  validFrom: null,
  validUntil: null,
}]);

/** The models of the fallback vector have letters for names; the declined one is dear, so that billing it would show. */
const WITH_A_AND_B = createRateTable([
  {
    provider: "anthropic",
    model: "A",
    prices: { input: "1000", cacheRead: "1", cacheWrite5m: "1", cacheWrite1h: "1", output: "1000" },
    validFrom: null,
    validUntil: null,
  },
  {
    provider: "anthropic",
    model: "B",
    prices: { input: "3", cacheRead: "0.3", cacheWrite5m: "3.75", cacheWrite1h: "6", output: "15" },
    validFrom: null,
    validUntil: null,
  },
]);

interface Vector {
  readonly name: string;
  readonly transcript: string;
  readonly call: string;
  readonly request?: unknown;
  readonly requestType?: string;
  readonly rates?: RateTable;
  readonly counts: readonly (number | null)[];
  /** Pico-dollars, or why there is no price. */
  readonly cost: bigint | string;
  readonly also?: (metered: Metered) => void;
}

const VECTORS: readonly Vector[] = [
  {
    name: "vector 1, Anthropic thinking",
    transcript: "anthropic/01_thinking.json",
    call: MESSAGES,
    counts: [51, 0, 0, 0, 1699, 139],
    // Opus 5.5: 51 × 4 + 1,699 × 20 = 204 + 33,980 = 34,184; thinking is inside the output.
    cost: 34_184_000_000n,
  },
  {
    name: "vector 2, Anthropic cache that grows in the stream",
    transcript: "anthropic/02_cache_growing.sse",
    call: MESSAGES,
    counts: [6, 6289, 3337, 0, 198, 0],
    // Sonnet 5.5 since 2026-10-07: 6 × 2 + 6,289 × 0.1 + 3,337 × 2.5 + 198 × 10 = 12 + 628.9 + 8,342.5 + 1,980
    cost: 10_963_400_000n,
  },
  {
    name: "vector 3, Anthropic compaction",
    transcript: "anthropic/03_compaction.sse",
    call: MESSAGES,
    request: { model: "claude-opus-5-5", stream: true },
    counts: [612, 0, 0, 0, 2819, null],
    // Sonnet 5.5: 612 × 2 + 2,819 × 10 = 29,414; compaction at Opus 5.5: 60,385 × 4 + 522 × 20 = 251,980
    cost: 281_394_000_000n,
    also: (metered) => deepEqual(counts(metered, 1), [60385, 0, 0, 0, 522, null]),
  },
  {
    name: "vector 4, Anthropic advisor",
    transcript: "anthropic/04_advisor.json",
    call: MESSAGES,
    counts: [2414, 0, 0, 0, 3200, null],
    // Sonnet 5.5: 2,414 × 2 + 3,200 × 10 = 36,828; advisor at Opus 5.5: 2,728 × 4 + 874 × 20 = 28,392
    cost: 65_220_000_000n,
    also: (metered) => deepEqual(counts(metered, 1), [2728, 0, 0, 0, 874, null]),
  },
  {
    name: "vector 5, Anthropic fallback, with prices for its made-up models",
    transcript: "anthropic/05_fallback.sse",
    call: MESSAGES,
    request: { model: "A", stream: true },
    rates: WITH_A_AND_B,
    counts: [412, 0, 0, 0, 264, null],
    // B: 412 × 3 + 264 × 15 = 1,236 + 3,960
    cost: 5_196_000_000n,
    also: ({ reading }) => deepEqual([reading.servedModel, reading.parts.length], ["B", 1]),
  },
  {
    name: "vector 6, Anthropic's older form",
    transcript: "anthropic/06_old_form.sse",
    call: MESSAGES,
    counts: [17, 0, 0, 0, 65, null],
    // Claude 3 Haiku: 17 × 0.25 + 65 × 1.25 = 4.25 + 81.25
    cost: 85_500_000n,
  },
  {
    name: "vector 7, OpenAI cache write",
    transcript: "openai/07_cache_write.json",
    call: "POST api.openai.com/v1/responses",
    counts: [8, 0, 4012, 0, 5, 0],
    // GPT-5.6 Sol since 2026-08-21: 8 × 4 + 4,012 × 5 + 5 × 20 = 32 + 20,060 + 100; a write costs 1.25 × 4
    cost: 20_192_000_000n,
  },
  {
    name: "vector 8, OpenAI Responses stream",
    transcript: "openai/08_responses.sse",
    call: "POST api.openai.com/v1/responses",
    request: { model: "gpt-5.6", stream: true, service_tier: "auto" },
    counts: [3103, 2944, 0, 0, 1623, 1408],
    // 3,103 × 4 + 2,944 × 0.4 + 1,623 × 20 = 12,412 + 1,177.6 + 32,460
    cost: 46_049_600_000n,
    also: ({ reading }) => deepEqual([reading.requestedModel, reading.requestedTier], ["gpt-5.6", "auto"]),
  },
  {
    name: "vector 9, OpenAI transcription by the second",
    transcript: "openai/09_transcription_duration.json",
    call: "POST api.openai.com/v1/audio/transcriptions",
    requestType: "multipart/form-data; boundary=x",
    request: '--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n' +
      '--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n--x--\r\n',
    counts: [null, null, null, null, null, null],
    // whisper-1: 37 s × $0.36 / 3,600 s = $0.0037
    cost: 3_700_000_000n,
    also: ({ reading }) => deepEqual(reading.extra, { audioSeconds: 37 }),
  },
  {
    name: "vector 10, Gemini tool use, with a price for its model",
    transcript: "gemini/10_tool_use.json",
    call: GENERATE,
    rates: WITH_GEMINI_3_PRO,
    counts: [136, 0, 0, 0, 414, 213],
    // (17 + 119) × 2 + (201 + 213) × 12 = 272 + 4,968
    cost: 5_240_000_000n,
  },
  {
    name: "vector 11, Gemini without visible output, with a price for its model",
    transcript: "gemini/11_no_visible_output.json",
    call: GENERATE,
    rates: WITH_GEMINI_3_PRO,
    counts: [15, 0, 0, 0, 2, 2],
    // 15 × 2 + 2 × 12
    cost: 54_000_000n,
  },
  {
    name: "vector 12, Gemini stream that begins with a traffic type, with a price for its model",
    transcript: "gemini/12_traffic_type_first.sse",
    call: "POST generativelanguage.googleapis.com/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse",
    rates: WITH_GEMINI_3_PRO,
    counts: [26, 0, 0, 0, 155, 132],
    // 26 × 2 + (23 + 132) × 12 = 52 + 1,860
    cost: 1_912_000_000n,
  },
  {
    name: "vector 13, Gemini interaction, with a price for its model",
    transcript: "gemini/13_interaction.sse",
    call: "POST generativelanguage.googleapis.com/v1beta/interactions",
    request: { model: "gemini-3-pro", stream: true },
    rates: WITH_GEMINI_3_PRO,
    counts: [220, 0, 0, 0, 1763, 1173],
    // (22 + 198) × 2 + (590 + 1,173) × 12 = 440 + 21,156
    cost: 21_596_000_000n,
    also: ({ reading }) => equal(reading.requestedModel, "gemini-3-pro"),
  },
  {
    name: "vector 14, Code Assist counts that do not add up and have no end",
    transcript: "gemini/14_code_assist.sse",
    call: "POST cloudcode-pa.googleapis.com/v1internal:streamGenerateContent?alt=sse",
    request: { model: "gemini-2.5-pro", request: {} },
    counts: [10, 0, 0, 0, 0, 0],
    // No chunk ends the stream, so the counts are not final.
    cost: "usage_incomplete",
    also: ({ reading }) => deepEqual([reading.inconsistent, reading.usageUnknown], [true, "cut"]),
  },
  {
    name: "vector 15, xAI chat with its own charge",
    transcript: "xai/15_chat.json",
    call: "POST api.x.ai/v1/chat/completions",
    counts: [1, 11, 0, 0, 291, 290],
    // 1,466,250 ticks of 100 pico-dollars; grok-3-mini agrees: 1 × 0.3 + 11 × 0.075 + 291 × 0.5 = 146.625
    cost: 146_625_000n,
    also: ({ cost }) => equal(cost.kind === "priced" && cost.ratesSource, "provider"),
  },
  {
    name: "vector 16, xAI chat that counts reasoning inside the completion",
    transcript: "xai/16_reseller.json",
    call: "POST api.x.ai/v1/chat/completions",
    counts: [5, 682, 0, 0, 240, 165],
    // grok-4: 5 × 3 + 682 × 0.75 + 240 × 15 = 15 + 511.5 + 3,600
    cost: 4_126_500_000n,
  },
  {
    name: "vector 17, xAI Responses",
    transcript: "xai/17_responses.sse",
    call: "POST api.x.ai/v1/responses",
    request: { model: "grok-4-latest", stream: true },
    counts: [22651, 4585, 0, 0, 3077, 1091],
    // grok-4: 22,651 × 3 + 4,585 × 0.75 + 3,077 × 15 = 67,953 + 3,438.75 + 46,155
    cost: 117_546_750_000n,
    also: ({ reading }) => equal(reading.requestedModel, "grok-4-latest"),
  },
];

for (const vector of VECTORS) {
  Deno.test(`costOf() prices ${vector.name}`, async () => {
    const metered = await meterOne({
      call: vector.call,
      request: vector.request,
      ...(vector.requestType === undefined ? {} : { requestType: vector.requestType }),
      response: Deno.readTextFileSync(new URL(`../transcripts/${vector.transcript}`, import.meta.url)),
    }, vector.rates ?? BUNDLED);
    deepEqual(counts(metered), vector.counts);
    equal(price(metered), vector.cost);
    vector.also?.(metered);
  });
}

Deno.test("costOf() has no price for the models that the vectors need overrides for", async () => {
  for (const [call, transcript] of [[MESSAGES, "anthropic/05_fallback.sse"], [GENERATE, "gemini/10_tool_use.json"]]) {
    const response = Deno.readTextFileSync(new URL(`../transcripts/${transcript}`, import.meta.url));
    equal(price(await meterOne({ call: call ?? "", response })), "unknown_model");
  }
});

Deno.test("costOf() prices vector 14 once a chunk ends it", async () => {
  const transcript = Deno.readTextFileSync(new URL("../transcripts/gemini/14_code_assist.sse", import.meta.url));
  const metered = await meterOne({
    call: "POST cloudcode-pa.googleapis.com/v1internal:streamGenerateContent?alt=sse",
    request: { model: "gemini-2.5-pro", request: {} },
    response:
      `${transcript.trimEnd()}\n\ndata: {"response":{"candidates":[{"finishReason":"STOP"}]},"traceId":"2"}\n\n`,
  });
  deepEqual(counts(metered), [10, 0, 0, 0, 0, 0]);
  // Gemini 2.5 Pro: 10 × 1.25; the five tokens that only the total knows are flagged, not guessed.
  equal(price(metered), 12_500_000n);
  deepEqual([metered.reading.inconsistent, metered.reading.complete], [true, true]);
});
