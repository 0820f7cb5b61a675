/**
 * Sockets other than Codex's turns, through `edge` and `daemon`: what they tell of allowances, sessions that are billed by the
 * second, and failures that come as a close frame.
 *
 * @module
 */

import { deepEqual, equal, match } from "node:assert/strict";
import type { InterceptedHost } from "../../src/domain/hosts.ts";
import { FrameMaker } from "../roles/socket_frames.ts";
import { concat, text, utf8 } from "./support/bytes.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { until } from "./support/program.ts";
import { startProvider } from "./support/provider.ts";
import { openTls, writeAll } from "./support/raw_client.ts";
import { openWebSocket } from "./support/socket_client.ts";
import { SOCKET_MODEL, startSocketProvider } from "./support/socket_provider.ts";

const DEFLATE = "permessage-deflate";

/** RFC 6455 section 5.5.1, from a server. */
function closeFrame(code: number, reason: string): Uint8Array {
  const bytes = utf8(reason);
  return concat([Uint8Array.of(0x88, 2 + bytes.length, code >> 8, code & 0xff), bytes]);
}

/** Says `asked` over a socket of `target`, gets `answered`, and gives what arrived at the client. */
async function overSocket(
  host: InterceptedHost,
  target: string,
  asked: readonly unknown[],
  answered: readonly unknown[],
  closing: readonly [number, string],
  check: (meter: Meter) => Promise<void>,
): Promise<void> {
  const makers = { client: new FrameMaker("client", DEFLATE), server: new FrameMaker("server", DEFLATE) };
  const frames = async (maker: FrameMaker, messages: readonly unknown[]) => {
    const parts: Uint8Array[] = [];
    // Gemini sends its JSON in binary messages.
    for (const one of messages) parts.push(await maker.message(utf8(JSON.stringify(one))));
    return parts;
  };
  const asks = concat(await frames(makers.client, asked));
  const answer = [
    utf8(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Extensions: ${DEFLATE}\r\n\r\n`,
    ),
    ...await frames(makers.server, answered),
    closeFrame(...closing),
  ];
  const stand = await startProvider({
    host,
    answer: () => ({ steps: answer.map((bytes) => ({ afterMs: 20, bytes: new Uint8Array(bytes) })), end: "close" }),
  });
  try {
    await withMeter({ providers: [stand] }, async (meter) => {
      const caCerts = [await Deno.readTextFile(meter.caFile)];
      const tls = await openTls(meter.edgePort, `${host}:443`, { name: host, caCerts });
      const head = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n` +
        `Sec-WebSocket-Extensions: ${DEFLATE}\r\nAuthorization: Bearer ek_ephemeral\r\n\r\n`;
      await writeAll(tls, concat([utf8(head), asks]));
      const got: Uint8Array[] = [];
      const buffer = new Uint8Array(65_536);
      for (let read = await tls.read(buffer); read !== null; read = await tls.read(buffer).catch(() => null)) {
        got.push(buffer.slice(0, read));
      }
      tls.close();
      equal(text(concat(got)), text(concat(answer)));
      await check(meter);
    });
  } finally {
    makers.client.end();
    makers.server.end();
    await stand.stop();
  }
}

Deno.test("status shows what Codex's backend says of an allowance over a socket", async () => {
  const stand = await startSocketProvider("chatgpt.com");
  try {
    await withMeter({ providers: [stand] }, async (meter) => {
      const caPem = await Deno.readTextFile(meter.caFile);
      const client = await openWebSocket(meter.edgePort, "wss://chatgpt.com/backend-api/codex/responses", { caPem });
      client.send(JSON.stringify({ type: "response.create", model: SOCKET_MODEL, input: [] }));
      await client.messages(7);
      const out = await until("the quota in status", async () => {
        const { stdout } = await meter.command(["status"]);
        return stdout.includes("quota") ? stdout : null;
      });
      match(out, /^quota openai primary: 3 % used$/m);
      await client.close();
    });
  } finally {
    await stand.stop();
  }
});

Deno.test("A Live session of OpenAI's is one row with its seconds, and one more for what it delegated", async () => {
  const used = {
    input_tokens: 6_047,
    input_tokens_details: { cached_tokens: 2_944 },
    output_tokens: 1_623,
    total_tokens: 7_670,
  };
  const response = {
    id: "resp_1",
    object: "response",
    model: SOCKET_MODEL,
    status: "completed",
    output: [],
    usage: used,
  };
  await overSocket(
    "api.openai.com",
    "/v1/live/sessions",
    [{ type: "session.start", session: { model: "gpt-live-1" } }],
    [
      { type: "session.started", session: { id: "sess_1", model: "gpt-live-1" } },
      { type: "session.usage.updated", usage: { seconds: 2 } },
      { type: "response.event", event: { type: "response.completed", response } },
      { type: "session.closed", usage: { seconds: 4.5 }, reason: "close_requested" },
    ],
    [1000, ""],
    async (meter) => {
      const rows = await meter.waitForRows(2);
      const said = rows.map((row) => [row.responseId, row.model, row.costPico, row.billingBasis, row.status]);
      deepEqual(said.sort(), [
        // (6,047 − 2,944) × 1.25 + 2,944 × 0.125 + 1,623 × 10
        ["resp_1", SOCKET_MODEL, 20_476_750_000n, "metered", "success"],
        ["sess_1", "gpt-live-1", null, "metered", "success"],
      ]);
    },
  );
});

Deno.test("A Gemini Live session that the provider closes with a failure is a failed row, and the client sees the frame", async () => {
  await overSocket(
    "generativelanguage.googleapis.com",
    "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=AIzaNotARealKey",
    [{ setup: { model: "models/gemini-3.1-flash-live-preview" } }],
    [],
    [1007, "API key not valid. Please pass a valid API key."],
    async (meter) => {
      const row = await meter.onlyRow();
      deepEqual([row.status, row.errorClass, row.model, row.costPico, row.mode], [
        "error",
        "auth",
        "gemini-3.1-flash-live-preview",
        0n,
        "websocket",
      ]);
    },
  );
});
