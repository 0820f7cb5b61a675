/**
 * Spoiled WebSocket frames through the frame reader and the socket readers of every surface that has one: nothing throws, what
 * is counted is a count. The seed of a case is printed when it fails.
 *
 * Needs --allow-env=WS_NO_BUFFER_UTIL,WS_NO_UTF_8_VALIDATE.
 *
 * @module
 */

import { ok, strictEqual as equal } from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import type { Reading } from "../../src/domain/exchange.ts";
import type { RequestFacts, Surface } from "../../src/providers/adapter.ts";
import { SURFACES } from "../../src/providers/surfaces.ts";
import { FrameReader } from "../../src/websocket/reader.ts";
import { pick, type Random, seeded } from "../golden/bodies.ts";
import { mutated, pieces } from "../golden/mutations.ts";
import { concat, utf8 } from "../golden/wire.ts";

const FIRST_SEED = 7_001;
const CASES = 1500;
const MAX_MESSAGE_BYTES = 1024 * 1024;

const USAGE = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 10 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 5 },
  total_tokens: 120,
};

/** What clients and servers say, of all surfaces: a reader also gets what is meant for another. */
const CLIENT: readonly unknown[] = [
  { type: "response.create", model: "gpt-6-sol", input: [] },
  { type: "response.create", model: "gpt-6-sol", generate: false, stream_id: "b" },
  { type: "response.steer", previous_response_id: "resp_1" },
  { type: "session.update", session: { model: "gpt-realtime" } },
  { type: "input_audio_buffer.append", audio: "AAAA" },
  { setup: { model: "models/gemini-3.1-flash-live-preview" } },
  { clientContent: { turns: [], turnComplete: true } },
  "no JSON",
];
const SERVER: readonly unknown[] = [
  { type: "response.created", response: { id: "resp_1", model: "gpt-6-sol", usage: null } },
  { type: "response.output_text.delta", delta: '"response.completed"' },
  { type: "response.completed", response: { id: "resp_1", usage: USAGE } },
  { type: "response.failed", stream_id: "b", response: { id: "resp_2", usage: null, error: { code: "server_error" } } },
  {
    type: "response.done",
    response: { id: "resp_3", status: "cancelled", usage: { ...USAGE, input_token_details: {} } },
  },
  { type: "session.created", session: { model: "gpt-realtime" } },
  { type: "error", status: 429, error: { type: "rate_limit_error", code: "rate_limit_exceeded" } },
  { type: "codex.rate_limits" },
  { serverContent: { modelTurn: { parts: [] } } },
  { usageMetadata: { promptTokenCount: 10, responseTokenCount: 20, totalTokenCount: 30 } },
  {
    serverContent: { turnComplete: true },
    usageMetadata: { promptTokenCount: 10, responseTokenCount: 25, totalTokenCount: 35 },
  },
  "no JSON",
];

/** One frame (RFC 6455, section 5.2). */
function frame(opcode: number, payload: Uint8Array, { fin = true, compressed = false, masked = false }): Uint8Array {
  const first = (fin ? 0x80 : 0) | (compressed ? 0x40 : 0) | opcode;
  const size = payload.length;
  const length = size < 126
    ? [size]
    : size < 65_536
    ? [126, size >> 8, size & 255]
    : [127, 0, 0, 0, 0, 0, size >> 16, size >> 8 & 255, size & 255];
  const mask = masked ? [0x12, 0x34, 0x56, 0x78] : [];
  const head = Uint8Array.of(first, (masked ? 0x80 : 0) | (length[0] ?? 0), ...length.slice(1), ...mask);
  return concat([head, payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0))]);
}

/** One message as frames: whole, in fragments with a ping between, or compressed. */
function message(value: unknown, random: Random, masked: boolean, deflate: boolean): Uint8Array {
  const text = utf8(typeof value === "string" ? value : JSON.stringify(value));
  const opcode = random(6) === 0 ? 2 : 1;
  if (deflate && random(2) === 0) {
    const packed = deflateRawSync(text, { finishFlush: 2 }).subarray(0, -4);
    return frame(opcode, packed, { compressed: true, masked });
  }
  if (random(3) > 0) return frame(opcode, text, { masked });
  const at = random(text.length + 1);
  return concat([
    frame(opcode, text.subarray(0, at), { fin: false, masked }),
    frame(9, utf8("ping"), { masked }),
    frame(0, text.subarray(at), { masked }),
  ]);
}

function conversation(values: readonly unknown[], random: Random, masked: boolean, deflate: boolean): Uint8Array {
  const frames = Array.from({ length: 1 + random(8) }, () => message(pick(random, values), random, masked, deflate));
  const whole = concat(frames);
  return random(3) === 0 ? whole : mutated(whole, random);
}

const SOCKETS: readonly Surface[] = SURFACES.filter(({ openSocket }) => openSocket !== undefined);

/** Feeds one socket both ways. @returns Its readings and how many messages were read. */
async function readSocket(surface: Surface, random: Random): Promise<{ readings: Reading[]; messages: number }> {
  const request: RequestFacts = {
    host: "api.openai.com",
    method: "GET",
    target: "/v1/realtime?model=gpt-realtime",
    headers: new Map([["upgrade", "websocket"]]),
  };
  const readings: Reading[] = [];
  const reader = surface.openSocket?.(request, (reading, turn) => {
    ok(Number.isSafeInteger(turn));
    readings.push(reading);
  });
  if (reader === undefined) throw new Error(`${surface.name} reads no sockets`);
  const deflate = random(2) === 0;
  let messages = 0;
  let failure: unknown = null;
  const side = (from: "client" | "server", take: (text: string) => unknown) =>
    new FrameReader({
      from,
      extensions: deflate ? "permessage-deflate; client_no_context_takeover; server_no_context_takeover" : null,
      maxPayload: MAX_MESSAGE_BYTES,
      onMessage: (data) => {
        messages++;
        try {
          take(typeof data === "string" ? data : new TextDecoder().decode(data));
        } catch (error) {
          failure ??= error;
        }
      },
    });
  const client = side("client", (text) => reader.clientMessage(text));
  const server = side("server", (text) => reader.serverMessage(text));
  for (const bytes of pieces(conversation(CLIENT, random, true, deflate), random)) client.write(bytes);
  for (const bytes of pieces(conversation(SERVER, random, false, deflate), random)) server.write(bytes);
  await Promise.all([client.end(), server.end()]);
  reader.end();
  if (failure !== null) throw failure;
  equal(client.pendingBytes + server.pendingBytes, 0);
  return { readings, messages };
}

Deno.test(`openSocket() reads ${CASES} spoiled sockets without a throw, with counts that are counts`, async () => {
  ok(SOCKETS.length >= 5, `only ${SOCKETS.length} surfaces read sockets`);
  const seen = { readings: 0, messages: 0, counted: 0 };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
    const random = seeded(Math.imul(seed, 2654435761));
    const surface = pick(random, SOCKETS);
    try {
      const { readings, messages } = await readSocket(surface, random);
      seen.readings += readings.length;
      seen.messages += messages;
      for (const { parts, usageUnknown } of readings) {
        for (const { usage, modalities = {} } of parts) {
          for (const count of [...Object.values(usage), ...Object.values(modalities)]) {
            ok(count === null || (Number.isSafeInteger(count) && count >= 0), `a count is ${count}`);
          }
        }
        if (usageUnknown === null) seen.counted++;
      }
    } catch (cause) {
      throw new Error(`Seed ${seed}, ${surface.name}`, { cause });
    }
  }
  ok(seen.messages > CASES && seen.counted > CASES / 20, JSON.stringify(seen));
});
