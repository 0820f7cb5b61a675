import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { mapEmbeddingMetadata, mapUsageMetadata } from "../../src/providers/gemini_usage.ts";
import { counts, readOne, sse } from "./feed.ts";

const BASE = "POST generativelanguage.googleapis.com/v1beta/models/gemini-3-pro";
const STREAM = `${BASE}:streamGenerateContent?alt=sse`;

function chunk(usage: object | null, more: object = {}, text = "é") {
  return {
    candidates: [{
      content: { parts: [{ text }, { functionCall: { args: { usageMetadata: { promptTokenCount: 9 } } } }] },
    }],
    ...(usage === null ? {} : { usageMetadata: usage }),
    modelVersion: "gemini-3-pro-001",
    responseId: "rid",
    ...more,
  };
}

const FINISH = { candidates: [{ finishReason: "STOP" }] };

function usage(candidates: number, more: object = {}) {
  return { promptTokenCount: 10, candidatesTokenCount: candidates, totalTokenCount: 10 + candidates, ...more };
}

Deno.test("GeminiFormat takes the last cumulative counts, with every line ending", () => {
  for (const newline of ["\n", "\r\n"]) {
    const values = [
      chunk(usage(5)),
      chunk(usage(5)),
      chunk(usage(6)),
      chunk(null),
      chunk(usage(7)),
      chunk(usage(8), FINISH),
    ];
    const reading = readOne({ call: STREAM, response: sse(values, false, newline) });
    deepEqual([counts(reading), reading.complete, reading.usageUnknown], [[10, 0, 0, 0, 8, 0], true, null]);
    deepEqual([reading.servedModel, reading.requestedModel, reading.responseId], [
      "gemini-3-pro-001",
      "gemini-3-pro",
      "rid",
    ]);
  }
});

Deno.test("GeminiFormat keeps the counts of a cut stream and says so", () => {
  const values = Array.from({ length: 9 }, (_, at) => chunk(usage(at + 1)));
  const reading = readOne({ call: STREAM, response: sse(values, false, "\r\n"), clean: false });
  deepEqual([counts(reading), reading.complete, reading.usageUnknown], [[10, 0, 0, 0, 9, 0], false, "cut"]);
});

Deno.test("GeminiFormat takes a blocked prompt for complete", () => {
  const blocked = {
    promptFeedback: { blockReason: "SAFETY" },
    usageMetadata: { promptTokenCount: 4, totalTokenCount: 4 },
  };
  const reading = readOne({ call: STREAM, response: sse([blocked]) });
  deepEqual([counts(reading), reading.complete, reading.usageUnknown], [[4, 0, 0, 0, 0, 0], true, null]);
});

Deno.test("GeminiFormat reads a JSON array, and calls it cut without its bracket", () => {
  const elements = [chunk(usage(5), {}, "]"), chunk(usage(8), FINISH)].map((element) =>
    JSON.stringify(element, null, 1)
  );
  const whole = readOne({ call: `${BASE}:streamGenerateContent`, response: `[${elements.join(",\r\n")}\n]\n` });
  deepEqual([counts(whole)[4], whole.complete, whole.usageUnknown, whole.mode], [8, true, null, "streaming"]);
  const open = readOne({ call: `${BASE}:streamGenerateContent`, response: `[${elements.join(",")}` });
  deepEqual([counts(open)[4], open.complete, open.usageUnknown], [8, false, null]);
  const cut = readOne({
    call: `${BASE}:streamGenerateContent`,
    response: `[${elements[0]},\n{"candidates":[`,
    clean: false,
  });
  deepEqual([counts(cut)[4], cut.complete, cut.usageUnknown], [5, false, "cut"]);
});

Deno.test("GeminiFormat counts audio and image tokens apart", () => {
  const details = {
    promptTokensDetails: [{ modality: "TEXT", tokenCount: 40 }, { modality: "AUDIO", tokenCount: 60 }],
    cacheTokensDetails: [{ modality: "AUDIO", tokenCount: 20 }],
    candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: 30 }],
  };
  const counted = {
    promptTokenCount: 100,
    cachedContentTokenCount: 30,
    candidatesTokenCount: 30,
    totalTokenCount: 130,
    ...details,
  };
  const reading = readOne({
    call: `${BASE}:generateContent`,
    response: chunk({ ...counted, serviceTier: "flex" }, FINISH),
  });
  deepEqual([counts(reading), reading.servedTier], [[70, 30, 0, 0, 30, 0], "flex"]);
  deepEqual(reading.parts[0].modalities, { inputAudio: 40, cacheReadAudio: 20, outputImage: 30 });
});

Deno.test("mapUsageMetadata() counts video, and pages of documents as images, without the cached ones", () => {
  const mapped = mapUsageMetadata({
    promptTokenCount: 1000,
    cachedContentTokenCount: 300,
    toolUsePromptTokenCount: 50,
    candidatesTokenCount: 80,
    promptTokensDetails: [
      { modality: "TEXT", tokenCount: 100 },
      { modality: "VIDEO", tokenCount: 500 },
      { modality: "DOCUMENT", tokenCount: 258 },
      { modality: "IMAGE", tokenCount: 142 },
    ],
    cacheTokensDetails: [{ modality: "VIDEO", tokenCount: 200 }, { modality: "DOCUMENT", tokenCount: 100 }],
    toolUsePromptTokensDetails: [{ modality: "IMAGE", tokenCount: 50 }],
    candidatesTokensDetails: [{ modality: "VIDEO", tokenCount: 80 }],
  });
  deepEqual(mapped.modalities, { inputVideo: 300, inputImage: 350, cacheReadImage: 100, outputVideo: 80 });
});

Deno.test("mapEmbeddingMetadata() reads the singular list, and tells text from nothing told", () => {
  const text = { promptTokenCount: 9, promptTokenDetails: [{ modality: "TEXT", tokenCount: 9 }] };
  deepEqual(mapEmbeddingMetadata(text).modalities, {});
  deepEqual(mapEmbeddingMetadata({ promptTokenCount: 9 }).modalities, null);
  const film = { promptTokenCount: 9, promptTokenDetails: [{ modality: "VIDEO", tokenCount: 8 }] };
  deepEqual(mapEmbeddingMetadata(film).modalities, { inputVideo: 8 });
});

const ERROR = {
  error: {
    code: 429,
    message: "SECRET",
    status: "RESOURCE_EXHAUSTED",
    details: [{ "@type": "x.QuotaFailure" }, { "@type": "x.ErrorInfo", reason: "RATE_LIMIT_EXCEEDED" }],
  },
};

Deno.test("GeminiFormat reads error bodies, also inside an array", () => {
  for (const response of [ERROR, [ERROR]]) {
    const reading = readOne({ call: `${BASE}:streamGenerateContent`, status: 429, response });
    deepEqual(reading.error, { type: "RESOURCE_EXHAUSTED", code: "RATE_LIMIT_EXCEEDED", status: null });
    deepEqual([reading.usageUnknown, reading.requestedModel], ["not_reported", "gemini-3-pro"]);
  }
});

Deno.test("GeminiFormat reads errors in the middle of a stream, as event, element or bare JSON", () => {
  const good = chunk(usage(5));
  const events = sse([good, good, good], false, "\r\n");
  for (
    const [target, response] of [
      [STREAM, events + sse([ERROR], false, "\r\n")],
      [STREAM, `${events}${JSON.stringify(ERROR)}\n`],
      [STREAM, `${events}${JSON.stringify(ERROR, null, 2)}`],
      [`${BASE}:streamGenerateContent`, JSON.stringify([good, ERROR])],
    ] as const
  ) {
    const reading = readOne({ call: target, response });
    deepEqual(reading.error, { type: "RESOURCE_EXHAUSTED", code: "RATE_LIMIT_EXCEEDED", status: 429 });
    equal(counts(reading)[4], 5);
  }
});

Deno.test("GeminiFormat reads embeddings with and without usage", () => {
  const embedding = { embedding: { values: [0.1] }, usageMetadata: { promptTokenCount: 6, promptTokenDetails: [] } };
  const counted = readOne({ call: `${BASE}:embedContent`, response: embedding });
  deepEqual([counts(counted), counted.kind, counted.usageUnknown], [[6, 0, 0, 0, 0, 0], "embedding", null]);
  const silent = readOne({ call: `${BASE}:batchEmbedContents`, response: { embeddings: [] } });
  deepEqual([counts(silent)[0], silent.usageUnknown], [null, "not_reported"]);
});

Deno.test("modelInPath() decodes the model and strips models/", () => {
  for (
    const [path, model] of [
      ["/v1/models/gemini-3-pro:generateContent", "gemini-3-pro"],
      ["/v1alpha/tunedModels/my%20one:generateContent", "tunedModels/my one"],
      ["/v1beta/models%2Fgemini-3-pro%3AgenerateContent", "gemini-3-pro"],
      ["/v1beta/models/bad%E0:generateContent", "bad%E0"],
    ]
  ) {
    const reading = readOne({
      call: `POST generativelanguage.googleapis.com${path}`,
      response: chunk(usage(1), FINISH),
    });
    equal(reading.requestedModel, model);
  }
});

Deno.test("countTokensFormat of Gemini bills nothing", () => {
  const reading = readOne({ call: `${BASE}:countTokens`, response: { totalTokens: 31 } });
  deepEqual([reading.kind, reading.billable, reading.rawUsage], ["count_tokens", false, '{"totalTokens":31}']);
});

Deno.test("surfaceFor() bills nothing for a Gemini stream that is an error from its start", () => {
  const error = { error: { code: 503, message: "x", status: "UNAVAILABLE" } };
  const call = "POST generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
  const begun = { candidates: [{ content: { parts: [{ text: "x" }] } }] };
  equal(readOne({ call, response: sse([error]) }).billable, false);
  equal(readOne({ call, response: sse([begun, error]) }).billable, true);
});

Deno.test("GeminiFormat counts the queries of grounding: each from Gemini 3 on, one for a grounded answer before", () => {
  const grounded = (queries: unknown) => ({
    candidates: [{ finishReason: "STOP", groundingMetadata: { webSearchQueries: queries, groundingChunks: [] } }],
  });
  const extraOf = (model: string, queries: unknown) => {
    const values = [chunk(usage(5)), chunk(usage(8), { ...grounded(queries), modelVersion: model })];
    return readOne({ call: STREAM, response: sse(values) }).extra;
  };
  deepEqual(extraOf("gemini-3-pro-001", ["a", "b", "c"]), { webSearchRequests: 3 });
  deepEqual(extraOf("gemini-2.5-flash", ["a", "b", "c"]), { webSearchRequests: 1 });
  for (const none of [[], "a", null, 3]) deepEqual(extraOf("gemini-3-pro-001", none), {}, JSON.stringify(none));
});
