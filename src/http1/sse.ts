/**
 * Cuts server-sent events out of a byte stream. Performs no I/O.
 *
 * Owns what `eventsource-parser` leaves open: decoding of UTF-8 across reads, a bound on memory, an event that the end of
 * the stream left without its blank line, and finding the next event after bytes were lost. Lines end with LF, CRLF or CR.
 *
 * Tolerated: a last event without blank line, since connections are cut in practice and usage may sit in that event.
 * Holds at most one unfinished event of the length it was given.
 *
 * Imports: eventsource-parser.
 *
 * @module
 */

import { createParser, type EventSourceParser } from "eventsource-parser";

/** Longest event data that is delivered, in UTF-16 units. The last event of a stream may repeat the whole answer. */
export const MAX_EVENT_LENGTH = 16 * 1024 * 1024;

/** Text handed to the parser at a time; never more than the event limit, so an event that is too long spans two pieces. */
const PIECE_LENGTH = 64 * 1024;

/** The parser counts an unfinished line of any field with the data; the exact limit is applied on delivery. */
const OTHER_LINE_ALLOWANCE = 4096;

/** Two line ends in a row, whichever they are; `\r\n` alone is one line end. A `\n` left over is an empty line, which is harmless. */
const EVENT_BOUNDARY = /\n\n|[\n\r]\r/;

/** Receives the events of one stream. */
export interface SseSink {
  /** `type` is empty when the event names none. `data` joins several data lines with LF. */
  event(type: string, data: string): void;
  /** An event longer than the limit was passed over. */
  skipped(): void;
}

/** Reads one event stream; feed it the bytes in order, then call {@link SseReader.end} once. */
export class SseReader {
  readonly #sink: SseSink;
  readonly #limit: number;
  readonly #decoder = new TextDecoder();
  readonly #parser: EventSourceParser;
  /** The parser gave up on an event that is too long. */
  #overflowed = false;
  /** Passing over text until the next event boundary. */
  #seeking = false;
  /** Last character before the text at hand: a boundary may span two reads. */
  #previous = "";

  /** @param limit Longest event data delivered, in UTF-16 units. */
  constructor(sink: SseSink, limit: number = MAX_EVENT_LENGTH) {
    this.#sink = sink;
    this.#limit = limit;
    this.#parser = createParser({
      maxBufferSize: limit + OTHER_LINE_ALLOWANCE,
      onEvent: (message) => {
        if (message.data.length > limit) sink.skipped();
        else sink.event(message.event ?? "", message.data);
      },
      onError: (error) => {
        if (error.type === "max-buffer-size-exceeded") this.#overflowed = true;
      },
    });
  }

  /** Takes the next bytes, which may end anywhere, also inside a character. */
  read(bytes: Uint8Array): void {
    this.#take(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Bytes are missing here: drops the unfinished event and goes on after the next event boundary. */
  gap(): void {
    this.#decoder.decode();
    this.#parser.reset();
    this.#previous = "";
    this.#seeking = true;
  }

  /** No more bytes. Delivers an event that lacks its blank line. */
  end(): void {
    this.#take(this.#decoder.decode());
    if (!this.#seeking) this.#parser.feed("\n\n");
  }

  #take(text: string): void {
    const step = Math.min(PIECE_LENGTH, this.#limit);
    if (text.length <= step) return this.#takePiece(text);
    for (let at = 0; at < text.length; at += step) this.#takePiece(text.slice(at, at + step));
  }

  #takePiece(piece: string): void {
    if (piece === "") return;
    let text = piece;
    if (this.#seeking) text = this.#afterBoundary(text);
    if (text !== "") this.#parser.feed(text);
    if (this.#overflowed) {
      this.#overflowed = false;
      this.#sink.skipped();
      this.#parser.reset();
      // The event began in an earlier piece, so the first boundary in this one is its end.
      this.#seeking = true;
      text = this.#afterBoundary(piece);
      if (text !== "") this.#parser.feed(text);
    }
    this.#previous = piece.charAt(piece.length - 1);
  }

  /** The text after the first event boundary, or nothing while there is none. */
  #afterBoundary(text: string): string {
    const joined = this.#previous + text;
    const boundary = EVENT_BOUNDARY.exec(joined);
    if (boundary === null) return "";
    this.#seeking = false;
    return joined.slice(boundary.index + boundary[0].length);
  }
}
