import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { readChunk } from "../../src/providers/gemini_chunk.ts";

const USAGE = { promptTokenCount: 1 };

Deno.test("readChunk() reads the members from usageMetadata on", () => {
  const chunk = { candidates: [], usageMetadata: USAGE, modelVersion: "m" };
  deepEqual(readChunk(JSON.stringify(chunk), false), { usageMetadata: USAGE, modelVersion: "m" });
  const wrapped = { response: chunk, traceId: "t" };
  deepEqual(readChunk(JSON.stringify(wrapped), true), {
    response: { usageMetadata: USAGE, modelVersion: "m" },
    traceId: "t",
  });
});

Deno.test("readChunk() parses the whole chunk when the last usageMetadata is somebody else's", () => {
  const args = { usageMetadata: { promptTokenCount: 9 }, word: "usageMetadata" };
  const chunk = { usageMetadata: USAGE, candidates: [{ content: { parts: [{ functionCall: { args } }] } }] };
  deepEqual(readChunk(JSON.stringify(chunk), false), chunk);
});

Deno.test("readChunk() parses the whole chunk when another telling member is in it, and none when nothing is", () => {
  const finished = { candidates: [{ finishReason: "STOP" }], usageMetadata: USAGE };
  deepEqual(readChunk(JSON.stringify(finished), false), finished);
  equal(
    readChunk(JSON.stringify({ candidates: [{ content: { parts: [{ text: '"usageMetadata":{}' }] } }] }), false),
    null,
  );
});
