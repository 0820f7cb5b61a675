/**
 * Follows one HTTP/1.1 connection from copies of its bytes and reports its messages. Performs no I/O.
 *
 * Owns which response answers which request, where messages end when the connection does, and what an upgrade does to
 * both directions. Leaves the grammar to llhttp and content codings to decode.ts. Works on a copy: whatever happens
 * here, the call itself goes on, so nothing is thrown at the caller; a connection that cannot be followed is reported
 * once as opaque and then ignored.
 *
 * Strict: HTTP/1.0 and 1.1 only, no CONNECT, no transfer coding but chunked, no response without a request, 101 only
 * after an upgrade was asked for. What it holds is bounded in head.ts and pending.ts.
 *
 * Imports: llhttp.ts, head.ts, pending.ts, events.ts.
 *
 * @module
 */

import type { ConnectionSink } from "./events.ts";
import { hasReadableFraming, HeadCollector, Unfollowable } from "./head.ts";
import { type AfterHead, Parser, type ParserHandler, type ParserOutcome, type StartLine } from "./llhttp.ts";
import { HeldBytes, MAX_PENDING, type Pending } from "./pending.ts";

/**
 * One connection. Feed it both directions in the order in which they crossed the proxy: a request before its response.
 *
 * What the sink may rely on, beside its own documentation: a connection that ends gives `responseEnd(n, false)` to
 * every request that is still unanswered, also without a response head; a 101 response has no `responseEnd`, its end is
 * `upgradeEnd`; informational responses are not reported; trailers are not reported.
 */
export class Http1Connection {
  readonly #sink: ConnectionSink;
  readonly #requests: Parser;
  readonly #responses: Parser;
  #pending: Pending[] = [];
  #nextExchange = 0;
  #openRequest: Pending | null = null;
  #held: HeldBytes | null = null;
  /** The held bytes turned out to be requests. */
  #releaseHeld = false;
  /** Exchange that switched protocols. */
  #upgraded: number | null = null;
  #clientEnded = false;
  #serverEnded = false;
  #closed = false;

  constructor(sink: ConnectionSink) {
    this.#sink = sink;
    this.#requests = new Parser("request", this.#requestHandler());
    this.#responses = new Parser("response", this.#responseHandler());
  }

  /** Takes a copy of what the client sent. The array may be reused afterwards. */
  fromClient(bytes: Uint8Array): void {
    if (this.#closed || this.#clientEnded || bytes.length === 0) return;
    this.#guarded(() => {
      if (this.#upgraded !== null) this.#sink.upgraded(this.#upgraded, "client", bytes);
      else this.#readClient(bytes);
    });
  }

  /** Takes a copy of what the server sent. The array may be reused afterwards. */
  fromServer(bytes: Uint8Array): void {
    if (this.#closed || this.#serverEnded || bytes.length === 0) return;
    this.#guarded(() => {
      if (this.#upgraded !== null) this.#sink.upgraded(this.#upgraded, "server", bytes);
      else this.#readResponses(bytes);
    });
  }

  /** The client sends no more. Responses may still come. */
  clientEnd(): void {
    if (this.#closed || this.#clientEnded) return;
    this.#clientEnded = true;
    this.#guarded(() => {
      this.#cutRequest();
      this.#endIfBothEnded();
    });
  }

  /**
   * The server sends no more. Requests may still come.
   *
   * @param clean False when the connection broke or was given up, so that a body without a length is not whole.
   */
  serverEnd(clean = true): void {
    if (this.#closed || this.#serverEnded) return;
    this.#serverEnded = true;
    this.#guarded(() => {
      if (this.#upgraded === null) this.#endResponses(clean);
      this.#endIfBothEnded();
    });
  }

  /** Lets go of the parsers without further reports. To be called when the connection is gone; may be called again. */
  close(): void {
    this.#closed = true;
    this.#freeParsers();
    this.#pending = [];
    this.#held = null;
  }

  #requestHandler(): ParserHandler {
    const head = new HeadCollector();
    return {
      messageBegin: () => head.begin(),
      span: (kind, chunk, start, end) => {
        if (kind !== "body") return head.add(kind, chunk, start, end);
        const request = present(this.#openRequest);
        this.#sink.requestBody(request.exchange, chunk.subarray(start, end));
      },
      headComplete: (line) => this.#requestHead(line, head),
      messageComplete: () => {
        const request = present(this.#openRequest);
        this.#openRequest = null;
        this.#sink.requestEnd(request.exchange, true);
        return false;
      },
    };
  }

  #requestHead(line: StartLine, head: HeadCollector): AfterHead {
    const { target, fields } = head.take();
    if (line.major !== 1) throw new Unfollowable("A request is of another HTTP version");
    if (line.method === "CONNECT") throw new Unfollowable("A request asks for a tunnel");
    if (!hasReadableFraming(fields)) throw new Unfollowable("A request has a transfer coding other than chunked");
    if (this.#pending.length >= MAX_PENDING) throw new Unfollowable(`More than ${MAX_PENDING} requests are unanswered`);
    const request = {
      exchange: this.#nextExchange++,
      method: line.method,
      asksUpgrade: line.upgrade,
      answered: this.#serverEnded,
    };
    this.#openRequest = request;
    this.#sink.requestHead(request.exchange, { method: line.method, target, fields });
    if (!this.#serverEnded) this.#pending.push(request);
    else if (!this.#closed) this.#sink.responseEnd(request.exchange, false);
    return "body";
  }

  #responseHandler(): ParserHandler {
    const head = new HeadCollector();
    let informational = false;
    return {
      messageBegin: () => {
        if (this.#pending.length === 0) throw new Unfollowable("A response came that no request asked for");
        head.begin();
      },
      span: (kind, chunk, start, end) => {
        if (kind !== "body") return head.add(kind, chunk, start, end);
        const { exchange } = present(this.#pending[0]);
        this.#sink.responseBody(exchange, chunk.subarray(start, end));
      },
      headComplete: (line) => {
        informational = line.status < 200 && line.status !== 101;
        return informational ? "body" : this.#responseHead(line, head);
      },
      messageComplete: () => {
        if (informational || this.#upgraded !== null) return false;
        const { exchange } = present(this.#pending.shift());
        this.#sink.responseEnd(exchange, true);
        return this.#releaseHeld;
      },
    };
  }

  #responseHead(line: StartLine, head: HeadCollector): AfterHead {
    const request = present(this.#pending[0]);
    const { fields } = head.take();
    if (line.major !== 1) throw new Unfollowable("A response is of another HTTP version");
    if (line.status === 101) {
      if (this.#held?.asker !== request) throw new Unfollowable("A protocol switch came that no request asked for");
      this.#upgraded = request.exchange;
      this.#sink.responseHead(request.exchange, { status: 101, fields });
      return "stop";
    }
    const bodiless = request.method === "HEAD" || line.status === 204 || line.status === 304;
    if (!bodiless && !hasReadableFraming(fields)) {
      throw new Unfollowable("A response has a transfer coding other than chunked");
    }
    request.answered = true;
    if (this.#held?.asker === request) this.#releaseHeld = true;
    this.#sink.responseHead(request.exchange, { status: line.status, fields });
    return request.method === "HEAD" ? "no_body" : "body";
  }

  #readClient(bytes: Uint8Array): void {
    if (this.#held !== null) this.#held.add(bytes);
    else this.#readRequests(bytes);
  }

  #readRequests(bytes: Uint8Array): void {
    let rest = bytes;
    while (true) {
      const outcome = this.#requests.execute(rest);
      if (outcome.kind === "ok") return;
      if (outcome.kind === "error") throw unfollowable("client", outcome);
      rest = rest.subarray(outcome.consumed);
      // Only a request for an upgrade stops this parser. What follows waits for the answer, unless that came early.
      const asker = this.#pending.at(-1);
      if (asker?.asksUpgrade && !asker.answered) {
        this.#held = new HeldBytes(asker);
        return this.#held.add(rest);
      }
      this.#requests.resume("upgrade");
    }
  }

  #readResponses(bytes: Uint8Array): void {
    let rest = bytes;
    while (true) {
      const outcome = this.#responses.execute(rest);
      if (outcome.kind === "error") throw unfollowable("server", outcome);
      if (this.#releaseHeld) this.#release();
      if (outcome.kind === "ok") return;
      rest = rest.subarray(outcome.consumed);
      if (outcome.kind === "upgrade") return this.#switchProtocol(rest);
      this.#responses.resume("paused");
    }
  }

  /** The upgrade was declined: what was held back are requests. */
  #release(): void {
    const chunks = this.#held?.chunks ?? [];
    this.#held = null;
    this.#releaseHeld = false;
    this.#requests.resume("upgrade");
    for (const chunk of chunks) this.#readClient(chunk);
    if (this.#clientEnded) this.#cutRequest();
  }

  #switchProtocol(fromServer: Uint8Array): void {
    const exchange = this.#upgraded;
    const chunks = this.#held?.chunks ?? [];
    if (exchange === null) return;
    this.#held = null;
    this.#pending = [];
    this.#freeParsers();
    for (const chunk of chunks) this.#sink.upgraded(exchange, "client", chunk);
    if (fromServer.length > 0) this.#sink.upgraded(exchange, "server", fromServer);
  }

  #cutRequest(): void {
    const request = this.#openRequest;
    this.#openRequest = null;
    if (request !== null) this.#sink.requestEnd(request.exchange, false);
  }

  #endResponses(clean: boolean): void {
    if (clean && this.#pending[0]?.answered && this.#responses.endsWithConnection) {
      const outcome = this.#responses.finish();
      if (outcome.kind === "error") throw unfollowable("server", outcome);
    }
    for (const request of this.#pending.splice(0)) this.#sink.responseEnd(request.exchange, false);
    if (this.#releaseHeld) this.#release();
    // An upgrade request that is never answered leaves bytes that nobody can name.
    else if (this.#held !== null) this.close();
  }

  #endIfBothEnded(): void {
    if (this.#closed || !this.#clientEnded || !this.#serverEnded) return;
    const exchange = this.#upgraded;
    this.close();
    if (exchange !== null) this.#sink.upgradeEnd(exchange);
  }

  #guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (this.#closed) return;
      this.close();
      try {
        this.#sink.opaque(error instanceof Unfollowable ? error.message : `The receiver failed with ${nameOf(error)}`);
      } catch {
        // The receiver has failed for good; the connection itself is not touched by that.
      }
    }
  }

  #freeParsers(): void {
    this.#requests.close();
    this.#responses.close();
  }
}

function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Unfollowable("The order of messages cannot be followed");
  return value;
}

function unfollowable(side: "client" | "server", outcome: ParserOutcome & { readonly kind: "error" }): unknown {
  if (outcome.thrown !== undefined) return outcome.thrown;
  return new Unfollowable(`The bytes of the ${side} are not plain HTTP/1.1: ${outcome.code}, ${outcome.reason}`);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
