/**
 * One exchange or more for every surface over plain HTTP, with what must be read from it and its exact price: the corpus of
 * the tests that go through whole processes and of those that spoil bytes.
 *
 * Prices in comments are those of the bundled table on 2026-11-21 in USD per million tokens: a count times a price is
 * millionths of a dollar. Opus 5.5: in 4, read 0.2, write 5 and 8, out 20. GPT-6 Sol: 2, 0.2, 2.5, out 10. Gemini 2.5 Flash:
 * 0.3, 0.03, out 2.5. Grok 4.3: 1.25, 0.2, out 2.5.
 *
 * @module
 */

import { type GoldenCall, sse } from "./wire.ts";

/** What one reading must say. */
export interface ExpectedReading {
  /** Input, cache read, writes of 5 min and 1 h, output, thinking. */
  readonly counts: readonly (number | null)[];
  /** Pico-dollars, `free`, or the reason why there is no price. */
  readonly cost: bigint | string;
  readonly model: string | null;
  readonly responseId: string | null;
  readonly mode: "standard" | "streaming" | "batch";
  readonly failed?: boolean;
}

/** An exchange and what it must give; no reading for what says nothing yet. */
export interface CorpusEntry extends GoldenCall {
  /** Name of the surface. */
  readonly surface: string;
  /** What tells it from others of that surface. */
  readonly title: string;
  readonly expected: readonly ExpectedReading[];
}

const UNKNOWN = [null, null, null, null, null, null];
const NOTHING = [0, 0, 0, 0, 0, 0];

const OPUS = "claude-opus-5-5";
const SOL = "gpt-6-sol";
const FLASH = "gemini-2.5-flash";
const GROK = "grok-4.3";

function once(
  mode: ExpectedReading["mode"],
  model: string | null,
  responseId: string | null,
  counts: readonly (number | null)[],
  cost: bigint | string,
): readonly ExpectedReading[] {
  return [{ counts, cost, model, responseId, mode }];
}

const MESSAGE_USAGE = {
  input_tokens: 1200,
  cache_creation_input_tokens: 3000,
  cache_read_input_tokens: 20_000,
  cache_creation: { ephemeral_5m_input_tokens: 1000, ephemeral_1h_input_tokens: 2000 },
  output_tokens: 1,
  service_tier: "standard",
};

function messageEvents(id: string, model: string, usage: object, text = 'naïve 🙂 "usage"'): string {
  const message = { id, type: "message", role: "assistant", model, content: [], stop_reason: null, usage };
  return sse([
    { type: "message_start", message },
    { type: "ping" },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 850 } },
    { type: "message_stop" },
  ]);
}

function messageDocument(id: string, model: string, usage: object) {
  return { id, type: "message", role: "assistant", model, content: [{ type: "text", text: "x" }], usage };
}

const ANTHROPIC: readonly CorpusEntry[] = [
  {
    surface: "anthropic.messages",
    title: "stream",
    call: "POST api.anthropic.com/v1/messages?beta=true",
    request: { model: OPUS, stream: true, messages: [] },
    response: messageEvents("msg_stream", OPUS, MESSAGE_USAGE),
    // 1,200 × 4 + 20,000 × 0.2 + 1,000 × 5 + 2,000 × 8 + 850 × 20 = 4,800 + 4,000 + 5,000 + 16,000 + 17,000
    expected: once("streaming", OPUS, "msg_stream", [1200, 20_000, 1000, 2000, 850, null], 46_800_000_000n),
  },
  {
    surface: "anthropic.messages",
    title: "JSON",
    call: "POST api.anthropic.com/v1/messages",
    request: { model: OPUS, messages: [] },
    response: messageDocument("msg_json", OPUS, { input_tokens: 10, output_tokens: 20 }),
    // 10 × 4 + 20 × 20
    expected: once("standard", OPUS, "msg_json", [10, 0, 0, 0, 20, null], 440_000_000n),
  },
  {
    surface: "anthropic.count_tokens",
    title: "JSON",
    call: "POST api.anthropic.com/v1/messages/count_tokens",
    request: { model: OPUS, messages: [] },
    response: { input_tokens: 14_000 },
    expected: once("standard", OPUS, null, NOTHING, "free"),
  },
  {
    surface: "anthropic.batch_results",
    title: "lines",
    call: "GET api.anthropic.com/v1/messages/batches/msgbatch_1/results",
    type: "application/x-jsonl",
    response: [
      {
        custom_id: "a",
        result: {
          type: "succeeded",
          message: messageDocument("msg_batch", OPUS, {
            input_tokens: 1000,
            output_tokens: 100,
            service_tier: "batch",
          }),
        },
      },
      { custom_id: "b", result: { type: "errored", error: { type: "error", error: { type: "api_error" } } } },
    ].map((line) => `${JSON.stringify(line)}\n`).join(""),
    expected: [
      // (1,000 × 4 + 100 × 20) / 2
      ...once("batch", OPUS, "msg_batch", [1000, 0, 0, 0, 100, null], 3_000_000_000n),
      { counts: UNKNOWN, cost: "free", model: null, responseId: null, mode: "batch", failed: true },
    ],
  },
  {
    surface: "anthropic.complete",
    title: "JSON",
    call: "POST api.anthropic.com/v1/complete",
    request: { model: "claude-2", prompt: "x" },
    response: { type: "completion", id: "compl_1", completion: "x", model: "claude-2" },
    expected: once("standard", "claude-2", "compl_1", UNKNOWN, "usage_unknown"),
  },
  {
    surface: "anthropic.session_events",
    title: "list",
    call: "GET api.anthropic.com/v1/sessions/sess_1/events",
    response: {
      data: [
        { type: "span.model_request_start", id: "ev_0" },
        {
          type: "span.model_request_end",
          id: "ev_1",
          model: OPUS,
          model_usage: { input_tokens: 100, output_tokens: 10, cache_read_input_tokens: 1000 },
        },
      ],
    },
    // 100 × 4 + 1,000 × 0.2 + 10 × 20
    expected: once("standard", OPUS, "ev_1", [100, 1000, 0, 0, 10, null], 800_000_000n),
  },
];

const CHAT_USAGE = {
  prompt_tokens: 1000,
  completion_tokens: 300,
  total_tokens: 1300,
  prompt_tokens_details: { cached_tokens: 400 },
  completion_tokens_details: { reasoning_tokens: 100 },
};

function chatChunks(id: string, model: string, usage: object | null): string {
  const chunk = { id, object: "chat.completion.chunk", model, service_tier: "default" };
  const choice = (delta: object, reason: string | null) => [{ index: 0, delta, finish_reason: reason }];
  const silent = usage === null ? {} : { usage: null };
  return sse([
    { ...chunk, choices: choice({ role: "assistant", content: "" }, null), ...silent },
    { ...chunk, choices: choice({ content: '漢字 "usage":{}' }, null), ...silent },
    { ...chunk, choices: choice({}, "stop"), ...silent },
    ...usage === null ? [] : [{ ...chunk, choices: [], usage }],
    "[DONE]",
  ]);
}

function chatDocument(id: string, model: string, usage: object) {
  const choices = [{ index: 0, message: { role: "assistant", content: "x" }, finish_reason: "stop" }];
  return { id, object: "chat.completion", created: 1, model, choices, usage, service_tier: "default" };
}

const RESPONSES_USAGE = {
  input_tokens: 6047,
  input_tokens_details: { cached_tokens: 2944 },
  output_tokens: 1623,
  output_tokens_details: { reasoning_tokens: 1408 },
  total_tokens: 7670,
};
const RESPONSES_COUNTS = [3103, 2944, 0, 0, 1623, 1408];
/** (6,047 − 2,944) × 2 + 2,944 × 0.2 + 1,623 × 10 = 6,206 + 588.8 + 16,230, at GPT-6 Sol. */
const RESPONSES_COST = 23_024_800_000n;

function responseObject(id: string, model: string | null, usage: object | null, more: object = {}) {
  const named = model === null ? {} : { model };
  return { id, object: "response", status: "completed", error: null, ...named, output: [], usage, ...more };
}

function responseEvents(id: string, model: string | null, usage: object, end = "response.completed"): string {
  return sse([
    { type: "response.created", sequence_number: 0, response: responseObject(id, model, null, { status: "queued" }) },
    { type: "response.output_text.delta", sequence_number: 1, delta: '"response.completed" 漢字' },
    { type: end, sequence_number: 2, response: responseObject(id, model, usage, { service_tier: "default" }) },
  ]);
}

function form(model: string): string {
  return `--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\nRIFF\r\n` +
    `--x\r\nContent-Disposition: form-data; name="model"\r\n\r\n${model}\r\n--x--\r\n`;
}
const FORM_TYPE = "multipart/form-data; boundary=x";

const IMAGE_USAGE = {
  input_tokens: 50,
  input_tokens_details: { text_tokens: 40, image_tokens: 10 },
  output_tokens: 4000,
  output_tokens_details: { image_tokens: 4000, text_tokens: 0 },
  total_tokens: 4050,
};

const OPENAI: readonly CorpusEntry[] = [
  {
    surface: "openai.chat",
    title: "stream with usage",
    call: "POST api.openai.com/v1/chat/completions",
    request: { model: SOL, stream: true, stream_options: { include_usage: true } },
    response: chatChunks("chatcmpl-with", SOL, CHAT_USAGE),
    // 600 × 2 + 400 × 0.2 + 300 × 10
    expected: once("streaming", SOL, "chatcmpl-with", [600, 400, 0, 0, 300, 100], 4_280_000_000n),
  },
  {
    surface: "openai.chat",
    title: "stream that was not asked for usage",
    call: "POST api.openai.com/v1/chat/completions",
    request: { model: SOL, stream: true },
    response: chatChunks("chatcmpl-without", SOL, null),
    expected: once("streaming", SOL, "chatcmpl-without", UNKNOWN, "usage_unknown"),
  },
  {
    surface: "openai.chat",
    title: "JSON",
    call: "POST api.openai.com/v1/chat/completions",
    request: { model: SOL },
    response: chatDocument("chatcmpl-json", SOL, CHAT_USAGE),
    expected: once("standard", SOL, "chatcmpl-json", [600, 400, 0, 0, 300, 100], 4_280_000_000n),
  },
  {
    surface: "openai.responses",
    title: "stream",
    call: "POST api.openai.com/v1/responses",
    request: { model: SOL, stream: true },
    response: responseEvents("resp_stream", SOL, RESPONSES_USAGE),
    expected: once("streaming", SOL, "resp_stream", RESPONSES_COUNTS, RESPONSES_COST),
  },
  {
    surface: "openai.responses",
    title: "JSON",
    call: "POST api.openai.com/v1/responses",
    request: { model: SOL },
    response: responseObject("resp_json", SOL, RESPONSES_USAGE),
    expected: once("standard", SOL, "resp_json", RESPONSES_COUNTS, RESPONSES_COST),
  },
  {
    surface: "openai.responses",
    title: "JSON with cache writes of both lifetimes",
    call: "POST api.openai.com/v1/responses",
    request: { model: "gpt-6.2-sol" },
    response: responseObject("resp_written", "gpt-6.2-sol", {
      input_tokens: 5000,
      input_tokens_details: {
        cached_tokens: 100,
        cache_write_tokens: 4000,
        cache_write_tokens_details: { ttl_30m_tokens: 1500, ttl_12h_tokens: 2500 },
      },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 5005,
    }),
    // 900 × 2 + 100 × 0.1 + 1,500 × 2.5 + 2,500 × 5 + 5 × 10, at GPT-6.2 Sol
    expected: once("standard", "gpt-6.2-sol", "resp_written", [900, 100, 1500, 2500, 5, 0], 18_110_000_000n),
  },
  {
    surface: "openai.responses",
    title: "failed without saying why",
    call: "POST api.openai.com/v1/responses",
    request: { model: SOL, stream: true },
    response: sse([{
      type: "response.failed",
      sequence_number: 0,
      response: responseObject("resp_failed", SOL, RESPONSES_USAGE, { status: "failed" }),
    }]),
    expected: [{
      counts: RESPONSES_COUNTS,
      cost: RESPONSES_COST,
      model: SOL,
      responseId: "resp_failed",
      mode: "streaming",
      failed: true,
    }],
  },
  {
    surface: "openai.embeddings",
    title: "JSON",
    call: "POST api.openai.com/v1/embeddings",
    request: { model: "text-embedding-3-small", input: "x" },
    response: {
      object: "list",
      data: [{ object: "embedding", index: 0, embedding: [0.1, -0.2] }],
      model: "text-embedding-3-small",
      usage: { prompt_tokens: 5000, total_tokens: 5000 },
    },
    // 5,000 × 0.02
    expected: once("standard", "text-embedding-3-small", null, [5000, 0, 0, 0, 0, 0], 100_000_000n),
  },
  {
    surface: "openai.completions",
    title: "JSON",
    call: "POST api.openai.com/v1/completions",
    request: { model: "gpt-3.5-turbo-instruct", prompt: "x" },
    response: {
      id: "cmpl-1",
      object: "text_completion",
      model: "gpt-3.5-turbo-instruct",
      choices: [{ text: "x", index: 0, finish_reason: "length" }],
      usage: { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 },
    },
    // 100 × 1.5 + 50 × 2
    expected: once("standard", "gpt-3.5-turbo-instruct", "cmpl-1", [100, 0, 0, 0, 50, null], 250_000_000n),
  },
  {
    surface: "openai.responses_compact",
    title: "JSON",
    call: "POST api.openai.com/v1/responses/compact",
    request: { model: SOL, input: [] },
    response: { id: "resp_compact", object: "response.compaction", output: [], usage: RESPONSES_USAGE },
    expected: once("standard", SOL, "resp_compact", RESPONSES_COUNTS, RESPONSES_COST),
  },
  {
    surface: "openai.input_tokens",
    title: "JSON",
    call: "POST api.openai.com/v1/responses/input_tokens",
    request: { model: SOL, input: "x" },
    response: { object: "response.input_tokens", input_tokens: 12 },
    expected: once("standard", SOL, null, NOTHING, "free"),
  },
  {
    surface: "openai.responses_retrieve",
    title: "JSON",
    call: "GET api.openai.com/v1/responses/resp_retrieved",
    response: responseObject("resp_retrieved", SOL, RESPONSES_USAGE),
    expected: once("standard", SOL, "resp_retrieved", RESPONSES_COUNTS, RESPONSES_COST),
  },
  {
    surface: "openai.responses_retrieve",
    title: "not finished",
    call: "GET api.openai.com/v1/responses/resp_waiting",
    response: responseObject("resp_waiting", SOL, null, { status: "in_progress" }),
    expected: [],
  },
  {
    surface: "openai.responses_cancel",
    title: "JSON",
    call: "POST api.openai.com/v1/responses/resp_cancelled/cancel",
    response: responseObject("resp_cancelled", SOL, RESPONSES_USAGE, { status: "cancelled" }),
    expected: once("standard", SOL, "resp_cancelled", RESPONSES_COUNTS, RESPONSES_COST),
  },
  {
    surface: "openai.decisions",
    title: "JSON",
    call: "POST api.openai.com/v1/decisions",
    request: { model: SOL },
    response: { id: "dec_1", object: "decision", model: SOL, usage: RESPONSES_USAGE },
    expected: once("standard", SOL, "dec_1", RESPONSES_COUNTS, RESPONSES_COST),
  },
  {
    surface: "openai.images",
    title: "JSON",
    call: "POST api.openai.com/v1/images/generations",
    request: { model: "gpt-image-2", prompt: "x" },
    response: { created: 1, data: [{ b64_json: "iVBORw0KGgo=" }], usage: IMAGE_USAGE },
    // 40 × 5 + 10 × 8 + 4,000 × 30
    expected: once("standard", "gpt-image-2", null, [50, 0, 0, 0, 4000, 0], 120_280_000_000n),
  },
  {
    surface: "openai.images",
    title: "stream",
    call: "POST api.openai.com/v1/images/edits",
    requestType: FORM_TYPE,
    request: form("gpt-image-2"),
    response: sse([
      { type: "image_edit.partial_image", partial_image_index: 0, b64_json: "iVBORw0KGgo=" },
      { type: "image_edit.completed", b64_json: "iVBORw0KGgo=", usage: IMAGE_USAGE },
    ]),
    expected: once("streaming", "gpt-image-2", null, [50, 0, 0, 0, 4000, 0], 120_280_000_000n),
  },
  {
    surface: "openai.transcription",
    title: "by tokens",
    call: "POST api.openai.com/v1/audio/transcriptions",
    requestType: FORM_TYPE,
    request: form("gpt-4o-transcribe"),
    response: {
      text: "hello",
      usage: {
        type: "tokens",
        input_tokens: 140,
        input_token_details: { text_tokens: 40, audio_tokens: 100 },
        output_tokens: 20,
        total_tokens: 160,
      },
    },
    // 40 × 2.5 + 100 × 6 + 20 × 10
    expected: once("standard", "gpt-4o-transcribe", null, [140, 0, 0, 0, 20, 0], 900_000_000n),
  },
  {
    surface: "openai.transcription",
    title: "by the second",
    call: "POST api.openai.com/v1/audio/transcriptions",
    requestType: FORM_TYPE,
    request: form("whisper-1"),
    response: { text: "hello", usage: { type: "duration", seconds: 37 } },
    // 37 / 3,600 × $0.36
    expected: once("standard", "whisper-1", null, UNKNOWN, 3_700_000_000n),
  },
  {
    surface: "openai.speech",
    title: "raw audio",
    call: "POST api.openai.com/v1/audio/speech",
    request: { model: "gpt-4o-mini-tts", input: "x" },
    type: "audio/mpeg",
    response: "ID3\u0004\u0000 not text",
    expected: once("standard", "gpt-4o-mini-tts", null, UNKNOWN, "usage_unknown"),
  },
  {
    surface: "openai.batch_output",
    title: "lines",
    call: "GET api.openai.com/v1/files/file-1/content",
    type: "application/octet-stream",
    response: [
      {
        id: "batch_req_1",
        custom_id: "a",
        response: { status_code: 200, body: chatDocument("chatcmpl-batch", SOL, CHAT_USAGE) },
      },
      {
        id: "batch_req_2",
        custom_id: "b",
        response: { status_code: 200, body: responseObject("resp_batch", SOL, RESPONSES_USAGE) },
      },
      {
        id: "batch_req_3",
        custom_id: "c",
        response: { status_code: 400, body: { error: { code: "unknown_parameter" } } },
      },
    ].map((line) => `${JSON.stringify(line)}\n`).join(""),
    expected: [
      ...once("batch", SOL, "chatcmpl-batch", [600, 400, 0, 0, 300, 100], 2_140_000_000n),
      ...once("batch", SOL, "resp_batch", RESPONSES_COUNTS, RESPONSES_COST / 2n),
      { counts: UNKNOWN, cost: "free", model: null, responseId: null, mode: "batch", failed: true },
    ],
  },
  {
    surface: "openai.runs_start",
    title: "stream",
    call: "POST api.openai.com/v1/threads/thread_1/runs",
    request: { assistant_id: "asst_1", stream: true },
    response: 'event: thread.run.created\ndata: {"id":"run_1","model":"gpt-4o","usage":null}\n\n' +
      'event: thread.run.step.completed\ndata: {"id":"step_1","usage":{"prompt_tokens":1}}\n\n' +
      "event: thread.run.completed\ndata: " +
      JSON.stringify({
        id: "run_1",
        model: "gpt-4o",
        usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
      }) + "\n\nevent: done\ndata: [DONE]\n\n",
    // 100 × 2.5 + 10 × 10
    expected: once("streaming", "gpt-4o", "run_1", [100, 0, 0, 0, 10, null], 350_000_000n),
  },
  {
    surface: "openai.runs_poll",
    title: "JSON",
    call: "GET api.openai.com/v1/threads/thread_1/runs/run_polled",
    response: {
      id: "run_polled",
      object: "thread.run",
      status: "completed",
      model: "gpt-4o",
      usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
    },
    expected: once("standard", "gpt-4o", "run_polled", [100, 0, 0, 0, 10, null], 350_000_000n),
  },
  {
    surface: "openai.videos",
    title: "JSON",
    call: "POST api.openai.com/v1/videos",
    request: { model: "sora-2", prompt: "x" },
    response: { id: "video_1", object: "video", model: "sora-2", status: "queued" },
    expected: once("standard", "sora-2", "video_1", UNKNOWN, "unknown_model"),
  },
];

const CODEX: readonly CorpusEntry[] = [
  {
    surface: "codex.responses",
    title: "stream that ends with id and usage alone",
    call: "POST chatgpt.com/backend-api/codex/responses",
    request: { model: SOL, stream: true, store: false },
    response: responseEvents("resp_codex", null, RESPONSES_USAGE),
    expected: once("streaming", SOL, "resp_codex", RESPONSES_COUNTS, RESPONSES_COST),
  },
  {
    surface: "codex.responses_compact",
    title: "JSON without usage",
    call: "POST chatgpt.com/backend-api/codex/responses/compact",
    request: { model: SOL, input: [] },
    response: { output: [] },
    expected: once("standard", SOL, null, UNKNOWN, "usage_unknown"),
  },
  {
    surface: "codex.images",
    title: "JSON",
    call: "POST chatgpt.com/backend-api/codex/images/generations",
    request: { model: "gpt-image-2" },
    response: { created: 1, data: [], usage: IMAGE_USAGE },
    expected: once("standard", "gpt-image-2", null, [50, 0, 0, 0, 4000, 0], 120_280_000_000n),
  },
  {
    surface: "codex.search",
    title: "JSON",
    call: "POST chatgpt.com/backend-api/codex/alpha/search",
    request: { query: "x" },
    response: { results: [] },
    expected: once("standard", null, null, UNKNOWN, "model_not_reported"),
  },
];

const GEMINI_USAGE = {
  promptTokenCount: 1000,
  cachedContentTokenCount: 400,
  candidatesTokenCount: 50,
  thoughtsTokenCount: 100,
  toolUsePromptTokenCount: 20,
  totalTokenCount: 1170,
  promptTokensDetails: [{ modality: "TEXT", tokenCount: 1000 }],
};
const GEMINI_COUNTS = [620, 400, 0, 0, 150, 100];
/** (1,000 − 400 + 20) × 0.3 + 400 × 0.03 + (50 + 100) × 2.5 = 186 + 12 + 375, at Gemini 2.5 Flash. */
const GEMINI_COST = 573_000_000n;

function geminiChunks(id: string): readonly object[] {
  const chunk = (text: string, usageMetadata: object, finishReason?: string) => ({
    candidates: [{ content: { parts: [{ text }], role: "model" }, index: 0, ...finishReason && { finishReason } }],
    usageMetadata,
    modelVersion: FLASH,
    responseId: id,
  });
  return [
    chunk('é "usageMetadata"', { trafficType: "ON_DEMAND" }),
    chunk("漢", { promptTokenCount: 1000, candidatesTokenCount: 5, totalTokenCount: 1005 }),
    chunk("", GEMINI_USAGE, "STOP"),
  ];
}

const INTERACTION_USAGE = {
  total_tokens: 1170,
  total_input_tokens: 1000,
  total_cached_tokens: 400,
  total_output_tokens: 50,
  total_tool_use_tokens: 20,
  total_thought_tokens: 100,
};
const GEMINI = "generativelanguage.googleapis.com";

const GEMINI_ENTRIES: readonly CorpusEntry[] = [
  {
    surface: "gemini.stream",
    title: "events",
    call: `POST ${GEMINI}/v1beta/models/${FLASH}:streamGenerateContent?alt=sse`,
    request: { contents: [] },
    response: sse(geminiChunks("rid_sse"), "\r\n"),
    expected: once("streaming", FLASH, "rid_sse", GEMINI_COUNTS, GEMINI_COST),
  },
  {
    surface: "gemini.stream",
    title: "JSON array",
    call: `POST ${GEMINI}/v1beta/models/${FLASH}:streamGenerateContent`,
    request: { contents: [] },
    response: `[${geminiChunks("rid_array").map((chunk) => JSON.stringify(chunk, null, 2)).join("\n,\r\n")}\n]\n`,
    expected: once("streaming", FLASH, "rid_array", GEMINI_COUNTS, GEMINI_COST),
  },
  {
    surface: "gemini.generate",
    title: "JSON",
    call: `POST ${GEMINI}/v1beta/models/${FLASH}:generateContent`,
    request: { contents: [] },
    response: geminiChunks("rid_json")[2],
    expected: once("standard", FLASH, "rid_json", GEMINI_COUNTS, GEMINI_COST),
  },
  {
    surface: "gemini.count_tokens",
    title: "JSON",
    call: `POST ${GEMINI}/v1beta/models/${FLASH}:countTokens`,
    request: { contents: [] },
    response: { totalTokens: 12 },
    expected: once("standard", FLASH, null, NOTHING, "free"),
  },
  {
    surface: "gemini.embed",
    title: "JSON",
    call: `POST ${GEMINI}/v1beta/models/gemini-embedding-001:embedContent`,
    request: { content: {} },
    response: {
      embedding: { values: [0.1] },
      usageMetadata: { promptTokenCount: 1000, promptTokenDetails: [{ modality: "TEXT", tokenCount: 1000 }] },
    },
    // 1,000 × 0.15
    expected: once("standard", "gemini-embedding-001", null, [1000, 0, 0, 0, 0, 0], 150_000_000n),
  },
  {
    surface: "gemini.interactions",
    title: "stream",
    call: `POST ${GEMINI}/v1beta/interactions`,
    request: { model: FLASH, stream: true },
    response: sse([
      { event_type: "interaction.created", interaction: { id: "int_1", model: FLASH, status: "in_progress" } },
      { event_type: "step.delta", delta: { text: "interaction.completed" } },
      {
        event_type: "interaction.completed",
        interaction: { id: "int_1", model: FLASH, status: "completed", usage: INTERACTION_USAGE },
      },
      "[DONE]",
    ]),
    expected: once("streaming", FLASH, "int_1", GEMINI_COUNTS, GEMINI_COST),
  },
  {
    surface: "gemini.interactions_retrieve",
    title: "JSON",
    call: `GET ${GEMINI}/v1beta/interactions/int_got`,
    response: { id: "int_got", model: FLASH, status: "completed", usage: INTERACTION_USAGE },
    expected: once("standard", FLASH, "int_got", GEMINI_COUNTS, GEMINI_COST),
  },
  {
    surface: "gemini.interactions_cancel",
    title: "JSON",
    call: `POST ${GEMINI}/v1beta/interactions/int_cancelled/cancel`,
    response: { id: "int_cancelled", model: FLASH, status: "cancelled", usage: INTERACTION_USAGE },
    expected: once("standard", FLASH, "int_cancelled", GEMINI_COUNTS, GEMINI_COST),
  },
  {
    surface: "gemini.openai_chat",
    title: "JSON whose completion leaves thinking out",
    call: `POST ${GEMINI}/v1beta/openai/chat/completions`,
    request: { model: FLASH },
    response: chatDocument("chat_gemini", FLASH, { prompt_tokens: 100, completion_tokens: 50, total_tokens: 250 }),
    // 100 × 0.3 + (250 − 100) × 2.5
    expected: once("standard", FLASH, "chat_gemini", [100, 0, 0, 0, 150, 100], 405_000_000n),
  },
  {
    surface: "gemini.openai_embeddings",
    title: "JSON",
    call: `POST ${GEMINI}/v1beta/openai/embeddings`,
    request: { model: "gemini-embedding-001", input: "x" },
    response: {
      object: "list",
      data: [],
      model: "gemini-embedding-001",
      usage: { prompt_tokens: 1000, total_tokens: 1000 },
    },
    expected: once("standard", "gemini-embedding-001", null, [1000, 0, 0, 0, 0, 0], 150_000_000n),
  },
  {
    surface: "gemini.openai_images",
    title: "JSON",
    call: `POST ${GEMINI}/v1beta/openai/images/generations`,
    request: { model: "imagen-4.0-generate-001" },
    response: { created: 1, data: [] },
    expected: once("standard", "imagen-4.0-generate-001", null, UNKNOWN, "unknown_model"),
  },
  {
    surface: "gemini.batch",
    title: "finished",
    call: `GET ${GEMINI}/v1beta/batches/batch_1`,
    response: {
      name: "batches/batch_1",
      done: true,
      response: { inlinedResponses: { inlinedResponses: [{ response: geminiChunks("rid_batch")[2] }] } },
    },
    expected: once("batch", FLASH, "rid_batch", GEMINI_COUNTS, GEMINI_COST / 2n),
  },
  {
    surface: "gemini.batch_output",
    title: "JSON Lines",
    call: `GET ${GEMINI}/download/v1beta/files/batch-1:download?alt=media`,
    type: "application/octet-stream",
    response: [
      { key: "a", response: geminiChunks("rid_file")[2] },
      { key: "b", error: { code: 400, message: "x", status: "INVALID_ARGUMENT" } },
    ].map((line) => `${JSON.stringify(line)}\n`).join(""),
    expected: [
      ...once("batch", FLASH, "rid_file", GEMINI_COUNTS, GEMINI_COST / 2n),
      { counts: UNKNOWN, cost: "free", model: null, responseId: "batch-1:download#1", mode: "batch", failed: true },
    ],
  },
  {
    surface: "gemini.predict",
    title: "JSON",
    call: `POST ${GEMINI}/v1beta/models/imagen-4.0-generate-001:predict`,
    request: { instances: [] },
    response: { predictions: [] },
    expected: once("standard", "imagen-4.0-generate-001", null, UNKNOWN, "unknown_model"),
  },
  {
    surface: "gemini.cached_contents",
    title: "JSON",
    call: `POST ${GEMINI}/v1beta/cachedContents`,
    request: { model: `models/${FLASH}` },
    response: { name: "cachedContents/1", usageMetadata: { totalTokenCount: 5000 } },
    expected: once("standard", FLASH, null, UNKNOWN, "usage_unknown"),
  },
];

function enveloped(chunks: readonly object[], trace: string): readonly object[] {
  return chunks.map((response) => ({ response, traceId: trace }));
}

const CLOUDCODE: readonly CorpusEntry[] = [
  {
    surface: "cloudcode.stream",
    title: "events",
    call: "POST cloudcode-pa.googleapis.com/v1internal:streamGenerateContent?alt=sse",
    request: { model: FLASH, project: "p", request: { contents: [] } },
    response: sse(enveloped(geminiChunks("rid"), "trace_sse")),
    expected: once("streaming", FLASH, "trace_sse", GEMINI_COUNTS, GEMINI_COST),
  },
  {
    surface: "cloudcode.generate",
    title: "JSON",
    call: "POST cloudcode-pa.googleapis.com/v1internal:generateContent",
    request: { model: FLASH, project: "p", request: { contents: [] } },
    response: enveloped(geminiChunks("rid"), "trace_json")[2],
    expected: once("standard", FLASH, "trace_json", GEMINI_COUNTS, GEMINI_COST),
  },
  {
    surface: "cloudcode.count_tokens",
    title: "JSON",
    call: "POST cloudcode-pa.googleapis.com/v1internal:countTokens",
    request: { request: { model: `models/${FLASH}`, contents: [] } },
    response: { totalTokens: 12 },
    expected: once("standard", FLASH, null, NOTHING, "free"),
  },
];

/** Reasoning is beside the completion. */
const XAI_USAGE = {
  prompt_tokens: 10_120,
  completion_tokens: 1499,
  total_tokens: 14_428,
  prompt_tokens_details: { cached_tokens: 128 },
  completion_tokens_details: { reasoning_tokens: 2809 },
};
const XAI_COUNTS = [9992, 128, 0, 0, 4308, 2809];

const XAI: readonly CorpusEntry[] = [
  {
    surface: "xai.chat",
    title: "stream with the provider's charge",
    call: "POST api.x.ai/v1/chat/completions",
    request: { model: GROK, stream: true },
    response: chatChunks("grok_stream", GROK, { ...XAI_USAGE, cost_in_usd_ticks: 200_000_000 }),
    // 200,000,000 ticks of 100 pico-dollars; the table says 23,285.6 and does not count.
    expected: once("streaming", GROK, "grok_stream", XAI_COUNTS, 20_000_000_000n),
  },
  {
    surface: "xai.chat",
    title: "JSON",
    call: "POST api.x.ai/v1/chat/completions",
    request: { model: GROK },
    response: chatDocument("grok_json", GROK, XAI_USAGE),
    // 9,992 × 1.25 + 128 × 0.2 + 4,308 × 2.5
    expected: once("standard", GROK, "grok_json", XAI_COUNTS, 23_285_600_000n),
  },
  {
    surface: "xai.chat",
    title: "to be fetched later",
    call: "POST api.x.ai/v1/chat/completions",
    request: { model: GROK, deferred: true },
    response: { request_id: "req_0" },
    expected: once("standard", GROK, "req_0", UNKNOWN, "usage_unknown"),
  },
  {
    surface: "xai.responses",
    title: "stream",
    call: "POST api.x.ai/v1/responses",
    request: { model: GROK, stream: true },
    response: responseEvents("grok_resp", GROK, RESPONSES_USAGE, "response.done"),
    // 3,103 × 1.25 + 2,944 × 0.2 + 1,623 × 2.5 = 3,878.75 + 588.8 + 4,057.5
    expected: once("streaming", GROK, "grok_resp", RESPONSES_COUNTS, 8_525_050_000n),
  },
  {
    surface: "xai.messages",
    title: "stream",
    call: "POST api.x.ai/v1/messages",
    request: { model: GROK, stream: true },
    response: messageEvents("grok_msg", GROK, { input_tokens: 100, cache_read_input_tokens: 50, output_tokens: 1 }),
    // 100 × 1.25 + 50 × 0.2 + 850 × 2.5
    expected: once("streaming", GROK, "grok_msg", [100, 50, 0, 0, 850, null], 2_260_000_000n),
  },
  {
    surface: "xai.completions",
    title: "JSON",
    call: "POST api.x.ai/v1/completions",
    request: { model: GROK, prompt: "x" },
    response: chatDocument("grok_cmpl", GROK, { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 }),
    // 100 × 1.25 + 10 × 2.5
    expected: once("standard", GROK, "grok_cmpl", [100, 0, 0, 0, 10, null], 150_000_000n),
  },
  {
    surface: "xai.embeddings",
    title: "JSON",
    call: "POST api.x.ai/v1/embeddings",
    request: { model: "v1", input: "x" },
    response: { object: "list", data: [], model: "v1", usage: { prompt_tokens: 10, total_tokens: 10 } },
    expected: once("standard", "v1", null, [10, 0, 0, 0, 0, 0], "unknown_model"),
  },
  {
    surface: "xai.responses_retrieve",
    title: "JSON",
    call: "GET api.x.ai/v1/responses/grok_got",
    response: responseObject("grok_got", GROK, RESPONSES_USAGE),
    expected: once("standard", GROK, "grok_got", RESPONSES_COUNTS, 8_525_050_000n),
  },
  {
    surface: "xai.deferred",
    title: "ready",
    call: "GET api.x.ai/v1/chat/deferred-completion/req_1",
    response: chatDocument("grok_deferred", GROK, XAI_USAGE),
    expected: once("standard", GROK, "req_1", XAI_COUNTS, 23_285_600_000n),
  },
  {
    surface: "xai.deferred",
    title: "not ready",
    call: "GET api.x.ai/v1/chat/deferred-completion/req_2",
    status: 202,
    response: "",
    expected: [],
  },
  {
    surface: "xai.complete",
    title: "JSON",
    call: "POST api.x.ai/v1/complete",
    request: { model: GROK, prompt: "x" },
    response: { type: "completion", id: "grok_complete", completion: "x", model: GROK },
    expected: once("standard", GROK, "grok_complete", UNKNOWN, "usage_unknown"),
  },
  {
    surface: "xai.images",
    title: "JSON with the provider's charge",
    call: "POST api.x.ai/v1/images/generations",
    request: { model: "grok-image", prompt: "x" },
    response: { data: [], usage: { cost_in_usd_ticks: 700_000_000 } },
    expected: once("standard", "grok-image", null, UNKNOWN, 70_000_000_000n),
  },
  {
    surface: "xai.videos",
    title: "JSON",
    call: "POST api.x.ai/v1/videos/generations",
    request: { model: "grok-video", prompt: "x" },
    response: { request_id: "r" },
    expected: once("standard", "grok-video", null, UNKNOWN, "unknown_model"),
  },
  {
    surface: "xai.audio",
    title: "raw audio",
    call: "POST api.x.ai/v1/tts",
    request: { model: "grok-voice", text: "x" },
    type: "audio/mpeg",
    response: "ID3\u0004 not text",
    expected: once("standard", "grok-voice", null, UNKNOWN, "unknown_model"),
  },
];

/** Every entry. */
export const CORPUS: readonly CorpusEntry[] = [
  ...ANTHROPIC,
  ...OPENAI,
  ...CODEX,
  ...GEMINI_ENTRIES,
  ...CLOUDCODE,
  ...XAI,
];
