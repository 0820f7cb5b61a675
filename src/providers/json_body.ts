/**
 * Reads a JSON body of any length in bounded memory.
 *
 * Up to a cap the body is kept and parsed. Above it only its beginning and end stay, and the members that accounting needs
 * are looked for there: providers put model and id first and usage last, and the bulk, such as embeddings or images, between.
 * The same holds for a body whose middle was given up.
 *
 * Imports: ./growing_bytes.ts, ./json.ts, ./json_members.ts, ./tail_window.ts.
 *
 * @module
 */

import { GrowingBytes } from "./growing_bytes.ts";
import { type JsonObject, parseJson } from "./json.ts";
import { membersAtHead, membersAtTail } from "./json_members.ts";
import { TailWindow } from "./tail_window.ts";

/** Longest body that is parsed as a whole, in bytes. */
export const MAX_WHOLE_BYTES = 8 * 1024 * 1024;

/** What stays of the beginning and of the end of a longer body, in bytes each. */
const WINDOW_BYTES = 64 * 1024;

/** Members looked for at the end of a body that was not kept. */
const TAIL_MEMBERS = [
  "usage",
  "usageMetadata",
  "model",
  "modelVersion",
  "id",
  "responseId",
  "traceId",
  "consumedCredits",
  "service_tier",
  "serviceTier",
  "status",
  "tool_usage",
  "type",
  "object",
  "stream",
  "stream_options",
  "speed",
] as const;

/** What became of a body. */
export type JsonBodyContent =
  | { readonly kind: "empty" }
  /** The whole document. */
  | { readonly kind: "whole"; readonly value: unknown }
  /** Members of a document that was longer than the cap, or has a gap; its end was seen. */
  | { readonly kind: "members"; readonly value: JsonObject }
  /** Not JSON, or cut: the members at the head that could be read. */
  | { readonly kind: "broken"; readonly value: JsonObject };

/** Collects one body; feed it the bytes in order, then call {@link JsonBody.content} once. */
export class JsonBody {
  readonly #cap: number;
  readonly #kept = new GrowingBytes();
  #head: Uint8Array | null = null;
  #tail: TailWindow | null = null;

  /** @param cap Longest body that is kept as a whole, in bytes. */
  constructor(cap: number = MAX_WHOLE_BYTES) {
    this.#cap = cap;
  }

  /** Takes the next bytes and copies what it keeps. */
  read(bytes: Uint8Array): void {
    if (this.#tail !== null) return this.#tail.read(bytes);
    this.#kept.append(bytes);
    if (this.#kept.length <= this.#cap) return;
    const tail = this.#startTail();
    tail.read(this.#kept.bytes());
    this.#kept.clear();
  }

  /** Bytes are missing here: what came before is the beginning, the end is in what follows. */
  gap(): void {
    this.#startTail();
    this.#kept.clear();
  }

  #startTail(): TailWindow {
    this.#head ??= this.#kept.bytes().slice(0, WINDOW_BYTES);
    return this.#tail = new TailWindow(WINDOW_BYTES);
  }

  /** The beginning and the end of the body, which may overlap, for formats that are not JSON. */
  edges(): { readonly head: Uint8Array; readonly tail: Uint8Array } {
    if (this.#tail !== null && this.#head !== null) return { head: this.#head, tail: this.#tail.bytes() };
    const all = this.#kept.bytes();
    return { head: all.subarray(0, WINDOW_BYTES), tail: all.subarray(Math.max(0, all.length - WINDOW_BYTES)) };
  }

  /** Reads the body as JSON. */
  content(): JsonBodyContent {
    const decoder = new TextDecoder();
    if (this.#tail !== null && this.#head !== null) {
      const head = decoder.decode(this.#head);
      const atTail = membersAtTail(head, decoder.decode(this.#tail.bytes()), TAIL_MEMBERS);
      const value = { ...membersAtHead(head), ...atTail };
      return { kind: Object.keys(atTail).length > 0 ? "members" : "broken", value };
    }
    const text = decoder.decode(this.#kept.bytes());
    if (text === "") return { kind: "empty" };
    const value = parseJson(text);
    if (value !== undefined) return { kind: "whole", value };
    return { kind: "broken", value: membersAtHead(text.slice(0, WINDOW_BYTES)) };
  }
}
