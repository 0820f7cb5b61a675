/**
 * Sockets other than Codex's turns, through `edge` and `daemon`: what they tell of allowances, sessions that are billed by the
 * second, and failures that come as a close frame.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import type { InterceptedHost } from "../../src/domain/hosts.ts";
import type { RecordedRequest } from "../../src/store/listing.ts";
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

/** One message of a real client, and what a real server sends back. */
type Exchanged = readonly [asked: object, answered: readonly object[]];

/** Holds a conversation between a real client and a real server, compressed with windows that last, and gives its rows. */
async function converse(url: string, key: string, talk: readonly Exchanged[], rows: number) {
  const host = new URL(url).hostname as InterceptedHost;
  const answers = talk.map(([, answered]) => answered.map((event) => JSON.stringify(event)));
  const stand = await startSocketProvider(host, "127.0.0.1", (_message, n) => answers[n] ?? []);
  let found: readonly RecordedRequest[] = [];
  try {
    await withMeter({ providers: [stand] }, async (meter) => {
      const caPem = await Deno.readTextFile(meter.caFile);
      const client = await openWebSocket(meter.edgePort, url, { caPem, headers: { authorization: `Bearer ${key}` } });
      equal(client.extensions, DEFLATE);
      const expected: string[] = [];
      for (const [at, [asked]] of talk.entries()) {
        client.send(JSON.stringify(asked));
        expected.push(...answers[at] ?? []);
        await client.messages(expected.length);
      }
      deepEqual(client.received, expected);
      deepEqual(stand.received, talk.map(([asked]) => JSON.stringify(asked)));
      // Written at their terminal events: the socket is still open.
      found = await meter.waitForRows(rows);
      await client.close();
      await meter.waitForNoneOpen();
      equal(meter.rows().length, rows);
    });
  } finally {
    await stand.stop();
  }
  return found;
}

function summary(rows: readonly RecordedRequest[]) {
  return rows.map((
    row,
  ) => [row.responseId, row.model, row.inputTokens, row.cacheReadTokens, row.outputTokens, row.costPico]);
}

Deno.test("A Realtime session of OpenAI's bills each response by text and audio, and the transcription of input apart", async () => {
  const session = {
    id: "sess_1",
    model: "gpt-realtime-2.1",
    audio: { input: { transcription: { model: "gpt-4o-transcribe" } } },
  };
  const usage = {
    total_tokens: 1_200,
    input_tokens: 1_000,
    output_tokens: 200,
    input_token_details: {
      text_tokens: 400,
      audio_tokens: 600,
      image_tokens: 0,
      cached_tokens: 300,
      cached_tokens_details: { text_tokens: 100, audio_tokens: 200, image_tokens: 0 },
    },
    output_token_details: { text_tokens: 50, audio_tokens: 150 },
  };
  const done = (id: string, status: string) => [
    { type: "response.created", response: { id, status: "in_progress" } },
    { type: "response.output_audio.delta", response_id: id, item_id: "item_2", delta: "UklGRg==".repeat(200) },
    { type: "response.done", response: { id, status, output: [], usage } },
  ];
  const heard = {
    type: "conversation.item.input_audio_transcription.completed",
    item_id: "item_1",
    transcript: "Hello.",
    usage: {
      type: "tokens",
      total_tokens: 36,
      input_tokens: 26,
      input_token_details: { text_tokens: 6, audio_tokens: 20 },
      output_tokens: 10,
    },
  };
  const rows = await converse("wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1", "sk-proj-none", [
    [{ type: "session.update", session }, [{ type: "session.created", session }, { type: "session.updated", session }]],
    [{ type: "input_audio_buffer.append", audio: "UklGRg==".repeat(500) }, []],
    [{ type: "response.create" }, [...done("resp_1", "completed"), heard]],
    // Interrupted answers are billed too.
    [{ type: "response.create" }, done("resp_2", "cancelled")],
  ], 3);
  // Text 4, cached 0.4, out 24; audio 32, cached 0.4, out 64: 300 × 4 + 400 × 32 + 300 × 0.4 + 50 × 24 + 150 × 64
  deepEqual(summary(rows), [
    ["resp_1", "gpt-realtime-2.1", 700, 300, 200, 24_920_000_000n],
    // 6 × 2.5 + 20 × 6 + 10 × 10
    ["item_1", "gpt-4o-transcribe", 26, 0, 10, 235_000_000n],
    ["resp_2", "gpt-realtime-2.1", 700, 300, 200, 24_920_000_000n],
  ]);
  for (const row of rows) deepEqual([row.billingBasis, row.mode, row.status], ["metered", "websocket", "success"]);
});

Deno.test("A session of Realtime translation, which tells no seconds, is one row without a price", async () => {
  const session = { id: "sess_1", type: "translation", model: "gpt-realtime-translate" };
  const rows = await converse("wss://api.openai.com/v1/realtime/translations?model=gpt-realtime-translate", "ek_none", [
    [{ type: "session.update", session: { audio: { output: { language: "es" } } } }, [
      { type: "session.created", session },
      { type: "session.updated", session },
    ]],
    [{ type: "session.input_audio_buffer.append", audio: "UklGRg==".repeat(500) }, [
      { type: "session.output_transcript.delta", delta: "Hola" },
      { type: "session.output_audio.delta", delta: "UklGRg==".repeat(500) },
    ]],
    [{ type: "session.close" }, [{ type: "session.closed" }]],
  ], 1);
  deepEqual(summary(rows), [["sess_1", "gpt-realtime-translate", null, null, null, null]]);
  deepEqual(rows.map((row) => [row.usageUnknown, row.costMissing, row.billingBasis, row.status]), [
    ["not_reported", "usage_unknown", "metered", "success"],
  ]);
});

Deno.test("A Responses socket of xAI's is a row per turn, at the provider's own charge where it tells one", async () => {
  const model = "grok-4.7";
  const used = {
    input_tokens: 27_236,
    input_tokens_details: { cached_tokens: 4_585 },
    output_tokens: 3_077,
    output_tokens_details: { reasoning_tokens: 1_091 },
    total_tokens: 30_313,
  };
  const answer = (id: string, end: string, usage: object) => [
    { type: "response.created", response: { id, model, status: "in_progress", usage: null } },
    { type: "response.output_text.delta", item_id: "m", delta: "Counted once. ".repeat(40) },
    { type: end, response: { id, model, status: "completed", output: [], usage } },
  ];
  const rows = await converse("wss://api.x.ai/v1/responses", "xai-none", [
    [{ type: "response.create", model, input: "one" }, answer("resp_1", "response.completed", used)],
    [
      { type: "response.create", model, input: "two", previous_response_id: "resp_1" },
      answer("resp_2", "response.done", { ...used, cost_in_usd_ticks: 123_456_789 }),
    ],
  ], 2);
  deepEqual(summary(rows), [
    // 22,651 × 2 + 4,585 × 0.5 + 3,077 × 6
    ["resp_1", model, 22_651, 4_585, 3_077, 66_056_500_000n],
    ["resp_2", model, 22_651, 4_585, 3_077, 12_345_678_900n],
  ]);
  deepEqual(rows.map(({ ratesSource }) => ratesSource?.replace(/-.*/, "")), ["bundled", "provider"]);
});

Deno.test("A voice session of xAI's, which is billed by the minute, is a row per response without a made-up price", async () => {
  const model = "grok-voice-latest";
  const usage = {
    input_tokens: 40,
    output_tokens: 60,
    total_tokens: 100,
    billable_audio_seconds: 3.5,
    input_text_messages: 1,
  };
  const rows = await converse(`wss://api.x.ai/v1/realtime?model=${model}`, "xai-none", [
    [{ type: "session.update", session: { voice: "Ara" } }, [{ type: "session.updated", session: { id: "s", model } }]],
    [{ type: "response.create" }, [
      { type: "response.created", response: { id: "resp_1", status: "in_progress" } },
      { type: "response.done", response: { id: "resp_1", status: "completed" }, usage },
    ]],
  ], 1);
  deepEqual(summary(rows), [["resp_1", model, 40, 0, 60, null]]);
  deepEqual(rows.map((row) => [row.provider, row.costMissing, row.billingBasis]), [["xai", "rate_missing", "metered"]]);
});

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
        // 4.5 s of 0.05 USD a minute
        ["sess_1", "gpt-live-1", 3_750_000_000n, "metered", "success"],
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
