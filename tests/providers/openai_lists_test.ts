import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { counts, read, readOne, sse } from "./feed.ts";

const FILE = "GET api.openai.com/v1/files/file-1/content";

function line(id: string, status_code: number, body: object): string {
  return JSON.stringify({ id: `batch_req_${id}`, custom_id: "mine", response: { status_code, body }, error: null });
}

Deno.test("batchOutputFormat gives one reading per line, by the kind of its body", () => {
  const response = [
    line("1", 200, {
      id: "chatcmpl-1",
      object: "chat.completion",
      model: "m",
      usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
    }),
    line("2", 200, {
      id: "resp_1",
      object: "response",
      model: "m",
      usage: { input_tokens: 5, output_tokens: 6, total_tokens: 11 },
    }),
    line("3", 200, { object: "list", data: [], model: "e", usage: { prompt_tokens: 8, total_tokens: 8 } }),
    line("4", 400, { error: { type: "invalid_request_error", code: "unknown_parameter", message: "SECRET" } }),
  ].join("\n");
  const readings = read({ call: FILE, response, headers: { "content-type": "application/octet-stream" } });
  deepEqual(readings.map((r) => [r.responseId, r.kind, counts(r)[0], r.billable, r.error?.code]), [
    ["chatcmpl-1", "chat", 3, true, undefined],
    ["resp_1", "chat", 5, true, undefined],
    [null, "embedding", 8, true, undefined],
    [null, "chat", null, false, "unknown_parameter"],
  ]);
  for (const reading of readings) {
    deepEqual([reading.mode, reading.servedTier, reading.complete], ["batch", "batch", true]);
  }
});

Deno.test("batchOutputFormat reads no other file", () => {
  const foreign = JSON.stringify({ id: "x", response: { body: { usage: { prompt_tokens: 3 } } } });
  for (const response of [`${foreign}\n${foreign}`, "a,b\n1,2\n", "[1,2]"]) {
    equal(read({ call: FILE, response, headers: { "content-type": "application/octet-stream" } }).length, 0);
  }
});

Deno.test("runFormat reads a run once it has usage", () => {
  const run = { id: "run_1", object: "thread.run", model: "gpt-4.1", usage: null };
  const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
  equal(read({ call: "GET api.openai.com/v1/threads/t/runs/run_1", response: run }).length, 0);
  const polled = readOne({ call: "GET api.openai.com/v1/threads/t/runs/run_1", response: { ...run, usage } });
  const response = `event: thread.run.created\n${sse([run])}event: thread.run.completed\n${
    sse([{ ...run, usage }])
  }event: done\ndata: [DONE]\n\n`;
  const streamed = readOne({ call: "POST api.openai.com/v1/threads/t/runs", request: { stream: true }, response });
  for (const reading of [polled, streamed]) {
    deepEqual([reading.responseId, counts(reading), reading.complete, reading.usageUnknown], [
      "run_1",
      [3, 0, 0, 0, 4, null],
      true,
      null,
    ]);
  }
});
