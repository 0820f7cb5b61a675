/**
 * Answers that no client library would write and that providers do send, or could: odd orders, unknown members, nulls, counts
 * that are none, several usages, cut streams, errors of every form. Expected figures are worked out by hand from the
 * providers' rules. Prices in comments are those of 2026-11-21 in USD per million tokens, so a count times a price is
 * millionths of a dollar.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { classifyError } from "../../src/providers/errors.ts";
import { counts, type GoldenCall, meterEveryWay, meterOne, price, sse } from "./wire.ts";

const MICRO = 1_000_000n;

const MESSAGES = "POST api.anthropic.com/v1/messages";
const CHAT = "POST api.openai.com/v1/chat/completions";
const RESPONSES = "POST api.openai.com/v1/responses";
const GEMINI = "POST generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash";
const GROK = "POST api.x.ai/v1/chat/completions";

/** One event, its members in the order given, with whatever stands around it. */
function data(json: string, newline = "\n"): string {
  return `data: ${json}${newline}${newline}`;
}

Deno.test("costOf() reads an Anthropic stream whose members come last first, with nulls, comments, a BOM and CR LF", async () => {
  const response = "\ufeff: keep-alive\r\n\r\n" +
    'event: message_start\r\ndata: {"message":{"usage":{"output_tokens":3,"input_tokens":100,"cache_creation":null,' +
    '"cache_read_input_tokens":null,"x_new":{"deep":[1,{"input_tokens":9}]},"service_tier":null},"content":[],' +
    '"model":"claude-opus-5-5","id":"msg_1"},"type":"message_start"}\r\n\r\n' +
    ": another\r\n" +
    'event: ping\r\ndata: {"type": "ping"}\r\n\r\n' +
    'event: content_block_start\r\ndata: {"index":0,"content_block":{"type":"tool_use","name":"f"},"type":"content_block_start"}\r\n\r\n' +
    'event: content_block_delta\r\ndata: {"delta":{"type":"input_json_delta","partial_json":"{\\"usage\\":{\\"output_tokens\\":999}}"},' +
    '"type":"content_block_delta"}\r\n\r\n' +
    'event: made_up\r\ndata: {"usage":{"output_tokens":12345},"type":"made_up"}\r\n\r\n' +
    'event: message_delta\r\ndata: {"usage":{"output_tokens":40,"input_tokens":null},"delta":{"stop_reason":"tool_use"},' +
    '"type":"message_delta"}\r\n\r\n' +
    'event: message_stop\r\ndata:{"type":"message_stop"}\r\n\r\n';
  const metered = await meterOne({ call: MESSAGES, response });
  deepEqual(counts(metered), [100, 0, 0, 0, 40, null]);
  // Opus 5.5: 100 × 4 + 40 × 20
  equal(price(metered), 1200n * MICRO);
});

Deno.test("costOf() lets the last of several usages of a message count, also where it is less", async () => {
  const events = (deltas: readonly unknown[]) =>
    sse([
      {
        type: "message_start",
        message: { id: "m", model: "claude-opus-5-5", usage: { input_tokens: 900, output_tokens: 1 } },
      },
      ...deltas.map((usage, at) => ({
        type: "message_delta",
        delta: { stop_reason: at === deltas.length - 1 ? "end_turn" : null },
        usage,
      })),
      { type: "message_stop" },
    ]);
  const metered = await meterOne({
    call: MESSAGES,
    response: events([{ output_tokens: 70, cache_read_input_tokens: 500 }, { input_tokens: 10, output_tokens: 50 }]),
  });
  deepEqual(counts(metered), [10, 500, 0, 0, 50, null]);
  // 10 × 4 + 500 × 0.2 + 50 × 20
  equal(price(metered), 1140n * MICRO);
});

Deno.test("costOf() has no price for counts that are none", async () => {
  for (const odd of ["12", 1.5, -1, 1e300, 2 ** 53, true, [], {}]) {
    const response = { id: "c", model: "gpt-4.1", choices: [{}], usage: { prompt_tokens: odd, completion_tokens: 1 } };
    const metered = await meterOne({ call: CHAT, request: { model: "gpt-4.1" }, response });
    deepEqual([counts(metered)[0], price(metered)], [null, "usage_unknown"], JSON.stringify(odd));
  }
  for (const usage of [null, [], "many", undefined, {}]) {
    const response = { id: "c", model: "gpt-4.1", choices: [{}], ...(usage === undefined ? {} : { usage }) };
    equal(price(await meterOne({ call: CHAT, response })), "usage_unknown", JSON.stringify(usage));
  }
  // A count that no model can have is none; one whose price nobody pays has none; what is below is exact.
  const prices = [[4_999_999_999, 9_999_999_998_000_000n], [5e9 + 1, "implausible_cost"], [1e12, "implausible_cost"]];
  for (
    const [count, expected] of [...prices, [1e12 + 1, "usage_unknown"], [Number.MAX_SAFE_INTEGER, "usage_unknown"]]
  ) {
    const response = { id: "c", model: "gpt-4.1", choices: [], usage: { prompt_tokens: count, completion_tokens: 0 } };
    equal(price(await meterOne({ call: CHAT, response })), expected, String(count));
  }
});

Deno.test("costOf() bills a chat with several choices, tools and predictions once, by its usage", async () => {
  const usage = {
    total_tokens: 1300,
    completion_tokens: 300,
    completion_tokens_details: {
      rejected_prediction_tokens: 40,
      accepted_prediction_tokens: 10,
      reasoning_tokens: 0,
      audio_tokens: 0,
    },
    prompt_tokens: 1000,
    prompt_tokens_details: { audio_tokens: 0, cached_tokens: 400 },
  };
  const choice = (index: number) => ({
    index,
    delta: { tool_calls: [{ index: 0, function: { arguments: '{"usage":' } }] },
  });
  const chunk = (more: object) => ({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    model: "gpt-4.1-2025-04-14",
    ...more,
  });
  const response = sse([
    ...Array.from({ length: 12 }, (_, at) => chunk({ choices: [choice(at % 3)], usage: null })),
    chunk({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }),
    chunk({ choices: [], usage, service_tier: "default" }),
    "[DONE]",
  ]);
  const request = { model: "gpt-4.1", n: 3, stream: true, stream_options: { include_usage: true } };
  const metered = await meterOne({ call: CHAT, request, response });
  deepEqual(counts(metered), [600, 400, 0, 0, 300, 0]);
  // GPT-4.1: 600 × 2 + 400 × 0.5 + 300 × 8 = 1,200 + 200 + 2,400
  equal(price(metered), 3800n * MICRO);
});

Deno.test("costOf() prices audio and text of one chat at four rates, and no cached part without a published one", async () => {
  const of = (cached: number) => ({
    prompt_tokens: 1000,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 300, text_tokens: 700 },
    completion_tokens: 500,
    completion_tokens_details: { audio_tokens: 400, text_tokens: 100 },
    total_tokens: 1500,
  });
  const chat = (cached: number) => {
    return meterOne({ call: CHAT, response: { id: "c", model: "gpt-audio", choices: [{}, {}], usage: of(cached) } });
  };
  const metered = await chat(0);
  deepEqual(metered.reading.parts[0].modalities, { inputAudio: 300, outputAudio: 400 });
  // gpt-audio: 700 × 2.5 + 300 × 32 + 100 × 10 + 400 × 64 = 1,750 + 9,600 + 1,000 + 25,600
  equal(price(metered), 37_950n * MICRO);
  const cached = await chat(200);
  deepEqual([counts(cached), price(cached)], [[800, 200, 0, 0, 500, null], "rate_missing"]);
});

Deno.test("costOf() knows what each service tier of OpenAI costs, and does not guess the others", async () => {
  const usage = { input_tokens: 1000, output_tokens: 1000, total_tokens: 2000 };
  // GPT-5.6 Sol: 1,000 × 4 + 1,000 × 20
  const cases: [unknown, bigint | string][] = [
    ["default", 24_000n * MICRO],
    ["auto", 24_000n * MICRO],
    [null, 24_000n * MICRO],
    ["flex", 12_000n * MICRO],
    ["priority", 48_000n * MICRO],
    ["fast", 48_000n * MICRO],
    ["batch", 12_000n * MICRO],
    ["scale", "tier_unknown"],
    ["something_new", "tier_unknown"],
  ];
  for (const [service_tier, cost] of cases) {
    const response = {
      id: "r",
      object: "response",
      status: "completed",
      model: "gpt-5.6-sol",
      output: [],
      usage,
      service_tier,
    };
    equal(price(await meterOne({ call: RESPONSES, response })), cost, `${service_tier}`);
  }
});

Deno.test("costOf() bills an answer that was cut short or refused by the model for what it used", async () => {
  const usage = { input_tokens: 1000, output_tokens: 10, total_tokens: 1010 };
  const response = (type: string, more: object) =>
    sse([
      {
        type: "response.created",
        sequence_number: 0,
        response: { id: "r", model: "gpt-5.6-sol", usage: null, service_tier: "auto" },
      },
      { type: "response.refusal.delta", delta: "I cannot" },
      { sequence_number: 9, response: { usage, ...more, model: "gpt-5.6-sol", id: "r" }, type },
    ]);
  // 1,000 × 4 + 10 × 20
  for (
    const [type, more] of [
      ["response.incomplete", { status: "incomplete", incomplete_details: { reason: "content_filter" } }],
      ["response.failed", { status: "failed", error: { code: "server_error", message: "x" } }],
      ["response.completed", { status: "completed", output: [{ type: "message", content: [{ type: "refusal" }] }] }],
    ] as const
  ) {
    const metered = await meterOne({
      call: RESPONSES,
      request: { model: "gpt-5.6-sol", stream: true },
      response: response(type, more),
    });
    equal(price(metered), 4200n * MICRO, type);
    equal(metered.reading.error?.code ?? null, type === "response.failed" ? "server_error" : null);
  }
  const refusal = {
    id: "m",
    model: "claude-opus-5-5",
    stop_reason: "refusal",
    content: [{ type: "text", text: "I" }],
    usage: { input_tokens: 50, output_tokens: 4 },
  };
  // 50 × 4 + 4 × 20
  equal(price(await meterOne({ call: MESSAGES, response: refusal })), 280n * MICRO);
  // Declined before anything was put out: Anthropic does not charge for it.
  equal(price(await meterOne({ call: MESSAGES, response: { ...refusal, content: [] } })), "free");
});

Deno.test("costOf() gives a stream that is cut at any event the price of all of it, or none", async () => {
  const streams: [GoldenCall, bigint][] = [
    [
      {
        call: MESSAGES,
        request: { model: "claude-opus-5-5", stream: true },
        response: sse([
          {
            type: "message_start",
            message: { id: "m", model: "claude-opus-5-5", usage: { input_tokens: 100, output_tokens: 2 } },
          },
          { type: "content_block_start", index: 0, content_block: { type: "text" } },
          { type: "content_block_delta", index: 0, delta: { text: "a" } },
          { type: "content_block_stop", index: 0 },
          { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 30 } },
          { type: "message_stop" },
        ]),
      },
      // 100 × 4 + 30 × 20
      1000n * MICRO,
    ],
    [
      {
        call: `${GEMINI}:streamGenerateContent?alt=sse`,
        response: sse([
          {
            candidates: [{ content: {} }],
            usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 1, totalTokenCount: 101 },
          },
          {
            candidates: [{ content: {} }],
            usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 9, totalTokenCount: 109 },
          },
          {
            candidates: [{ finishReason: "STOP" }],
            usageMetadata: {
              promptTokenCount: 100,
              candidatesTokenCount: 20,
              thoughtsTokenCount: 4,
              totalTokenCount: 124,
            },
          },
        ], "\r\n"),
      },
      // 2.5 Flash: 100 × 0.3 + 24 × 2.5
      90n * MICRO,
    ],
    [
      {
        call: RESPONSES,
        request: { model: "gpt-5.6-sol", stream: true },
        response: sse([
          { type: "response.created", response: { id: "r", model: "gpt-5.6-sol", usage: null } },
          { type: "response.output_text.delta", delta: "a" },
          {
            type: "response.completed",
            response: { id: "r", model: "gpt-5.6-sol", usage: { input_tokens: 5, output_tokens: 1, total_tokens: 6 } },
          },
        ]),
      },
      // 5 × 4 + 1 × 20
      40n * MICRO,
    ],
  ];
  for (const [call, whole] of streams) {
    const newline = String(call.response).includes("\r\n") ? "\r\n\r\n" : "\n\n";
    const events = String(call.response).split(newline).slice(0, -1).map((event) => event + newline);
    const prices = [];
    for (let kept = 1; kept <= events.length; kept++) {
      const metered = await meterOne({ ...call, response: events.slice(0, kept).join("") });
      prices.push(price(metered));
      equal(metered.reading.complete || price(metered) === "usage_incomplete" || kept === events.length - 1, true);
    }
    equal(prices.at(-1), whole);
    for (const cost of prices) equal(cost === whole || cost === "usage_incomplete", true, `${call.call}: ${cost}`);
    equal(prices[0], "usage_incomplete");
  }
});

Deno.test("costOf() bills thoughts, tool results, images and audio of Gemini each at its rate", async () => {
  const usageMetadata = {
    toolUsePromptTokensDetails: [{ tokenCount: 40, modality: "TEXT" }],
    toolUsePromptTokenCount: 40,
    promptTokensDetails: [
      { modality: "IMAGE", tokenCount: 258 },
      { modality: "AUDIO", tokenCount: 100 },
      { modality: "TEXT", tokenCount: 642 },
      { modality: "MADE_UP", tokenCount: 5 },
      null,
    ],
    promptTokenCount: 1000,
    cachedContentTokenCount: null,
    candidatesTokenCount: 10,
    thoughtsTokenCount: 50,
    totalTokenCount: 1100,
    trafficType: "ON_DEMAND",
    newCount: 7,
  };
  const response = {
    usageMetadata,
    modelVersion: "models/gemini-2.5-flash",
    responseId: "r",
    candidates: [{}, {}, { finishReason: "STOP" }],
  };
  const metered = await meterOne({ call: `${GEMINI}:generateContent`, response });
  deepEqual(counts(metered), [1040, 0, 0, 0, 60, 50]);
  // (642 + 258 + 40) × 0.3 + 100 × 1 + 60 × 2.5 = 282 + 100 + 150
  equal(price(metered), 532n * MICRO);
  // Flex and batch are half; a tier without a published price has none.
  const tier = async (more: object) =>
    price(
      await meterOne({
        call: `${GEMINI}:generateContent`,
        response: { ...response, usageMetadata: { ...usageMetadata, ...more } },
      }),
    );
  equal(await tier({ serviceTier: "flex" }), 266n * MICRO);
  equal(await tier({ trafficType: "PROVISIONED_THROUGHPUT" }), "tier_unknown");
});

Deno.test("costOf() does not price xAI's tools that ran on its side, unless xAI states the charge", async () => {
  const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };
  const of = async (more: object) =>
    price(
      await meterOne({
        call: GROK,
        response: { id: "x", model: "grok-4.3", choices: [{}], usage: { ...usage, ...more } },
      }),
    );
  // Grok 4.3: 100 × 1.25 + 10 × 2.5
  equal(await of({ num_sources_used: 0 }), 150n * MICRO);
  equal(await of({ num_sources_used: 3 }), "rate_missing");
  equal(await of({ server_side_tool_usage_details: { web_search_calls: 2, x_search_calls: 0 } }), "rate_missing");
  equal(await of({ server_side_tool_usage_details: { web_search_calls: 0 } }), 150n * MICRO);
  // 9,000,000 ticks of 100 pico-dollars
  equal(await of({ num_sources_used: 3, cost_in_usd_ticks: 9_000_000 }), 900n * MICRO);
  equal(await of({ cost_in_usd_ticks: 0 }), 0n);
  equal(await of({ cost_in_usd_ticks: null }), 150n * MICRO);
});

interface Failure {
  readonly call: string;
  readonly status: number;
  readonly type?: string;
  readonly response: unknown;
  readonly errorClass: string;
  readonly code?: string;
}

const FAILURES: readonly Failure[] = [
  {
    call: MESSAGES,
    status: 529,
    response: { type: "error", error: { type: "overloaded_error", message: "x" }, request_id: "r" },
    errorClass: "server_error",
  },
  { call: MESSAGES, status: 529, response: "", errorClass: "server_error" },
  {
    call: MESSAGES,
    status: 502,
    type: "text/html",
    response: "<html><body>Bad gateway</body></html>",
    errorClass: "server_error",
  },
  {
    call: MESSAGES,
    status: 403,
    type: "text/html",
    response: "<!doctype html><title>Just a moment</title>",
    errorClass: "auth",
  },
  {
    call: MESSAGES,
    status: 402,
    response: { type: "error", error: { type: "billing_error", message: "x" } },
    errorClass: "auth",
  },
  {
    call: CHAT,
    status: 429,
    response: { error: { message: "x", type: "insufficient_quota", param: null, code: "insufficient_quota" } },
    errorClass: "auth",
    code: "insufficient_quota",
  },
  {
    call: CHAT,
    status: 429,
    response: { error: { message: "x", type: "requests", param: null, code: "rate_limit_exceeded" } },
    errorClass: "rate_limit",
    code: "rate_limit_exceeded",
  },
  {
    call: RESPONSES,
    status: 400,
    response: { error: { message: "x", code: "context_length_exceeded", type: "invalid_request_error" } },
    errorClass: "bad_request",
    code: "context_length_exceeded",
  },
  {
    call: "POST chatgpt.com/backend-api/codex/responses",
    status: 429,
    response: { error: { type: "usage_limit_reached", plan_type: "pro", resets_in_seconds: 9 } },
    errorClass: "rate_limit",
  },
  {
    call: "POST chatgpt.com/backend-api/codex/responses",
    status: 401,
    response: { detail: { code: "token_expired" } },
    errorClass: "auth",
    code: "token_expired",
  },
  {
    call: `${GEMINI}:streamGenerateContent`,
    status: 429,
    response: [{
      error: { code: 429, message: "x", status: "RESOURCE_EXHAUSTED", details: [{ "@type": "…QuotaFailure" }] },
    }],
    errorClass: "rate_limit",
  },
  {
    call: `${GEMINI}:generateContent`,
    status: 400,
    response: { error: { code: 400, status: "INVALID_ARGUMENT", details: [{ reason: "API_KEY_INVALID" }] } },
    errorClass: "auth",
    code: "API_KEY_INVALID",
  },
  {
    call: GROK,
    status: 400,
    response: { code: "Client specified an invalid argument", error: "text" },
    errorClass: "bad_request",
  },
  { call: GROK, status: 500, response: { error: "text" }, errorClass: "server_error" },
  { call: GROK, status: 503, response: "upstream connect error", type: "text/plain", errorClass: "server_error" },
  // A 200 that is nothing but an error bills nothing either.
  {
    call: CHAT,
    status: 200,
    response: { error: { message: "x", type: "server_error", code: null } },
    errorClass: "server_error",
  },
  {
    call: RESPONSES,
    status: 200,
    response: { error: { message: "x", type: "server_error", code: "server_is_overloaded" } },
    errorClass: "server_error",
    code: "server_is_overloaded",
  },
  {
    call: MESSAGES,
    status: 200,
    response: { type: "error", error: { type: "overloaded_error" } },
    errorClass: "server_error",
  },
  {
    call: `${GEMINI}:generateContent`,
    status: 200,
    response: { error: { code: 503, status: "UNAVAILABLE" } },
    errorClass: "server_error",
  },
  { call: GROK, status: 200, response: { code: "x", error: "text" }, errorClass: "unknown", code: "x" },
  {
    call: MESSAGES,
    status: 200,
    response: sse([{ type: "error", error: { type: "overloaded_error" } }]),
    errorClass: "server_error",
  },
  {
    call: RESPONSES,
    status: 200,
    response: sse([{ type: "error", code: "rate_limit_exceeded", message: "x", param: null }]),
    errorClass: "rate_limit",
    code: "rate_limit_exceeded",
  },
  {
    call: RESPONSES,
    status: 200,
    response: `event: error\n${data('{"error":{"code":"server_error","message":"x"}}')}`,
    errorClass: "server_error",
    code: "server_error",
  },
  {
    call: CHAT,
    status: 200,
    response: data('{"error":{"message":"x","type":"server_error"}}'),
    errorClass: "server_error",
  },
  {
    call: `${GEMINI}:streamGenerateContent?alt=sse`,
    status: 200,
    response: data('{"error":{"code":500,"status":"INTERNAL"}}', "\r\n"),
    errorClass: "server_error",
  },
];

for (const [at, { call, status, type, response, errorClass, code }] of FAILURES.entries()) {
  const title = `${status} of ${call.split(" ")[1]}, case ${at + 1}`;
  Deno.test(`classifyError() and costOf() find a failure that bills nothing: ${title}`, async () => {
    const [metered, ...others] = await meterEveryWay({
      call,
      status,
      response,
      ...(type === undefined ? {} : { type }),
    });
    if (metered === undefined) throw new Error("No reading");
    deepEqual(others, []);
    const { reading } = metered;
    equal(classifyError(reading.provider, status, reading.error, null), errorClass);
    equal(reading.error?.code ?? null, code ?? null);
    deepEqual(counts(metered), [null, null, null, null, null, null]);
    // The recorder takes the word of a status; what comes with 200 the adapter has to know.
    if (status < 400) equal(price(metered), "free");
  });
}

Deno.test("costOf() keeps the tokens of an answer that failed after it had begun, and does not price them as final", async () => {
  const anthropic = await meterOne({
    call: MESSAGES,
    response: sse([
      {
        type: "message_start",
        message: { id: "m", model: "claude-opus-5-5", usage: { input_tokens: 100, output_tokens: 2 } },
      },
      { type: "error", error: { type: "overloaded_error", message: "x" } },
    ]),
  });
  deepEqual([counts(anthropic)[0], price(anthropic), anthropic.reading.error?.type], [
    100,
    "usage_incomplete",
    "overloaded_error",
  ]);
  const gemini = await meterOne({
    call: `${GEMINI}:streamGenerateContent?alt=sse`,
    response: sse([
      { candidates: [{}], usageMetadata: { promptTokenCount: 7, totalTokenCount: 7 } },
      { error: { code: 503, status: "UNAVAILABLE" } },
    ]),
  });
  deepEqual([counts(gemini)[0], price(gemini), gemini.reading.error?.type], [7, "usage_incomplete", "UNAVAILABLE"]);
});

Deno.test("costOf() says that it does not know what a 200 without a body, or with a page of markup, was worth", async () => {
  for (const [response, type] of [["", "application/json"], ["<html></html>", "text/html"]] as const) {
    for (const call of [MESSAGES, CHAT, RESPONSES, `${GEMINI}:generateContent`]) {
      const cost = price(await meterOne({ call, request: { model: "claude-opus-5-5" }, response, type }));
      equal(
        cost === "usage_unknown" || cost === "usage_incomplete" || cost === "unknown_model",
        true,
        `${call} ${cost}`,
      );
    }
  }
});
