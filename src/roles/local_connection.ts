/**
 * One connection to the local API: request, answer, request, answer. Every wait has an end, so that no client can hold a
 * connection by sending or reading slowly.
 *
 * Imports: roles.
 *
 * @module
 */

import { fieldsOf, type Incoming, type LocalRequest, type RefusedFor, RequestReader } from "./local_request.ts";
import { writeResponse } from "./local_response.ts";

/** How long a client may take, ms. */
export interface Patience {
  /** From the first byte of a request to its last. */
  readonly request: number;
  /** Between requests, and before the first. */
  readonly idle: number;
  /** For each piece of an answer to be taken. */
  readonly write: number;
}

export const PATIENCE: Patience = { request: 5_000, idle: 60_000, write: 30_000 };

/** What answers. */
export interface LocalService {
  /** `signal` is aborted when the client is gone. Must not throw. */
  answer(request: LocalRequest, signal: AbortSignal): Promise<Response>;
  refuse(reason: RefusedFor | "too_slow"): Response;
}

/** What a connection is doing, in the order in which it may be given up for another. */
export type Doing = "waiting" | "reading" | "answering";

const READ_BYTES = 16 * 1024;

const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");

/** Serves one connection until either side ends it. */
export class LocalConnection {
  readonly #conn: Deno.TcpConn;
  readonly #service: LocalService;
  readonly #patience: Patience;
  readonly #reader = new RequestReader();
  readonly #gone = new AbortController();
  #buffer = new Uint8Array(READ_BYTES);
  /** A read that has not been used yet. */
  #reading: Promise<Uint8Array | null> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #doing: Doing = "waiting";
  #tooSlow = false;
  #closed = false;

  constructor(conn: Deno.TcpConn, service: LocalService, patience: Patience = PATIENCE) {
    this.#conn = conn;
    this.#service = service;
    this.#patience = patience;
  }

  get doing(): Doing {
    return this.#doing;
  }

  /** Resolves when the connection is over. Never rejects: a client that goes away is nothing to tell of. */
  async run(): Promise<void> {
    try {
      while (await this.#turn());
    } catch {
      // The client went away, or was given up.
    } finally {
      this.close();
      this.#reader.close();
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#gone.abort();
    try {
      this.#conn.close();
    } catch {
      // Closed already.
    }
  }

  /** @returns Whether another request may follow. */
  async #turn(): Promise<boolean> {
    const incoming = await this.#receive();
    if (incoming === null) return false;
    this.#doing = "answering";
    clearTimeout(this.#timer);
    if (incoming.kind !== "request") {
      const reason = incoming.kind === "refused" ? incoming.reason : "bad_request";
      await this.#send(this.#service.refuse(reason), { headOnly: false, minor: 1, keepAlive: false });
      await this.#letRead();
      return false;
    }
    const { request } = incoming;
    this.#watch();
    const response = await this.#service.answer(request, this.#gone.signal);
    const form = { headOnly: request.method === "HEAD", minor: request.minor, keepAlive: wantsKeepAlive(request) };
    const again = await this.#send(response, form);
    this.#doing = "waiting";
    return again;
  }

  /** The next request or refusal; `null` when the client has ended the connection or let it lie idle. */
  async #receive(): Promise<Incoming | null> {
    this.#doing = "waiting";
    this.#expect(this.#patience.idle, () => this.close());
    let incoming = this.#reader.take();
    for (let first = true;; first = false) {
      if (incoming.kind === "request" || incoming.kind === "refused") return incoming;
      if (incoming.kind === "continue") await this.#write(CONTINUE);
      if (this.#reader.begun && (first || this.#doing === "waiting")) {
        this.#doing = "reading";
        this.#expect(this.#patience.request, () => this.#giveUp());
      }
      const bytes = await this.#read();
      if (this.#tooSlow) return null;
      if (bytes === null) return null;
      incoming = this.#reader.take(bytes);
    }
  }

  #expect(ms: number, otherwise: () => void): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(otherwise, ms);
  }

  /** Tells a slow client so, without waiting for it to listen. */
  #giveUp(): void {
    this.#tooSlow = true;
    const refusal = this.#service.refuse("too_slow");
    this.#send(refusal, { headOnly: false, minor: 1, keepAlive: false }).catch(() => {}).finally(() => this.close());
  }

  async #read(): Promise<Uint8Array | null> {
    const pending = this.#reading ?? this.#startRead();
    this.#reading = null;
    return await pending;
  }

  async #startRead(): Promise<Uint8Array | null> {
    const count = await this.#conn.read(this.#buffer);
    return count === null ? null : this.#buffer.slice(0, count);
  }

  /** Notices while an answer is made that the client is gone. What it sends meanwhile is kept for the next turn. */
  #watch(): void {
    this.#reading ??= this.#startRead();
    this.#reading.then((bytes) => bytes === null && this.#gone.abort(), () => this.#gone.abort());
  }

  #send(response: Response, form: Parameters<typeof writeResponse>[2]): Promise<boolean> {
    return writeResponse((bytes) => this.#write(bytes), response, form);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const timer = setTimeout(() => this.close(), this.#patience.write);
    try {
      for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Reads what a refused client still sends, for a moment: closing at once would reset the connection under the answer. */
  async #letRead(): Promise<void> {
    this.#expect(Math.min(1_000, this.#patience.request), () => this.close());
    await this.#conn.closeWrite();
    while (await this.#read() !== null);
  }
}

function wantsKeepAlive({ fields, minor }: LocalRequest): boolean {
  const wishes = fieldsOf(fields, "connection").join(",").toLowerCase().split(",").map((wish) => wish.trim());
  if (wishes.includes("close") || wishes.includes("upgrade")) return false;
  return minor >= 1 || wishes.includes("keep-alive");
}
