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
    let start = this.#depth > 0 ? 0 : -1;
    for (let at = 0; at < bytes.length; at++) {
      if (this.#inString) at = this.#stringEnd(bytes, at);
      const byte = bytes[at];
      if (byte === LINE_FEED && this.#layout === "lines") {
        if (this.#depth > 0) this.#drop();
        this.#lost = false;
        start = -1;
      } else if (this.#lost) continue;
      else if (byte === QUOTE) this.#inString = this.#depth > 0 && !this.#inString;
      else if (byte === OPEN_BRACE || (byte === OPEN_BRACKET && this.#depth > 0)) {
        if (this.#depth++ === 0) start = at;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (this.#depth === 0) this.#closed ||= byte === CLOSE_BRACKET;
        else if (--this.#depth === 0) {
          this.#deliver(bytes.subarray(start, at + 1));
          start = -1;
        }
      }
    }
    if (start >= 0 && this.#depth > 0) this.#keep(bytes.subarray(start));
  }

  /** Where the string that `from` is in ends: at its quote, at a line feed that breaks it, or after the bytes. */
  #stringEnd(bytes: Uint8Array, from: number): number {
    let escaped = this.#escaped;
    let at = from;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE || byte === LINE_FEED) break;
    }
    this.#escaped = escaped;
    return at;
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
