/**
 * Decompresses the messages of one direction of a WebSocket (RFC 7692). Performs no I/O.
 *
 * Stands in for what `ws` has for this: there, on Deno, damaged data ends in an exception outside of any call, which
 * ends the whole worker. Takes the place of its `PerMessageDeflate` in its receiver, which calls `decompress()` for one
 * frame after the other.
 *
 * Imports nothing.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { constants, createInflateRaw, type InflateRaw } from "node:zlib";

/** What a sender leaves off at the end of each message: RFC 7692 section 7.2.1. */
const MESSAGE_TAIL = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

/** What was agreed on for the direction that is read. */
export interface InflateOptions {
  /** Each message starts with an empty window. */
  readonly noContextTakeover: boolean;
  /** Bytes that one frame may give. The receiver adds up those of a message. */
  readonly maxPayload: number;
}

/** An empty message takes no more than this when compressed. */
const EMPTY_BYTES = 2;

type Done = (error: Error | null, bytes?: Uint8Array) => void;

/** One direction. Frames come one at a time: the next only after the last was answered. */
export class MessageInflater {
  readonly #options: InflateOptions;
  #stream: InflateRaw | null = null;
  #chunks: Uint8Array[] = [];
  #length = 0;
  #between = true;
  #done: Done | null = null;

  constructor(options: InflateOptions) {
    this.#options = options;
  }

  /** Decompresses one frame; `last` ends the message. Calls back exactly once, unless closed before. */
  decompress(bytes: Uint8Array, last: boolean, done: Done): void {
    this.#chunks = [];
    this.#length = 0;
    this.#done = done;
    const alone = last && this.#between;
    this.#between = last;
    this.#feed(bytes, last, alone && this.#stream !== null);
  }

  /** @param mayHaveEnded Whether a whole message meets a stream that has read others. */
  #feed(bytes: Uint8Array, last: boolean, mayHaveEnded: boolean): void {
    const stream = this.#stream ??= this.#open();
    const before = stream.bytesWritten;
    const size = bytes.length + (last ? MESSAGE_TAIL.length : 0);
    const finished = (error?: Error | null) => {
      if (error) return this.#fail(error);
      const endedEarly = stream.bytesWritten - before < size;
      if (stream !== this.#stream) return;
      // Deno 2.4 does not count what it has read. There, a stream that has ended makes nothing of what follows.
      if (mayHaveEnded && stream.bytesWritten === undefined && this.#length === 0 && bytes.length > EMPTY_BYTES) {
        this.#drop();
        return this.#feed(bytes, last, false);
      }
      // A block marked as final ends the stream inside the frame; a later message starts a new one.
      if (endedEarly) this.#drop();
      else if (last && this.#options.noContextTakeover) stream.reset();
      this.#answer(null);
    };
    if (last) {
      stream.write(bytes);
      stream.write(MESSAGE_TAIL, finished);
    } else stream.write(bytes, finished);
  }

  /** Lets go of the window. A call under way is not answered. */
  close(): void {
    this.#done = null;
    this.#drop();
  }

  #open(): InflateRaw {
    // The largest window, which is the default, also reads what was made with a smaller one.
    const stream = createInflateRaw({
      flush: constants.Z_SYNC_FLUSH,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    stream.on("data", (bytes: Buffer) => {
      if (stream !== this.#stream) return;
      this.#length += bytes.length;
      if (this.#length > this.#options.maxPayload) this.#fail(tooLong());
      else this.#chunks.push(bytes);
    });
    stream.on("error", (error: Error) => {
      if (stream === this.#stream) this.#fail(error);
    });
    return stream;
  }

  #fail(error: Error): void {
    this.#drop();
    this.#answer(error);
  }

  #drop(): void {
    const stream = this.#stream;
    this.#stream = null;
    stream?.destroy();
  }

  #answer(error: Error | null): void {
    const done = this.#done;
    this.#done = null;
    if (done === null) return;
    if (error !== null) return done(error);
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks = [];
    done(null, bytes);
  }
}

/** The same code as for messages that are too long without compression. */
function tooLong(): Error {
  return Object.assign(new RangeError("Max payload size exceeded"), { code: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" });
}
