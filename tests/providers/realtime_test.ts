import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { counts } from "./feed.ts";
import { openSocket } from "./sockets.ts";

const REALTIME = "GET api.openai.com/v1/realtime?model=gpt-realtime";
const USAGE = {
  total_tokens: 253,
  input_tokens: 132,
  output_tokens: 121,
  input_token_details: {
    text_tokens: 119,
    audio_tokens: 13,
    image_tokens: 0,
    cached_tokens: 64,
    cached_tokens_details: { text_tokens: 60, audio_tokens: 4, image_tokens: 0 },
  },
  output_token_details: { text_tokens: 30, audio_tokens: 91 },
};

function done(id: string, more: Record<string, unknown> = {}) {
  return { type: "response.done", response: { id, status: "completed", usage: USAGE, ...more } };
}

Deno.test("RealtimeSocket reads each response under the model of the session", () => {
  const socket = openSocket(REALTIME);
  equal(socket.server({ type: "session.created", session: { model: "gpt-realtime-2025-08-28" } }), null);
  deepEqual(socket.client({ type: "session.update", session: { instructions: "x" } }), { turn: 0, asks: false });
  deepEqual(socket.client({ type: "conversation.item.create", item: {} }), { turn: 0, asks: false });
  deepEqual(socket.client({ type: "response.create" }), { turn: 0, asks: true });
  equal(socket.server({ type: "response.created", response: { id: "r1", status: "in_progress" } }), 0);
  deepEqual(socket.client({ type: "input_audio_buffer.append", audio: "AAAA" }), { turn: 1, asks: false });
  equal(socket.server({ type: "response.output_audio.delta", response_id: "r1", delta: "AAAA" }), 0);
  equal(socket.server({ type: "rate_limits.updated", rate_limits: [] }), null);
  equal(socket.readings.length, 0);
  equal(socket.server(done("r1")), 0);
  const [reading] = socket.readings;
  if (reading === undefined) throw new Error("No reading");
  deepEqual(counts(reading), [68, 64, 0, 0, 121, null]);
  deepEqual(reading.parts[0].modalities, { inputAudio: 9, cacheReadAudio: 4, cacheReadImage: 0, outputAudio: 91 });
  deepEqual([reading.requestedModel, reading.servedModel, reading.responseId, reading.mode, reading.complete], [
    "gpt-realtime",
    "gpt-realtime-2025-08-28",
    "r1",
    "websocket",
    true,
  ]);
  equal(reading.usageUnknown, null);
});

Deno.test("RealtimeSocket reads responses that the server begins, cancelled ones, and several at a time", () => {
  const socket = openSocket(REALTIME);
  socket.client({ type: "input_audio_buffer.append", audio: "AAAA" });
  equal(socket.server({ type: "response.created", response: { id: "r1" } }), 0);
  socket.client({ type: "response.create", event_id: "e1", response: { conversation: "none" } });
  equal(socket.server({ type: "response.created", response: { id: "r2" } }), 1);
  deepEqual(socket.client({ type: "response.cancel", response_id: "r1" }), { turn: 0, asks: false });
  equal(socket.server(done("r2")), 1);
  equal(socket.server(done("r1", { status: "cancelled" })), 0);
  deepEqual(socket.turns, [1, 0]);
  deepEqual(socket.readings.map(({ error }) => error), [null, null]);
});

Deno.test("RealtimeSocket reads transcriptions of input under their own model, by tokens or by time", () => {
  const socket = openSocket("GET api.openai.com/v1/realtime?intent=transcription");
  const type = "conversation.item.input_audio_transcription.completed";
  socket.server({
    type: "session.created",
    session: { type: "transcription", audio: { input: { transcription: { model: "gpt-4o-transcribe" } } } },
  });
  const usage = {
    type: "tokens",
    input_tokens: 30,
    input_token_details: { text_tokens: 4, audio_tokens: 26 },
    output_tokens: 7,
    total_tokens: 37,
  };
  socket.client({ type: "input_audio_buffer.append", audio: "AAAA" });
  equal(socket.server({ type, item_id: "i1", transcript: "x", usage }), 1);
  socket.client({ type: "session.update", session: { input_audio_transcription: { model: "whisper-1" } } });
  socket.server({ type, item_id: "i2", transcript: "x", usage: { type: "duration", seconds: 3.2 } });
  equal(socket.server({ type, item_id: "i3", transcript: "x" }), null);
  socket.end();
  const [byTokens, byTime] = socket.readings;
  equal(socket.readings.length, 2);
  if (byTokens === undefined || byTime === undefined) throw new Error("No readings");
  deepEqual(counts(byTokens), [30, 0, 0, 0, 7, 0]);
  deepEqual(byTokens.parts[0].modalities, { inputAudio: 26 });
  deepEqual([byTokens.parts[0].model, byTokens.kind, byTokens.responseId], ["gpt-4o-transcribe", "audio", "i1"]);
  deepEqual([byTime.parts[0].model, byTime.extra, byTime.usageUnknown], ["whisper-1", { audioSeconds: 3.2 }, null]);
});

Deno.test("RealtimeSocket records failures of responses, not complaints about other messages", () => {
  const socket = openSocket(REALTIME);
  const complaint = { type: "invalid_request_error", code: "response_cancel_not_active", message: "CANARY" };
  equal(socket.server({ type: "error", error: { ...complaint, event_id: "other" } }), null);
  socket.client({ type: "response.create", event_id: "mine" });
  equal(socket.server({ type: "error", error: { ...complaint, event_id: "other" } }), null);
  equal(socket.server({ type: "error", error: { ...complaint, event_id: "mine" } }), 0);
  socket.client({ type: "response.create" });
  socket.server({ type: "response.created", response: { id: "r" } });
  const failure = { type: "failed", error: { type: "server_error", code: "overloaded" } };
  socket.server({
    type: "response.done",
    response: { id: "r", status: "failed", status_details: failure, usage: null },
  });
  socket.server({
    type: "error",
    error: { type: "insufficient_quota", code: "insufficient_quota", message: "CANARY" },
  });
  socket.client({ type: "response.create" });
  socket.end();
  deepEqual(socket.readings.map(({ error, complete, usageUnknown }) => [error?.code, complete, usageUnknown]), [
    ["response_cancel_not_active", false, "not_reported"],
    ["overloaded", true, "not_reported"],
    ["insufficient_quota", false, "not_reported"],
    [undefined, false, "cut"],
  ]);
});

Deno.test("RealtimeSocket reads xAI's usage beside the response, where the one inside is empty", () => {
  const socket = openSocket("GET api.x.ai/v1/realtime?model=grok-voice-latest");
  socket.client({ type: "response.create" });
  socket.server({ type: "response.created", response: { id: "r" } });
  socket.server({
    type: "response.done",
    response: { id: "r", status: "completed", status_details: "unimplemented", usage: {} },
    usage: {
      input_tokens: 10,
      input_token_details: { text_tokens: 10, audio_tokens: 0, grok_tokens: 0 },
      output_tokens: 277,
      output_token_details: { text_tokens: 19, audio_tokens: 258, grok_tokens: 0 },
      total_tokens: 287,
      billable_audio_seconds: 3,
    },
  });
  const [reading] = socket.readings;
  if (reading === undefined) throw new Error("No reading");
  deepEqual(counts(reading), [10, 0, 0, 0, 277, null]);
  deepEqual([reading.provider, reading.parts[0].model], ["xai", "grok-voice-latest"]);
});

Deno.test("RealtimeSocket holds a bounded number of open responses", () => {
  const socket = openSocket(REALTIME);
  for (let at = 0; at < 100; at++) socket.client({ type: "response.create" });
  equal(socket.readings.length, 36);
  socket.end();
  equal(socket.readings.length, 100);
  equal(new Set(socket.turns).size, 100);
});
