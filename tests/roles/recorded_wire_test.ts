/**
 * From raw bytes to rows: who pays, what sockets tell of allowances and how they fail.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { InterceptedHost } from "../../src/domain/hosts.ts";
import { createRateTable } from "../../src/meter/rates.ts";
import { message, utf8 } from "../golden/wire.ts";
import { joined } from "../http1/pieces.ts";
import { withDatabase } from "../store/sample.ts";
import { recordWire } from "./recorded_wire.ts";
import { FrameMaker } from "./socket_frames.ts";

const AT = Date.UTC(2026, 10, 21, 12);
const RATES = createRateTable();
const JWT = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";

interface Exchange {
  readonly host: InterceptedHost;
  readonly line: string;
  readonly fields: readonly string[];
  readonly answer: unknown;
}

/** The one row of a call in raw bytes. */
async function rowOf({ host, line, fields, answer }: Exchange): Promise<Readonly<Record<string, unknown>>> {
  let found: Readonly<Record<string, unknown>>[] = [];
  await withDatabase(async (db) => {
    const request = message(
      `${line} HTTP/1.1`,
      [`Host: ${host}`, "Content-Type: application/json", ...fields],
      utf8("{}"),
      "length",
    );
    const response = message(
      "HTTP/1.1 200 OK",
      ["Content-Type: application/json"],
      utf8(JSON.stringify(answer)),
      "length",
    );
    await recordWire(db, { host, client: [request], provider: [response], at: AT }, RATES);
    found = db.prepare("SELECT * FROM requests").all();
  });
  equal(found.length, 1);
  return found[0] ?? {};
}

const MESSAGES = { host: "api.anthropic.com", line: "POST /v1/messages", answer: { id: "m", usage: {} } } as const;
const CHAT = { host: "api.openai.com", line: "POST /v1/chat/completions", answer: { id: "c" } } as const;
const GEMINI = "generativelanguage.googleapis.com";
const GENERATE = { host: GEMINI, answer: { usageMetadata: { promptTokenCount: 1 } } } as const;
const GENERATE_LINE = "POST /v1beta/models/gemini-2.5-pro:generateContent";
const COMPATIBLE_LINE = "POST /v1beta/openai/chat/completions";
const GROK = { host: "api.x.ai", line: "POST /v1/chat/completions", answer: { id: "x" } } as const;
const ASSIST = { host: "cloudcode-pa.googleapis.com", line: "POST /v1internal:generateContent" } as const;
const CODEX = { host: "chatgpt.com", line: "POST /backend-api/codex/responses", answer: { id: "r" } } as const;
const ASSIST_ANSWER = { response: { usageMetadata: { promptTokenCount: 1 } }, traceId: "t" };

const BASES: readonly (readonly [name: string, exchange: Exchange, basis: string])[] = [
  ["Anthropic, x-api-key", { ...MESSAGES, fields: ["X-Api-Key: sk-ant-api03-x"] }, "metered"],
  ["Anthropic, API key as bearer", { ...MESSAGES, fields: ["Authorization: Bearer sk-ant-api03-x"] }, "metered"],
  [
    "Anthropic, log-in of Claude Code",
    { ...MESSAGES, fields: ["authorization: Bearer sk-ant-oat01-x", "anthropic-beta: claude-code,oauth-2025-04-20"] },
    "subscription",
  ],
  ["Anthropic, nothing", { ...MESSAGES, fields: [] }, "unknown"],
  ["OpenAI, project key", { ...CHAT, fields: ["Authorization: Bearer sk-proj-x", "OpenAI-Project: p"] }, "metered"],
  ["OpenAI, ephemeral key", { ...CHAT, fields: ["Authorization: Bearer ek_x"] }, "metered"],
  ["OpenAI, a token of unknown kind", { ...CHAT, fields: [`Authorization: Bearer ${JWT}`] }, "unknown"],
  [
    "Codex, ChatGPT log-in",
    { ...CODEX, fields: [`Authorization: Bearer ${JWT}`, "ChatGPT-Account-Id: a"] },
    "subscription",
  ],
  ["Gemini, x-goog-api-key", { ...GENERATE, line: GENERATE_LINE, fields: ["x-goog-api-key: AIzaX"] }, "metered"],
  ["Gemini, key in the address", { ...GENERATE, line: `${GENERATE_LINE}?key=AIzaX`, fields: [] }, "metered"],
  [
    "Gemini, token of a cloud project",
    { ...GENERATE, line: GENERATE_LINE, fields: ["Authorization: Bearer ya29.x"] },
    "unknown",
  ],
  ["Gemini, compatible path", {
    host: GEMINI,
    line: COMPATIBLE_LINE,
    answer: {},
    fields: ["Authorization: Bearer AIzaX"],
  }, "metered"],
  ["xAI", { ...GROK, fields: ["Authorization: Bearer xai-x"] }, "metered"],
  [
    "Code Assist, quota",
    { ...ASSIST, answer: ASSIST_ANSWER, fields: ["Authorization: Bearer ya29.x"] },
    "subscription",
  ],
  [
    "Code Assist, Google One AI credits",
    {
      ...ASSIST,
      fields: ["Authorization: Bearer ya29.x"],
      answer: { ...ASSIST_ANSWER, consumedCredits: [{ creditType: "GOOGLE_ONE_AI", creditAmount: "5" }] },
    },
    "credits",
  ],
];

for (const [name, exchange, basis] of BASES) {
  Deno.test(`a row says who pays: ${name}`, async () => equal((await rowOf(exchange))["billing_basis"], basis));
}

interface Socket {
  readonly host: InterceptedHost;
  readonly target: string;
  readonly fields?: readonly string[];
  readonly messages: readonly (readonly ["client" | "server", unknown])[];
  /** The provider's close frame. */
  readonly closing?: readonly [code: number, reason: string];
}

/** Rows of a socket in raw bytes, compressed with a window that lasts, and what it told of allowances. */
async function socketRows(socket: Socket) {
  const extensions = "permessage-deflate";
  const makers = { client: new FrameMaker("client", extensions), server: new FrameMaker("server", extensions) };
  const client: Uint8Array[] = [utf8(
    [
      `GET ${socket.target} HTTP/1.1`,
      `Host: ${socket.host}`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      ...socket.fields ?? [],
    ]
      .concat(["", ""]).join("\r\n"),
  )];
  const provider: Uint8Array[] = [utf8(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Extensions: ${extensions}\r\n\r\n`,
  )];
  for (const [side, content] of socket.messages) {
    const frames = await makers[side].message(JSON.stringify(content));
    (side === "client" ? client : provider).push(frames);
  }
  if (socket.closing !== undefined) provider.push(closeFrame(...socket.closing));
  makers.client.end();
  makers.server.end();
  let rows: Readonly<Record<string, unknown>>[] = [];
  let quota: unknown[] = [];
  await withDatabase(async (db) => {
    quota = await recordWire(db, { host: socket.host, client, provider, at: AT }, RATES);
    rows = db.prepare("SELECT * FROM requests ORDER BY seq").all();
  });
  return { rows, quota };
}

/** RFC 6455 section 5.5.1, unmasked. */
function closeFrame(code: number, reason: string): Uint8Array {
  const text = utf8(reason);
  return joined([Uint8Array.of(0x88, 2 + text.length, code >> 8, code & 0xff), text]);
}

const REALTIME = { host: "api.openai.com", target: "/v1/realtime?model=gpt-realtime" } as const;
const SPEAK = [
  ["client", { type: "response.create" }],
  ["server", {
    type: "response.done",
    response: { id: "r1", usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 } },
  }],
] as const;
const LIVE = {
  host: GEMINI,
  target: "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=AIzaX",
} as const;
const SETUP = ["client", { setup: { model: "models/gemini-3.1-flash-live-preview" } }] as const;

Deno.test("a row of a socket says who pays: keys in subprotocols, in the address, and ephemeral ones", async () => {
  const basisOf = async (socket: Socket) => (await socketRows(socket)).rows.map((row) => row["billing_basis"]);
  const protocols = "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.sk-proj-x, openai-beta.realtime-v1";
  deepEqual(await basisOf({ ...REALTIME, fields: [protocols], messages: SPEAK }), ["metered"]);
  deepEqual(await basisOf({ ...REALTIME, fields: ["Authorization: Bearer ek_x"], messages: SPEAK }), ["metered"]);
  deepEqual(await basisOf({ ...REALTIME, messages: SPEAK }), ["unknown"]);
  const turn = ["server", {
    serverContent: { turnComplete: true },
    usageMetadata: { promptTokenCount: 1, totalTokenCount: 1 },
  }] as const;
  deepEqual(await basisOf({ ...LIVE, messages: [SETUP, turn] }), ["metered"]);
});

Deno.test("an allowance that Codex's backend tells over a socket, or in a stream, becomes samples", async () => {
  const event = {
    type: "codex.rate_limits",
    rate_limits: {
      primary: { used_percent: 40, window_minutes: 300, reset_at: 1_795_000_000 },
      secondary: { used_percent: 5, window_minutes: 10_080, reset_after_seconds: 60 },
    },
  };
  const expected = [["5h", 40, 1_795_000_000_000], ["7d", 5, AT + 60_000]];
  const told = (quota: unknown[]) =>
    quota.map((sample) => {
      const { window, usedPercent, resetsAt } = sample as { window: string; usedPercent: number; resetsAt: number };
      return [window, usedPercent, resetsAt];
    });
  const { rows, quota } = await socketRows({
    host: "chatgpt.com",
    target: "/backend-api/codex/responses",
    messages: [
      ["client", { type: "response.create", model: "gpt-5" }],
      ["server", event],
      ["server", {
        type: "response.completed",
        response: { id: "r1", usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 } },
      }],
      ["server", event],
    ],
  });
  equal(rows.length, 1);
  // The second one comes in the same minute.
  deepEqual(told(quota), expected);
  await withDatabase(async (db) => {
    const stream = utf8(`event: codex.rate_limits\ndata: ${JSON.stringify(event)}\n\n`);
    const quota = await recordWire(db, {
      host: "chatgpt.com",
      client: [message("POST /backend-api/codex/responses HTTP/1.1", ["Host: chatgpt.com"], utf8("{}"), "length")],
      provider: [message("HTTP/1.1 200 OK", ["Content-Type: text/event-stream"], stream, "chunked")],
      at: AT,
    }, RATES);
    deepEqual(told(quota), expected);
  });
});

Deno.test("a socket that the provider closes with a failure leaves failed rows, each in its class", async () => {
  const failed = async (closing: readonly [number, string], ...messages: Socket["messages"]) => {
    const { rows } = await socketRows({ ...LIVE, messages: [SETUP, ...messages], closing });
    return rows.map((
      row,
    ) => [row["status"], row["error_class"], row["provider_error_code"], row["provider_error_type"], row["cost_pico"]]);
  };
  deepEqual(await failed([1007, "API key not valid. Please pass a valid API key."]), [
    ["error", "auth", "API_KEY_INVALID", "close_1007", 0],
  ]);
  deepEqual(await failed([1011, "You exceeded your current quota, please check your plan."]), [
    ["error", "rate_limit", "RESOURCE_EXHAUSTED", "close_1011", 0],
  ]);
  const begun = ["server", {
    serverContent: { modelTurn: {} },
    usageMetadata: { promptTokenCount: 9, responseTokenCount: 1, totalTokenCount: 10 },
  }] as const;
  deepEqual(await failed([1011, "Internal error encountered."], begun), [
    ["error", "server_error", null, "close_1011", null],
  ]);
  deepEqual(await failed([1000, ""]), []);
});

Deno.test("answers that a close frame ends on OpenAI's sockets are failed, and so are those that it leaves in peace", async () => {
  const asked = ["client", { type: "response.create", model: "gpt-5" }] as const;
  const begun = ["server", { type: "response.created", response: { id: "r1", model: "gpt-5" } }] as const;
  const socket = { host: "api.openai.com", target: "/v1/responses" } as const;
  const rowsOf = async (closing: readonly [number, string], messages: Socket["messages"]) => {
    const { rows } = await socketRows({ ...socket, messages, closing });
    return rows.map((row) => [row["status"], row["error_class"], row["usage_unknown"], row["cost_pico"]]);
  };
  deepEqual(await rowsOf([1011, ""], [asked, begun]), [["error", "server_error", "cut", null]]);
  deepEqual(await rowsOf([1008, ""], [asked]), [["error", "bad_request", "not_reported", 0]]);
  deepEqual(await rowsOf([1001, ""], [asked, begun]), [["error", "network", "cut", null]]);
  const spoken = await socketRows({
    ...REALTIME,
    messages: [["client", { type: "response.create" }]],
    closing: [1013, ""],
  });
  deepEqual(spoken.rows.map((row) => [row["error_class"], row["cost_pico"]]), [["server_error", 0]]);
});
