import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { counts } from "./feed.ts";
import { openSocket, type TestSocket } from "./sockets.ts";

const LIVE =
  "GET generativelanguage.googleapis.com/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=k";
const SETUP = { setup: { model: "models/gemini-3.1-flash-live-preview" } };
const ASK = { clientContent: { turns: [{ parts: [{ text: "hi" }] }], turnComplete: true } };

function usage(prompt: number, response: number) {
  return {
    promptTokenCount: prompt,
    responseTokenCount: response,
    thoughtsTokenCount: 2,
    totalTokenCount: prompt + response + 2,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: prompt }],
    responseTokensDetails: [{ modality: "AUDIO", tokenCount: response }],
  };
}

function summary({ readings }: TestSocket) {
  return readings.map((reading) => [counts(reading)[0], counts(reading)[4], reading.complete, reading.usageUnknown]);
}

Deno.test("GeminiLiveSocket reads the last usage of each turn", () => {
  const socket = openSocket(LIVE);
  deepEqual(socket.client(SETUP), { turn: 0, asks: false });
  equal(socket.server({ setupComplete: {} }), null);
  deepEqual(socket.client(ASK), { turn: 0, asks: true });
  equal(socket.server({ serverContent: { modelTurn: { parts: [{ text: "a" }] } }, usageMetadata: usage(10, 1) }), 0);
  socket.server({ serverContent: { generationComplete: true } });
  equal(socket.readings.length, 0);
  equal(socket.server({ serverContent: { turnComplete: true }, usageMetadata: usage(10, 19) }), 0);
  equal(socket.readings.length, 1);
  equal(socket.server({ sessionResumptionUpdate: {} }), null);
  deepEqual(socket.client(ASK), { turn: 1, asks: true });
  socket.server({ toolCall: { functionCalls: [] }, usageMetadata: usage(30, 3) });
  deepEqual(socket.client({ toolResponse: { functionResponses: [] } }), { turn: 1, asks: true });
  socket.server({ serverContent: { modelTurn: {}, turnComplete: true }, usageMetadata: usage(45, 24) });
  socket.end();
  deepEqual(summary(socket), [[10, 21, true, null], [45, 26, true, null]]);
  const [first] = socket.readings;
  deepEqual([first?.parts[0].model, first?.mode, first?.inconsistent], [
    "gemini-3.1-flash-live-preview",
    "websocket",
    false,
  ]);
  deepEqual(first?.parts[0].modalities, { outputAudio: 19 });
});

Deno.test("GeminiLiveSocket reads usage that follows the end of its turn, and tells when there was none", () => {
  const socket = openSocket(LIVE);
  socket.client(SETUP);
  socket.client(ASK);
  socket.server({ serverContent: { turnComplete: true } });
  deepEqual(socket.client({ realtimeInput: { audio: { data: "AAAA" } } }), { turn: 1, asks: false });
  equal(socket.server({ usageMetadata: usage(5, 6) }), 0);
  deepEqual(summary(socket), [[5, 8, true, null]]);
  socket.server({ serverContent: { modelTurn: {} } });
  equal(socket.server({ serverContent: { turnComplete: true } }), 1);
  equal(socket.readings.length, 1);
  equal(socket.server({ serverContent: { modelTurn: {} }, usageMetadata: usage(7, 8) }), 2);
  deepEqual(socket.turns, [0, 1]);
  socket.end();
  deepEqual(summary(socket).slice(1), [[null, null, true, "not_reported"], [7, 10, false, "cut"]]);
});

Deno.test("GeminiLiveSocket gives no reading for what was only listened to", () => {
  const socket = openSocket(LIVE);
  socket.client(SETUP);
  socket.client({ realtimeInput: { audio: { data: "AAAA" } } });
  socket.server({ serverContent: { inputTranscription: { text: "um" } } });
  socket.server({ serverContent: { turnComplete: true, waitingForInput: true } });
  socket.client("not JSON");
  socket.end();
  equal(socket.readings.length, 0);
});

Deno.test("GeminiLiveSocket reads an interrupted turn, and an error", () => {
  const socket = openSocket(LIVE);
  socket.client(SETUP);
  socket.client({ realtimeInput: { text: "hi" } });
  socket.server({ serverContent: { interrupted: true }, usageMetadata: usage(4, 5) });
  socket.server({ serverContent: { turnComplete: true } });
  socket.client(ASK);
  socket.server({ error: { code: 429, status: "RESOURCE_EXHAUSTED", message: "CANARY" } });
  socket.end();
  deepEqual(summary(socket), [[4, 7, true, null], [null, null, false, "not_reported"]]);
  deepEqual(socket.readings[1]?.error, { type: "RESOURCE_EXHAUSTED", code: null, status: 429 });
});

Deno.test("GeminiLiveSocket takes a refusal from the close frame, before anything was answered", () => {
  const socket = openSocket(LIVE);
  socket.client(SETUP);
  socket.end({ code: 1007, reason: "API key not valid. Please pass a valid API key." });
  const [reading] = socket.readings;
  deepEqual([reading?.complete, reading?.usageUnknown, reading?.error], [
    false,
    "not_reported",
    { type: "close_1007", code: "API_KEY_INVALID", status: null },
  ]);
  equal(reading?.requestedModel, "gemini-3.1-flash-live-preview");
});

Deno.test("GeminiLiveSocket fails the turn that a close frame ends, with the counts it had not final", () => {
  const socket = openSocket(LIVE);
  socket.client(SETUP);
  socket.client(ASK);
  socket.server({ serverContent: { modelTurn: {}, turnComplete: true }, usageMetadata: usage(10, 4) });
  socket.client(ASK);
  socket.server({ serverContent: { modelTurn: {} }, usageMetadata: usage(20, 1) });
  socket.end({ code: 1011, reason: "The service is currently unavailable." });
  deepEqual(summary(socket), [[10, 6, true, null], [20, 3, false, "cut"]]);
  deepEqual(socket.readings[1]?.error, { type: "close_1011", code: "UNAVAILABLE", status: null });
});

Deno.test("GeminiLiveSocket makes nothing of a close between turns, or of one in peace", () => {
  const between = openSocket(LIVE);
  between.client(SETUP);
  between.client(ASK);
  between.server({ serverContent: { modelTurn: {}, turnComplete: true }, usageMetadata: usage(10, 4) });
  between.end({ code: 1008, reason: "The session is over." });
  equal(between.readings.length, 1);
  const unused = openSocket(LIVE);
  unused.client(SETUP);
  unused.end({ code: 1000, reason: "" });
  equal(unused.readings.length, 0);
});
