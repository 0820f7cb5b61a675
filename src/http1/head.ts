/**
 * Collects the text of one message head from the pieces in which a parser finds it. Performs no I/O.
 *
 * Owns the bounds on a head: {@link MAX_HEAD_BYTES} of names, values, target and reason together, {@link MAX_FIELDS}
 * field lines; trailers count towards both and are then forgotten. Text is Latin-1, one character per byte, so nothing
 * is lost.
 *
 * Imports: events.ts.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { FieldLines } from "./events.ts";

/** Bytes of text in one head. Servers that coding agents talk to refuse far smaller ones (8 to 64 KiB). */
export const MAX_HEAD_BYTES = 256 * 1024;

/** Field lines in one head, trailers included. */
export const MAX_FIELDS = 1000;

/** A message that this reader does not follow, with a fixed sentence as its message: no part of the input. */
export class Unfollowable extends Error {
  override readonly name = "Unfollowable";
}

const SPACE = 0x20;
const TAB = 0x09;

/** Collects one head at a time. */
export class HeadCollector {
  #target = "";
  #lines: string[] = [];
  #bytes = 0;
  #fields = 0;
  #inValue = false;
  #complete = false;
  #source: Uint8Array | null = null;
  #text: Buffer = Buffer.alloc(0);

  /** Forgets the last message. */
  begin(): void {
    this.#target = "";
    this.#lines = [];
    this.#bytes = 0;
    this.#fields = 0;
    this.#inValue = false;
    this.#complete = false;
  }

  /** @throws {Unfollowable} If the head is larger than the bounds allow. */
  add(kind: "target" | "reason" | "name" | "value", chunk: Uint8Array, start: number, end: number): void {
    this.#bytes += end - start;
    if (this.#bytes > MAX_HEAD_BYTES) throw new Unfollowable(`A head has more than ${MAX_HEAD_BYTES} bytes`);
    if (kind === "name" && (this.#inValue || this.#fields === 0)) {
      if (++this.#fields > MAX_FIELDS) throw new Unfollowable(`A head has more than ${MAX_FIELDS} field lines`);
    }
    if (kind === "name" || kind === "value") this.#addToField(kind, chunk, start, end);
    else if (kind === "target") this.#target += this.#decode(chunk, start, end);
  }

  /** Ends the head and gives its text. Spaces and tabs around values are removed. Later pieces are trailers. */
  take(): { readonly target: string; readonly fields: FieldLines } {
    this.#complete = true;
    this.#source = null;
    const fields = this.#lines;
    this.#lines = [];
    // llhttp skips the space before a value but leaves the space after it.
    for (let at = 1; at < fields.length; at += 2) fields[at] = withoutOuterSpace(fields[at] ?? "");
    return { target: this.#target, fields };
  }

  #addToField(kind: "name" | "value", chunk: Uint8Array, start: number, end: number): void {
    const starts = kind === "name" ? this.#inValue || this.#lines.length === 0 : !this.#inValue;
    this.#inValue = kind === "value";
    if (this.#complete) return;
    const text = this.#decode(chunk, start, end);
    if (starts) this.#lines.push(text);
    else this.#lines[this.#lines.length - 1] += text;
  }

  #decode(chunk: Uint8Array, start: number, end: number): string {
    if (chunk !== this.#source) {
      this.#source = chunk;
      this.#text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
    return this.#text.toString("latin1", start, end);
  }
}

/**
 * Removes spaces and tabs, and nothing else, from both ends of a field value. In time that grows with the length, which
 * a pattern for the end would not.
 */
export function withoutOuterSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB;
}

/**
 * Tells whether the body can be cut out: no transfer coding, or chunked alone.
 *
 * llhttp also lets through codings before chunked, and codings without chunked in responses, but does not undo them.
 */
export function hasReadableFraming(fields: FieldLines): boolean {
  let codings = 0;
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at]?.length !== "transfer-encoding".length) continue;
    if (fields[at]?.toLowerCase() !== "transfer-encoding") continue;
    if (++codings > 1 || fields[at + 1]?.toLowerCase() !== "chunked") return false;
  }
  return true;
}
