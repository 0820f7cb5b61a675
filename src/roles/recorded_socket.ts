/**
 * One WebSocket while its copy comes in: reads the frames of both sides, feeds the adapter, and gives out each answer when it
 * ends, not when the socket does.
 *
 * Messages reach the adapter in the order in which they crossed, though decompression takes its time: bytes wait until
 * those before them are read. When the server's side cannot be read, open answers are given out without final usage and
 * the rest is ignored; without the client's side, answers are still read.
 *
 * Imports: providers (types), roles, websocket/reader.ts.
 *
 * @module
 */

import type { Reading } from "../domain/exchange.ts";
import type { Closing, RequestFacts, SocketReader, Surface } from "../providers/adapter.ts";
import { FrameReader } from "../websocket/reader.ts";
import type { ConnectionSide } from "./messages.ts";
import type { ExchangeSettings } from "./recorded_exchange.ts";
import type { Observed } from "./row_builder.ts";
import { type FinishedTurn, SocketTurns } from "./socket_turns.ts";

/** Longest message that is read. Providers take requests of 50 MB; the longest answers are a tenth of that. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** Who sends. */
export type SocketSide = "client" | "server";

/** Receives what a socket gives. */
export interface SocketSink {
  /** One answer has ended. */
  turn(turn: FinishedTurn): void;
  /** An event tells of an allowance. Absent = not kept. @param at When it crossed. */
  quota?(event: string, at: number): void;
  /** A side cannot be read any more. Called once at most, with a fixed text. */
  gaveUp(reason: string): void;
}

/** Bytes that wait for those before them; null where some were not copied. */
interface Step {
  readonly side: SocketSide;
  readonly bytes: Uint8Array | null;
  readonly at: number;
}

/** Makes the reader of a socket on a surface that has one. */
export type OpenSocket = NonNullable<Surface["openSocket"]>;

/** Follows one socket from the switch of protocols to its end. */
export class RecordedSocket {
  readonly #sink: SocketSink;
  readonly #reader: SocketReader;
  readonly #turns: SocketTurns;
  readonly #frames: Readonly<Record<SocketSide, FrameReader>>;
  readonly #compressed: boolean;
  readonly #lost = new Set<SocketSide>();
  #emitted: { readonly reading: Reading; readonly turn: number }[] = [];
  #queue: Step[] = [];
  #queuedBytes = 0;
  #working: Promise<void> | null = null;
  #ending: Promise<void> | null = null;
  /** When the bytes that are being read crossed. */
  #at = 0;
  /** The provider's close frame. */
  #closing: Closing | null = null;
  /** Whose close frame came first. */
  #leftFirst: ConnectionSide | null = null;
  #over = false;

  /** @param extensions `Sec-WebSocket-Extensions` of the 101 response, lines joined by commas; null without one. */
  constructor(
    open: OpenSocket,
    facts: RequestFacts,
    extensions: string | null,
    settings: ExchangeSettings,
    sink: SocketSink,
  ) {
    this.#sink = sink;
    this.#reader = open(
      facts,
      (reading, turn) => this.#emitted.push({ reading, turn }),
      (event) => sink.quota?.(event, this.#at),
    );
    this.#turns = new SocketTurns(facts, settings);
    this.#compressed = extensions !== null;
    const frames = (from: SocketSide) =>
      new FrameReader({
        from,
        extensions,
        maxPayload: MAX_MESSAGE_BYTES,
        onMessage: (data) => this.#message(from, data),
        onClose: (code, reason) => {
          this.#leftFirst ??= from === "server" ? "provider" : "client";
          if (from === "server") this.#closing = { code, reason };
        },
        onGiveUp: (reason) => this.#lose(from, "unreadable", reason),
      });
    this.#frames = { client: frames("client"), server: frames("server") };
  }

  /** Bytes that wait to be read. */
  get pendingBytes(): number {
    return this.#queuedBytes + this.#frames.client.pendingBytes + this.#frames.server.pendingBytes;
  }

  /** The next bytes of one side, which may be reused afterwards. */
  bytes(side: SocketSide, bytes: Uint8Array, at: number): void {
    if (this.#working === null) return this.#take({ side, bytes, at });
    this.#queuedBytes += bytes.length;
    this.#queue.push({ side, bytes: bytes.slice(), at });
  }

  /** Bytes of one side were not copied. */
  gap(side: SocketSide): void {
    if (this.#working === null) this.#take({ side, bytes: null, at: this.#at });
    else this.#queue.push({ side, bytes: null, at: this.#at });
  }

  /** The socket is over. Resolves when everything is read and given out; later calls join the first. */
  end(at: number): Promise<void> {
    return this.#ending ??= this.#finish(at);
  }

  #take(step: Step): void {
    this.#read(step);
    if (this.#compressed) this.#working = this.#catchUp(step.side);
  }

  #read({ side, bytes, at }: Step): void {
    if (bytes === null) return this.#lose(side, "dropped", "Copied bytes of the socket were given up");
    this.#at = at;
    if (!this.#over && !this.#lost.has(side)) this.#frames[side].write(bytes);
  }

  async #catchUp(side: SocketSide): Promise<void> {
    await this.#frames[side].idle();
    for (let step = this.#queue.shift(); step !== undefined; step = this.#queue.shift()) {
      this.#queuedBytes -= step.bytes?.length ?? 0;
      this.#read(step);
      await this.#frames[step.side].idle();
    }
    this.#working = null;
  }

  async #finish(at: number): Promise<void> {
    while (this.#working !== null) await this.#working;
    await Promise.all([this.#frames.client.end(), this.#frames.server.end()]);
    this.#at = at;
    this.#stop(null);
  }

  #message(side: SocketSide, data: string | Uint8Array): void {
    const text = typeof data === "string" ? data : textOf(data);
    if (this.#over || text === null) return;
    if (side === "client") {
      const place = this.#reader.clientMessage(text);
      if (place !== null) this.#turns.client(place, text, this.#at);
    } else {
      const turn = this.#reader.serverMessage(text);
      if (turn !== null) this.#turns.server(turn, text, this.#at);
    }
    this.#giveOut(null);
  }

  #lose(side: SocketSide, why: NonNullable<Observed["copyFailure"]>, reason: string): void {
    if (this.#over || this.#lost.has(side)) return;
    const first = this.#lost.size === 0;
    this.#lost.add(side);
    this.#frames?.[side].end();
    if (side === "client") this.#turns.loseClient();
    else this.#stop(why);
    if (first) this.#sink.gaveUp(reason);
  }

  #stop(copyFailure: Observed["copyFailure"]): void {
    if (this.#over) return;
    this.#over = true;
    this.#reader.end(this.#closing);
    this.#giveOut(copyFailure);
  }

  #giveOut(copyFailure: Observed["copyFailure"]): void {
    for (const { reading, turn } of this.#emitted.splice(0)) {
      const cutBy = reading.complete ? null : this.#leftFirst;
      this.#sink.turn(this.#turns.finish(reading, turn, this.#at, { cutBy, copyFailure }));
    }
  }
}

/** Some providers send JSON in binary messages; what is not text is media. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
