import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { counts } from "./feed.ts";
import { openSocket, type TestSocket } from "./sockets.ts";

const LIVE = "GET api.openai.com/v1/live/sessions";
const TRANSLATION = "GET api.openai.com/v1/realtime/translations?model=gpt-realtime-translate";

const START = {
  type: "session.start",
  session: { model: "gpt-live-1", delegation: { type: "responses", responses: { model: "gpt-5.5" } } },
};
const STARTED = { type: "session.started", event_id: "e1", session: { id: "sess_1", model: "gpt-live-1" } };

function usage(seconds: number) {
  return { type: "session.usage.updated", usage: { seconds } };
}

function summary({ readings, turns }: TestSocket) {
  return readings.map((reading, at) => [
    turns[at],
    reading.parts[0].model,
    reading.extra.audioSeconds ?? null,
    reading.complete,
    reading.usageUnknown,
    reading.error?.type ?? null,
  ]);
}

Deno.test("LiveSocket bills the last total of seconds, told when the session closes", () => {
  const socket = openSocket(LIVE);
  deepEqual(socket.client(START), { turn: 0, asks: true });
  equal(socket.server(STARTED), 0);
  deepEqual(socket.client({ type: "session.input_audio.append", audio: "AAAA" }), { turn: 0, asks: false });
  for (const seconds of [2, 3]) equal(socket.server(usage(seconds)), 0);
  socket.server({ type: "session.usage.updated", usage: {}, context_window: { tokens: 9 } });
  socket.server({ type: "session.output_audio.delta", delta: "AQID" });
  equal(socket.readings.length, 0);
  socket.client({ type: "session.close" });
  socket.server({ type: "session.closed", usage: { seconds: 4.25 }, reason: "close_requested" });
  deepEqual(summary(socket), [[0, "gpt-live-1", 4.25, true, null, null]]);
  const [reading] = socket.readings;
  deepEqual([reading?.kind, reading?.responseId, reading?.rawUsage], ["audio", "sess_1", '{"seconds":4.25}']);
  equal(socket.server(usage(9)), null);
  socket.end();
  equal(socket.readings.length, 1);
});

Deno.test("LiveSocket bills answers of a delegate by themselves, at the delegate's model", () => {
  const socket = openSocket(LIVE);
  socket.client(START);
  socket.server(STARTED);
  const wrap = (event: unknown) => ({ type: "response.event", event });
  const response = { id: "resp_1", object: "response" };
  equal(socket.server(wrap({ type: "response.created", response: { ...response, usage: null } })), 1);
  equal(socket.server(wrap({ type: "response.output_text.delta", delta: "x" })), null);
  const used = { input_tokens: 40, output_tokens: 5, total_tokens: 45 };
  equal(socket.server(wrap({ type: "response.completed", response: { ...response, usage: used } })), 1);
  deepEqual(socket.turns, [1]);
  const [answer] = socket.readings;
  deepEqual([answer?.parts[0].model, answer?.kind, answer?.responseId], ["gpt-5.5", "chat", "resp_1"]);
  if (answer !== undefined) deepEqual(counts(answer), [40, 0, 0, 0, 5, null]);
  socket.server(wrap({ type: "response.created", response: { id: "resp_2" } }));
  socket.server({ type: "session.closed", usage: { seconds: 1 } });
  socket.end();
  deepEqual(summary(socket).slice(1), [[0, "gpt-live-1", 1, true, null, null], [
    2,
    "gpt-5.5",
    null,
    false,
    "cut",
    null,
  ]]);
});

Deno.test("LiveSocket keeps the seconds of a session that was cut, and does not present them as final", () => {
  const socket = openSocket(LIVE);
  socket.client(START);
  socket.server(STARTED);
  socket.server(usage(120));
  socket.end({ code: 1011, reason: "" });
  deepEqual(summary(socket), [[0, "gpt-live-1", 120, false, "not_reported", "close_1011"]]);
  const silent = openSocket(LIVE);
  silent.client(START);
  silent.server(STARTED);
  silent.server(usage(7));
  silent.end();
  deepEqual(summary(silent), [[0, "gpt-live-1", 7, false, "cut", null]]);
});

Deno.test("LiveSocket says that a session was refused, and nothing of a socket on which none was asked for", () => {
  const refused = openSocket(LIVE);
  refused.client(START);
  refused.server({ type: "error", error: { type: "invalid_request_error", code: "unknown_parameter" } });
  refused.end({ code: 1000, reason: "" });
  deepEqual(summary(refused), [[0, "gpt-live-1", null, false, "not_reported", "invalid_request_error"]]);
  const idle = openSocket(LIVE);
  idle.client("rubbish");
  idle.server("[]");
  idle.end();
  deepEqual(idle.readings, []);
});

Deno.test("LiveSocket reads a translation, which does not tell its seconds, under the model of its address", () => {
  const socket = openSocket(TRANSLATION);
  socket.server({ type: "session.created", session: { id: "sess_2" } });
  socket.client({ type: "session.update", session: { audio: { output: { language: "es" } } } });
  socket.server({ type: "session.closed" });
  deepEqual(summary(socket), [[0, "gpt-realtime-translate", null, true, "not_reported", null]]);
});
