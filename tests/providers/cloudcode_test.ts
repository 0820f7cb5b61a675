import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { INTERCEPTED_HOSTS, isIntercepted } from "../../src/domain/hosts.ts";
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
  deepEqual([reading.billable, reading.provider, reading.requestedModel], [false, "gemini", "x"]);
  equal(reading.rawUsage, '{"totalTokens":5}');
});

Deno.test("GeminiFormat reads Code Assist's daily host like the other one, though it is not intercepted", () => {
  const daily = "POST daily-cloudcode-pa.googleapis.com/v1internal";
  const stream = sse([envelope("a", { promptTokenCount: 10 }), envelope("", USAGE, true)], false, "\r\n");
  for (const host of [HOST, daily]) {
    const reading = readOne({ call: `${host}:streamGenerateContent?alt=sse`, request: REQUEST, response: stream });
    deepEqual([counts(reading), reading.responseId, reading.complete], [[10, 0, 0, 0, 7, 2], "t1", true]);
    equal(readOne({ call: `${host}:countTokens`, request: REQUEST, response: { totalTokens: 4 } }).billable, false);
  }
  equal(isIntercepted("daily-cloudcode-pa.googleapis.com"), false);
  equal(INTERCEPTED_HOSTS.length, 6);
});

Deno.test("GeminiFormat knows from the response that credits were drawn on: only those that stand for money, and above zero", () => {
  const credits = (creditType: string, creditAmount: unknown) => ({ consumedCredits: [{ creditType, creditAmount }] });
  const drew = (...chunks: object[]) => {
    const response = sse([...chunks, envelope("", USAGE, true)]);
    return readOne({ call: `${HOST}:streamGenerateContent?alt=sse`, request: REQUEST, response }).paidWithCredits;
  };
  equal(drew(credits("GOOGLE_ONE_AI", "5")), true);
  equal(drew(credits("GOOGLE_ONE_AI", "5"), { consumedCredits: [] }, { consumedCredits: null }), true);
  const both = [{ creditType: "OTHER", creditAmount: "1" }, { creditType: "GOOGLE_ONE_AI", creditAmount: "2" }];
  equal(drew({ consumedCredits: both }), true);
  equal(drew(credits("GOOGLE_ONE_AI", "0")), undefined);
  equal(drew(credits("OTHER", "5")), undefined);
  for (const odd of [5, null, "", "-5", "5.5", "many"]) equal(drew(credits("GOOGLE_ONE_AI", odd)), undefined, `${odd}`);
  equal(drew({ remainingCredits: [{ creditType: "GOOGLE_ONE_AI", creditAmount: "95" }] }), undefined);
});
