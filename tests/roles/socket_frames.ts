/**
 * Frames as a real client or server makes them, with `ws`.
 *
 * @module
 */

// @ts-types="./ws_sender.d.ts"
import { extension, PerMessageDeflate, Sender } from "ws";
import { joined, utf8 } from "../http1/pieces.ts";

const DEFLATE = "permessage-deflate";

/** How one message is sent. */
export interface MessageShape {
  /** Default: as it was agreed. */
  readonly compress?: boolean;
  readonly binary?: boolean;
  /** Pieces of about this many characters, a ping between them. */
  readonly pieces?: number;
}

/** One side of a socket. Client frames are masked. */
export class FrameMaker {
  readonly #mask: boolean;
  readonly #compress: boolean;
  readonly #sender: Sender;
  readonly #deflate: PerMessageDeflate | null = null;
  #written: Uint8Array[] = [];

  /** @param extensions `Sec-WebSocket-Extensions` of the 101 response, or null. */
  constructor(from: "client" | "server", extensions: string | null) {
    this.#mask = from === "client";
    this.#compress = extensions !== null;
    if (extensions !== null) {
      this.#deflate = new PerMessageDeflate({ isServer: from === "server", threshold: 0 });
      this.#deflate.accept(extension.parse(extensions)[DEFLATE] ?? []);
    }
    const sink = {
      cork: () => {},
      uncork: () => {},
      write: (data: Uint8Array | string, done?: () => void) => {
        this.#written.push(typeof data === "string" ? utf8(data) : data.slice());
        done?.();
        return true;
      },
    };
    this.#sender = new Sender(sink, this.#deflate === null ? {} : { [DEFLATE]: this.#deflate });
  }

  /** The frames of one message. */
  async message(data: string | Uint8Array, shape: MessageShape = {}): Promise<Uint8Array> {
    const { compress = this.#compress, binary = typeof data !== "string", pieces = data.length } = shape;
    for (let at = 0; at === 0 || at < data.length; at += pieces) {
      if (at > 0) await this.#ping();
      const fin = at + pieces >= data.length;
      const part = data.slice(at, at + pieces);
      await new Promise<void>((done) =>
        this.#sender.send(part, { binary, compress, fin, mask: this.#mask }, () => done())
      );
    }
    return this.#take();
  }

  async ping(): Promise<Uint8Array> {
    await this.#ping();
    return this.#take();
  }

  async close(): Promise<Uint8Array> {
    await new Promise<void>((done) => this.#sender.close(1000, "", this.#mask, () => done()));
    return this.#take();
  }

  /** Lets go of the compressor. */
  end(): void {
    this.#deflate?.cleanup();
  }

  #ping(): Promise<void> {
    return new Promise((done) => this.#sender.ping("ping", this.#mask, () => done()));
  }

  #take(): Uint8Array {
    return joined(this.#written.splice(0));
  }
}
