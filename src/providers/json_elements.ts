/**
 * Cuts a JSON array of objects, or JSON Lines, into its objects as they close. Performs no I/O and parses nothing.
 *
 * Holds at most one unfinished object of the length it was given; a longer one is passed over.
 *
 * Imports: ./growing_bytes.ts.
 *
 * @module
 */

import { GrowingBytes } from "./growing_bytes.ts";

/** Longest object that is delivered, in bytes. */
export const MAX_ELEMENT_BYTES = 16 * 1024 * 1024;

const QUOTE = 0x22, BACKSLASH = 0x5c, LINE_FEED = 0x0a;
const OPEN_BRACE = 0x7b, CLOSE_BRACE = 0x7d, OPEN_BRACKET = 0x5b, CLOSE_BRACKET = 0x5d;

/** 1 for the bytes that mean something outside of strings. */
const STRUCTURAL = new Uint8Array(256);
for (const byte of [QUOTE, LINE_FEED, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET]) STRUCTURAL[byte] = 1;

/** How objects follow each other: as elements of one array, or one per line. */
export type ElementLayout = "array" | "lines";

/** Receives the objects of one body. */
export interface ElementSink {
  /** The text of one object. */
  element(text: string): void;
  /** An object longer than the limit, or broken, was passed over. */
  skipped(): void;
}

/** Reads one body; feed it the bytes in order. */
export class JsonElements {
  readonly #layout: ElementLayout;
  readonly #sink: ElementSink;
  readonly #limit: number;
  readonly #decoder = new TextDecoder();
  readonly #pending = new GrowingBytes();
  #depth = 0;
  #inString = false;
  #escaped = false;
  #oversize = false;
  /** Bytes were lost: lines go on at the next line, an array cannot be followed any more. */
  #lost = false;
  #closed = false;

  constructor(layout: ElementLayout, sink: ElementSink, limit: number = MAX_ELEMENT_BYTES) {
    this.#layout = layout;
    this.#sink = sink;
    this.#limit = limit;
  }

  /** Whether the array's closing bracket was seen, or every line is whole. */
  get closed(): boolean {
    return this.#layout === "array" ? this.#closed : this.#depth === 0 && !this.#lost;
  }

  /** Takes the next bytes. */
  read(bytes: Uint8Array): void {
    // Locals instead of members: this loop runs once per byte outside of strings.
    const lines = this.#layout === "lines";
    let limit = lines ? lineEnd(bytes, 0) : bytes.length;
    let depth = this.#depth;
    let start = depth > 0 ? 0 : -1;
    for (let at = this.#inString ? this.#stringEnd(bytes, 0, limit) + 1 : 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (STRUCTURAL[byte] === 0) continue;
      if (byte === LINE_FEED) {
        if (!lines) continue;
        if (depth > 0) this.#drop();
        this.#lost = false;
        depth = 0;
        start = -1;
        limit = lineEnd(bytes, at + 1);
      } else if (this.#lost) continue;
      else if (byte === QUOTE) {
        if (depth === 0) continue;
        this.#inString = true;
        at = this.#stringEnd(bytes, at + 1, limit);
      } else if (byte === OPEN_BRACE || (byte === OPEN_BRACKET && depth > 0)) {
        if (depth++ === 0) start = at;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (depth === 0) this.#closed ||= byte === CLOSE_BRACKET;
        else if (--depth === 0) {
          this.#deliver(bytes.subarray(start, at + 1));
          start = -1;
        }
      }
    }
    this.#depth = depth;
    if (start >= 0 && depth > 0) this.#keep(bytes.subarray(start));
  }

  /**
   * The last byte of the string that `from` is in: its quote, after which it is over, or else the byte before `limit`, which
   * is where the bytes end or a line feed breaks the string.
   */
  #stringEnd(bytes: Uint8Array, from: number, limit: number): number {
    let at = from;
    if (this.#escaped && at < bytes.length) {
      this.#escaped = false;
      at++;
    }
    while (at < limit) {
      const found = bytes.indexOf(QUOTE, at);
      const end = found < 0 || found > limit ? limit : found;
      let slash = end;
      while (slash > at && bytes[slash - 1] === BACKSLASH) slash--;
      const escaped = (end - slash) % 2 === 1;
      if (end === limit) {
        this.#escaped = escaped;
        break;
      }
      at = end + 1;
      if (escaped) continue;
      this.#inString = false;
      return end;
    }
    return limit - 1;
  }

  /** Bytes are missing here. */
  gap(): void {
    if (this.#depth > 0) this.#drop();
    this.#lost = true;
  }

  #keep(bytes: Uint8Array): void {
    this.#oversize ||= this.#pending.length + bytes.length > this.#limit;
    if (this.#oversize) this.#pending.clear();
    else this.#pending.append(bytes);
  }

  #deliver(last: Uint8Array): void {
    // Most elements arrive whole and need no copy.
    const split = this.#pending.length > 0 || this.#oversize || last.length > this.#limit;
    if (split) this.#keep(last);
    if (this.#oversize) this.#sink.skipped();
    else this.#sink.element(this.#decoder.decode(split ? this.#pending.bytes() : last));
    this.#reset();
  }

  #drop(): void {
    this.#sink.skipped();
    this.#reset();
  }

  #reset(): void {
    this.#pending.clear();
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#oversize = false;
  }
}

function lineEnd(bytes: Uint8Array, from: number): number {
  const found = bytes.indexOf(LINE_FEED, from);
  return found < 0 ? bytes.length : found;
}
