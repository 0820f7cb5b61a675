import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { serverToolsIn } from "../../src/providers/server_tools.ts";
import { counts, read, readOne, sse } from "./feed.ts";

const CALL = "POST api.x.ai/v1/chat/completions";

Deno.test("ChatFormat of xAI reads the charge that the provider states", () => {
  const usage = {
    prompt_tokens: 10_120,
    prompt_tokens_details: { cached_tokens: 128 },
    completion_tokens: 1_499,
    completion_tokens_details: { reasoning_tokens: 2_809 },
    total_tokens: 14_428,
    cost_in_usd_ticks: 232_856_000,
  };
  const chunk = { id: "c", model: "grok-4", choices: [{ delta: { reasoning_content: "x" } }] };
  const last = { id: "c", model: "grok-4", choices: [], usage };
  const reading = readOne({
    call: CALL,
    request: { model: "grok-4", stream: true },
    response: sse([chunk, last, "[DONE]"]),
  });
  deepEqual(counts(reading), [9_992, 128, 0, 0, 4_308, 2_809]);
  deepEqual([reading.providerCostPico, reading.inconsistent, reading.complete], [23_285_600_000n, false, true]);
});

Deno.test("ChatFormat of xAI never says that usage was not requested", () => {
  const chunk = { id: "c", model: "grok-4", choices: [{ delta: { content: "x" } }] };
  const reading = readOne({ call: CALL, request: { model: "grok-4", stream: true }, response: sse([chunk, "[DONE]"]) });
  equal(reading.usageUnknown, "not_reported");
});

Deno.test("ChatFormat of xAI takes cached tokens above the prompt for tokens beside it", () => {
  const usage = {
    prompt_tokens: 5,
    prompt_tokens_details: { cached_tokens: 7 },
    completion_tokens: 1,
    total_tokens: 6,
  };
  deepEqual(counts(readOne({ call: CALL, response: { id: "c", model: "m", choices: [], usage } })), [
    5,
    7,
    0,
    0,
    1,
    null,
  ]);
});

Deno.test("ChatFormat of xAI reads a deferred completion once it is there", () => {
  const call = "GET api.x.ai/v1/chat/deferred-completion/abc";
  equal(read({ call, status: 202, response: "" }).length, 0);
  const usage = { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 };
  // The id of the request, under which the start was recorded.
  equal(readOne({ call, response: { id: "c", model: "grok-4", choices: [], usage } }).responseId, "abc");
});

Deno.test("errorOf() reads both shapes of xAI without its text", () => {
  for (const body of [{ error: "SECRET" }, { code: "The caller does not have permission", error: "SECRET" }]) {
    const reading = readOne({ call: CALL, request: { model: "m" }, status: 403, response: body });
    deepEqual(reading.error, { type: null, code: null, status: null });
  }
  const stream = readOne({ call: CALL, response: sse([{ code: "rate-limit", error: "SECRET" }]) });
  deepEqual([stream.error?.code, stream.complete], ["rate-limit", false]);
});

Deno.test("unitPricedFormat reads the charge for an image", () => {
  const reading = readOne({
    call: "POST api.x.ai/v1/images/generations",
    request: { model: "grok-image" },
    response: { data: [], usage: { cost_in_usd_ticks: 700_000_000 } },
  });
  deepEqual([reading.providerCostPico, reading.kind, reading.usageUnknown], [70_000_000_000n, "image", "not_reported"]);
});

Deno.test("serverToolsIn() counts calls by their total or by kind, and sources beside them", () => {
  equal(serverToolsIn(null), 0);
  equal(serverToolsIn({ num_server_side_tools_used: 2, server_side_tool_usage_details: { web_search_calls: 5 } }), 2);
  equal(serverToolsIn({ server_side_tool_usage_details: { web_search_calls: 2, mcp_calls: 1, note: "x" } }), 3);
  equal(serverToolsIn({ num_sources_used: 4, num_server_side_tools_used: 1 }), 5);
  equal(serverToolsIn({ num_sources_used: null, server_side_tool_usage_details: [] }), 0);
});
