import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { Reading } from "../../src/domain/exchange.ts";
import { OPENAI_RESPONSES } from "../../src/providers/openai_endpoints.ts";
import { ResponseEvents, socketContext } from "../../src/providers/responses_events.ts";

const USAGE = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };

function socket() {
  const readings: Reading[] = [];
  return {
    readings,
    events: new ResponseEvents(OPENAI_RESPONSES, socketContext(), (reading) => readings.push(reading)),
  };
}

function summary(readings: readonly Reading[]) {
  return readings.map((r) => [r.responseId, r.requestedModel, r.parts[0].usage.input, r.complete, r.billable]);
}

Deno.test("ResponseEvents gives one reading per response of a socket, at its end", () => {
  const { readings, events } = socket();
  for (const id of ["r1", "r2"]) {
    events.request({ type: "response.create", model: `asked-${id}`, generate: id === "r1" ? false : undefined });
    events.acceptText("", JSON.stringify({ type: "response.created", response: { id, usage: null } }));
    events.acceptText("", JSON.stringify({ type: "response.output_text.delta", delta: "x" }));
    events.acceptText("", JSON.stringify({ type: "response.completed", response: { id, usage: USAGE } }));
    equal(readings.length, id === "r1" ? 1 : 2);
  }
  events.end(null);
  deepEqual(summary(readings), [["r1", "asked-r1", 10, true, false], ["r2", "asked-r2", 10, true, true]]);
  equal(readings[0]?.mode, "websocket");
});

Deno.test("ResponseEvents tells responses apart that run at the same time", () => {
  const { readings, events } = socket();
  events.request({ type: "response.create", model: "a", stream_id: "s1" });
  events.request({ type: "response.create", model: "b", stream_id: "s2" });
  events.accept({ type: "response.created", stream_id: "s2", response: { id: "rb" } });
  events.accept({ type: "response.created", stream_id: "s1", response: { id: "ra" } });
  events.accept({ type: "response.done", stream_id: "s2", response: { id: "rb", usage: USAGE } });
  events.accept({ type: "response.completed", stream_id: "s1", response: { id: "ra", usage: USAGE } });
  deepEqual(summary(readings), [["rb", "b", 10, true, true], ["ra", "a", 10, true, true]]);
});

Deno.test("ResponseEvents ends the right response on an error, and cuts the rest at the end", () => {
  const { readings, events } = socket();
  events.request({ type: "response.create", model: "a", stream_id: "s1" });
  events.request({ type: "response.create", model: "b", stream_id: "s2" });
  events.accept({ type: "response.created", stream_id: "s1", response: { id: "ra" } });
  events.accept({
    type: "error",
    status: 429,
    error: { type: "usage_limit_reached", message: "SECRET" },
    stream_id: "s2",
  });
  deepEqual(readings[0]?.error, { type: "usage_limit_reached", code: null, status: 429 });
  events.end("dropped");
  deepEqual(summary(readings), [[null, "b", null, false, false], ["ra", "a", null, false, true]]);
  equal(readings[1]?.usageUnknown, "dropped");
});

Deno.test("ResponseEvents holds a bounded number of open responses", () => {
  const { readings, events } = socket();
  for (let at = 0; at < 100; at++) events.accept({ type: "response.created", response: { id: `r${at}` } });
  equal(readings.length, 36);
  events.end(null);
  equal(readings.length, 100);
});
