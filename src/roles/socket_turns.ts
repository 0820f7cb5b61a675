/**
 * What was said for each answer of one socket, while it is under way: times, sizes, fingerprint, and the text that may be stored.
 *
 * The bytes of a turn are the payloads of its messages, decompressed, without frames and pings. Stored text has one message
 * per line. Each turn is let go of when it ends; of many turns at a time, only the first few keep text.
 *
 * Imports: domain, providers (types), roles.
 *
 * @module
 */

import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import type { Reading } from "../domain/exchange.ts";
import type { ClientTurn, RequestFacts } from "../providers/adapter.ts";
import { BodyKeeper } from "./body_keeper.ts";
import type { ExchangeSettings, KeptBody } from "./recorded_exchange.ts";
import type { Observed } from "./row_builder.ts";

/** Turns that keep text at a time; clients have one under way, few more when they multiplex. */
const MAX_WITH_TEXT = 8;

/** Turns at a time. Readers hold fewer; this bounds what they forget. */
const MAX_TURNS = 256;

/** The status that every answer of a socket comes under. */
const SWITCHED = 101;

const CONTENT_TYPE = "application/x-ndjson";

/** One answer that has ended, ready to be recorded. */
export interface FinishedTurn {
  readonly reading: Reading;
  readonly observed: Observed;
  /** Not yet redacted. */
  readonly bodies: readonly KeptBody[];
}

interface Side {
  readonly keeper: BodyKeeper;
  bytes: number;
}

interface Turn {
  readonly client: Side;
  readonly server: Side;
  readonly hash: Hash | Hmac;
  readonly begunAt: number;
  askedAt: number | null;
  answeredAt: number | null;
  /** False when client messages may be missing. */
  whole: boolean;
}

/** The turns of one socket. Times: UTC epoch ms with fraction. */
export class SocketTurns {
  readonly #facts: RequestFacts;
  readonly #settings: ExchangeSettings;
  readonly #turns = new Map<number, Turn>();
  #clientLost = false;

  constructor(facts: RequestFacts, settings: ExchangeSettings) {
    this.#facts = facts;
    this.#settings = settings;
  }

  client(place: ClientTurn, text: string, at: number): void {
    const turn = this.#turn(place.turn, at);
    if (turn.client.bytes > 0) turn.hash.update("\n");
    turn.hash.update(keep(turn.client, text));
    if (place.asks && turn.answeredAt === null) turn.askedAt ??= at;
  }

  server(number: number, text: string, at: number): void {
    const turn = this.#turn(number, at);
    keep(turn.server, text);
    turn.answeredAt ??= at;
  }

  /** Client messages from here on are not seen. */
  loseClient(): void {
    this.#clientLost = true;
    for (const turn of this.#turns.values()) if (turn.askedAt === null) turn.whole = false;
  }

  /** Ends a turn and lets go of it. */
  finish(
    reading: Reading,
    number: number,
    at: number,
    how: Pick<Observed, "cutBy" | "copyFailure">,
  ): FinishedTurn {
    const turn = this.#turn(number, at);
    this.#turns.delete(number);
    const observed: Observed = {
      facts: this.#facts,
      httpStatus: SWITCHED,
      requestedAt: turn.askedAt ?? turn.begunAt,
      // Without a message that asks, such as in a voice session, there is nothing to measure from.
      firstByteAt: turn.askedAt === null ? null : turn.answeredAt,
      endedAt: at,
      requestBytes: turn.client.bytes,
      responseBytes: turn.server.bytes,
      promptHash: turn.client.bytes === 0 || !turn.whole ? null : turn.hash.digest("hex"),
      transport: null,
      ...how,
    };
    return { reading, observed, bodies: [...bodyOf("request", turn.client), ...bodyOf("response", turn.server)] };
  }

  #turn(number: number, at: number): Turn {
    const known = this.#turns.get(number);
    if (known !== undefined) return known;
    const { maxBodyBytes, promptHashKey } = this.#settings;
    const limit = this.#turns.size < MAX_WITH_TEXT ? maxBodyBytes : 0;
    const turn: Turn = {
      client: { keeper: new BodyKeeper(limit), bytes: 0 },
      server: { keeper: new BodyKeeper(limit), bytes: 0 },
      hash: promptHashKey === null ? createHash("sha256") : createHmac("sha256", promptHashKey),
      begunAt: at,
      askedAt: null,
      answeredAt: null,
      whole: !this.#clientLost,
    };
    this.#turns.set(number, turn);
    for (const oldest of this.#turns.keys()) {
      if (this.#turns.size <= MAX_TURNS) break;
      this.#turns.delete(oldest);
    }
    return turn;
  }
}

/** Line breaks between the tokens of JSON become spaces, so that a message is one line. @returns The line without its end. */
function keep(side: Side, text: string): Uint8Array {
  const line = new TextEncoder().encode(`${text.replace(/[\r\n]/g, " ")}\n`);
  side.keeper.add(line);
  side.bytes += line.length - 1;
  return line.subarray(0, -1);
}

function bodyOf(direction: KeptBody["direction"], side: Side): KeptBody[] {
  const text = side.keeper.take();
  return text === null ? [] : [{ direction, contentType: CONTENT_TYPE, text, originalSize: side.keeper.total }];
}
