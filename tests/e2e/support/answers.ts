/**
 * What the stand-in providers say: answers in the providers' formats, with usage whose cost is worked out by hand.
 *
 * @module
 */

import { concat, utf8 } from "./bytes.ts";
import type { Answer, Ending, Step } from "./provider.ts";

/** Model of {@link anthropicEvents}; 5 USD in, 25 out, 0.50 cache read, 6.25 cache write (5 min) per million tokens. */
export const ANTHROPIC_MODEL = "claude-opus-5";

/** 1,200 × 5 + 3,000 × 6.25 + 20,000 × 0.5 + 850 × 25 = 56,000 millionths of a dollar. */
export const ANTHROPIC_COST_PICO = 56_000_000_000n;

/** Model of {@link openaiEvents}; 2 USD in, 10 out, 0.20 cache read per million tokens. */
export const OPENAI_MODEL = "gpt-6-sol";

/** (6,047 − 2,944) × 2 + 2,944 × 0.2 + 1,623 × 10 = 23,024.8 millionths of a dollar. */
export const OPENAI_COST_PICO = 23_024_800_000n;

/** A streamed Messages answer, one text per event. */
export function anthropicEvents(
  id: string,
  words: readonly string[] = ["One ", "word ", "after ", "another."],
): string[] {
  const usage = {
    input_tokens: 1_200,
    cache_creation_input_tokens: 3_000,
    cache_read_input_tokens: 20_000,
    cache_creation: { ephemeral_5m_input_tokens: 3_000, ephemeral_1h_input_tokens: 0 },
    output_tokens: 1,
    service_tier: "standard",
  };
  const message = { id, type: "message", role: "assistant", model: ANTHROPIC_MODEL, content: [], usage };
  return [
    event("message_start", { message: { ...message, stop_reason: null, stop_sequence: null } }),
    event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
    ...words.map((word) => event("content_block_delta", { index: 0, delta: { type: "text_delta", text: word } })),
    event("content_block_stop", { index: 0 }),
    event("message_delta", { delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 850 } }),
    event("message_stop", {}),
  ];
}

/** A streamed Responses answer, one text per event. */
export function openaiEvents(id: string): string[] {
  const response = { id, object: "response", model: OPENAI_MODEL, service_tier: "default", output: [] };
  const usage = {
    input_tokens: 6_047,
    input_tokens_details: { cached_tokens: 2_944 },
    output_tokens: 1_623,
    output_tokens_details: { reasoning_tokens: 1_408 },
    total_tokens: 7_670,
  };
  const place = { item_id: "item_1", output_index: 0, content_index: 0 };
  return [
    event("response.created", { sequence_number: 0, response: { ...response, status: "in_progress", usage: null } }),
    event("response.output_text.delta", { sequence_number: 1, ...place, delta: "Counted." }),
    event("response.completed", { sequence_number: 2, response: { ...response, status: "completed", usage } }),
  ];
}

function event(name: string, data: Record<string, unknown>): string {
  return `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
}

/** An event stream in HTTP chunks, one event per chunk, head first; each piece is one write. */
export function eventStream(events: readonly string[], gapMs: number, end: Ending = "keep-alive"): Answer {
  const head =
    "HTTP/1.1 200 OK\r\ndate: Tue, 01 Sep 2026 00:00:00 GMT\r\nContent-Type: text/event-stream; charset=utf-8\r\n" +
    "transfer-encoding: chunked\r\nX-Odd-CASE: kept\r\n\r\n";
  const steps: Step[] = [{ afterMs: 0, bytes: utf8(head) }];
  for (const one of events) steps.push({ afterMs: gapMs, bytes: chunk(one) });
  steps.push({ afterMs: gapMs, bytes: utf8("0\r\n\r\n") });
  return { steps, end };
}

/** The beginning of an event stream, then `end`. */
export function brokenStream(events: readonly string[], gapMs: number, end: Ending): Answer {
  const { steps } = eventStream(events, gapMs);
  return { steps: steps.slice(0, -1), end };
}

/** One chunk of HTTP's chunked coding. */
export function chunk(body: string): Uint8Array<ArrayBuffer> {
  const bytes = utf8(body);
  return concat([utf8(`${bytes.length.toString(16)}\r\n`), bytes, utf8("\r\n")]);
}

/** A JSON answer with a length. */
export function jsonAnswer(status: number, body: unknown, afterMs = 0): Answer {
  const bytes = utf8(JSON.stringify(body));
  const head = `HTTP/1.1 ${status} Answer\r\ncontent-type: application/json\r\ncontent-length: ${bytes.length}\r\n\r\n`;
  return { steps: [{ afterMs, bytes: concat([utf8(head), bytes]) }], end: "keep-alive" };
}

/** A whole Messages answer, not streamed. */
export function anthropicMessage(id: string, afterMs = 0): Answer {
  return jsonAnswer(200, {
    id,
    type: "message",
    role: "assistant",
    model: ANTHROPIC_MODEL,
    content: [{ type: "text", text: "Hello." }],
    stop_reason: "end_turn",
    usage: { input_tokens: 10, output_tokens: 20 },
  }, afterMs);
}
