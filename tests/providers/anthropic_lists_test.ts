import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { counts, read, sse } from "./feed.ts";

const RESULTS = "GET api.anthropic.com/v1/messages/batches/msgbatch_1/results";

function line(id: string, result: object): string {
  return JSON.stringify({ custom_id: `my-${id}`, result });
}

function message(id: string, input: number) {
  const usage = { input_tokens: input, output_tokens: 7, service_tier: "batch" };
  return { type: "succeeded", message: { id, type: "message", model: "claude-sonnet-5-5", content: [], usage } };
}

Deno.test("batchResultsFormat gives one reading per line", () => {
  const failed = {
    type: "errored",
    error: { type: "error", error: { type: "invalid_request_error", message: "SECRET" } },
  };
  const response = [line("a", message("msg_1", 3)), line("b", failed), line("c", message("msg_2", 4))].join("\n") +
    "\n";
  const readings = read({ call: RESULTS, response, headers: { "content-type": "application/binary" } });
  deepEqual(
    readings.map((reading) => [reading.responseId, counts(reading)[0], reading.billable, reading.error?.type]),
    [
      ["msg_1", 3, true, undefined],
      [null, null, false, "invalid_request_error"],
      ["msg_2", 4, true, undefined],
    ],
  );
  for (const reading of readings) {
    deepEqual([reading.mode, reading.servedTier, reading.complete], ["batch", "batch", true]);
  }
});

Deno.test("batchResultsFormat gives the whole lines of a file that is cut, and nothing for an error", () => {
  const response = `${line("a", message("msg_1", 3))}\n${line("c", message("msg_2", 4)).slice(0, -9)}`;
  deepEqual(read({ call: RESULTS, response, clean: false }).map((reading) => reading.responseId), ["msg_1"]);
  equal(
    read({ call: RESULTS, status: 404, response: { type: "error", error: { type: "not_found_error" } } }).length,
    0,
  );
});

Deno.test("sessionEventsFormat counts model requests and no running totals, streamed or listed", () => {
  const end = {
    id: "evt_1",
    type: "span.model_request_end",
    model_usage: { input_tokens: 5, output_tokens: 6, cache_creation_input_tokens: 7, cache_read_input_tokens: 8 },
  };
  const outcome = { id: "evt_2", type: "span.outcome", usage: { input_tokens: 500, output_tokens: 600 } };
  const path = "GET api.anthropic.com/v1/sessions/sesn_1/events";
  const streamed = read({ call: `${path}/stream`, response: sse([outcome, end], true) });
  const listed = read({ call: `${path}?limit=2`, response: { data: [outcome, end], has_more: false } });
  for (const readings of [streamed, listed]) {
    deepEqual(readings.map((reading) => [reading.responseId, counts(reading)]), [["evt_1", [5, 8, 7, 0, 6, null]]]);
  }
});
