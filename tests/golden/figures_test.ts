/**
 * Published figures of what calls cost, and rules that others got wrong, as raw HTTP with exact prices.
 *
 * Prices in comments are those of the bundled table on 2026-11-21 in USD per million tokens, so a count times a price is
 * millionths of a dollar, which is a million pico-dollars.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { formatUsd, picoToMillicents } from "../../src/domain/money.ts";
import { BUNDLED, counts, type GoldenCall, type Metered, meterEveryWay, meterOne, NOW, price, sse } from "./wire.ts";

type Json = Readonly<Record<string, unknown>>;

const MICRO = 1_000_000n;

function messages(model: string, usage: Json, request: Json = { model }): Promise<Metered> {
  const response = { id: "msg_1", type: "message", role: "assistant", model, content: [], usage };
  return meterOne({ call: "POST api.anthropic.com/v1/messages", request, response });
}

/** A Messages stream that begins with one usage and ends with another. */
function messageStream(model: string, start: Json, delta: Json, request: Json = { model, stream: true }): GoldenCall {
  return {
    call: "POST api.anthropic.com/v1/messages",
    request,
    response: sse([
      { type: "message_start", message: { id: "msg_1", type: "message", model, content: [], usage: start } },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "…" } },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: delta },
      { type: "message_stop" },
    ]),
  };
}

function chat(host: string, model: string, usage: Json): Promise<Metered> {
  const response = { id: "chatcmpl-1", object: "chat.completion", model, choices: [], usage };
  return meterOne({ call: `POST ${host}/v1/chat/completions`, request: { model }, response });
}

function responses(model: string, usage: Json, more: Json = {}, request: Json = { model }): Promise<Metered> {
  const response = { id: "resp_1", object: "response", status: "completed", model, output: [], usage, ...more };
  return meterOne({ call: "POST api.openai.com/v1/responses", request, response });
}

Deno.test("costOf() gives the console's $0.054399 for Claude 3.7 Sonnet {3, write 12,304, read 0, out 550}", async () => {
  const metered = await messages("claude-3-7-sonnet-20250219", {
    input_tokens: 3,
    cache_creation_input_tokens: 12_304,
    cache_read_input_tokens: 0,
    output_tokens: 550,
  });
  // 3 × 3 + 12,304 × 3.75 + 550 × 15 = 9 + 46,140 + 8,250 = 54,399. The console cuts it to $0.05439; millicents round.
  equal(price(metered), 54_399n * MICRO);
  equal(picoToMillicents(54_399n * MICRO), 5440n);
  equal(formatUsd(54_399n * MICRO), "$0.054399");
});

Deno.test("costOf() prices 5 min writes at 1.25 × and 1 h writes at 2 × input, what the split leaves out as 5 min", async () => {
  const metered = await messages("claude-opus-5-5", {
    input_tokens: 0,
    cache_creation_input_tokens: 3500,
    cache_creation: { ephemeral_5m_input_tokens: 1000, ephemeral_1h_input_tokens: 2000 },
    output_tokens: 0,
  });
  deepEqual(counts(metered), [0, 0, 1500, 2000, 0, null]);
  // 1,500 × 5 + 2,000 × 8 = 7,500 + 16,000
  equal(price(metered), 23_500n * MICRO);
  equal(metered.reading.inconsistent, true);
});

Deno.test("costOf() prices a split known from the start in the proportion in which the total grew", async () => {
  const start = {
    input_tokens: 2,
    cache_creation_input_tokens: 3000,
    cache_creation: { ephemeral_5m_input_tokens: 1000, ephemeral_1h_input_tokens: 2000 },
    output_tokens: 1,
  };
  const delta = { cache_creation_input_tokens: 3300, output_tokens: 10 };
  const metered = await meterOne(messageStream("claude-opus-5-5", start, delta));
  deepEqual(counts(metered), [2, 0, 1100, 2200, 10, null]);
  // 2 × 4 + 1,100 × 5 + 2,200 × 8 + 10 × 20 = 8 + 5,500 + 17,600 + 200
  equal(price(metered), 23_308n * MICRO);
});

Deno.test("costOf() lets an explicit zero replace a count and an absent or null one keep it", async () => {
  const start = {
    input_tokens: 100,
    cache_read_input_tokens: 5000,
    cache_creation_input_tokens: 40,
    output_tokens: 69,
  };
  const delta = { input_tokens: null, cache_read_input_tokens: 0, output_tokens: 10 };
  const metered = await meterOne(messageStream("claude-opus-5-5", start, delta));
  deepEqual(counts(metered), [100, 0, 40, 0, 10, null]);
  // 100 × 4 + 40 × 5 + 10 × 20
  equal(price(metered), 800n * MICRO);
});

Deno.test("costOf() follows input that grows with server tools: 868 to 4,230, and 2,751 to 320,032", async () => {
  for (const [first, last] of [[868, 4230], [2751, 320_032]] as const) {
    const delta = { input_tokens: last, output_tokens: 7, server_tool_use: { web_search_requests: 0 } };
    const metered = await meterOne(
      messageStream("claude-sonnet-5-5", { input_tokens: first, output_tokens: 3 }, delta),
    );
    // input × 2 + 7 × 10
    equal(price(metered), BigInt(last * 2 + 70) * MICRO);
  }
});

Deno.test("costOf() bills the advisor of 497,522 tokens beside a top level of 4 / 984,228 / 3,722", async () => {
  const metered = await messages("claude-sonnet-5-5", {
    input_tokens: 4,
    cache_read_input_tokens: 984_228,
    output_tokens: 3722,
    iterations: [
      { type: "message", input_tokens: 2, cache_read_input_tokens: 486_706, output_tokens: 1722 },
      // Its output was not published; 1,000 stands for it.
      { type: "advisor_message", model: "claude-opus-5-5", input_tokens: 497_522, output_tokens: 1000 },
      { type: "message", input_tokens: 2, cache_read_input_tokens: 497_522, output_tokens: 2000 },
    ],
  });
  deepEqual(counts(metered), [4, 984_228, 0, 0, 3722, null]);
  deepEqual(counts(metered, 1), [497_522, 0, 0, 0, 1000, null]);
  // Sonnet 5.5: 4 × 2 + 984,228 × 0.1 + 3,722 × 10 = 8 + 98,422.8 + 37,220 = 135,650.8
  // Opus 5.5: 497,522 × 4 + 1,000 × 20 = 1,990,088 + 20,000 = 2,010,088
  equal(price(metered), 2_145_738_800_000n);
});

Deno.test("costOf() bills compaction with all its counts at the model asked for: 60,385 / 592 beside 682 / 1,320", async () => {
  const usage = {
    input_tokens: 682,
    output_tokens: 1320,
    iterations: [
      { type: "compaction", input_tokens: 60_385, output_tokens: 592 },
      { type: "message", input_tokens: 682, output_tokens: 1320 },
    ],
  };
  // Opus 5.5 both: 682 × 4 + 1,320 × 20 = 29,128; 60,385 × 4 + 592 × 20 = 253,380
  equal(price(await messages("claude-opus-5-5", usage)), 282_508n * MICRO);
  const writes = {
    input_tokens: 0,
    cache_creation_input_tokens: 0,
    output_tokens: 0,
    iterations: [{
      type: "compaction",
      input_tokens: 0,
      cache_creation_input_tokens: 55_096,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 55_096 },
      output_tokens: 0,
    }],
  };
  // Served by Sonnet 5.5, compacted by the Opus 5.5 that was asked for: 55,096 × 8
  equal(price(await messages("claude-sonnet-5-5", writes, { model: "claude-opus-5-5" })), 440_768n * MICRO);
});

Deno.test("costOf() takes the top level as it is where a fallback answered, and never the declined attempt", async () => {
  const usage = {
    input_tokens: 412,
    output_tokens: 264,
    iterations: [
      { type: "message", model: "claude-opus-5-5", input_tokens: 408, output_tokens: 90 },
      { type: "fallback_message", model: "claude-sonnet-5-5", input_tokens: 412, output_tokens: 264 },
    ],
  };
  // Sonnet 5.5: 412 × 2 + 264 × 10
  equal(price(await messages("claude-opus-5-5", usage)), 3464n * MICRO);
});

Deno.test("costOf() has no price for a chat stream that was not asked for its usage", async () => {
  const response = sse([
    { id: "chatcmpl-1", model: "gpt-4o-mini", choices: [{ index: 0, delta: { content: "x" } }] },
    { id: "chatcmpl-1", model: "gpt-4o-mini", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
    "[DONE]",
  ]);
  const call = "POST api.openai.com/v1/chat/completions";
  const metered = await meterOne({ call, request: { model: "gpt-4o-mini", stream: true }, response });
  deepEqual(counts(metered), [null, null, null, null, null, null]);
  deepEqual([metered.reading.usageUnknown, price(metered)], ["not_requested", "usage_unknown"]);
});

Deno.test("costOf() gives $0.0232856 for 10,120 prompt (128 cached), 1,499 completion and 2,809 reasoning at xAI", async () => {
  const usage = {
    prompt_tokens: 10_120,
    completion_tokens: 1499,
    total_tokens: 14_428,
    prompt_tokens_details: { cached_tokens: 128 },
    completion_tokens_details: { reasoning_tokens: 2809 },
  };
  // 232,856,000 ticks of 100 pico-dollars. The model's name was not published with the figure.
  const charged = await chat("api.x.ai", "grok-unlisted", { ...usage, cost_in_usd_ticks: 232_856_000 });
  equal(price(charged), 23_285_600_000n);
  equal(formatUsd(23_285_600_000n), "$0.023286");
  // Self-check with grok-4.3, whose prices give the same: 9,992 × 1.25 + 128 × 0.2 + 4,308 × 2.5
  const priced = await chat("api.x.ai", "grok-4.3", usage);
  deepEqual(counts(priced), [9992, 128, 0, 0, 4308, 2809]);
  equal(price(priced), 23_285_600_000n);
});

Deno.test("costOf() subtracts nothing where xAI caches more than the prompt", async () => {
  const metered = await chat("api.x.ai", "grok-4.3", {
    prompt_tokens: 100,
    completion_tokens: 10,
    total_tokens: 110,
    prompt_tokens_details: { cached_tokens: 300 },
  });
  deepEqual(counts(metered), [100, 300, 0, 0, 10, null]);
  // 100 × 1.25 + 300 × 0.2 + 10 × 2.5 = 125 + 60 + 25
  equal(price(metered), 210n * MICRO);
});

Deno.test("costOf() moves the whole request up at 270,540 + 7,936 > 272,000 prompt tokens", async () => {
  const usage = (input: number, cached: number, output: number) => ({
    input_tokens: input + cached,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    total_tokens: input + cached + output,
  });
  // GPT-5.6 Sol, long: 270,540 × 8 + 7,936 × 0.8 + 1,000 × 30 = 2,164,320 + 6,348.8 + 30,000
  equal(price(await responses("gpt-5.6", usage(270_540, 7936, 1000))), 2_200_668_800_000n);
  // At the threshold itself: 264,064 × 4 + 7,936 × 0.4 + 1,000 × 20 = 1,056,256 + 3,174.4 + 20,000
  equal(price(await responses("gpt-5.6", usage(264_064, 7936, 1000))), 1_079_430_400_000n);
  // One more: 264,065 × 8 + 7,936 × 0.8 + 1,000 × 30
  equal(price(await responses("gpt-5.6", usage(264_065, 7936, 1000))), 2_148_868_800_000n);
});

Deno.test("costOf() charges Haiku 5.5 five times on every token above 100,000, cache included in the length", async () => {
  const usage = (input: number) => ({ input_tokens: input, cache_read_input_tokens: 60_000, output_tokens: 1000 });
  // 40,000 × 0.1 + 60,000 × 0.01 + 1,000 × 0.5 = 4,000 + 600 + 500
  equal(price(await messages("claude-haiku-5-5", usage(40_000))), 5100n * MICRO);
  // 40,001 × 0.5 + 60,000 × 0.05 + 1,000 × 2.5 = 20,000.5 + 3,000 + 2,500
  equal(price(await messages("claude-haiku-5-5", usage(40_001))), 25_500_500_000n);
});

Deno.test("costOf() goes by the tier that served, not by the one asked for", async () => {
  const usage = { input_tokens: 1000, output_tokens: 1000, total_tokens: 2000 };
  const asked = { model: "gpt-5.6", service_tier: "flex" };
  // 1,000 × 4 + 1,000 × 20 = 24,000; flex is half, priority twice.
  equal(price(await responses("gpt-5.6", usage, { service_tier: "default" }, asked)), 24_000n * MICRO);
  equal(price(await responses("gpt-5.6", usage, { service_tier: "flex" })), 12_000n * MICRO);
  equal(price(await responses("gpt-5.6", usage, { service_tier: "priority" })), 48_000n * MICRO);
  equal(price(await responses("gpt-5.6", usage, { service_tier: "ultrafast" })), "tier_unknown");
});

Deno.test("costOf() multiplies fast mode by 6 on Opus 4.6 and by 2 on Opus 4.8, and U.S. inference by 1.1", async () => {
  const usage = { input_tokens: 1000, output_tokens: 1000, service_tier: "standard" };
  // 1,000 × 5 + 1,000 × 25 = 30,000
  equal(price(await messages("claude-opus-4-6", { ...usage, speed: "fast" })), 180_000n * MICRO);
  equal(price(await messages("claude-opus-4-8", { ...usage, speed: "fast" })), 60_000n * MICRO);
  equal(price(await messages("claude-opus-4-8", { ...usage, inference_geo: "us" })), 33_000n * MICRO);
  equal(price(await messages("claude-opus-4-8", { ...usage, inference_geo: "global" })), 30_000n * MICRO);
});

Deno.test("costOf() charges $10 per 1,000 web searches on top of tokens, not multiplied by the region", async () => {
  const metered = await messages("claude-opus-4-8", {
    input_tokens: 1000,
    output_tokens: 1000,
    inference_geo: "us",
    server_tool_use: { web_search_requests: 3, web_fetch_requests: 2 },
  });
  // 30,000 × 1.1 + 3 × 10,000 = 33,000 + 30,000
  equal(price(metered), 63_000n * MICRO);
});

Deno.test("costOf() finds token counting and warm-ups free", async () => {
  const counted = await meterOne({
    call: "POST api.anthropic.com/v1/messages/count_tokens",
    request: { model: "claude-opus-5-5" },
    response: { input_tokens: 14_000 },
  });
  equal(price(counted), "free");
  const usage = { input_tokens: 900, output_tokens: 0, total_tokens: 900 };
  equal(price(await responses("gpt-5.6", usage, {}, { model: "gpt-5.6", generate: false })), "free");
});

Deno.test("costOf() halves batch results and leaves failed lines free", async () => {
  const usage = { input_tokens: 1000, output_tokens: 100, service_tier: "batch" };
  const message = { id: "msg_1", type: "message", model: "claude-opus-5-5", content: [], usage };
  const lines = [
    { custom_id: "a", result: { type: "succeeded", message } },
    { custom_id: "b", result: { type: "errored", error: { type: "error", error: { type: "invalid_request_error" } } } },
    { custom_id: "c", result: { type: "expired" } },
  ];
  const metered = await meterEveryWay({
    call: "GET api.anthropic.com/v1/messages/batches/msgbatch_1/results",
    type: "application/x-jsonl",
    response: lines.map((line) => JSON.stringify(line)).join("\n") + "\n",
  });
  // (1,000 × 4 + 100 × 20) / 2
  deepEqual(metered.map(price), [3000n * MICRO, "free", "free"]);
});

Deno.test("costOf() does not present a cut stream's counts as final, and prices one cut after its last counts", async () => {
  const whole = messageStream("claude-opus-5-5", { input_tokens: 2751, output_tokens: 3 }, { output_tokens: 50 });
  const events = String(whole.response).split("\n\n").map((event) => `${event}\n\n`);
  const early = await meterOne({ ...whole, response: events.slice(0, 3).join("") });
  deepEqual(counts(early), [2751, 0, 0, 0, null, null]);
  equal(price(early), "usage_incomplete");
  const late = await meterOne({ ...whole, response: events.slice(0, 5).join("") });
  // 2,751 × 4 + 50 × 20
  deepEqual([price(late), late.reading.complete], [12_004n * MICRO, false]);
});

Deno.test("costOf() leaves an unlisted model without a price, whatever its neighbours cost", async () => {
  const usage = { input_tokens: 10, output_tokens: 10, total_tokens: 20 };
  for (const model of ["gpt-5.6-sol-pro", "gpt-7", "claude-opus-5-5", "azure_ai/gpt-5.6"]) {
    equal(price(await responses(model, usage)), "unknown_model", model);
  }
});

Deno.test("costOf() changes the price of a model on the day it changed", async () => {
  const call = messageStream("claude-sonnet-5-5", { input_tokens: 0, cache_read_input_tokens: 1_000_000 }, {
    output_tokens: 0,
  });
  const day = Date.UTC(2026, 9, 7);
  equal(price(await meterOne(call, BUNDLED, day - 1)), 200_000n * MICRO);
  equal(price(await meterOne(call, BUNDLED, day)), 100_000n * MICRO);
  equal(NOW > day, true);
});

Deno.test("costOf() bills image tools beside a Responses answer at the image model", async () => {
  const usage = { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 };
  const metered = await responses("gpt-5.6", usage, {
    tools: [{ type: "image_generation", model: "gpt-image-2" }],
    tool_usage: {
      image_gen: {
        input_tokens: 50,
        input_tokens_details: { text_tokens: 50, image_tokens: 0 },
        output_tokens: 4000,
        output_tokens_details: { image_tokens: 4000, text_tokens: 0 },
        total_tokens: 4050,
      },
      web_search: { num_requests: 2 },
    },
  });
  // GPT-5.6: 1,000 × 4 + 100 × 20 = 6,000; gpt-image-2: 50 × 5 + 4,000 × 30 = 120,250; searches 2 × 10,000
  equal(price(metered), 146_250n * MICRO);
});

Deno.test("costOf() bills audio of Gemini at its own rate, cached audio apart", async () => {
  const metered = await meterOne({
    call: "POST generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
    response: {
      candidates: [{ finishReason: "STOP" }],
      usageMetadata: {
        promptTokenCount: 1000,
        cachedContentTokenCount: 300,
        candidatesTokenCount: 10,
        totalTokenCount: 1010,
        promptTokensDetails: [{ modality: "TEXT", tokenCount: 400 }, { modality: "AUDIO", tokenCount: 600 }],
        cacheTokensDetails: [{ modality: "TEXT", tokenCount: 100 }, { modality: "AUDIO", tokenCount: 200 }],
      },
      modelVersion: "gemini-2.5-flash",
    },
  });
  // Text 300 × 0.3, audio 400 × 1, cached text 100 × 0.03, cached audio 200 × 0.1, output 10 × 2.5
  equal(price(metered), (90n + 400n + 3n + 20n + 25n) * MICRO);
});
