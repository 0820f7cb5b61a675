import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { utf8 } from "./cuts.ts";
import { counts, type Exchange, read, readOne, readPieces, sse } from "./feed.ts";

const CALL = "POST api.openai.com/v1/responses";
const USAGE = { input_tokens: 10, input_tokens_details: { cached_tokens: 4 }, output_tokens: 5, total_tokens: 15 };

function response(more: object = {}) {
  return {
    id: "resp_1",
    object: "response",
    model: "gpt-5.6-2026-07-01",
    status: "completed",
    error: null,
    usage: USAGE,
    ...more,
  };
}

const CREATED = {
  type: "response.created",
  sequence_number: 0,
  response: response({ usage: null, service_tier: "auto" }),
};
const TEXT = { type: "response.output_text.delta", sequence_number: 1, delta: '{"type":"response.completed"}' };

function stream(values: readonly unknown[], more: Partial<Exchange> = {}): Exchange {
  return { call: CALL, request: { model: "gpt-5.6", stream: true }, response: sse(values, true), ...more };
}

Deno.test("ResponsesFormat gives what a cut stream told: names, no counts", () => {
  for (const clean of [true, false]) {
    const reading = readOne(stream([CREATED, TEXT], { clean }));
    deepEqual([reading.responseId, reading.servedModel, counts(reading)[0]], ["resp_1", "gpt-5.6-2026-07-01", null]);
    deepEqual([reading.complete, reading.usageUnknown], [false, "cut"]);
  }
});

Deno.test("ResponsesFormat bills incomplete and failed responses", () => {
  const incomplete = readOne(
    stream([CREATED, { type: "response.incomplete", response: response({ status: "incomplete" }) }]),
  );
  deepEqual([counts(incomplete), incomplete.complete, incomplete.usageUnknown], [[6, 4, 0, 0, 5, null], true, null]);
  const error = { code: "rate_limit_exceeded", message: "SECRET" };
  const failed = readOne(stream([CREATED, { type: "response.failed", response: response({ error, usage: null }) }]));
  deepEqual([failed.error?.code, failed.complete, failed.usageUnknown], ["rate_limit_exceeded", true, "not_reported"]);
});

Deno.test("ResponsesFormat reads an error event", () => {
  const error = { type: "error", sequence_number: 2, code: "server_error", message: "SECRET", param: null };
  const reading = readOne(stream([CREATED, TEXT, error]));
  deepEqual(reading.error, { type: null, code: "server_error", status: null });
  deepEqual([reading.complete, reading.usageUnknown], [false, "cut"]);
});

Deno.test("ResponsesFormat reads events whose type does not come first, and trusts the data over the event line", () => {
  const last = JSON.stringify({ sequence_number: 5, response: response(), type: "response.completed" });
  const text = JSON.stringify({ sequence_number: 1, type: "response.output_text.delta", delta: "x" });
  for (const name of ["response.completed", "response.output_text.delta", "message"]) {
    const reading = readOne({
      call: CALL,
      response: `event: response.output_text.delta\ndata: ${text}\n\nevent: ${name}\ndata: ${last}\n\n`,
    });
    deepEqual([counts(reading), reading.complete], [[6, 4, 0, 0, 5, null], true]);
  }
});

Deno.test("ResponsesFormat reads Codex: other events, an end with id and usage only, the model of the head", () => {
  const values = [{ type: "codex.rate_limits", rate_limits: {} }, {
    type: "response.completed",
    response: { id: "resp_9", usage: USAGE },
  }];
  const exchange: Exchange = {
    call: "POST chatgpt.com/backend-api/codex/responses",
    request: { model: "gpt-5.6-codex", stream: true },
    response: sse(values, true),
    headers: { "openai-model": "gpt-5.6-codex-mini" },
  };
  const reading = readOne(exchange);
  deepEqual([reading.servedModel, reading.requestedModel, reading.responseId], [
    "gpt-5.6-codex-mini",
    "gpt-5.6-codex",
    "resp_9",
  ]);
  deepEqual([counts(reading), reading.provider, reading.mode], [[6, 4, 0, 0, 5, null], "openai", "streaming"]);
});

Deno.test("ResponsesFormat reads Codex's refusals", () => {
  const call = "POST chatgpt.com/backend-api/codex/responses";
  const limit = { error: { type: "usage_limit_reached", message: "SECRET", plan_type: "plus", resets_in_seconds: 9 } };
  equal(readOne({ call, status: 429, response: limit }).error?.type, "usage_limit_reached");
  equal(
    readOne({ call, status: 403, response: { detail: { code: "account_disabled" } } }).error?.code,
    "account_disabled",
  );
  deepEqual(readOne({ call, status: 401, response: { detail: "SECRET" } }).error, {
    type: null,
    code: null,
    status: null,
  });
});

Deno.test("ResponsesFormat reads compaction, with and without usage", () => {
  const whole = { id: "cmp_1", object: "response.compaction", output: [], usage: USAGE };
  deepEqual(counts(readOne({ call: `${CALL}/compact`, request: { model: "m" }, response: whole })), [
    6,
    4,
    0,
    0,
    5,
    null,
  ]);
  const reading = readOne({ call: "POST chatgpt.com/backend-api/codex/responses/compact", response: { output: [] } });
  deepEqual([reading.usageUnknown, reading.complete], ["not_reported", true]);
});

Deno.test("ResponsesFormat bills image tools and web searches beside the response", () => {
  const tool_usage = {
    image_gen: { input_tokens: 50, input_tokens_details: { image_tokens: 30, text_tokens: 20 }, output_tokens: 4160 },
    web_search: { num_requests: 3 },
  };
  const tools = [{ type: "web_search" }, { type: "image_generation", model: "gpt-image-2" }];
  const reading = readOne({ call: CALL, response: response({ tool_usage, tools }) });
  deepEqual(reading.parts.slice(1), [{
    kind: "image_tool",
    model: "gpt-image-2",
    usage: { input: 50, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 4160, thinking: null },
    modalities: { inputImage: 30 },
  }]);
  deepEqual(reading.extra, { webSearchRequests: 3 });
});

Deno.test("ResponsesFormat waits for the usage of a background response", () => {
  const queued = response({ status: "queued", usage: null });
  equal(
    readOne({ call: CALL, request: { model: "m", background: true }, response: queued }).usageUnknown,
    "not_reported",
  );
  const fetched = { call: "GET api.openai.com/v1/responses/resp_1?include=x" };
  equal(read({ ...fetched, response: queued }).length, 0);
  equal(read({ ...fetched, status: 404, response: { error: { type: "invalid_request_error" } } }).length, 0);
  equal(readOne({ ...fetched, response: response() }).responseId, "resp_1");
  equal(
    readOne({ ...fetched, response: sse([{ type: "response.completed", response: response() }], true) }).responseId,
    "resp_1",
  );
});

Deno.test("ResponsesFormat of xAI reads ticks and tool calls", () => {
  const usage = { ...USAGE, cost_in_usd_ticks: 232_856_000, num_server_side_tools_used: 2 };
  const reading = readOne({ call: "POST api.x.ai/v1/responses", response: response({ usage }) });
  deepEqual([reading.provider, reading.providerCostPico, reading.extra], ["xai", 23_285_600_000n, { toolCalls: 2 }]);
});

Deno.test("ResponsesFormat takes a failed response for an error though it names none", () => {
  const end = { type: "response.failed", response: response({ status: "failed" }) };
  const reading = readOne(stream([CREATED, end]));
  deepEqual([reading.error, reading.complete, counts(reading)], [
    { type: null, code: null, status: null },
    true,
    [6, 4, 0, 0, 5, null],
  ]);
});

Deno.test("ResponsesFormat keeps writes to the cache for 12 hours apart from those for 30 minutes", () => {
  const split = (details: object, written: number) =>
    counts(readOne({
      call: CALL,
      request: { model: "gpt-6.2-sol" },
      response: response({
        usage: {
          input_tokens: 5000,
          input_tokens_details: {
            cached_tokens: 100,
            cache_write_tokens: written,
            cache_write_tokens_details: details,
          },
          output_tokens: 5,
          total_tokens: 5005,
        },
      }),
    }));
  deepEqual(split({ ttl_30m_tokens: 1500, ttl_12h_tokens: 2500 }, 4000), [900, 100, 1500, 2500, 5, null]);
  deepEqual(split({ ttl_30m_tokens: 4000 }, 4000), [900, 100, 4000, 0, 5, null]);
  // More than was written in all: the total holds.
  deepEqual(split({ ttl_12h_tokens: 9000 }, 4000), [900, 100, 0, 4000, 5, null]);
});

Deno.test("surfaceFor() bills a failed response what it used, and nothing when the provider states no usage", () => {
  const response = (usage: unknown) => ({
    type: "response.failed",
    response: { id: "resp_1", model: "gpt-6-sol", status: "failed", error: { code: "server_error" }, usage },
  });
  const call = "POST api.openai.com/v1/responses";
  const used = { input_tokens: 5, output_tokens: 1, total_tokens: 6 };
  equal(readOne({ call, response: sse([response(null)]) }).billable, false);
  equal(readOne({ call, response: sse([response(used)]) }).billable, true);
  equal(readOne({ call, response: response(null).response }).billable, false);
  equal(readOne({ call, response: sse([{ type: "error", code: "server_error", message: "x" }]) }).billable, false);
});

Deno.test("ResponsesFormat counts searches in the output where the response does not count them itself", () => {
  const search = (type: string) => ({ type: "web_search_call", status: "completed", action: { type } });
  const output = [search("search"), search("open_page"), { type: "web_search_call" }, { type: "message", content: [] }];
  const extraOf = (more: object) =>
    readOne({ call: CALL, request: { model: "gpt-6-sol" }, response: response(more) }).extra;
  deepEqual(extraOf({ output }), { webSearchRequests: 2 });
  deepEqual(extraOf({ output, tool_usage: { web_search: { num_requests: 1 } } }), { webSearchRequests: 1 });
  deepEqual(extraOf({ output, tool_usage: { web_search: { num_requests: 0 } } }), {});
  deepEqual(extraOf({ output: [{ type: "file_search_call" }, { type: "code_interpreter_call" }] }), { toolCalls: 2 });
  const xai = { call: "POST api.x.ai/v1/responses", request: { model: "grok-4.6" }, response: response({ output }) };
  deepEqual(readOne(xai).extra, {});
});

Deno.test("ResponsesFormat reads usage that is nested deeper than the stack", () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const text = JSON.stringify(response()).replace('"input_tokens":10', `"x":${deep},"input_tokens":10`);
  const readings = readPieces({ call: CALL, request: { model: "gpt-5.6" }, response: text }, [utf8(text)]);
  deepEqual(readings.map((reading) => [counts(reading), reading.rawUsage]), [[[6, 4, 0, 0, 5, null], null]]);
});
