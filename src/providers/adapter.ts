/**
 * What every provider adapter implements. An adapter reads copies, never blocks a call, and never throws for what a
 * provider sent: what it cannot read becomes `usageUnknown`.
 *
 * Imports: domain.
 *
 * @module
 */

import type { Reading } from "../domain/exchange.ts";

/** The request as far as its head tells. */
export interface RequestFacts {
  /** Normalized host. */
  readonly host: string;
  readonly method: string;
  /** Request target in origin form, with query. */
  readonly target: string;
  /** Lower-cased field name → last value. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Reads one exchange, fed in order. All bytes are content-decoded and valid only during the call. */
export interface ExchangeReader {
  requestBody(bytes: Uint8Array): void;
  /** No more request bytes. `whole` is false when the body was cut or its copy dropped. */
  requestEnd(whole: boolean): void;
  responseHead(status: number, headers: ReadonlyMap<string, string>): void;
  responseBody(bytes: Uint8Array): void;
  /** Bytes of the response are missing here. Absent = the reader cannot resume, and what follows is not read. */
  responseGap?(): void;
  /** Last call, always made. `clean` is false when the connection ended before the message did. Emits what is left. */
  end(clean: boolean): void;
}

/** Receives one reading per billable response: one for plain HTTP, several for batch files. */
export type Emit = (reading: Reading) => void;

/** Where a client's message of a socket belongs. */
export interface ClientTurn {
  readonly turn: number;
  /** Whether this message asks for the answer, so that waiting for it begins here. */
  readonly asks: boolean;
}

/**
 * Reads one socket, fed whole messages in the order in which they crossed. A turn is one answer with what was said for it;
 * its number is unique on the socket and is not used again after its reading.
 */
export interface SocketReader {
  /** @returns Null for a message that belongs to no turn. */
  clientMessage(text: string): ClientTurn | null;
  /** May emit. @returns The turn that the message belongs to, also when it ended it; null for none. */
  serverMessage(text: string): number | null;
  /**
   * Last call, always made. Emits turns that are open as cut, or as failed where the provider's close frame says so.
   *
   * @param closing Absent = the provider sent no close frame.
   */
  end(closing?: Closing | null): void;
}

/** A close frame of the provider. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** Receives the text of an event that tells of an allowance and belongs to no answer. */
export type TellQuota = (event: string) => void;

/** Receives one reading per turn, at its terminal event. */
export type SocketEmit = (reading: Reading, turn: number) => void;

/** A kind of endpoint. */
export interface Surface {
  /** Stable name for logs and tests, e.g. `anthropic.messages`. */
  readonly name: string;
  /** Whether this surface reads that request. Called once per request head; must be cheap. */
  matches(request: RequestFacts): boolean;
  /** Reads the answer over plain HTTP; for a socket, the answer of a provider that refuses it. */
  open(request: RequestFacts, emit: Emit, tellQuota?: TellQuota): ExchangeReader;
  /** Reads the socket once the provider has agreed to it. Absent = plain HTTP only. */
  openSocket?(request: RequestFacts, emit: SocketEmit, tellQuota?: TellQuota): SocketReader;
}
