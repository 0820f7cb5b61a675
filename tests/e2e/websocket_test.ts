/**
 * WebSockets through `edge` and `daemon`: Codex uses one for all turns of a session, so calls are on record while it is open.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, rejects, strictEqual as equal } from "node:assert/strict";
import { readBodies } from "../../src/store/bodies.ts";
import { openReadOnly } from "../../src/store/database.ts";
import { FrameMaker } from "../roles/socket_frames.ts";
import { jsonAnswer } from "./support/answers.ts";
import { concat, text, utf8 } from "./support/bytes.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { startProvider } from "./support/provider.ts";
import { openTls, writeAll } from "./support/raw_client.ts";
import { openWebSocket } from "./support/socket_client.ts";
import { answersTo, SOCKET_COST_PICO, SOCKET_MODEL, startSocketProvider } from "./support/socket_provider.ts";

const URL_OF_CODEX = "wss://chatgpt.com/backend-api/codex/responses";
const HEADERS = { authorization: "Bearer eyJ.x.y", "user-agent": "codex_exec/0.169.0" };
const DEFLATE = "permessage-deflate";

function create(turn: number, more: Record<string, unknown> = {}): string {
  const input = [{ role: "user", content: `Turn ${turn}: the heron canary stands in cold water` }];
  return JSON.stringify({ type: "response.create", model: SOCKET_MODEL, store: false, input, ...more });
}

function trust(meter: Meter): Promise<string> {
  return Deno.readTextFile(meter.caFile);
}

Deno.test("A session over one compressed socket is priced turn by turn while it is open, and reads the same", async () => {
  const stand = await startSocketProvider("chatgpt.com");
  try {
    await withMeter({ providers: [stand] }, async (meter) => {
      const client = await openWebSocket(meter.edgePort, URL_OF_CODEX, { caPem: await trust(meter), headers: HEADERS });
      match(client.extensions, /^permessage-deflate/);
      const sent: string[] = [];
      const expected: string[] = [];
      for (let turn = 0; turn < 4; turn++) {
        const message = create(turn, turn === 0 ? { generate: false } : {});
        sent.push(message);
        expected.push(...answersTo(message, turn));
        client.send(message);
        await client.messages(expected.length);
        const rows = await meter.waitForRows(turn + 1);
        equal(rows.length, turn + 1);
      }
      deepEqual(client.received, expected);
      deepEqual(stand.received, sent);

      const rows = meter.rows();
      deepEqual(rows.map(({ responseId }) => responseId), ["resp_0", "resp_1", "resp_2", "resp_3"]);
      deepEqual(rows.map(({ costPico }) => costPico), [0n, SOCKET_COST_PICO, SOCKET_COST_PICO, SOCKET_COST_PICO]);
      for (const row of rows) {
        deepEqual([row.mode, row.model, row.clientName, row.status], ["websocket", SOCKET_MODEL, "codex", "success"]);
        ok((row.latencyMs ?? 0) >= (row.ttftMs ?? -1) && (row.ttftMs ?? -1) >= 0, `${row.ttftMs} ${row.latencyMs}`);
        equal(row.tokensComplete, true);
      }
      const db = openReadOnly(meter.database);
      const bodies = db === null ? [] : readBodies(db, rows[2]?.id ?? "");
      db?.close();
      deepEqual(bodies.map(({ direction }) => direction), ["request", "response"]);
      match(bodies[0]?.text ?? "", /^\{"type":"response\.create".*Turn 2: the heron canary.*\}\n$/);
      equal(bodies[1]?.text.trimEnd().split("\n").length, 7);

      await client.close();
      await meter.waitForNoneOpen();
      equal(meter.rows().length, 4);
    });
  } finally {
    await stand.stop();
  }
});

Deno.test("A socket that is torn down in the middle of an answer leaves a row without a price", async () => {
  const stand = await startSocketProvider("chatgpt.com");
  try {
    await withMeter({ providers: [stand] }, async (meter) => {
      const client = await openWebSocket(meter.edgePort, URL_OF_CODEX, { caPem: await trust(meter), headers: HEADERS });
      client.send(create(0));
      await meter.waitForRows(1);
      client.send(create(1, { hang: true }));
      await client.messages(10);
      equal(meter.rows().length, 1);
      client.tearDown();
      const rows = await meter.waitForRows(2);
      deepEqual(rows.map(({ responseId, costPico, usageUnknown }) => [responseId, costPico, usageUnknown]), [
        ["resp_0", SOCKET_COST_PICO, null],
        ["resp_1", null, "cut"],
      ]);
    });
  } finally {
    await stand.stop();
  }
});

Deno.test("Every byte of a socket crosses unchanged, and rubbish only costs its row", async () => {
  const server = new FrameMaker("server", DEFLATE);
  const client = new FrameMaker("client", DEFLATE);
  const [, begins = "", , , , , ends = ""] = answersTo(create(0), 0);
  const answer = [
    utf8(
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nX-Odd-CASE: kept\r\n" +
        `sec-websocket-extensions: ${DEFLATE}\r\nConnection: Upgrade\r\n\r\n`,
    ),
    await server.message(begins, { pieces: 50 }),
    await server.ping(),
    await server.message(ends),
    // No frame: reserved bits, as from an extension that nobody agreed on.
    Uint8Array.of(0xb1, 0x03, 1, 2, 3),
    crypto.getRandomValues(new Uint8Array(5_000)),
  ];
  const stand = await startProvider({
    host: "api.openai.com",
    answer: () => ({ steps: answer.map((bytes) => ({ afterMs: 20, bytes })), end: "hang" }),
  });
  try {
    await withMeter({ providers: [stand] }, async (meter) => {
      const caCerts = [await trust(meter)];
      const tls = await openTls(meter.edgePort, "api.openai.com:443", { name: "api.openai.com", caCerts });
      const head = utf8(
        "GET /v1/responses HTTP/1.1\r\nHost: api.openai.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
          `Sec-WebSocket-Extensions: ${DEFLATE}\r\nUser-Agent: raw/1\r\n\r\n`,
      );
      const asks = concat([
        await client.message(create(0), { pieces: 40 }),
        await client.message(create(1)),
        await client.ping(),
      ]);
      // The first frames travel with the head, before the answer, and byte by byte after that.
      await writeAll(tls, concat([head, asks.subarray(0, 60)]));
      for (const byte of asks.subarray(60)) await writeAll(tls, Uint8Array.of(byte));
      const expected = concat(answer);
      const got: Uint8Array[] = [];
      const buffer = new Uint8Array(65_536);
      for (let count = 0; count < expected.length;) {
        const read = await tls.read(buffer);
        if (read === null) break;
        got.push(buffer.slice(0, read));
        count += read;
      }
      equal(text(concat(got)), text(expected));
      const rows = await meter.waitForRows(2);
      deepEqual(rows.map(({ responseId, usageUnknown, costPico }) => [responseId, usageUnknown, costPico]), [
        ["resp_0", null, SOCKET_COST_PICO],
        [null, "unreadable", null],
      ]);
      // The call goes on.
      await writeAll(tls, utf8("more"));
      while (stand.received(0).length < head.length + asks.length + 4) await new Promise((done) => setTimeout(done, 5));
      equal(text(stand.received(0)), text(concat([head, asks, utf8("more")])));
      tls.close();
      const { status } = await meter.status();
      equal(status.daemon?.roles["recorder"]?.counters?.["opaque_connections"], 1);
    });
  } finally {
    server.end();
    client.end();
    await stand.stop();
  }
});

Deno.test("A refused socket is one free row with its error, and the client sees the refusal", async () => {
  const error = { error: { type: "usage_limit_reached", message: "canary", plan_type: "plus" } };
  const stand = await startProvider({ host: "chatgpt.com", answer: () => jsonAnswer(429, error) });
  try {
    await withMeter({ providers: [stand] }, async (meter) => {
      const caPem = await trust(meter);
      await rejects(openWebSocket(meter.edgePort, URL_OF_CODEX, { caPem, headers: HEADERS }), /Refused with 429/);
      const row = await meter.onlyRow();
      deepEqual([row.status, row.httpStatus, row.errorClass, row.costPico, row.mode], [
        "error",
        429,
        "rate_limit",
        0n,
        "websocket",
      ]);
    });
  } finally {
    await stand.stop();
  }
});
