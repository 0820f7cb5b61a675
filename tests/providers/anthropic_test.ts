import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { counts, type Exchange, read, readOne, sse } from "./feed.ts";

const CALL = "POST api.anthropic.com/v1/messages";

function start(usage: object, id = "msg_1", model = "claude-sonnet-5-5") {
  return { type: "message_start", message: { id, type: "message", model, usage } };
}

function delta(usage: object, reason: string | null = "end_turn") {
  return { type: "message_delta", delta: { stop_reason: reason }, usage };
}

const TEXT = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "message_stop" } };
const STOP = { type: "message_stop" };

function stream(values: readonly unknown[], more: Partial<Exchange> = {}): Exchange {
  return { call: CALL, request: { model: "claude-sonnet-5-5", stream: true }, response: sse(values, true), ...more };
}

Deno.test("MessagesFormat scales the split of cache writes to a later total that comes without one", () => {
  const split = { ephemeral_5m_input_tokens: 1000, ephemeral_1h_input_tokens: 3000 };
  const first = start({ input_tokens: 5, cache_creation_input_tokens: 4000, cache_creation: split, output_tokens: 1 });
  const reading = readOne(stream([first, delta({ cache_creation_input_tokens: 5000, output_tokens: 9 }), STOP]));
  deepEqual(counts(reading), [5, 0, 1250, 3750, 9, null]);
  equal(reading.inconsistent, false);
});

Deno.test("MessagesFormat takes the split of cache writes from the iterations when they carry one", () => {
  const split = (short: number, long: number) => ({
    cache_creation: { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long },
  });
  const iterations = [
    { type: "message", input_tokens: 1, output_tokens: 1, cache_creation_input_tokens: 300, ...split(100, 200) },
    { type: "compaction", input_tokens: 7, output_tokens: 8, cache_creation_input_tokens: 99, ...split(0, 99) },
    { type: "message", input_tokens: 1, output_tokens: 1, cache_creation_input_tokens: 400, ...split(400, 0) },
  ];
  const reading = readOne(stream([
    start({ input_tokens: 2, cache_creation_input_tokens: 300, ...split(300, 0), output_tokens: 1 }),
    delta({ input_tokens: 2, cache_creation_input_tokens: 700, output_tokens: 2, iterations }),
    STOP,
  ]));
  deepEqual(counts(reading), [2, 0, 500, 200, 2, null]);
  deepEqual(counts(reading, 1), [7, 0, 0, 99, 8, null]);
});

Deno.test("MessagesFormat charges cache writes without any split at the short rate", () => {
  const reading = readOne({
    call: CALL,
    response: {
      id: "msg_1",
      model: "m",
      usage: { input_tokens: 3, cache_creation_input_tokens: 12304, output_tokens: 550 },
    },
  });
  deepEqual(counts(reading), [3, 0, 12304, 0, 550, null]);
});

Deno.test("MessagesFormat gives the remainder of a split that falls short to the short rate, and flags it", () => {
  const usage = {
    input_tokens: 1,
    cache_creation_input_tokens: 100,
    cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 50 },
    output_tokens: 1,
  };
  const reading = readOne({ call: CALL, response: { id: "msg_1", model: "m", usage } });
  deepEqual(counts(reading), [1, 0, 50, 50, 1, null]);
  equal(reading.inconsistent, true);
});

Deno.test("MessagesFormat lets a present 0 replace and an absent or null count stay", () => {
  const first = start({ input_tokens: 868, cache_read_input_tokens: 50, output_tokens: 2, service_tier: "standard" });
  const reading = readOne(stream([
    first,
    delta({ input_tokens: 4230, cache_read_input_tokens: null, output_tokens: 30 }, null),
    delta({ input_tokens: 0, output_tokens: 31, server_tool_use: { web_search_requests: 2 } }),
    STOP,
  ]));
  deepEqual(counts(reading), [0, 50, 0, 0, 31, null]);
  deepEqual([reading.extra, reading.servedTier], [{ webSearchRequests: 2 }, "standard"]);
});

Deno.test("MessagesFormat reports no output before the first message_delta of a cut stream", () => {
  const reading = readOne(
    stream([start({ input_tokens: 10, cache_read_input_tokens: 4, output_tokens: 3 }), TEXT], { clean: false }),
  );
  deepEqual(counts(reading), [10, 4, 0, 0, null, null]);
  deepEqual([reading.complete, reading.usageUnknown, reading.responseId], [false, "cut", "msg_1"]);
});

Deno.test("MessagesFormat takes a clean end of the body without message_stop for a cut", () => {
  const values = [start({ input_tokens: 10, output_tokens: 3 }), TEXT, delta({ output_tokens: 20 }, null)];
  const reading = readOne(stream(values));
  deepEqual(counts(reading), [10, 0, 0, 0, 20, null]);
  deepEqual([reading.complete, reading.usageUnknown], [false, "cut"]);
});

Deno.test("MessagesFormat has final counts once a stop reason came, though the stream is not complete", () => {
  const reading = readOne(
    stream([start({ input_tokens: 10, output_tokens: 3 }), delta({ output_tokens: 20 })], { clean: false }),
  );
  deepEqual([counts(reading)[4], reading.complete, reading.usageUnknown], [20, false, null]);
});

Deno.test("MessagesFormat emits a spliced second message apart, the first as cut", () => {
  const readings = read(stream([
    start({ input_tokens: 10, output_tokens: 3 }),
    TEXT,
    start({ input_tokens: 20, output_tokens: 1 }, "msg_2"),
    delta({ output_tokens: 5 }),
    STOP,
  ]));
  deepEqual(
    readings.map((reading) => [reading.responseId, reading.complete, reading.usageUnknown, counts(reading)[4]]),
    [
      ["msg_1", false, "cut", null],
      ["msg_2", true, null, 5],
    ],
  );
});

Deno.test("MessagesFormat merges a repeated message_start of the same message", () => {
  const readings = read(stream([
    start({ input_tokens: 10, output_tokens: 3 }),
    start({ input_tokens: 12, output_tokens: 3 }),
    delta({ output_tokens: 5 }),
    STOP,
  ]));
  deepEqual(readings.map((reading) => counts(reading)), [[12, 0, 0, 0, 5, null]]);
});

Deno.test("MessagesFormat keeps the counts of a stream that ends in an error, and not its message", () => {
  const error = { type: "error", error: { type: "overloaded_error", message: "SECRET" }, request_id: "req_1" };
  const reading = readOne(stream([start({ input_tokens: 10, output_tokens: 3 }), TEXT, error]));
  deepEqual(reading.error, { type: "overloaded_error", code: null, status: null });
  deepEqual([counts(reading)[0], reading.complete, reading.usageUnknown], [10, false, "cut"]);
  equal(JSON.stringify(reading).includes("SECRET"), false);
});

Deno.test("MessagesFormat reads an error that comes before any message", () => {
  const reading = readOne(stream([{ type: "error", error: { type: "api_error", message: "x" } }]));
  deepEqual([reading.error?.type, reading.usageUnknown, counts(reading)[0]], ["api_error", "not_reported", null]);
  equal(reading.billable, false);
});

Deno.test("MessagesFormat reads CRLF streams, unnamed events and data with spaces", () => {
  const values = [start({ input_tokens: 10, output_tokens: 3 }), TEXT, delta({ output_tokens: 20 }), STOP];
  const spaced = values.map((value) => JSON.stringify(value, null, 1).replaceAll("\n", ""));
  for (const response of [sse(values, true, "\r\n"), sse(values, false), sse(spaced, false, "\r")]) {
    const reading = readOne({ call: CALL, response });
    deepEqual([counts(reading), reading.complete], [[10, 0, 0, 0, 20, null], true]);
  }
});

Deno.test("MessagesFormat reads tier, speed, region and the fallback of a document", () => {
  const usage = { input_tokens: 1, output_tokens: 2, service_tier: "priority", speed: "fast", inference_geo: "us" };
  const content = [{ type: "fallback", to: { model: "B" } }, { type: "text", text: "x" }];
  const reading = readOne({
    call: CALL,
    request: { model: "A", service_tier: "auto" },
    response: { id: "msg_1", type: "message", model: "A", content, usage },
  });
  deepEqual(
    [
      reading.servedTier,
      reading.speed,
      reading.inferenceGeo,
      reading.requestedTier,
      reading.servedModel,
      reading.requestedModel,
    ],
    ["priority", "fast", "us", "auto", "B", "A"],
  );
});

Deno.test("MessagesFormat calls usage unreadable, cut or not reported, never zero", () => {
  const document = JSON.stringify({
    id: "msg_1",
    model: "m",
    content: [],
    usage: { input_tokens: 1, output_tokens: 2 },
  });
  const cut = readOne({ call: CALL, response: document.slice(0, -3), clean: false });
  deepEqual([cut.usageUnknown, cut.complete, cut.servedModel, counts(cut)[0]], ["cut", false, "m", null]);
  equal(readOne({ call: CALL, response: document.slice(0, -3) }).usageUnknown, "unreadable");
  equal(readOne({ call: CALL, response: { id: "msg_1", model: "m" } }).usageUnknown, "not_reported");
  equal(
    readOne({ call: CALL, response: "<html>", headers: { "content-type": "text/html" } }).usageUnknown,
    "unreadable",
  );
  equal(readOne({ call: CALL, clean: false }).usageUnknown, "cut");
});

Deno.test("MessagesFormat reads error bodies", () => {
  const body = {
    type: "error",
    error: { type: "invalid_request_error", message: "SECRET", details: { error_code: "too_long" } },
  };
  const reading = readOne({ call: CALL, request: { model: "m", stream: true }, status: 400, response: body });
  deepEqual(reading.error, { type: "invalid_request_error", code: "too_long", status: null });
  deepEqual([reading.usageUnknown, reading.complete, reading.requestedModel, reading.mode], [
    "not_reported",
    true,
    "m",
    "standard",
  ]);
  const page = { call: CALL, status: 529, response: "<html>busy</html>", headers: { "content-type": "text/html" } };
  deepEqual(readOne(page).error, { type: null, code: null, status: null });
});

Deno.test("MessagesFormat serves xAI, deprecated as it is there", () => {
  const reading = readOne({
    call: "POST api.x.ai/v1/messages",
    response: { id: "msg_1", model: "grok-4", usage: { input_tokens: 1, output_tokens: 2 } },
  });
  deepEqual([reading.provider, counts(reading)], ["xai", [1, 0, 0, 0, 2, null]]);
});

Deno.test("countTokensFormat bills nothing and keeps the estimate", () => {
  const reading = readOne({
    call: "POST api.anthropic.com/v1/messages/count_tokens?beta=true",
    request: { model: "m" },
    response: { input_tokens: 2095 },
  });
  deepEqual([reading.kind, reading.billable, reading.usageUnknown], ["count_tokens", false, null]);
  deepEqual([counts(reading), reading.rawUsage], [[0, 0, 0, 0, 0, 0], '{"input_tokens":2095}']);
});

Deno.test("MessagesFormat bills nothing for what was declined before anything was put out", () => {
  const begin = (type: string) => ({ type: "content_block_start", index: 0, content_block: { type } });
  const counted = { input_tokens: 106, output_tokens: 1 };
  const streamed = (...blocks: object[]) =>
    readOne(stream([start(counted), ...blocks, delta({ output_tokens: 1 }, "refusal"), STOP]));
  const declined = streamed();
  deepEqual([declined.billable, counts(declined), declined.complete], [false, [106, 0, 0, 0, 1, null], true]);
  equal(streamed(begin("text"), TEXT).billable, true);
  equal(streamed(begin("thinking")).billable, true);
  equal(readOne(stream([start(counted), delta({ output_tokens: 1 }), STOP])).billable, true);

  const whole = (more: object, host = "api.anthropic.com") =>
    readOne({
      call: `POST ${host}/v1/messages`,
      response: { id: "msg_1", type: "message", model: "claude-fable-5", usage: counted, ...more },
    });
  equal(whole({ content: [], stop_reason: "refusal" }).billable, false);
  equal(whole({ content: [{ type: "text", text: "I" }], stop_reason: "refusal" }).billable, true);
  equal(whole({ stop_reason: "refusal" }).billable, true);
  equal(whole({ content: [], stop_reason: "end_turn" }).billable, true);
  equal(whole({ content: [], stop_reason: "refusal" }, "api.x.ai").billable, true);
  const iterations = [{ type: "compaction", input_tokens: 60_385, output_tokens: 522 }];
  equal(whole({ content: [], stop_reason: "refusal", usage: { ...counted, iterations } }).billable, true);
});
