/**
 * Turns what the HTTP/1.1 reader sees on one intercepted connection into records for the recorder.
 *
 * Exchanges on paths that bill nothing are not copied at all: only their number is kept.
 *
 * Imports: domain, http1/events.ts (types), providers/surfaces.ts, roles/outbox.ts.
 *
 * @module
 */

import type { InterceptedHost } from "../domain/hosts.ts";
import type { ConnectionSink, RequestHead, ResponseHead } from "../http1/events.ts";
import { surfaceFor } from "../providers/surfaces.ts";
import { fieldMap, isCoded } from "./field_map.ts";
import type { ConnectionSide, CopyPart } from "./messages.ts";
import type { Outbox } from "./outbox.ts";

/** Counted by the interceptor over all connections. */
export interface CopyCounters {
  exchanges: number;
  unmeteredExchanges: number;
  opaqueConnections: number;
  /** Calls that were not copied because the recorder was too far behind. */
  exchangesGivenUp: number;
}

/** An exchange that is copied, while it is open. */
interface OpenExchange {
  codedResponse: boolean;
}

/** Now in UTC epoch ms with fraction; steady within a process, so differences are durations. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}

/** The sink of one connection's reader. */
export class InterceptedCopy implements ConnectionSink {
  readonly #c: number;
  readonly #host: InterceptedHost;
  readonly #peerPort: number;
  readonly #outbox: Outbox;
  readonly #counters: CopyCounters;
  readonly #onOpaque: (reason: string) => void;
  readonly #selfTest: boolean;
  readonly #open = new Map<number, OpenExchange>();
  /** The recorder that this connection was announced to. */
  #announced: number | null = null;
  #opaque = false;
  #leftFirst: ConnectionSide | null = null;
  #requests = 0;
  #responses = 0;
  /** When a request first had to wait for its response since the connection was idle. */
  #waitingSince: number | null = null;
  #upgraded = false;

  constructor(
    connection: number,
    host: InterceptedHost,
    peerPort: number,
    outbox: Outbox,
    counters: CopyCounters,
    onOpaque: (reason: string) => void,
    selfTest = false,
  ) {
    this.#c = connection;
    this.#host = host;
    this.#peerPort = peerPort;
    this.#outbox = outbox;
    this.#counters = counters;
    this.#onOpaque = onOpaque;
    this.#selfTest = selfTest;
  }

  /** Requests whose head was seen. */
  get requests(): number {
    return this.#requests;
  }

  /** No request waits for its response. What cannot be followed is never known to be idle. */
  get idle(): boolean {
    return !this.#opaque && this.#requests === this.#responses;
  }

  /**
   * How long a call has been under way, in ms; null when none is. A connection that was upgraded, or that cannot be followed,
   * is open for as long as its client likes and counts as none.
   */
  get callMs(): number | null {
    return this.idle || this.#opaque || this.#upgraded || this.#waitingSince === null
      ? null
      : preciseNow() - this.#waitingSince;
  }

  /** The connection could not be followed to its end. */
  get gaveUp(): boolean {
    return this.#opaque;
  }

  requestHead(x: number, head: RequestHead): void {
    if (this.idle) this.#waitingSince = preciseNow();
    this.#requests++;
    const facts = { host: this.#host, method: head.method, target: head.target, headers: fieldMap(head.fields) };
    if (surfaceFor(facts) === null) {
      this.#counters.unmeteredExchanges++;
      return;
    }
    if (this.#outbox.full) {
      this.#counters.exchangesGivenUp++;
      return;
    }
    this.#counters.exchanges++;
    if (this.#announced !== this.#outbox.generation) {
      this.#announced = this.#outbox.generation;
      const announced = { t: "open", c: this.#c, host: this.#host, peerPort: this.#peerPort } as const;
      this.#outbox.add(this.#selfTest ? { ...announced, selfTest: true } : announced);
    }
    this.#open.set(x, { codedResponse: false });
    const { method, target, fields } = head;
    this.#outbox.add({ t: "request", c: this.#c, x, method, target, fields, at: preciseNow() });
  }

  requestBody(x: number, bytes: Uint8Array): void {
    if (this.#open.has(x)) this.#outbox.bytes(this.#c, x, "request", bytes, true, preciseNow());
  }

  requestEnd(x: number, whole: boolean): void {
    if (this.#open.has(x)) this.#outbox.end(this.#c, x, "request", whole, preciseNow());
  }

  responseHead(x: number, head: ResponseHead): void {
    if (head.status === 101) this.#upgraded = true;
    const exchange = this.#open.get(x);
    if (exchange === undefined) return;
    exchange.codedResponse = isCoded(fieldMap(head.fields).get("content-encoding"));
    const { status, fields } = head;
    this.#outbox.add({ t: "response", c: this.#c, x, status, fields, at: preciseNow() });
  }

  responseBody(x: number, bytes: Uint8Array): void {
    const exchange = this.#open.get(x);
    if (exchange !== undefined) {
      this.#outbox.bytes(this.#c, x, "response", bytes, exchange.codedResponse, preciseNow());
    }
  }

  responseEnd(x: number, whole: boolean): void {
    this.#responses++;
    if (this.#open.delete(x)) this.#outbox.end(this.#c, x, "response", whole, preciseNow(), this.#leftFirst);
  }

  upgraded(x: number, from: "client" | "server", bytes: Uint8Array): void {
    if (this.#open.has(x)) this.#outbox.bytes(this.#c, x, from, bytes, true, preciseNow());
  }

  upgradeEnd(x: number): void {
    if (!this.#open.delete(x)) return;
    for (const part of ["client", "server"] satisfies CopyPart[]) {
      this.#outbox.end(this.#c, x, part, true, preciseNow());
    }
  }

  opaque(reason: string): void {
    this.#opaque = true;
    this.#counters.opaqueConnections++;
    this.#onOpaque(reason);
    this.#outbox.forget(this.#c);
    this.#open.clear();
    if (this.#announced !== null) this.#outbox.add({ t: "opaque", c: this.#c, reason });
  }

  /** The provider could not be reached for the request that is open. */
  unreachable(timeout: boolean): void {
    for (const x of this.#open.keys()) {
      this.#outbox.add({ t: "unreachable", c: this.#c, x, timeout, at: preciseNow() });
    }
    this.#open.clear();
  }

  /** One end of the connection has left; the first to do so is remembered. */
  left(side: ConnectionSide): void {
    this.#leftFirst ??= side;
  }

  /** The connection is over; always the last call. */
  close(): void {
    this.#outbox.forget(this.#c);
    if (this.#announced !== null) this.#outbox.add({ t: "close", c: this.#c });
  }
}
