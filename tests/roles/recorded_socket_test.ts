import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { createHash } from "node:crypto";
import type { RequestFacts, Surface } from "../../src/providers/adapter.ts";
import { surfaceFor } from "../../src/providers/surfaces.ts";
import { RecordedSocket, type SocketSide } from "../../src/roles/recorded_socket.ts";
import type { FinishedTurn } from "../../src/roles/socket_turns.ts";
import { FrameMaker, type MessageShape } from "./socket_frames.ts";

const EXTENSIONS = [
  null,
  "permessage-deflate",
  "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
  "permessage-deflate; server_no_context_takeover; client_max_window_bits=10",
  "permessage-deflate; client_no_context_takeover",
] as const;

const USAGE = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };

interface Step {
  readonly side: SocketSide;
  readonly bytes: Uint8Array;
  readonly at: number;
}

interface Message {
  readonly side: SocketSide;
  readonly data: unknown;
  readonly shape?: MessageShape;
}

/** A surface of that call, with its request. */
function surfaceOf(call: string): { surface: Surface; facts: RequestFacts } {
  const [host = "", ...path] = call.split("/");
  const facts = { host, method: "GET", target: `/${path.join("/")}`, headers: new Map([["upgrade", "websocket"]]) };
  const surface = surfaceFor(facts);
  if (surface === null) throw new Error(`No surface for ${call}`);
  return { surface, facts };
}

function open(extensions: string | null, call = "chatgpt.com/backend-api/codex/responses", maxBodyBytes = 65_536) {
  const { surface, facts } = surfaceOf(call);
  if (surface.openSocket === undefined) throw new Error("No socket");
  const turns: FinishedTurn[] = [];
  const reasons: string[] = [];
  const settings = { maxBodyBytes, promptHashKey: null };
  const socket = new RecordedSocket(surface.openSocket, facts, extensions, settings, {
    turn: (turn) => turns.push(turn),
    gaveUp: (reason) => reasons.push(reason),
  });
  return { socket, turns, reasons };
}

/** Frames of each message, at 10 ms, 20 ms, … */
async function framesOf(messages: readonly Message[], extensions: string | null): Promise<Step[]> {
  const makers = { client: new FrameMaker("client", extensions), server: new FrameMaker("server", extensions) };
  const steps: Step[] = [];
  for (const [at, { side, data, shape }] of messages.entries()) {
    const text = typeof data === "string" || data instanceof Uint8Array ? data : JSON.stringify(data);
    steps.push({ side, bytes: await makers[side].message(text, shape), at: 10 * (at + 1) });
    if (at % 2 === 0) steps.push({ side, bytes: await makers[side].ping(), at: 10 * (at + 1) });
  }
  makers.client.end();
  makers.server.end();
  return steps;
}

const client = (data: unknown, shape: MessageShape = {}): Message => ({ side: "client", data, shape });
const server = (data: unknown, shape: MessageShape = {}): Message => ({ side: "server", data, shape });

/** A warm-up and two turns, the second in fragments and partly without compression. */
const SESSION: readonly Message[] = [
  client({ type: "response.create", model: "m", generate: false }),
  server({ type: "response.created", response: { id: "w" } }),
  server({
    type: "response.completed",
    response: { id: "w", usage: { ...USAGE, output_tokens: 0, total_tokens: 10 } },
  }),
  client({ type: "response.create", model: "m", input: "a" }, { pieces: 9 }),
  server({ type: "response.created", response: { id: "r1" } }),
  server({ type: "response.completed", response: { id: "r1", usage: USAGE } }, { pieces: 30 }),
  client({ type: "response.create", model: "m", input: "b" }, { compress: false }),
  server({ type: "response.created", response: { id: "r2" } }, { compress: false }),
  server({ type: "response.output_text.delta", delta: "grüß" }),
  server({ type: "response.completed", response: { id: "r2", usage: USAGE } }),
];

function textOf(message: Message | undefined): string {
  return JSON.stringify(message?.data);
}

/** What every cut of {@link SESSION} must give. */
const EXPECTED = [[0, 1, 2], [3, 4, 5], [6, 7, 8, 9]].map(([asks = 0, ...answers]) => {
  const request = textOf(SESSION[asks]);
  const responses = answers.map((at) => textOf(SESSION[at]));
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  return {
    id: ["w", "r1", "r2"][Math.floor(asks / 3)],
    times: [10 * (asks + 1), 10 * (asks + 2), 10 * ((answers.at(-1) ?? 0) + 1)],
    bytes: [bytes(request), responses.reduce((sum, text) => sum + bytes(text), 0)],
    hash: createHash("sha256").update(request).digest("hex"),
    bodies: [`${request}\n`, responses.map((text) => `${text}\n`).join("")],
    cut: false,
  };
});

function summary({ reading, observed, bodies }: FinishedTurn) {
  return {
    id: reading.responseId,
    times: [observed.requestedAt, observed.firstByteAt, observed.endedAt],
    bytes: [observed.requestBytes, observed.responseBytes],
    hash: observed.promptHash,
    bodies: bodies.map(({ text }) => text),
    cut: !reading.complete,
  };
}

/** Feeds in one go, without waiting for what is decompressed. */
async function feed(steps: readonly Step[], extensions: string | null) {
  const { socket, turns, reasons } = open(extensions);
  for (const { side, bytes, at } of steps) {
    const lent = bytes.slice();
    socket.bytes(side, lent, at);
    lent.fill(0x7a);
  }
  await socket.end(10_000);
  equal(socket.pendingBytes, 0);
  deepEqual(reasons, []);
  return turns;
}

/** Cuts the step that holds byte `offset` of the session in two. */
function cutAt(steps: readonly Step[], offset: number): Step[] {
  let before = 0;
  return steps.flatMap((step) => {
    const at = offset - before;
    before += step.bytes.length;
    if (at <= 0 || at >= step.bytes.length) return [step];
    return [{ ...step, bytes: step.bytes.subarray(0, at) }, { ...step, bytes: step.bytes.subarray(at) }];
  });
}

for (const extensions of EXTENSIONS) {
  Deno.test(`RecordedSocket gives each answer however the bytes are cut (${extensions ?? "no compression"})`, async () => {
    const steps = await framesOf(SESSION, extensions);
    const whole = await feed(steps, extensions);
    deepEqual(whole.map(summary), EXPECTED);
    deepEqual(whole.map(({ reading }) => reading.billable), [false, true, true]);
    equal(whole[1]?.bodies[0]?.contentType, "application/x-ndjson");
    const total = steps.reduce((sum, { bytes }) => sum + bytes.length, 0);
    ok(total > 500, `${total} bytes`);
    for (let offset = 1; offset < total; offset++) {
      deepEqual((await feed(cutAt(steps, offset), extensions)).map(summary), EXPECTED, `cut at ${offset}`);
    }
    const single = steps.flatMap((step) => Array.from(step.bytes, (byte) => ({ ...step, bytes: Uint8Array.of(byte) })));
    deepEqual((await feed(single, extensions)).map(summary), EXPECTED);
  });
}

Deno.test("RecordedSocket gives an answer at its terminal event, long before the socket ends", async () => {
  for (const extensions of EXTENSIONS) {
    const { socket, turns } = open(extensions);
    for (const [at, { side, bytes, at: time }] of (await framesOf(SESSION.slice(0, 6), extensions)).entries()) {
      socket.bytes(side, bytes, time);
      if (extensions === null) equal(turns.length, at < 3 ? 0 : at < 8 ? 1 : 2, `after step ${at}`);
    }
    for (let tries = 0; turns.length < 2 && tries < 500; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    equal(turns.length, 2);
    await socket.end(1);
    equal(turns.length, 2);
  }
});

Deno.test("RecordedSocket keeps the order of a long compressed request and a short plain answer", async () => {
  const extensions = "permessage-deflate";
  const input = Array.from({ length: 60_000 }, (_, at) => (at * 7919).toString(36)).join(" ");
  const messages = [
    client({ type: "response.create", model: "asked", input }),
    server({ type: "response.created", response: { id: "r" } }, { compress: false }),
    server({ type: "response.completed", response: { id: "r", usage: USAGE } }, { compress: false }),
  ];
  const turns = await feed(await framesOf(messages, extensions), extensions);
  deepEqual(turns.map(({ reading }) => [reading.requestedModel, reading.complete]), [["asked", true]]);
  deepEqual(turns.map(({ observed }) => [observed.requestedAt, observed.firstByteAt, observed.endedAt]), [[
    10,
    20,
    30,
  ]]);
});

Deno.test("RecordedSocket keeps times, sizes and texts of multiplexed answers apart", async () => {
  const messages = [
    client({ type: "response.create", model: "a", stream_id: "s1" }),
    client({ type: "response.create", model: "b", stream_id: "s2", input: "longer" }),
    server({ type: "response.created", stream_id: "s2", response: { id: "rb" } }),
    server({ type: "response.created", stream_id: "s1", response: { id: "ra" } }),
    server({ type: "response.completed", stream_id: "s2", response: { id: "rb", usage: USAGE } }),
    server({ type: "response.output_text.delta", stream_id: "s1", delta: "x" }),
    server({ type: "response.completed", stream_id: "s1", response: { id: "ra", usage: USAGE } }),
  ];
  const turns = await feed(await framesOf(messages, null), null);
  deepEqual(turns.map(summary).map(({ id, times }) => [id, times]), [["rb", [20, 30, 50]], ["ra", [10, 40, 70]]]);
  deepEqual(summary(turns[1] as FinishedTurn).bodies, [
    `${textOf(messages[0])}\n`,
    [3, 5, 6].map((at) => `${textOf(messages[at])}\n`).join(""),
  ]);
});

Deno.test("RecordedSocket records open answers as unreadable when the server's frames cannot be read, and says so once", async () => {
  for (const extensions of [null, "permessage-deflate"]) {
    const { socket, turns, reasons } = open(extensions);
    const steps = await framesOf(SESSION, extensions);
    for (const step of steps.slice(0, 6)) socket.bytes(step.side, step.bytes, step.at);
    socket.bytes("server", Uint8Array.of(0xb1, 1, 2, 3), 90);
    for (let tries = 0; reasons.length === 0 && tries < 500; tries++) await new Promise((done) => setTimeout(done, 2));
    for (const step of steps.slice(6)) socket.bytes(step.side, step.bytes, step.at);
    socket.bytes("server", Uint8Array.of(0xb1, 1, 2, 3), 95);
    await socket.end(100);
    deepEqual(turns.map(({ reading, observed }) => [reading.responseId, observed.copyFailure]), [
      ["w", null],
      [null, "unreadable"],
    ]);
    deepEqual([turns[1]?.reading.complete, turns[1]?.reading.usageUnknown], [false, "cut"]);
    equal(reasons.length, 1);
    match(reasons[0] ?? "", /^The frames cannot be read: /);
  }
});

Deno.test("RecordedSocket gives up the server's side after a gap, and reads on without the client's", async () => {
  for (const extensions of [null, "permessage-deflate"]) {
    const steps = await framesOf(SESSION, extensions);
    const lostServer = open(extensions);
    for (const step of steps.slice(0, 6)) lostServer.socket.bytes(step.side, step.bytes, step.at);
    lostServer.socket.gap("server");
    for (const step of steps.slice(6)) lostServer.socket.bytes(step.side, step.bytes, step.at);
    await lostServer.socket.end(100);
    deepEqual(lostServer.turns.map(({ observed }) => observed.copyFailure), [null, "dropped"]);
    deepEqual(lostServer.reasons, ["Copied bytes of the socket were given up"]);

    const lostClient = open(extensions);
    lostClient.socket.gap("client");
    for (const step of steps) lostClient.socket.bytes(step.side, step.bytes, step.at);
    await lostClient.socket.end(100);
    deepEqual(lostClient.turns.map(({ reading }) => [reading.responseId, reading.parts[0].usage.output]), [
      ["w", 0],
      ["r1", 5],
      ["r2", 5],
    ]);
    deepEqual(lostClient.turns.map(({ observed }) => [observed.promptHash, observed.requestBytes]), [
      [null, 0],
      [null, 0],
      [null, 0],
    ]);
    equal(lostClient.reasons.length, 1);
  }
});

Deno.test("RecordedSocket gives up at once on extensions that it cannot read", async () => {
  const { socket, turns, reasons } = open("x-unheard-of");
  for (const { side, bytes, at } of await framesOf(SESSION, null)) socket.bytes(side, bytes, at);
  await socket.end(100);
  deepEqual([turns.length, reasons], [0, ["The extensions agreed on cannot be read"]]);
});

Deno.test("RecordedSocket cuts what is open at the end, also in the middle of a frame", async () => {
  for (const extensions of EXTENSIONS) {
    const { socket, turns } = open(extensions);
    const steps = await framesOf(SESSION.slice(0, 6), extensions);
    const last = steps.at(-1);
    for (const step of steps.slice(0, -1)) socket.bytes(step.side, step.bytes, step.at);
    socket.bytes("server", last?.bytes.subarray(0, 7) ?? new Uint8Array(), 60);
    await Promise.all([socket.end(77), socket.end(78)]);
    const cut = turns.at(-1);
    deepEqual([cut?.reading.responseId, cut?.reading.usageUnknown, cut?.observed.endedAt], ["r1", "cut", 77]);
    equal(cut?.observed.copyFailure, null);
    equal(turns.length, 2);
  }
});

Deno.test("RecordedSocket reads JSON in binary messages, and ignores binary that is not text", async () => {
  const call =
    "generativelanguage.googleapis.com/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent";
  const { socket, turns, reasons } = open("permessage-deflate", call);
  const usageMetadata = { promptTokenCount: 3, responseTokenCount: 4, totalTokenCount: 7 };
  const binary = { binary: true };
  const messages = [
    client({ setup: { model: "models/gemini-live" } }),
    server({ setupComplete: {} }, binary),
    client({ clientContent: { turnComplete: true } }),
    server(Uint8Array.of(0xff, 0xfe, 0xfd)),
    server('{\r\n "serverContent": {"modelTurn": {}}\n}\n', binary),
    server({ serverContent: { turnComplete: true }, usageMetadata }, binary),
  ];
  for (const { side, bytes, at } of await framesOf(messages, "permessage-deflate")) socket.bytes(side, bytes, at);
  await socket.end(100);
  deepEqual(reasons, []);
  const [turn] = turns;
  if (turn === undefined) throw new Error("No turn");
  deepEqual([turn.reading.parts[0].model, turn.reading.parts[0].usage.output], ["gemini-live", 4]);
  deepEqual(summary(turn).times, [30, 50, 60]);
  // The setup is a part of the first prompt. A message is one line, whatever line breaks it has.
  deepEqual(turn.bodies.map(({ text }) => text.trimEnd().split("\n").length), [2, 2]);
  for (const { text } of turn.bodies) for (const line of text.trimEnd().split("\n")) JSON.parse(line);
});

Deno.test("RecordedSocket keeps no more text than asked for, and lets go of each answer", async () => {
  const { socket, turns } = open(null, undefined, 1_000);
  const maker = { client: new FrameMaker("client", null), server: new FrameMaker("server", null) };
  const delta = JSON.stringify({ type: "response.output_text.delta", delta: "x".repeat(20_000) });
  for (let at = 0; at < 300; at++) {
    const id = `r${at}`;
    socket.bytes("client", await maker.client.message(JSON.stringify({ type: "response.create", model: "m" })), at);
    socket.bytes("server", await maker.server.message(delta), at);
    socket.bytes("server", await maker.server.message(delta), at);
    const end = JSON.stringify({ type: "response.completed", response: { id, usage: USAGE } });
    socket.bytes("server", await maker.server.message(end), at);
    const turn = turns.pop();
    equal(turn?.reading.responseId, id);
    equal(turn?.observed.responseBytes, 2 * delta.length + end.length);
    ok((turn?.bodies[1]?.text.length ?? 0) <= 1_000 + 16 * 1024);
    equal(turn?.bodies[1]?.originalSize, 2 * delta.length + end.length + 3);
  }
  await socket.end(400);
  equal(turns.length, 0);
});

Deno.test("RecordedSocket keeps text for a few answers at a time only", async () => {
  const { socket, turns } = open(null);
  const maker = { client: new FrameMaker("client", null), server: new FrameMaker("server", null) };
  for (let at = 0; at < 12; at++) {
    const message = JSON.stringify({ type: "response.create", model: "m", stream_id: `s${at}` });
    socket.bytes("client", await maker.client.message(message), at);
  }
  await socket.end(50);
  deepEqual(turns.map(({ bodies }) => bodies.length), [...Array(8).fill(1), ...Array(4).fill(0)]);
  ok(turns.every(({ observed }) => observed.promptHash !== null));
});

Deno.test("RecordedSocket never throws or hangs on mutated frames", async () => {
  const steps = await framesOf(SESSION, "permessage-deflate");
  let gaveUp = 0;
  let seed = 7;
  const random = (bound: number) => (seed = (seed * 48_271) % 2_147_483_647) % bound;
  for (let round = 0; round < 300; round++) {
    const { socket, reasons } = open("permessage-deflate");
    const bad = random(steps.length);
    for (const [at, step] of steps.entries()) {
      const bytes = step.bytes.slice();
      if (at === bad) bytes[random(bytes.length)] = random(256);
      socket.bytes(step.side, bytes, step.at);
    }
    await socket.end(1_000);
    equal(socket.pendingBytes, 0);
    gaveUp += reasons.length;
  }
  ok(gaveUp > 20, `${gaveUp}`);
});
