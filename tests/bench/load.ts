/**
 * The load client: raw TLS sockets, over CONNECT or straight, that only count bytes once they know how long an answer is.
 * A child of the bench, so that its work is on nobody else's thread.
 *
 * @module
 */

import { serveOrders, wallClock } from "./part.ts";
import { HOST, requestBytes, sentTimes, type Wish } from "./wire.ts";

/** How to reach the stand-in provider. */
export interface Via {
  /** Port of a proxy on 127.0.0.1, or null for none. */
  readonly proxy: number | null;
  /** What the proxy is asked for; without a proxy, what is dialled. */
  readonly host: string;
  readonly port: number;
  readonly caCertPem: string;
}

/** What the client can be told to do. Times in ms. */
export type LoadOrder =
  | ({ readonly do: "throughput"; readonly via: Via } & Effort)
  | { readonly do: "first-bytes"; vias: readonly Via[]; requests: number; pauseMs: number }
  | { readonly do: "calls"; vias: readonly Via[]; calls: number }
  | { readonly do: "events"; vias: readonly Via[]; count: number; gapMs: number }
  | { readonly do: "download"; via: Via; wish: Wish };

/** How hard to call. */
export interface Effort {
  readonly connections: number;
  readonly warmupMs: number;
  readonly ms: number;
  /** In place of `ms`: so many calls. */
  readonly requests: number | null;
  /** Between two calls of a connection; 0 = flat out. */
  readonly pauseMs: number;
}

const BUFFER_BYTES = 256 * 1024;

async function open(via: Via): Promise<Deno.TlsConn> {
  const straight = via.proxy === null;
  const tcp = await Deno.connect({ hostname: straight ? via.host : "127.0.0.1", port: via.proxy ?? via.port });
  tcp.setNoDelay(true);
  if (!straight) {
    await tcp.write(new TextEncoder().encode(`CONNECT ${via.host}:${via.port} HTTP/1.1\r\nHost: ${via.host}\r\n\r\n`));
    const buffer = new Uint8Array(1024);
    const count = await tcp.read(buffer) ?? 0;
    const head = new TextDecoder().decode(buffer.subarray(0, count));
    if (!/^HTTP\/1\.1 200 .*\r\n\r\n$/s.test(head)) throw new Error(`The proxy answered ${head.slice(0, 60)}`);
  }
  const options = { hostname: HOST, caCerts: [via.caCertPem], alpnProtocols: ["http/1.1"] };
  const tls = await Deno.startTls(tcp, options);
  await tls.handshake();
  return tls;
}

/** One connection that makes the same call again and again. */
class Caller {
  readonly #connection: Deno.TlsConn;
  readonly #request = requestBytes({ kind: "json" });
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #answerSize = 0;

  constructor(connection: Deno.TlsConn) {
    this.#connection = connection;
  }

  /** @returns ms until the first byte of the answer. */
  async call(): Promise<number> {
    const begun = performance.now();
    await this.#connection.write(this.#request);
    let received = await this.#read(0);
    const first = performance.now() - begun;
    this.#answerSize ||= await this.#learnSize(received);
    while (received < this.#answerSize) received += await this.#read(received);
    return first;
  }

  close(): void {
    this.#connection.close();
  }

  async #read(at: number): Promise<number> {
    const count = await this.#connection.read(this.#buffer.subarray(at));
    if (count === null) throw new Error("The connection ended within an answer");
    return count;
  }

  async #learnSize(received: number): Promise<number> {
    for (let have = received;; have += await this.#read(have)) {
      const text = new TextDecoder().decode(this.#buffer.subarray(0, have));
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) continue;
      if (!text.startsWith("HTTP/1.1 200")) throw new Error(`The answer was ${text.slice(0, 60)}`);
      return end + 4 + Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
    }
  }
}

async function caller(via: Via): Promise<Caller> {
  return new Caller(await open(via));
}

/** Requests answered within the time, or the time that a number of requests took. */
async function throughput(order: Extract<LoadOrder, { do: "throughput" }>) {
  const callers = await Promise.all(Array.from({ length: order.connections }, () => caller(order.via)));
  const run = async (ms: number, requests: number) => {
    const begun = performance.now();
    let done = 0;
    let begunCalls = 0;
    await Promise.all(callers.map(async (one) => {
      while (performance.now() - begun < ms && begunCalls++ < requests) {
        await one.call();
        done++;
        if (order.pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, order.pauseMs));
      }
    }));
    return { requests: done, seconds: (performance.now() - begun) / 1000 };
  };
  await run(order.warmupMs, Infinity);
  const result = order.requests === null ? await run(order.ms, Infinity) : await run(Infinity, order.requests);
  callers.forEach((one) => one.close());
  return result;
}

/** Ms to the first byte on warm connections, taken in turns so that noise meets all alike. */
async function firstBytes(vias: readonly Via[], requests: number, pauseMs: number): Promise<number[][]> {
  const callers = await Promise.all(vias.map(caller));
  const times: number[][] = vias.map(() => []);
  const warmup = Math.ceil(requests / 4);
  for (let i = -warmup; i < requests; i++) {
    for (const [index, one] of callers.entries()) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      const time = await one.call();
      if (i >= 0) times[index]?.push(time);
    }
  }
  callers.forEach((one) => one.close());
  return times;
}

/** Ms for a whole call on a connection of its own, taken in turns. */
async function calls(vias: readonly Via[], count: number): Promise<number[][]> {
  const times: number[][] = vias.map(() => []);
  for (let i = -1; i < count; i++) {
    for (const [index, via] of vias.entries()) {
      const begun = performance.now();
      const one = await caller(via);
      await one.call();
      one.close();
      if (i >= 0) times[index]?.push(performance.now() - begun);
    }
  }
  return times;
}

/** Ms from the sending of each event to its arrival, and how many arrived in company. */
async function events(via: Via, count: number, gapMs: number) {
  const connection = await open(via);
  const warmup = Math.ceil(count / 5);
  await connection.write(requestBytes({ kind: "events", count: count + warmup, gapMs }));
  const buffer = new Uint8Array(BUFFER_BYTES);
  const delays: number[] = [];
  let merged = 0;
  for (let tail = ""; !tail.endsWith("0\r\n\r\n");) {
    const read = await connection.read(buffer);
    const now = wallClock();
    if (read === null) break;
    tail = new TextDecoder().decode(buffer.subarray(0, read));
    const sent = sentTimes(tail);
    delays.push(...sent.map((at) => now - at));
    merged += Math.max(0, sent.length - 1);
  }
  connection.close();
  return { delays: delays.slice(warmup), merged };
}

/** A download as fast as it comes; a flood ends with its last chunk, a bulk with its length. */
async function download(via: Via, wish: Wish) {
  const connection = await open(via);
  const begun = performance.now();
  await connection.write(requestBytes(wish));
  const buffer = new Uint8Array(BUFFER_BYTES);
  const wanted = wish.kind === "bulk" ? wish.bytes : Infinity;
  let bytes = 0;
  while (bytes < wanted) {
    const read = await connection.read(buffer);
    if (read === null) break;
    bytes += read;
    if (wanted === Infinity && endsBody(buffer.subarray(0, read))) break;
  }
  const seconds = (performance.now() - begun) / 1000;
  connection.close();
  return { bytes, seconds };
}

/** Whether these bytes end with the last chunk of a chunked body. */
function endsBody(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes.subarray(-7)).endsWith("\r\n0\r\n\r\n") ||
    (bytes.length === 5 && new TextDecoder().decode(bytes) === "0\r\n\r\n");
}

// Last, since what is declared above is not there earlier.
await serveOrders((order: LoadOrder | { readonly do: "nothing" }): Promise<unknown> => {
  switch (order.do) {
    case "nothing":
      return Promise.resolve(null);
    case "throughput":
      return throughput(order);
    case "first-bytes":
      return firstBytes(order.vias, order.requests, order.pauseMs);
    case "calls":
      return calls(order.vias, order.calls);
    case "events":
      return Promise.all(order.vias.map((via) => events(via, order.count, order.gapMs)));
    case "download":
      return download(order.via, order.wish);
  }
});
