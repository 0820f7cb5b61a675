/**
 * The way to the paired server: HTTP/1.1 over TLS to one address, one request after the other on a connection that is kept.
 *
 * Not the runtime's `fetch`, which obeys proxy variables of the environment, in a terminal that is metered the meter's own
 * port, and which follows what it is told to follow. Redirects are answers like any other here; every connection is counted;
 * an answer that is not whole is none.
 *
 * Imports: domain, http1, sync, ./destinations.ts, ./dial.ts, ./splice.ts.
 *
 * @module
 */

import type { UpstreamSettings } from "../domain/upstream.ts";
import { Http1Connection } from "../http1/connection.ts";
import type { FieldLines } from "../http1/events.ts";
import type { ServerAddress } from "../sync/address.ts";
import type { Answer } from "../sync/answers.ts";
import { NoAnswer, type Send, type SyncRequest } from "../sync/client.ts";
import type { Destinations } from "./destinations.ts";
import { dial, DialError, reasonOf } from "./dial.ts";
import { closeQuietly, writeAll } from "./splice.ts";

/** Answers are lists of a few hundred refused rows at most. */
const MOST_ANSWER_BYTES = 1_048_576;

/** A connection that nobody used for so long may be gone at the other end, which shows only when it is written to. */
const IDLE_MS = 15_000;

/** A server, how it is reached, and where connections to it are counted. */
export interface SyncRoute {
  readonly server: ServerAddress;
  readonly upstream: UpstreamSettings;
  readonly destinations: Destinations;
  /** `User-Agent`. */
  readonly agent: string;
}

/** Sends requests until it is closed. */
export interface SyncLine {
  readonly send: Send;
  /** Ends the connection, and a request that is under way. */
  close(): void;
}

/** One connection. */
interface Link {
  readonly connection: Deno.Conn;
  readonly reader: AnswerReader;
  /** Monotonic ms. */
  usedAt: number;
  end(failed: boolean): void;
}

/** Opens nothing before the first request. */
export function syncLine(route: SyncRoute): SyncLine {
  let link: Link | null = null;
  /** Ends the request that is under way, wherever it is. */
  let breakOff = (): void => {};

  function drop(failed: boolean): void {
    link?.end(failed);
    link = null;
  }

  async function send(request: SyncRequest): Promise<Answer> {
    if (link !== null && performance.now() - link.usedAt > IDLE_MS) drop(false);
    const state = { ended: null as string | null, open: null as { close(): void } | null };
    const broken = Promise.withResolvers<never>();
    broken.promise.catch(() => {});
    const end = (why: string) => {
      state.ended ??= why;
      if (state.open !== null) closeQuietly(state.open);
      broken.reject(new NoAnswer(state.ended));
    };
    breakOff = () => end("the request was broken off");
    const timer = setTimeout(() => end("the server did not answer in time"), request.withinMs);
    try {
      link ??= await openedUntil(broken.promise, openLink(route, (open) => state.open = open));
      state.open = link.connection;
      if (state.ended !== null) throw new NoAnswer(state.ended);
      const answer = await exchange(link, route, request);
      link.usedAt = performance.now();
      if (!link.reader.reusable) drop(false);
      return answer;
    } catch (error) {
      drop(true);
      if (state.ended !== null) throw new NoAnswer(state.ended);
      throw error instanceof NoAnswer ? error : new NoAnswer(wordsFor(error));
    } finally {
      clearTimeout(timer);
      breakOff = () => {};
    }
  }

  return {
    send,
    close() {
      breakOff();
      drop(false);
    },
  };
}

/** A connection that comes about after nobody waits for it any more, as the system tries for minutes, is closed. */
async function openedUntil(broken: Promise<never>, opening: Promise<Link>): Promise<Link> {
  try {
    return await Promise.race([opening, broken]);
  } catch (error) {
    opening.then((late) => late.end(false), () => {});
    throw error;
  }
}

async function openLink(route: SyncRoute, opened: (open: { close(): void }) => void): Promise<Link> {
  const { server, upstream, destinations } = route;
  const outbound = await dial({ host: server.host, port: server.port }, upstream, destinations, "cloud");
  opened(outbound.connection);
  let connection: Deno.Conn = outbound.connection;
  try {
    if (server.tls) {
      const tls = await Deno.startTls(outbound.connection, {
        hostname: server.host,
        caCerts: [...upstream.caCerts],
        alpnProtocols: ["http/1.1"],
      });
      connection = tls;
      opened(tls);
      await tls.handshake();
    }
  } catch (error) {
    closeQuietly(connection);
    outbound.ended(true);
    throw error;
  }
  const reader = new AnswerReader();
  return {
    connection,
    reader,
    usedAt: performance.now(),
    end(failed) {
      reader.close();
      closeQuietly(connection);
      outbound.ended(failed);
    },
  };
}

async function exchange({ connection, reader }: Link, route: SyncRoute, request: SyncRequest): Promise<Answer> {
  const { method, path, fields, body } = request;
  const lines = Object.entries({
    host: route.server.authority,
    "user-agent": route.agent,
    ...fields,
    ...(method === "POST" && { "content-length": String(body?.length ?? 0) }),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} ${route.server.prefix}${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
  reader.expect(method);
  const reading = readAnswer(connection, reader);
  // A server may answer before it has taken everything, and close: its answer counts.
  const writing = writeAll(connection, joined(new TextEncoder().encode(head), body)).catch(() => reader.unwritten());
  const [answer] = await Promise.all([reading, writing]);
  return answer;
}

async function readAnswer(connection: Deno.Conn, reader: AnswerReader): Promise<Answer> {
  const buffer = new Uint8Array(16 * 1024);
  while (reader.answer === null) {
    const count = await connection.read(buffer);
    if (count === null) reader.ended();
    else reader.take(buffer.subarray(0, count));
    if (reader.answer === null && (count === null || reader.problem !== null)) {
      throw new NoAnswer(reader.problem ?? "the connection ended before the answer did");
    }
  }
  return reader.answer;
}

function joined(head: Uint8Array, body: Uint8Array | null): Uint8Array {
  if (body === null) return head;
  const all = new Uint8Array(head.length + body.length);
  all.set(head);
  all.set(body, head.length);
  return all;
}

function wordsFor(error: unknown): string {
  if (error instanceof DialError) return error.message.replace(/^C/, "c");
  return `the connection failed (${reasonOf(error)})`;
}

/** Makes answers of the bytes of one connection. */
class AnswerReader {
  readonly #http: Http1Connection;
  #status = 0;
  #fields: Record<string, string> = {};
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #keepAlive = true;
  /** The answer to the latest request, once it is whole. */
  answer: Answer | null = null;
  /** Why there will be none. */
  problem: string | null = null;

  constructor() {
    this.#http = new Http1Connection({
      requestHead: () => {},
      requestBody: () => {},
      requestEnd: () => {},
      responseHead: (_exchange, { status, fields }) => {
        this.#status = status;
        this.#fields = recordOf(fields);
      },
      responseBody: (_exchange, bytes) => this.#keep(bytes),
      responseEnd: (_exchange, whole) => this.#end(whole),
      upgraded: () => {},
      upgradeEnd: () => {},
      opaque: () => this.problem ??= "what answered does not speak HTTP/1.1 as it should",
    });
  }

  /** Whether the connection can carry another request. */
  get reusable(): boolean {
    return this.#keepAlive && this.problem === null && this.#fields["connection"]?.toLowerCase() !== "close";
  }

  expect(method: string): void {
    this.answer = null;
    this.#chunks = [];
    this.#bytes = 0;
    // The reader matches answers with requests; what this one carried does not matter to it.
    this.#http.fromClient(new TextEncoder().encode(`${method} / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`));
  }

  take(bytes: Uint8Array): void {
    this.#http.fromServer(bytes);
  }

  ended(): void {
    this.#keepAlive = false;
    this.#http.serverEnd();
  }

  unwritten(): void {
    this.#keepAlive = false;
  }

  close(): void {
    this.#http.close();
  }

  #keep(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#bytes > MOST_ANSWER_BYTES) this.problem ??= "the answer is far too large";
    else this.#chunks.push(bytes.slice());
  }

  #end(whole: boolean): void {
    if (!whole || this.#status === 0) this.problem ??= "the connection ended before the answer did";
    if (this.problem !== null) return;
    const body = new Uint8Array(this.#bytes);
    let at = 0;
    for (const chunk of this.#chunks) {
      body.set(chunk, at);
      at += chunk.length;
    }
    this.answer = { status: this.#status, fields: this.#fields, body };
  }
}

function recordOf(lines: FieldLines): Record<string, string> {
  const record: Record<string, string> = Object.create(null);
  for (let at = 0; at + 1 < lines.length; at += 2) record[(lines[at] ?? "").toLowerCase()] = lines[at + 1] ?? "";
  return record;
}
