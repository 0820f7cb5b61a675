import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { counts, readOne } from "./feed.ts";
import { openSocket } from "./sockets.ts";

const CODEX = "GET chatgpt.com/backend-api/codex/responses";
const USAGE = {
  input_tokens: 4020,
  input_tokens_details: { cache_write_tokens: 4012, cached_tokens: 0 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 4025,
};

Deno.test("responsesSocket() reads a warm-up and two turns as Codex makes them, each at its terminal event", () => {
  const socket = openSocket(CODEX);
  for (const [turn, id] of ["warm", "r1", "r2"].entries()) {
    const warmUp = id === "warm" ? { generate: false } : {};
    const place = socket.client({
      type: "response.create",
      model: "gpt-5.6",
      service_tier: "flex",
      ...warmUp,
      input: [],
    });
    deepEqual(place, { turn, asks: true });
    equal(socket.server({ type: "codex.rate_limits", rate_limits: {} }), turn);
    equal(
      socket.server({ type: "response.created", response: { id, model: "gpt-5.6-2026-07-30", usage: null } }),
      turn,
    );
    equal(socket.server({ type: "response.output_text.delta", item_id: "i", delta: '"stream_id":"x"' }), turn);
    equal(socket.readings.length, turn);
    equal(socket.server({ type: "response.completed", response: { id, usage: USAGE } }), turn);
    equal(socket.readings.length, turn + 1);
    equal(socket.server({ type: "response.metadata", metadata: {} }), null);
  }
  socket.end();
  deepEqual(socket.turns, [0, 1, 2]);
  deepEqual(socket.readings.map(({ responseId }) => responseId), ["warm", "r1", "r2"]);
  deepEqual(socket.readings.map(({ billable }) => billable), [false, true, true]);
  for (const reading of socket.readings) {
    deepEqual(counts(reading), [8, 0, 4012, 0, 5, 0]);
    equal(reading.servedModel, "gpt-5.6-2026-07-30");
    equal(reading.requestedModel, "gpt-5.6");
    equal(reading.requestedTier, "flex");
    equal(reading.mode, "websocket");
    equal(reading.usageUnknown, null);
  }
});

Deno.test("responsesSocket() keeps apart responses that run side by side, with messages between them", () => {
  const socket = openSocket("GET api.openai.com/v1/responses");
  socket.client({ type: "response.create", model: "a", stream_id: "s1" });
  socket.client({ type: "response.create", model: "b", stream_id: "s2" });
  equal(socket.server({ type: "response.created", stream_id: "s2", response: { id: "rb" } }), 1);
  equal(socket.server({ type: "response.created", stream_id: "s1", response: { id: "ra" } }), 0);
  equal(socket.server({ type: "response.output_text.delta", delta: "x", stream_id: "s2" }), 1);
  equal(socket.server('{"type": "response.output_text.delta", "stream_id": "s1"}'), 0);
  equal(socket.server({ type: "response.output_text.delta", delta: "x", stream_id: "unheard of" }), null);
  socket.server({ type: "response.done", stream_id: "s2", response: { id: "rb", usage: USAGE } });
  socket.server({ type: "response.incomplete", stream_id: "s1", response: { id: "ra", usage: USAGE } });
  deepEqual(socket.readings.map(({ responseId, requestedModel }) => [responseId, requestedModel]), [
    ["rb", "b"],
    ["ra", "a"],
  ]);
  deepEqual(socket.turns, [1, 0]);
});

Deno.test("responsesSocket() reads a steered response and the successor that the server begins by itself", () => {
  const socket = openSocket("GET api.openai.com/v1/responses");
  socket.client({ type: "response.create", model: "a" });
  equal(socket.client({ type: "response.steer", previous_response_id: "r1", input: "x" }), null);
  socket.server({ type: "response.created", response: { id: "r1", model: "a-1" } });
  deepEqual(socket.client({ type: "response.steer", previous_response_id: "r1", input: "x" }), {
    turn: 0,
    asks: false,
  });
  equal(socket.server({ type: "response.steer.accepted", steer: { id: "s", previous_response_id: "r1" } }), 0);
  socket.server({ type: "response.incomplete", response: { id: "r1", model: "a-1", usage: USAGE } });
  equal(socket.server({ type: "response.created", response: { id: "r2", model: "a-1" } }), 1);
  socket.server({ type: "response.completed", response: { id: "r2", model: "a-1", usage: USAGE } });
  deepEqual(socket.readings.map(({ responseId, servedModel }) => [responseId, servedModel]), [
    ["r1", "a-1"],
    ["r2", "a-1"],
  ]);
});

Deno.test("responsesSocket() ends a turn on an error, and cuts what is open at the end", () => {
  const socket = openSocket(CODEX);
  socket.client({ type: "response.create", model: "a" });
  const error = { type: "usage_limit_reached", message: "CANARY", plan_type: "plus" };
  equal(socket.server({ type: "error", status: 429, error }), 0);
  socket.client({ type: "response.create", model: "a" });
  socket.server({ type: "response.created", response: { id: "r" } });
  socket.client("not JSON");
  socket.client({ type: "session.update" });
  socket.server("{");
  socket.end();
  const [first, second] = socket.readings;
  deepEqual(first?.error, { type: "usage_limit_reached", code: null, status: 429 });
  deepEqual([first?.usageUnknown, first?.complete], ["not_reported", false]);
  deepEqual([second?.usageUnknown, second?.complete, second?.responseId], ["cut", false, "r"]);
  equal(socket.readings.length, 2);
});

Deno.test("xAI's sockets are read in its own name, with the charge that it states", () => {
  const socket = openSocket("GET api.x.ai/v1/responses");
  socket.client({ type: "response.create", model: "grok-4" });
  socket.server({ type: "response.created", response: { id: "r" } });
  const usage = { input_tokens: 10, output_tokens: 5, total_tokens: 15, cost_in_usd_ticks: 1_466_250 };
  socket.server({ type: "response.completed", response: { id: "r", model: "grok-4", usage } });
  deepEqual([socket.readings[0]?.provider, socket.readings[0]?.providerCostPico], ["xai", 146_625_000n]);
});

Deno.test("A socket that the provider refuses gives one reading with its error", () => {
  const refused = readOne({
    call: "GET api.openai.com/v1/realtime?model=gpt-realtime",
    requestHeaders: { upgrade: "websocket" },
    status: 403,
    response: { error: { type: "invalid_request_error", code: "unsupported_country_region_territory", message: "x" } },
  });
  equal(refused.error?.code, "unsupported_country_region_territory");
  deepEqual([refused.requestedModel, refused.mode, refused.usageUnknown], [
    "gpt-realtime",
    "websocket",
    "not_reported",
  ]);
  const html = readOne({
    call: CODEX,
    requestHeaders: { upgrade: "websocket" },
    status: 426,
    headers: { "content-type": "text/html" },
    response: "<html>",
  });
  deepEqual(html.error, { type: null, code: null, status: null });
});
