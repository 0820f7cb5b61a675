/**
 * A stand-in provider that keeps every byte it received and answers from a script, byte for byte and with pauses.
 *
 * Real TLS on a free loopback port with a certificate of the tests' own authority. In front of it stands a plain TCP relay
 * where a test asks for one, since only that can end a connection with a reset or without TLS's farewell.
 *
 * @module
 */

import net from "node:net";
import tls from "node:tls";
import { type Authority, createAuthority, issueLeaf, readAuthority } from "../../../src/ca/authority.ts";
import { INTERCEPTED_HOSTS, type InterceptedHost } from "../../../src/domain/hosts.ts";
import { concat, indexOfBytes, text } from "./bytes.ts";

/** One request as it arrived. */
export interface ReceivedRequest {
  readonly head: string;
  readonly body: Uint8Array;
  /** From 0, on its connection. */
  readonly index: number;
}

/** Bytes to send, after a pause. */
export interface Step {
  readonly afterMs: number;
  readonly bytes: Uint8Array;
}

/**
 * How an answer ends: `keep-alive` waits for the next request, `close` says TLS's farewell, `cut` closes without one,
 * `reset` aborts the connection, `hang` says nothing until the client leaves. `cut` and `reset` need `relay`.
 */
export type Ending = "keep-alive" | "close" | "cut" | "reset" | "hang";

/** What to send back. */
export interface Answer {
  readonly steps: readonly Step[];
  readonly end: Ending;
}

/** A stand-in lets go of its connections within this. */
const STOP_MS = 500;

/** The relay has passed on what was written before within this. */
const RELAY_MS = 40;

/** What is known of one connection. Times: `performance.now()`. */
export interface ProviderConnection {
  readonly alpn: string | null;
  readonly received: Uint8Array[];
  readonly sentAt: number[];
  requests: number;
  /** Null while it is open. */
  ended: "by the client" | "by us" | "broken" | null;
}

/** How a stand-in is started. */
export interface ProviderOptions {
  readonly host: InterceptedHost;
  readonly answer: (request: ReceivedRequest) => Answer | Promise<Answer>;
  /** Name in the certificate, when it is not `host`. */
  readonly certificateFor?: InterceptedHost;
  /** Signs the certificate, when it is not {@link testAuthority}. */
  readonly authority?: Authority;
  readonly alpn?: readonly string[];
  /** Puts a TCP relay in front, for answers that end in `cut` or `reset`. */
  readonly relay?: boolean;
  /** 0 = any free one. */
  readonly port?: number;
  /** Address to listen on. */
  readonly hostname?: string;
}

/** A running stand-in. */
export interface Provider {
  readonly host: InterceptedHost;
  readonly port: number;
  readonly connections: readonly ProviderConnection[];
  /** Everything received on one connection. */
  received(connection: number): Uint8Array;
  stop(): Promise<void>;
}

let shared: Promise<Authority> | null = null;

/** The authority that signs for stand-ins, one per test file. */
export function testAuthority(): Promise<Authority> {
  return shared ??= newAuthority("the tests' provider authority");
}

/** An authority of its own name, that nobody trusts yet. */
export async function newAuthority(commonName: string): Promise<Authority> {
  const now = Date.now();
  const made = await createAuthority({ hosts: INTERCEPTED_HOSTS, now, commonName });
  return readAuthority(made.certPem + made.keyPem, { hosts: INTERCEPTED_HOSTS, now });
}

/** Starts a stand-in. */
export async function startProvider(options: ProviderOptions): Promise<Provider> {
  const authority = options.authority ?? await testAuthority();
  const leaf = await issueLeaf(authority, options.certificateFor ?? options.host, Date.now(), 1);
  const connections: ProviderConnection[] = [];
  const open = new Map<tls.TLSSocket, Promise<void>>();
  const server = tls.createServer(
    { cert: leaf.certPem, key: leaf.keyPem, ALPNProtocols: [...options.alpn ?? ["http/1.1"]], allowHalfOpen: true },
    (socket) => {
      socket.setNoDelay(true);
      const port = socket.remotePort ?? 0;
      const served = serve(socket, options.answer, connections, (how) => relay?.end(port, how));
      open.set(socket, served.finally(() => open.delete(socket)));
    },
  );
  server.on("tlsClientError", () => {}); // Clients that hang up in the handshake, or refuse the certificate.
  const direct = options.relay !== true;
  const port = await listening(server, direct ? options.port ?? 0 : 0, options.hostname ?? "127.0.0.1");
  const relay = direct ? null : await startRelay(port, options.port ?? 0);
  return {
    host: options.host,
    port: relay?.port ?? port,
    connections,
    received: (index) => concat(connections[index]?.received ?? []),
    async stop() {
      server.close();
      const serving = [...open.values()];
      for (const socket of open.keys()) socket.destroy();
      await relay?.stop();
      await within(STOP_MS, Promise.all(serving));
    },
  };
}

/** Waits for `work`, but not longer than `ms`: the close of a connection that broke is not always told. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([work, new Promise<void>((resolve) => timer = setTimeout(resolve, ms))]);
  clearTimeout(timer);
}

async function listening(server: net.Server, port: number, hostname: string): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, hostname, resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  return address.port;
}

async function serve(
  socket: tls.TLSSocket,
  answer: ProviderOptions["answer"],
  connections: ProviderConnection[],
  endRelay: (how: "cut" | "reset") => void,
): Promise<void> {
  const alpn = typeof socket.alpnProtocol === "string" ? socket.alpnProtocol : null;
  const entry: ProviderConnection = { alpn, received: [], sentAt: [], requests: 0, ended: null };
  connections.push(entry);
  const inbox = new Inbox(socket, entry.received);
  const gone = new Promise<never>((_, reject) => socket.once("close", () => reject(new Error("The client left"))));
  gone.catch(() => {});
  try {
    for (let index = 0;; index++) {
      const request = await readRequest(inbox, index);
      if (request === null) break;
      entry.requests++;
      const { steps, end } = await answer(request);
      for (const { afterMs, bytes } of steps) {
        if (afterMs > 0) await pause(afterMs);
        entry.sentAt.push(performance.now());
        await Promise.race([written(socket, bytes), gone]); // A write to a client that left may never call back.
      }
      if (end === "keep-alive") continue;
      if (end === "hang") {
        while (await inbox.more());
        break;
      }
      entry.ended = "by us";
      if (end !== "close") {
        await pause(RELAY_MS);
        endRelay(end);
      }
      return;
    }
    entry.ended = "by the client";
  } catch {
    entry.ended = "broken";
  } finally {
    socket.end();
  }
}

function written(socket: tls.TLSSocket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => error === null || error === undefined ? resolve() : reject(error));
  });
}

/** Collects what arrives. */
class Inbox {
  pending: Uint8Array = new Uint8Array();
  readonly #log: Uint8Array[];
  #ended: "no" | "in order" | "broken" = "no";
  #news: () => void = () => {};

  constructor(socket: tls.TLSSocket, log: Uint8Array[]) {
    this.#log = log;
    socket.on("data", (data: Uint8Array) => {
      const bytes = new Uint8Array(data);
      this.#log.push(bytes);
      this.pending = concat([this.pending, bytes]);
      this.#news();
    });
    socket.on("end", () => this.#end("in order")).on("error", () => this.#end("broken")).on(
      "close",
      () => this.#end("in order"),
    );
  }

  #end(how: "in order" | "broken"): void {
    if (this.#ended === "no") this.#ended = how;
    this.#news();
  }

  /** False when the client has ended its side. @throws when the connection broke. */
  async more(): Promise<boolean> {
    const length = this.pending.length;
    while (this.pending.length === length && this.#ended === "no") {
      await new Promise<void>((resolve) => this.#news = resolve);
    }
    if (this.pending.length > length) return true;
    if (this.#ended === "broken") throw new Error("The connection broke");
    return false;
  }

  take(count: number): Uint8Array {
    const taken = this.pending.slice(0, count);
    this.pending = this.pending.slice(count);
    return taken;
  }
}

/** One request with a length or in chunks; null when the client left between requests or in the middle of one. */
async function readRequest(inbox: Inbox, index: number): Promise<ReceivedRequest | null> {
  const mark = new TextEncoder().encode("\r\n\r\n");
  let end: number;
  while ((end = indexOfBytes(inbox.pending, mark)) < 0) {
    if (!await inbox.more()) return null;
  }
  const head = text(inbox.take(end + 4));
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  if (/^transfer-encoding: *chunked/im.test(head)) {
    const last = new TextEncoder().encode("0\r\n\r\n");
    while ((end = indexOfBytes(inbox.pending, last)) < 0) {
      if (!await inbox.more()) return null;
    }
    return { head, body: inbox.take(end + last.length), index };
  }
  while (inbox.pending.length < length) {
    if (!await inbox.more()) return null;
  }
  return { head, body: inbox.take(length), index };
}

/** A TCP relay that can end its client's connection rudely. Connections are named by their port towards the stand-in. */
async function startRelay(to: number, port: number) {
  const clients = new Map<number, readonly [client: net.Socket, inner: net.Socket]>();
  const server = net.createServer((client) => {
    client.setNoDelay(true);
    const inner = net.connect(to, "127.0.0.1", () => {
      inner.setNoDelay(true);
      if (inner.localPort !== undefined) clients.set(inner.localPort, [client, inner]);
    });
    const drop = () => {
      client.destroy();
      inner.destroy();
    };
    client.on("error", drop).on("close", () => inner.destroy());
    inner.on("error", drop).on("close", () => client.end());
    client.pipe(inner);
    inner.pipe(client);
  });
  const own = await listening(server, port, "127.0.0.1");
  return {
    port: own,
    end(innerPort: number, how: "cut" | "reset") {
      const [client, inner] = clients.get(innerPort) ?? [];
      inner?.unpipe();
      if (how === "reset") client?.resetAndDestroy();
      else client?.destroy();
    },
    async stop() {
      for (const [client] of clients.values()) client.destroy();
      await within(STOP_MS, new Promise((resolve) => server.close(resolve)));
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
