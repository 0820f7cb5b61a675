import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { counts, read, readOne, sse } from "./feed.ts";

const CALL = "POST generativelanguage.googleapis.com/v1beta/interactions";
const USAGE = { total_input_tokens: 3, total_output_tokens: 4, total_tokens: 7 };

function event(event_type: string, interaction: object) {
  return { event_type, interaction };
}

Deno.test("InteractionsFormat gives one reading per interaction of a stream", () => {
  const values = [
    event("interaction.created", { id: "i1", model: "gemini-3-pro" }),
    { event_type: "step.delta", delta: { text: "x" } },
    event("interaction.completed", { id: "i1", status: "requires_continuation", usage: USAGE }),
    event("interaction.created", { id: "i2", model: "gemini-3-pro" }),
    event("interaction.completed", { id: "i2", status: "completed", usage: USAGE }),
    "[DONE]",
  ];
  const readings = read({ call: CALL, response: sse(values) });
  deepEqual(readings.map((reading) => [reading.responseId, counts(reading), reading.complete, reading.servedModel]), [
    ["i1", [3, 0, 0, 0, 4, 0], true, "gemini-3-pro"],
    ["i2", [3, 0, 0, 0, 4, 0], true, "gemini-3-pro"],
  ]);
});

Deno.test("InteractionsFormat calls an open interaction cut and keeps an error's identifiers", () => {
  const error = { event_type: "error", error: { code: "internal", message: "SECRET" } };
  const reading = readOne({ call: CALL, response: sse([event("interaction.created", { id: "i1" }), error]) });
  deepEqual([reading.usageUnknown, reading.complete, reading.responseId, reading.error?.code], [
    "cut",
    false,
    "i1",
    "internal",
  ]);
});

Deno.test("InteractionsFormat reads a document, and a fetched one only with usage", () => {
  const document = { id: "i1", model: "models/gemini-3-pro", status: "completed", usage: USAGE, service_tier: "flex" };
  const reading = readOne({ call: CALL, request: { model: "gemini-3-pro" }, response: document });
  deepEqual([counts(reading), reading.servedTier, reading.servedModel], [[3, 0, 0, 0, 4, 0], "flex", "gemini-3-pro"]);
  const fetched = "GET generativelanguage.googleapis.com/v1beta/interactions/i1";
  equal(readOne({ call: fetched, response: document }).responseId, "i1");
  equal(read({ call: fetched, response: { id: "i1", status: "in_progress" } }).length, 0);
});
