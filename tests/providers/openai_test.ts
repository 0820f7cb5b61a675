import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { counts, type Exchange, readOne, sse } from "./feed.ts";

const CALL = "POST api.openai.com/v1/chat/completions";
const USAGE = {
  prompt_tokens: 100,
  completion_tokens: 50,
  total_tokens: 150,
  prompt_tokens_details: { cached_tokens: 20, cache_write_tokens: 30, audio_tokens: 10 },
  completion_tokens_details: { reasoning_tokens: 40, audio_tokens: 5 },
};

function chunk(text: string, more: object = {}) {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    model: "gpt-5.6-2026-07-01",
    service_tier: "auto",
    choices: [{ index: 0, delta: { content: text }, logprobs: { content: [{ token: "usage" }] } }],
    usage: null,
    ...more,
  };
}

const TEXT = Array.from({ length: 20 }, (_, at) => chunk(`"usage":{"prompt_tokens":${at}} é`));
const LAST = chunk("", { choices: [], usage: USAGE, service_tier: "default" });

function stream(values: readonly unknown[], asked: object = { include_usage: true }, clean = true): Exchange {
  const request = { model: "gpt-5.6", stream: true, stream_options: asked, service_tier: "auto" };
  return { call: CALL, request, response: sse(values), clean };
}

Deno.test("ChatFormat reads the usage chunk of a stream", () => {
  const reading = readOne(stream([...TEXT, LAST, "[DONE]"]));
  deepEqual(counts(reading), [50, 20, 30, 0, 50, 40]);
  deepEqual(reading.parts[0].modalities, { inputAudio: 10, outputAudio: 5 });
  deepEqual([reading.servedModel, reading.requestedModel, reading.responseId], [
    "gpt-5.6-2026-07-01",
    "gpt-5.6",
    "chatcmpl-1",
  ]);
  deepEqual([reading.servedTier, reading.requestedTier, reading.complete, reading.mode], [
    "default",
    "auto",
    true,
    "streaming",
  ]);
  deepEqual(JSON.parse(reading.rawUsage ?? ""), USAGE);
});

Deno.test("ChatFormat says that usage was not requested, and takes the tier of the last chunk", () => {
  const last = chunk("", { service_tier: "flex" });
  const reading = readOne(stream([...TEXT, last, "[DONE]"], {}));
  deepEqual([reading.usageUnknown, reading.complete, reading.servedTier, counts(reading)[0]], [
    "not_requested",
    true,
    "flex",
    null,
  ]);
  equal(readOne(stream(TEXT, {}, false)).usageUnknown, "not_requested");
});

Deno.test("ChatFormat does not say so when the request could not be read to its end", () => {
  const exchange = stream([...TEXT, "[DONE]"], {});
  equal(readOne({ ...exchange, requestWhole: false }).usageUnknown, "not_reported");
  equal(readOne({ ...exchange, request: '{"model":"gpt-5.6","messages":[{"ro' }).requestedModel, "gpt-5.6");
});

Deno.test("ChatFormat calls a stream without [DONE] incomplete, its counts final with the usage chunk", () => {
  const counted = readOne(stream([...TEXT, LAST], undefined, false));
  deepEqual([counted.complete, counted.usageUnknown, counts(counted)[4]], [false, null, 50]);
  const cut = readOne(stream(TEXT));
  deepEqual([cut.complete, cut.usageUnknown, counts(cut)[4]], [false, "cut", null]);
});

Deno.test("ChatFormat reads a failure in the middle of a stream", () => {
  const error = { error: { message: "SECRET", type: "server_error", code: "internal_error", param: null } };
  for (const response of [sse([...TEXT, error]), `${sse(TEXT)}event: error\ndata: ${JSON.stringify(error)}\n\n`]) {
    const reading = readOne({
      call: CALL,
      request: { model: "m", stream: true, stream_options: { include_usage: true } },
      response,
    });
    deepEqual([reading.error, reading.complete, reading.usageUnknown], [
      { type: "server_error", code: "internal_error", status: null },
      false,
      "cut",
    ]);
  }
});

Deno.test("ChatFormat reads a document whose text talks about usage", () => {
  const response = {
    id: "chatcmpl-1",
    model: "gpt-4.1-nano-2025-04-14",
    choices: [{ message: { content: '"usage":{"prompt_tokens":1}' } }],
    usage: USAGE,
    service_tier: "priority",
  };
  const reading = readOne({ call: CALL, request: { model: "gpt-4.1-nano" }, response });
  deepEqual([counts(reading), reading.servedTier, reading.mode], [[50, 20, 30, 0, 50, 40], "priority", "standard"]);
});

Deno.test("ChatFormat keeps the documented rule and flags counts that fit no total", () => {
  const reading = readOne({
    call: CALL,
    response: { id: "c", model: "m", choices: [], usage: { ...USAGE, total_tokens: 999 } },
  });
  deepEqual([counts(reading)[4], reading.inconsistent], [50, true]);
});

Deno.test("ChatFormat reads error bodies of OpenAI", () => {
  const body = { error: { message: "SECRET", type: "insufficient_quota", param: null, code: "insufficient_quota" } };
  const reading = readOne({ call: CALL, request: { model: "m", stream: true }, status: 429, response: body });
  deepEqual(reading.error, { type: "insufficient_quota", code: "insufficient_quota", status: null });
  deepEqual([reading.usageUnknown, counts(reading)[0]], ["not_reported", null]);
});

Deno.test("ChatFormat reads legacy completions and embeddings", () => {
  const completion = readOne({
    call: "POST api.openai.com/v1/completions",
    response: {
      id: "cmpl-1",
      model: "m",
      choices: [{ text: "x" }],
      usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
    },
  });
  deepEqual(counts(completion), [5, 0, 0, 0, 7, null]);
  const embedding = readOne({
    call: "POST api.openai.com/v1/embeddings",
    response: {
      object: "list",
      data: [{ embedding: [0.1] }],
      model: "text-embedding-3-small",
      usage: { prompt_tokens: 8, total_tokens: 8 },
    },
  });
  deepEqual([counts(embedding), embedding.kind, embedding.usageUnknown], [[8, 0, 0, 0, 0, 0], "embedding", null]);
});

Deno.test("ChatFormat takes the output of Gemini's compatible path from the total", () => {
  const call = "POST generativelanguage.googleapis.com/v1beta/openai/chat/completions";
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 40 };
  const reading = readOne({ call, response: { id: "c", model: "gemini-3-pro", choices: [], usage } });
  deepEqual([reading.provider, counts(reading), reading.inconsistent], ["gemini", [10, 0, 0, 0, 30, 25], false]);
  equal(
    readOne({ call, response: { id: "c", model: "models/gemini-3-pro", choices: [], usage } }).servedModel,
    "gemini-3-pro",
  );
  const inside = {
    prompt_tokens: 10,
    completion_tokens: 30,
    total_tokens: 40,
    completion_tokens_details: { reasoning_tokens: 25 },
  };
  deepEqual(counts(readOne({ call, response: { id: "c", model: "m", choices: [], usage: inside } })), [
    10,
    0,
    0,
    0,
    30,
    25,
  ]);
});

Deno.test("surfaceFor() bills nothing for an error instead of an answer, and does not know the price of one in its middle", () => {
  const error = { error: { message: "x", type: "server_error", code: "server_error" } };
  const chunk = { id: "c", model: "gpt-4o-mini", choices: [{ index: 0, delta: { content: "x" } }] };
  const call = "POST api.openai.com/v1/chat/completions";
  const request = { model: "gpt-4o-mini", stream: true, stream_options: { include_usage: true } };
  const at = (...events: readonly unknown[]) => readOne({ call, request, response: sse(events) });
  deepEqual([at(error).billable, at(error).error?.code], [false, "server_error"]);
  deepEqual([at(chunk, error).billable, at(chunk, error).usageUnknown], [true, "cut"]);
});
