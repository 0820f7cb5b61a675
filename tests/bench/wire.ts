/**
 * What crosses the wire in the bench: requests of the load client and answers of the stand-in provider.
 *
 * @module
 */

import { wallClock } from "./part.ts";

/** The host whose calls are measured. */
export const HOST = "api.anthropic.com";

/** What a request asks the stand-in for; it travels in a header. */
export type Wish =
  | { readonly kind: "json" }
  | { readonly kind: "events"; readonly count: number; readonly gapMs: number }
  | { readonly kind: "flood"; readonly bytes: number }
  | { readonly kind: "bulk"; readonly bytes: number };

const KIB = 1024;
const FLOOD_CHUNK_BYTES = 32 * KIB;

const encoder = new TextEncoder();

/** One Messages request with a body of 1 KiB. */
export function requestBytes(wish: Wish): Uint8Array<ArrayBuffer> {
  const base = { model: "claude-sonnet-4-5-20250929", max_tokens: 1024, stream: wish.kind !== "json" };
  const body = padded((content) => JSON.stringify({ ...base, messages: [{ role: "user", content }] }), KIB);
  return encoder.encode(
    `POST /v1/messages HTTP/1.1\r\nHost: ${HOST}\r\nAccept: application/json\r\nUser-Agent: bench/1\r\n` +
      `Content-Type: application/json\r\nanthropic-version: 2023-06-01\r\nx-api-key: bench\r\n` +
      `x-bench: ${JSON.stringify(wish)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** The wish in a request head; null when there is none. */
export function wishIn(head: string): Wish | null {
  const match = /^x-bench: (.*)$/im.exec(head);
  return match?.[1] === undefined ? null : JSON.parse(match[1]);
}

/** Id of the JSON answer; its digits are for whoever sends it to count. */
export const ANSWER_ID = "msg_bench_0000000000";

/** One whole Messages answer with a body of 1 KiB. */
export function jsonAnswer(): Uint8Array<ArrayBuffer> {
  const base = { id: ANSWER_ID, type: "message", role: "assistant", model: "claude-sonnet-4-5-20250929" };
  const usage = { input_tokens: 210, cache_read_input_tokens: 0, cache_creation_input_tokens: 0, output_tokens: 180 };
  const body = padded(
    (text) => JSON.stringify({ ...base, content: [{ type: "text", text }], stop_reason: "end_turn", usage }),
    KIB,
  );
  return encoder.encode(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nrequest-id: req_bench\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

function padded(make: (text: string) => string, size: number): string {
  const words = "the quick brown fox jumps over the lazy dog ";
  const room = size - make("").length;
  return make(words.repeat(Math.ceil(room / words.length)).slice(0, room));
}

/** Head of an event stream or a download. */
export function headOf(wish: Wish): Uint8Array<ArrayBuffer> {
  const framing = wish.kind === "bulk"
    ? `Content-Type: application/octet-stream\r\nContent-Length: ${wish.bytes}`
    : "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked";
  return encoder.encode(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`);
}

/** First events of a stream, before any text. */
export function openingEvents(id = "msg_bench_stream"): string {
  const message = { id, type: "message", role: "assistant", model: "claude-sonnet-4-5-20250929" };
  const usage = { input_tokens: 210, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 };
  return event({ type: "message_start", message: { ...message, content: [], stop_reason: null, usage } }) +
    event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } });
}

/** One piece of text. */
export function deltaEvent(text: string): string {
  return event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } });
}

/** One piece of text that says when it was sent; {@link sentTimes} finds it again. */
export function stampedEvent(): string {
  return deltaEvent(`<${wallClock().toFixed(3)}>`);
}

/** Times at which the stamped events in these bytes were sent. */
export function sentTimes(text: string): number[] {
  return Array.from(text.matchAll(/<(\d+\.\d{3})>/g), (match) => Number(match[1]));
}

/** Last events of a stream, with usage. */
export function closingEvents(outputTokens: number): string {
  return event({ type: "content_block_stop", index: 0 }) +
    event({
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: outputTokens },
    }) +
    event({ type: "message_stop" });
}

/** A chunk full of events, for streams that are as fast as the line. */
export function floodChunk(): Uint8Array<ArrayBuffer> {
  const one = deltaEvent("forty or so characters, as models send ");
  return chunk(one.repeat(Math.ceil(FLOOD_CHUNK_BYTES / one.length)));
}

/** Text as one HTTP/1.1 chunk; the empty text ends the body. */
export function chunk(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${text.length.toString(16)}\r\n${text}\r\n`);
}

function event(data: { readonly type: string } & Record<string, unknown>): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}
