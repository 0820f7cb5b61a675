import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { counts, read } from "./feed.ts";

const HOST = "GET generativelanguage.googleapis.com";
const STATUS = `${HOST}/v1beta/batches/b1`;
const FILE = `${HOST}/download/v1beta/files/batch-b1:download?alt=media`;

function response(output: number, more: Record<string, unknown> = {}) {
  return {
    candidates: [{ content: { parts: [{ text: "x" }] }, finishReason: "STOP" }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: output, totalTokenCount: 10 + output },
    modelVersion: "gemini-2.5-flash",
    ...more,
  };
}

function summary(call: string, response: unknown, headers?: Record<string, string>) {
  const readings = read({ call, response, ...(headers === undefined ? {} : { headers }) });
  return readings.map((reading) => [
    counts(reading)[0],
    counts(reading)[4],
    reading.responseId,
    reading.parts[0].model,
    reading.billable,
  ]);
}

const INLINED = {
  inlinedResponses: [
    { response: response(3, { responseId: "r1" }), metadata: { key: "a" } },
    { error: { code: 3, message: "x" }, metadata: { key: "b" } },
    { response: response(4) },
  ],
};
const READ = [
  [10, 3, "r1", "gemini-2.5-flash", true],
  [null, null, "b1#1", "gemini-2.5-flash-lite", false],
  [10, 4, "b1#2", "gemini-2.5-flash", true],
];

Deno.test("geminiBatchFormat reads the inlined responses of a finished batch once, wherever they are shown", () => {
  const metadata = { model: "models/gemini-2.5-flash-lite", state: "BATCH_STATE_SUCCEEDED" };
  const shown = { inlinedResponses: INLINED };
  for (
    const batch of [
      { name: "batches/b1", metadata, done: true, response: shown },
      { name: "batches/b1", metadata: { ...metadata, output: shown }, done: true },
      { name: "batches/b1", metadata: { ...metadata, output: shown }, done: true, response: shown },
      { name: "batches/b1", model: metadata.model, output: shown },
    ]
  ) deepEqual(summary(STATUS, batch), READ);
});

Deno.test("geminiBatchFormat is half price by its tier, and says nothing of a batch that is not done", () => {
  const [reading] = read({ call: STATUS, response: { done: true, response: { inlinedResponses: INLINED } } });
  deepEqual([reading?.mode, reading?.servedTier], ["batch", "batch"]);
  for (
    const batch of [
      { name: "batches/b1", metadata: { state: "BATCH_STATE_RUNNING" } },
      { done: true, response: { responsesFile: "files/batch-b1" } },
      { done: true, error: { code: 13, message: "x" } },
      {},
    ]
  ) deepEqual(read({ call: STATUS, response: batch }), []);
});

Deno.test("geminiBatchFormat reads embeddings, whose usage is all input", () => {
  const inlinedEmbedContentResponses = {
    inlinedResponses: [
      { response: { embedding: { values: [] }, usageMetadata: { promptTokenCount: 12 } } },
      { response: { embedding: { values: [] }, tokenCount: 7 } },
      { response: { embedding: { values: [] } } },
    ],
  };
  const batch = { metadata: { model: "models/gemini-embedding-001" }, response: { inlinedEmbedContentResponses } };
  deepEqual(summary(STATUS, batch), [
    [12, 0, "b1#0", "gemini-embedding-001", true],
    [7, 0, "b1#1", "gemini-embedding-001", true],
  ]);
});

Deno.test("geminiBatchFileFormat reads the lines of an output file, and no other file", () => {
  const lines = [
    { key: "a", response: response(3, { responseId: "r1" }) },
    { key: "b", error: { code: 429, status: "RESOURCE_EXHAUSTED" } },
    response(4, { responseId: "r2" }),
    { key: "c", response: { embedding: { values: [0.1] }, usageMetadata: { promptTokenCount: 5 } } },
    { key: "d", response: { candidates: [] } },
    { note: "not a response" },
  ];
  const text = lines.map((line) => JSON.stringify(line)).join("\n");
  const headers = { "content-type": "application/octet-stream" };
  deepEqual(summary(FILE, text, headers), [
    [10, 3, "r1", "gemini-2.5-flash", true],
    [null, null, "batch-b1:download#1", null, false],
    [10, 4, "r2", "gemini-2.5-flash", true],
    [5, 0, "batch-b1:download#3", null, true],
  ]);
  deepEqual(read({ call: FILE, response: "%PDF-1.7 …", headers: { "content-type": "application/pdf" } }), []);
  equal(read({ call: FILE, response: '{"a":1}\n{"b":2}\n', headers }).length, 0);
});
