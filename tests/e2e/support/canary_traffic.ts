/**
 * Calls in which secrets and sentences stand wherever a client or a provider can put them: bodies of every form and coding,
 * streams, sockets, heads, targets, names, and traffic that is broken.
 *
 * @module
 */

import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import type { InterceptedHost } from "../../../src/domain/hosts.ts";
import { FrameMaker } from "../../roles/socket_frames.ts";
import { concat, utf8 } from "./bytes.ts";
import type { Canaries } from "./canaries.ts";
import type { Meter } from "./meter.ts";
import { openTls, openTunnel, readAsItComes, readUntil, writeAll } from "./raw_client.ts";
import { callMark, marked, play, rawAnswer, type StandIns, type SurfaceCall } from "./surfaces.ts";

const ANTHROPIC = "api.anthropic.com";
const OPENAI = "api.openai.com";
const GEMINI = "generativelanguage.googleapis.com";

type Fields = Readonly<Record<string, string>>;

function lines(fields: Fields): string {
  return Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join("");
}

function post(host: InterceptedHost, target: string, fields: Fields, body: string | Uint8Array): Uint8Array {
  const bytes = typeof body === "string" ? utf8(body) : body;
  const head = `POST ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines(fields)}Content-Length: ${bytes.length}\r\n\r\n`;
  return concat([utf8(head), bytes]);
}

function answer(status: number, fields: Fields, body: string | Uint8Array): Uint8Array {
  const bytes = typeof body === "string" ? utf8(body) : body;
  return concat([
    utf8(`HTTP/1.1 ${status} Answer\r\n${lines(fields)}Content-Length: ${bytes.length}\r\n\r\n`),
    bytes,
  ]);
}

const JSON_TYPE: Fields = { "content-type": "application/json" };
const SSE_TYPE: Fields = { "content-type": "text/event-stream; charset=utf-8" };

function message(text: string, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    model: "claude-opus-5",
    max_tokens: 64,
    messages: [{ role: "user", content: text }],
    ...more,
  });
}

function messageAnswer(text: string, more: Readonly<Record<string, unknown>> = {}): string {
  const usage = { input_tokens: 10, output_tokens: 20 };
  return JSON.stringify({
    id: "msg_1",
    type: "message",
    model: "claude-opus-5",
    content: [{ type: "text", text }],
    usage,
    ...more,
  });
}

/** Pieces of `size` characters, none of which ends within a surrogate pair. */
function pieces(text: string, size: number): string[] {
  return text.match(new RegExp(`[^]{1,${size}}`, "gu")) ?? [];
}

function event(data: Readonly<Record<string, unknown>>): string {
  return `event: ${data["type"]}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A Messages stream that says `text` in deltas of `size` characters. */
function messageStream(text: string, size: number): string {
  const usage = { input_tokens: 10, output_tokens: 1 };
  const start = { id: "msg_s", type: "message", role: "assistant", model: "claude-opus-5", content: [], usage };
  return [
    event({ type: "message_start", message: start }),
    event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    ...pieces(text, size).map((piece) => {
      return event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: piece } });
    }),
    event({ type: "content_block_stop", index: 0 }),
    event({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 20 } }),
    event({ type: "message_stop" }),
  ].join("");
}

function chatStream(text: string, size: number): string {
  const chunk = (choices: unknown, usage: unknown = null) => {
    return `data: ${JSON.stringify({ id: "chatcmpl-1", model: "gpt-6-sol", choices, usage })}\n\n`;
  };
  return pieces(text, size).map((content) => chunk([{ index: 0, delta: { content } }])).join("") +
    chunk([], { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 }) + "data: [DONE]\n\n";
}

/** One call of the plan. */
type Make = (canaries: Canaries, index: number) => SurfaceCall;

function call(host: InterceptedHost, request: Uint8Array, response: Uint8Array): SurfaceCall {
  return { host, request, answer: rawAnswer(response) };
}

/** Bodies in every form and coding, each with its share of all kinds of secrets. */
const BODIES: Readonly<Record<string, Make>> = {
  "plain JSON and deltas of 7": (canaries, at) =>
    call(
      ANTHROPIC,
      post(ANTHROPIC, marked("/v1/messages", at), JSON_TYPE, message(canaries.page(14, "request JSON"))),
      answer(200, SSE_TYPE, messageStream(canaries.page(14, "deltas of 7"), 7)),
    ),
  "gzip both ways": (canaries, at) =>
    call(
      ANTHROPIC,
      post(
        ANTHROPIC,
        marked("/v1/messages", at),
        { ...JSON_TYPE, "content-encoding": "gzip" },
        packed(canaries, gzipSync),
      ),
      answer(
        200,
        { ...SSE_TYPE, "content-encoding": "gzip" },
        gzipSync(messageStream(canaries.page(14, "gzip stream"), 3)),
      ),
    ),
  "zstd and brotli": (canaries, at) =>
    call(
      ANTHROPIC,
      // A frame of one stored block, which any zstd reads.
      post(
        ANTHROPIC,
        marked("/v1/messages", at),
        { ...JSON_TYPE, "content-encoding": "zstd" },
        zstdStored(utf8(message(canaries.page(8, "zstd request")))),
      ),
      answer(
        200,
        { ...JSON_TYPE, "content-encoding": "br" },
        brotliCompressSync(messageAnswer(canaries.page(10, "brotli answer"))),
      ),
    ),
  "arguments of tools, escaped twice, and a deflated stream": (canaries, at) => {
    const inner = JSON.stringify({ stdout: JSON.stringify({ line: canaries.page(12, "tool arguments") }) });
    const tool = { id: "call_1", type: "function", function: { name: "write", arguments: inner } };
    const body = { model: "gpt-6-sol", stream: true, messages: [{ role: "assistant", tool_calls: [tool] }] };
    return call(
      OPENAI,
      post(OPENAI, marked("/v1/chat/completions", at), JSON_TYPE, JSON.stringify(body)),
      answer(
        200,
        { ...SSE_TYPE, "content-encoding": "deflate" },
        deflateSync(chatStream(canaries.page(12, "deflate"), 5)),
      ),
    );
  },
  "Gemini with its key in the address": (canaries, at) => {
    const key = canaries.secret("google-api-key", "a Gemini address");
    const text = canaries.page(10, "Gemini request");
    const parts = pieces(canaries.page(10, "Gemini chunks"), 11).map((piece) => {
      return {
        candidates: [{ content: { parts: [{ text: piece }], role: "model" }, index: 0 }],
        modelVersion: "gemini-3-pro",
      };
    });
    return call(
      GEMINI,
      post(
        GEMINI,
        marked(`/v1beta/models/gemini-3-pro:streamGenerateContent?key=${key}`, at),
        { ...JSON_TYPE, "x-goog-api-key": canaries.secret("google-api-key.new", "x-goog-api-key") },
        JSON.stringify({ contents: [{ parts: [{ text }] }] }),
      ),
      answer(200, JSON_TYPE, JSON.stringify(parts)),
    );
  },
  "a file upload": (canaries, at) => {
    const boundary = `b-${canaries.secret("xai-api-key", "a boundary")}`;
    const part = (head: string, content: string) =>
      `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`;
    const name = `${canaries.secret("github-token", "a file name")}.txt`;
    const body = part('name="model"', "whisper-1") + part('name="prompt"', canaries.page(10, "a form field")) +
      part('name="api_key"', canaries.secret("assigned-secret.human", "a form field of that name")) +
      part(`name="file"; filename="${name}"\r\nContent-Type: text/plain`, canaries.page(10, "an uploaded file")) +
      `--${boundary}--\r\n`;
    const type = { "content-type": `multipart/form-data; boundary=${boundary}` };
    return call(
      OPENAI,
      post(OPENAI, marked("/v1/audio/transcriptions", at), type, body),
      answer(
        200,
        JSON_TYPE,
        JSON.stringify({ text: canaries.page(6, "a transcript"), usage: { type: "duration", seconds: 3 } }),
      ),
    );
  },
  "Base64 of files": (canaries, at) => {
    const data = btoa(canaries.page(8, "a document in Base64"));
    const document = { type: "document", source: { type: "base64", media_type: "text/plain", data } };
    const url = `data:text/plain;base64,${btoa(canaries.page(4, "a data address"))}`;
    return call(
      ANTHROPIC,
      post(
        ANTHROPIC,
        marked("/v1/messages", at),
        JSON_TYPE,
        message("", { messages: [{ role: "user", content: [document] }] }),
      ),
      answer(200, JSON_TYPE, messageAnswer(url)),
    );
  },
  "a body cut at its bound": (canaries, at) => {
    // One secret across the cut, one beyond it.
    const filler = "ordinary words ".repeat(34_950);
    const text = `${filler}${canaries.page(2, "the cut")}${" x".repeat(700)}${canaries.page(2, "beyond the cut")}`;
    return call(
      ANTHROPIC,
      post(ANTHROPIC, marked("/v1/messages", at), JSON_TYPE, message(text)),
      answer(200, JSON_TYPE, messageAnswer(text)),
    );
  },
};

function packed(canaries: Canaries, pack: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  return pack(utf8(message(canaries.page(14, "gzip request"))));
}

/** RFC 8878: magic, single segment with a length of four bytes, one raw block. */
function zstdStored(bytes: Uint8Array): Uint8Array {
  const head = new Uint8Array(12);
  const view = new DataView(head.buffer);
  view.setUint32(0, 0xfd2fb528, true);
  head[4] = 0xa0;
  view.setUint32(5, bytes.length, true);
  const block = bytes.length << 3 | 1;
  head.set([block & 0xff, block >> 8 & 0xff, block >> 16 & 0xff], 9);
  return concat([head, bytes]);
}

/** Heads, targets, names and errors. */
const PLACES: Readonly<Record<string, Make>> = {
  "fields that hold credentials": (canaries, at) => {
    const secret = (kind: string, name: string) => canaries.secret(kind, `the field ${name}`);
    const request: Fields = {
      ...JSON_TYPE,
      "Authorization": `Bearer ${secret("anthropic-api-key.oauth", "authorization")}`,
      "X-Api-Key": secret("anthropic-api-key", "x-api-key"),
      "Proxy-Authorization": `Basic ${secret("basic-auth", "proxy-authorization")}`,
      "Cookie": `session=${secret("jwt", "cookie")}; id=${secret("assigned-secret", "cookie")}`,
      "api-key": secret("assigned-secret.hex", "api-key"),
      "X-Auth-Token": secret("oauth-token", "x-auth-token"),
      "User-Agent": `${secret("github-token.action", "user-agent")}/1.0 ${canaries.sentence("user-agent")}`,
      "Referer": `https://host.internal/?token=${secret("oauth-token", "referer")}`,
      "X-Note": canaries.sentence("a request field"),
      "X-Trace": secret("slack-token", "an unknown field"),
    };
    const response: Fields = {
      ...JSON_TYPE,
      "Set-Cookie": `sid=${secret("assigned-secret", "set-cookie")}; HttpOnly`,
      "Location": `https://host.internal/cb#access_token=${secret("jwt", "location")}`,
      "Link": `<https://host.internal/?sig=${secret("assigned-secret.hex", "link")}>; rel=next`,
      "WWW-Authenticate": `Bearer error="${canaries.sentence("a response field")}"`,
      "request-id": secret("npm-token", "request-id"),
      "anthropic-ratelimit-unified-5h-status": secret("gitlab-token", "a rate limit field"),
    };
    return call(
      ANTHROPIC,
      post(ANTHROPIC, marked("/v1/messages", at), request, message("Hello")),
      answer(200, response, messageAnswer("Hello")),
    );
  },
  "addresses": (canaries, at) => {
    const secret = (kind: string, place: string) => canaries.secret(kind, `an address: ${place}`);
    const words = encodeURIComponent(canaries.sentence("a query"));
    const query =
      `note=${words}&more=${words.replaceAll("%20", "+")}&access_token=${secret("oauth-token", "a query")}` +
      `&x=${encodeURIComponent(secret("slack-token", "an encoded value"))}` +
      `&url=${
        encodeURIComponent(encodeURIComponent(`https://a:${secret("url-password", "a password")}@b.internal/`))
      }` +
      `&m=${encodeURIComponent(secret("email", "a value"))}&${secret("stripe-key", "a name")}=1`;
    const id = encodeURIComponent(`${canaries.sentence("a path")} ${secret("anthropic-api-key", "a path")}`);
    const bare = encodeURIComponent(`${secret("xai-api-key", "a bare query")}&${canaries.sentence("a bare query")}`);
    const target = `/v1/messages/batches/${id}/results?${query}&${bare}`;
    return call(
      ANTHROPIC,
      utf8(`GET ${marked(target, at)} HTTP/1.1\r\nHost: ${ANTHROPIC}\r\n\r\n`),
      answer(200, { "content-type": "application/x-jsonl" }, batchLine(canaries)),
    );
  },
  "names of models, tiers and ids": (canaries, at) => {
    const secret = (kind: string, place: string) => canaries.secret(kind, place);
    const request = message("Hello", {
      model: `claude ${canaries.sentence("the model asked for")} ${
        secret("openai-api-key.old", "the model asked for")
      }`,
      service_tier: secret("groq-api-key", "the tier asked for"),
      metadata: { user_id: secret("email", "metadata") },
    });
    const usage = {
      input_tokens: 10,
      output_tokens: 20,
      service_tier: secret("huggingface-token", "the tier"),
      speed: secret("aws-access-key", "the speed"),
      inference_geo: secret("replicate-token", "the geography"),
      note: secret("linear-api-key", "a string in usage"),
      says: canaries.sentence("a string in usage").slice(0, 60),
      [canaries.sentence("a name in usage")]: 1,
      [secret("shopify-token", "a name in usage")]: 1,
      iterations: [{
        type: "advisor_message",
        model: secret("twilio", "a part's model"),
        input_tokens: 1,
        output_tokens: 1,
      }],
    };
    const more = {
      id: secret("notion-token", "the id of the answer"),
      model: `${canaries.sentence("the model")} ${secret("pinecone-api-key", "the model")}`,
      usage,
    };
    return call(
      ANTHROPIC,
      post(ANTHROPIC, marked("/v1/messages", at), JSON_TYPE, request),
      answer(200, JSON_TYPE, messageAnswer("Hello", more)),
    );
  },
  "an error that repeats the key": (canaries, at) => {
    const error = {
      message: `Incorrect API key provided: ${canaries.secret("openai-api-key", "an error's message")}. ` +
        canaries.sentence("an error's message"),
      type: canaries.secret("tavily-api-key", "an error's type"),
      code: canaries.secret("google-oauth-secret", "an error's code"),
      param: canaries.sentence("an error's parameter"),
    };
    return call(
      OPENAI,
      post(OPENAI, marked("/v1/chat/completions", at), JSON_TYPE, message("Hello", { model: "gpt-6-sol" })),
      answer(401, JSON_TYPE, JSON.stringify({ error })),
    );
  },
  "a page of a gateway": (canaries, at) =>
    call(
      OPENAI,
      post(OPENAI, marked("/v1/responses", at), JSON_TYPE, message("Hello", { model: "gpt-6-sol", input: "Hello" })),
      answer(
        502,
        { "content-type": `text/html; note=${canaries.secret("doppler-token", "a content type")}` },
        `<html><body>Bad gateway for ${canaries.page(6, "a page")}</body></html>`,
      ),
    ),
  "an event that tells of an error": (canaries, at) => {
    const error = {
      type: "overloaded_error",
      message: `${canaries.secret("vault-token", "an error event")} ${canaries.sentence("an error event")}`,
    };
    return call(
      ANTHROPIC,
      post(ANTHROPIC, marked("/v1/messages", at), JSON_TYPE, message("Hello", { stream: true })),
      answer(200, SSE_TYPE, event({ type: "error", error })),
    );
  },
};

function batchLine(canaries: Canaries): string {
  const result = { type: "succeeded", message: JSON.parse(messageAnswer(canaries.page(4, "a batch"))) };
  return `${JSON.stringify({ custom_id: canaries.secret("sendgrid-key", "custom_id"), result })}\n`;
}

/** Plays every call that is well formed. @returns how many rows they leave at least. */
export async function playCalls(
  meter: Meter,
  stand: StandIns,
  caCerts: readonly string[],
  canaries: Canaries,
): Promise<void> {
  for (const make of [...Object.values(BODIES), ...Object.values(PLACES)]) {
    const index = stand.add((at) => make(canaries, at));
    const planned = stand.calls[index];
    if (planned !== undefined) await play(meter, caCerts, planned);
  }
}

/** How many rows {@link playCalls} leaves. */
export const CALLS: number = Object.keys(BODIES).length + Object.keys(PLACES).length;

/** A conversation over a socket, with a compressor that remembers. */
export async function playSocket(
  meter: Meter,
  stand: StandIns,
  caCerts: readonly string[],
  canaries: Canaries,
): Promise<void> {
  const extensions = "permessage-deflate";
  const [server, client] = [new FrameMaker("server", extensions), new FrameMaker("client", extensions)];
  try {
    const protocols = `openai-insecure-api-key.${canaries.secret("openai-api-key.service", "a protocol of a socket")}`;
    const sent: Uint8Array[] = [];
    const told: Uint8Array[] = [
      utf8(
        `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nConnection: Upgrade\r\n` +
          `sec-websocket-extensions: ${extensions}\r\nset-cookie: s=${
            canaries.secret("jwt", "a socket's cookie")
          }\r\n\r\n`,
      ),
    ];
    for (let turn = 0; turn < 3; turn++) {
      const content = canaries.page(8, `message ${turn} of a socket`);
      const ask = { type: "response.create", model: "gpt-5", input: [{ role: "user", content }] };
      sent.push(await client.message(JSON.stringify(ask), { compress: turn > 0, pieces: 97 }));
      for (const part of socketAnswer(canaries, turn)) told.push(await server.message(part, { compress: turn > 0 }));
    }
    const index = stand.add((at) => ({
      host: OPENAI,
      request: utf8(
        `GET ${
          marked("/v1/responses", at)
        } HTTP/1.1\r\nHost: ${OPENAI}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n` +
          `Sec-WebSocket-Protocol: realtime, ${protocols}\r\nSec-WebSocket-Extensions: ${extensions}\r\n\r\n`,
      ),
      answer: { steps: told.map((bytes) => ({ afterMs: 5, bytes: new Uint8Array(bytes) })), end: "close" },
    }));
    const planned = stand.calls[index];
    if (planned === undefined) throw new Error("The call was not planned");
    await play(meter, caCerts, { ...planned, request: concat([planned.request, ...sent]) });
  } finally {
    server.end();
    client.end();
  }
}

function socketAnswer(canaries: Canaries, turn: number): string[] {
  const response = { id: `resp_${turn}`, object: "response", model: "gpt-5", output: [] };
  const usage = { input_tokens: 10, output_tokens: 20, total_tokens: 30 };
  const deltas = pieces(canaries.page(6, `answer ${turn} of a socket`), 9);
  return [
    { type: "response.created", response: { ...response, usage: null } },
    ...deltas.map((delta) => ({
      type: "response.output_text.delta",
      item_id: "i",
      output_index: 0,
      content_index: 0,
      delta,
    })),
    { type: "response.completed", response: { ...response, usage } },
  ].map((each) => JSON.stringify(each));
}

/** What no client should send, and what no provider should answer. Nothing here has to work; nothing may be kept of it. */
export async function playRubbish(
  meter: Meter,
  stand: StandIns,
  caCerts: readonly string[],
  canaries: Canaries,
): Promise<void> {
  const rubbish = (place: string) => `${canaries.secret("anthropic-api-key", place)} ${canaries.sentence(place)}`;
  const secret = (kind: string, place: string) => canaries.secret(kind, place);
  await toProxy(
    meter,
    `CONNECT ${ANTHROPIC}:443 HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic ${
      secret("basic-auth", "a CONNECT")
    }\r\n\r\n` +
      `no TLS at all: ${rubbish("bytes instead of TLS")}\r\n\r\n`,
  );
  await toProxy(meter, `CONNECT me:${secret("assigned-secret", "a CONNECT's user")}@${ANTHROPIC}:443 HTTP/1.1\r\n\r\n`);
  await toProxy(meter, `CONNECT ${secret("linear-api-key", "a CONNECT's host")}.invalid:443 HTTP/1.1\r\n\r\n`);
  await toProxy(meter, `GET https://${ANTHROPIC}/v1/${rubbish("an https address")} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const note = encodeURIComponent(canaries.sentence("an http address"));
  await toProxy(
    meter,
    `GET http://127.0.0.1:1/?key=${secret("google-api-key", "an http address")}&q=${note} HTTP/1.1\r\n` +
      `Authorization: Bearer ${secret("bearer-token", "an http call")}\r\n\r\n`,
  );
  await toProxy(meter, `POST /v1/messages HTTP/1.1\r\nX-Api-Key: ${rubbish("a call to the proxy itself")}\r\n\r\n`);
  await toProxy(meter, `\x16\x03\x01${rubbish("half a ClientHello")}`);
  await toProxy(meter, rubbish("no HTTP at all").repeat(20) + "\r\n\r\n");
  for (const broken of BROKEN) {
    const index = stand.add((at) => broken(canaries, at));
    const planned = stand.calls[index];
    if (planned !== undefined) await attempt(meter, caCerts, planned);
  }
}

/** Heads that lie about their bodies, and bodies that end where they should not. */
const BROKEN: readonly Make[] = [
  (canaries, at) => ({
    host: ANTHROPIC,
    request: utf8(
      `POST ${marked("/v1/messages", at)} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n` +
        message(canaries.page(6, "a request that is too short")).slice(0, -40),
    ),
    answer: rawAnswer(new Uint8Array()),
  }),
  (canaries, at) =>
    call(
      ANTHROPIC,
      post(ANTHROPIC, marked("/v1/messages", at), JSON_TYPE, message("Hello")),
      utf8(
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999\r\n\r\n` +
          messageAnswer(canaries.page(6, "an answer that was cut")).slice(0, -60),
      ),
    ),
  (canaries, at) =>
    call(
      ANTHROPIC,
      post(ANTHROPIC, marked("/v1/messages", at), JSON_TYPE, message("Hello")),
      concat([
        answer(200, JSON_TYPE, messageAnswer("Hello")),
        utf8(`after the end: ${canaries.page(6, "bytes after an answer")}`),
      ]),
    ),
  (canaries, at) =>
    call(
      ANTHROPIC,
      post(ANTHROPIC, marked("/v1/messages", at), JSON_TYPE, message("Hello")),
      utf8(`HTTP/9.9 two hundred\r\n${canaries.page(4, "an answer without a head")}\r\n\r\n`),
    ),
  (canaries, at) =>
    call(
      ANTHROPIC,
      utf8(
        `POST ${marked("/v1/messages", at)} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n` +
          `zz\r\n${canaries.page(4, "a chunk without a size")}\r\n0\r\n\r\n`,
      ),
      answer(400, JSON_TYPE, JSON.stringify({ error: { message: canaries.page(4, "a refusal") } })),
    ),
  (canaries, at) =>
    call(
      ANTHROPIC,
      utf8(
        `POST ${marked("/v1/messages", at)} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n` +
          `Bad Name ${canaries.page(1, "a field without a name")}: x\r\n\r\n{}0\r\n\r\n`,
      ),
      answer(400, JSON_TYPE, "{}"),
    ),
  (canaries, at) =>
    call(
      ANTHROPIC,
      post(
        ANTHROPIC,
        marked("/v1/messages", at),
        { ...JSON_TYPE, "content-encoding": "gzip" },
        message(canaries.page(4, "no gzip")),
      ),
      answer(
        200,
        { ...JSON_TYPE, "content-encoding": "gzip" },
        gzipSync(messageAnswer(canaries.page(6, "half a gzip"))).subarray(0, -30),
      ),
    ),
  (canaries, at) =>
    call(
      ANTHROPIC,
      post(ANTHROPIC, marked("/v1/messages", at), JSON_TYPE, message("Hello")),
      utf8(
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Key\r\n\r\n2\r\n{}\r\n0\r\n` +
          `X-Key: ${canaries.secret("anthropic-api-key", "a trailer")}\r\nX-Note: ${
            canaries.sentence("a trailer")
          }\r\n\r\n`,
      ),
    ),
];

async function toProxy(meter: Meter, bytes: string): Promise<void> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: meter.edgePort });
  try {
    await writeAll(connection, utf8(bytes));
    await connection.closeWrite();
    await readAsItComes(connection);
  } catch {
    // It may be refused in the middle.
  } finally {
    connection.close();
  }
}

async function attempt(
  meter: Meter,
  caCerts: readonly string[],
  { host, request, answer }: SurfaceCall,
): Promise<void> {
  const tls = await openTls(meter.edgePort, `${host}:443`, { name: host, caCerts });
  try {
    await writeAll(tls, request);
    if (answer.steps.length > 0) await readAsItComes(tls);
    else await new Promise((resolve) => setTimeout(resolve, 50));
  } finally {
    tls.close();
  }
}

/** A call that is under way: head and the beginning of its stream are there, the end is not. */
export async function begin(
  meter: Meter,
  stand: StandIns,
  caCerts: readonly string[],
  canaries: Canaries,
): Promise<Deno.TlsConn> {
  const stream = messageStream(canaries.page(6, "a call that was under way"), 9);
  const index = stand.add((at) => ({
    host: ANTHROPIC,
    request: post(ANTHROPIC, marked("/v1/messages", at), JSON_TYPE, message(canaries.page(6, "its request"))),
    answer: {
      steps: [
        { afterMs: 0, bytes: utf8(`HTTP/1.1 200 OK\r\n${lines(SSE_TYPE)}\r\n${stream.slice(0, stream.length / 2)}`) },
      ],
      end: "hang",
    },
  }));
  const planned = stand.calls[index];
  if (planned === undefined) throw new Error(`There is no ${callMark(index)}`);
  const tls = await openTls(meter.edgePort, `${ANTHROPIC}:443`, { name: ANTHROPIC, caCerts });
  await writeAll(tls, planned.request);
  await readUntil(tls, "content_block_delta");
  return tls;
}

/** A tunnel whose target tells a secret, opened and closed. */
export async function tunnelTo(meter: Meter, host: string): Promise<number> {
  const { connection, status } = await openTunnel(meter.edgePort, `${host}:1`);
  connection.close();
  return status;
}
