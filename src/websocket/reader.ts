/**
 * Reads the messages of one direction of a WebSocket from a copy of its bytes. Performs no I/O.
 *
 * Owns what the 101 response agreed on and when to give up. Leaves frames to the receiver of `ws` and
 * decompression to inflate.ts. Works on a copy: a direction that cannot be read is given up once and then ignored, and the call goes on.
 *
 * Strict, as RFC 6455 asks of an endpoint: masks exactly from the client, valid UTF-8 in text, no reserved bits, no
 * extension but permessage-deflate. A message, compressed or not, has `maxPayload` bytes at most. Pings and pongs are not
 * reported; nothing is read after a close frame.
 *
 * Imports: inflate.ts; ws, which reads WS_NO_BUFFER_UTIL and WS_NO_UTF_8_VALIDATE from the environment when loaded.
 *
 * @module
 */

import { Buffer } from "node:buffer";
// @ts-types="./ws.d.ts"
import { extension, PerMessageDeflate, Receiver } from "ws";
import { MessageInflater } from "./inflate.ts";

/** Pieces of one unfinished frame, and frames of one unfinished message: each costs memory beside its bytes. */
const MAX_PIECES = 64 * 1024;

const DEFLATE = "permessage-deflate";

/** What a reader needs to know. */
export interface FrameReaderOptions {
  /** Who sends the bytes: frames of a client are masked. */
  readonly from: "client" | "server";
  /** `Sec-WebSocket-Extensions` of the 101 response, several lines joined by commas; null without one. */
  readonly extensions: string | null;
  /** Bytes of the longest message, after decompression. */
  readonly maxPayload: number;
  /** Gets each whole message: text as a string, binary as bytes of its own. An exception makes the reader give up. */
  readonly onMessage: (data: string | Uint8Array, isBinary: boolean) => void;
  /** Gets the close frame: its code, 1005 where it has none, and its reason, at most 123 bytes of text. As for exceptions, see above. */
  readonly onClose?: (code: number, reason: string) => void;
  /** Called once at most, with a fixed text: no part of a message. */
  readonly onGiveUp?: (reason: string) => void;
}

/** Reads one direction. `end()` must be called, or what decompresses stays open. */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  readonly #done = Promise.withResolvers<void>();
  #inflater: MessageInflater | null = null;
  #receiver: Receiver | null = null;
  #silent = false;
  #ending = false;
  #pendingBytes = 0;
  #waiting: (() => void)[] = [];

  constructor(options: FrameReaderOptions) {
    this.#options = options;
    try {
      this.#inflater = agreedInflater(options);
      this.#receiver = this.#makeReceiver();
    } catch {
      this.#giveUp("The extensions agreed on cannot be read");
    }
  }

  /** Bytes written and not yet read, which wait in memory: to be bounded by whoever writes. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /**
   * Takes the next bytes, which may be reused afterwards. Messages without compression are reported before this returns,
   * compressed ones and those after them later, in order.
   */
  write(bytes: Uint8Array): void {
    if (this.#silent || this.#ending || this.#receiver === null || bytes.length === 0) return;
    // The receiver removes masks in place, and reads later what waits behind a compressed message.
    const copy = Buffer.from(bytes);
    this.#pendingBytes += copy.length;
    this.#receiver.write(copy, () => {
      if (!this.#silent) this.#pendingBytes -= copy.length;
      this.#tellIdle();
    });
  }

  /** Resolves when what was written has been read, up to a message that is not whole yet, or has been given up. */
  idle(): Promise<void> {
    return this.#pendingBytes === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends the direction. The promise is kept when the last message was reported, and never broken. */
  end(): Promise<void> {
    if (!this.#ending) {
      this.#ending = true;
      if (this.#receiver === null) this.#done.resolve();
      else this.#receiver.end();
    }
    return this.#done.promise;
  }

  #makeReceiver(): Receiver {
    const receiver = new Receiver({
      isServer: this.#options.from === "client",
      maxPayload: this.#options.maxPayload,
      maxBufferedChunks: MAX_PIECES,
      maxFragments: MAX_PIECES,
      extensions: this.#inflater === null ? {} : { [DEFLATE]: this.#guarded(this.#inflater) },
    });
    receiver.on("message", (data, isBinary) => this.#report(data, isBinary));
    // After a close frame the receiver ends itself; "finish" follows.
    receiver.on("conclude", (code, reason) => {
      this.#ending = true;
      this.#reportClose(code, reason);
    });
    receiver.on("error", (error) => {
      this.#giveUp(`The frames cannot be read: ${error.code ?? "unknown"}`);
      this.#release();
    });
    receiver.on("finish", () => this.#release());
    return receiver;
  }

  /**
   * What waited behind a compressed frame is read inside its answer, and ws 8.23 throws there where a frame among it breaks
   * the protocol: it goes on with the writes after the failed one.
   */
  #guarded(inflater: MessageInflater): Pick<MessageInflater, "decompress"> {
    return {
      decompress: (bytes, last, done) =>
        inflater.decompress(bytes, last, (error, data) => {
          try {
            done(error, data);
          } catch {
            this.#giveUp("The frames cannot be read");
            this.#release();
          }
        }),
    };
  }

  #report(data: Uint8Array, isBinary: boolean): void {
    if (this.#silent) return;
    try {
      const view = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      this.#options.onMessage(isBinary ? new Uint8Array(data) : view.toString("utf8"), isBinary);
    } catch {
      this.#giveUp("The receiver of the messages failed");
    }
  }

  #reportClose(code: number, reason: Uint8Array): void {
    if (this.#silent) return;
    try {
      this.#options.onClose?.(code, new TextDecoder().decode(reason));
    } catch {
      this.#giveUp("The receiver of the messages failed");
    }
  }

  #giveUp(reason: string): void {
    if (this.#silent) return;
    this.#silent = true;
    this.#pendingBytes = 0;
    this.#tellIdle();
    try {
      this.#options.onGiveUp?.(reason);
    } catch {
      // The receiver has failed for good; the connection itself is not touched by that.
    }
  }

  #release(): void {
    this.#inflater?.close();
    this.#inflater = null;
    this.#receiver = null;
    this.#pendingBytes = 0;
    this.#tellIdle();
    this.#done.resolve();
  }

  #tellIdle(): void {
    if (this.#pendingBytes === 0) this.#waiting.splice(0).forEach((resume) => resume());
  }
}

/** @throws {Error} If anything but one permessage-deflate with valid parameters was agreed on. */
function agreedInflater({ extensions, from, maxPayload }: FrameReaderOptions): MessageInflater | null {
  if (extensions === null || extensions.trim() === "") return null;
  const agreed = extension.parse(extensions);
  const configurations = agreed[DEFLATE];
  if (Object.keys(agreed).length !== 1 || configurations?.length !== 1) throw new Error("Unknown extensions");
  const parameters = new PerMessageDeflate({ isServer: from === "client" }).accept(configurations);
  return new MessageInflater({
    noContextTakeover: parameters[`${from}_no_context_takeover`] === true,
    maxPayload,
  });
}
