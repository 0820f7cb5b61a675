import { deepEqual, equal } from "node:assert/strict";
import { counts, readOne, sse } from "./feed.ts";

const HOST = "POST cloudcode-pa.googleapis.com/v1internal";
const REQUEST = { model: "gemini-2.5-pro", project: "p", request: { contents: [] } };
const USAGE = { promptTokenCount: 10, candidatesTokenCount: 5, thoughtsTokenCount: 2, totalTokenCount: 17 };

function envelope(text: string, usageMetadata: object | null, finish = false) {
  const candidates = [{ content: { parts: [{ text }] }, ...(finish ? { finishReason: "STOP" } : {}) }];
  return {
    response: { candidates, ...(usageMetadata === null ? {} : { usageMetadata }), modelVersion: "gemini-2.5-pro-002" },
    traceId: "t1",
  };
}

Deno.test("GeminiFormat unwraps Code Assist, streamed or not", () => {
  const values = [
    ...Array.from(
      { length: 6 },
      (_, at) => envelope(`"traceId":"${at}"`, { promptTokenCount: 10, candidatesTokenCount: at }),
    ),
    { traceId: "t1", remainingCredits: [] },
    envelope("", USAGE, true),
    { response: { usageMetadata: { trafficType: "ON_DEMAND" } }, traceId: "t1" },
  ];
  const streamed = readOne({
    call: `${HOST}:streamGenerateContent?alt=sse`,
    request: REQUEST,
    response: sse(values, false, "\r\n"),
  });
  const array = readOne({ call: `${HOST}:streamGenerateContent`, request: REQUEST, response: values });
  const document = readOne({ call: `${HOST}:generateContent`, request: REQUEST, response: envelope("x", USAGE, true) });
  for (const reading of [streamed, array, document]) {
    deepEqual([counts(reading), reading.complete, reading.usageUnknown], [[10, 0, 0, 0, 7, 2], true, null]);
    deepEqual([reading.responseId, reading.servedModel, reading.requestedModel], [
      "t1",
      "gemini-2.5-pro-002",
      "gemini-2.5-pro",
    ]);
  }
});

Deno.test("GeminiFormat keeps the counts of a cut Code Assist stream", () => {
  const values = Array.from(
    { length: 9 },
    (_, at) => envelope("x", { promptTokenCount: 10, candidatesTokenCount: at }),
  );
  const reading = readOne({
    call: `${HOST}:streamGenerateContent?alt=sse`,
    request: REQUEST,
    response: sse(values),
    clean: false,
  });
  deepEqual([counts(reading), reading.complete, reading.usageUnknown], [[10, 0, 0, 0, 8, 0], false, "cut"]);
});

Deno.test("countTokensFormat of Code Assist bills nothing", () => {
  const reading = readOne({
    call: `${HOST}:countTokens`,
    request: { request: { model: "models/x" } },
    response: { totalTokens: 5 },
  });
  deepEqual([reading.billable, reading.provider], [false, "gemini"]);
  equal(reading.rawUsage, '{"totalTokens":5}');
});
