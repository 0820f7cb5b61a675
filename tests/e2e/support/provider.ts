/**
 * A stand-in provider that keeps every byte it received and answers from a script, byte for byte and with pauses.
 *
 * Real TLS on a free loopback port with a certificate of the tests' own authority. In front of it stands a plain TCP relay
 * where a test asks for one, since only that can end a connection with a reset or without TLS's farewell.
 *
 * @module
 */

import net from "node:net";
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
  const hostname = options.hostname ?? "127.0.0.1";
  const listener = Deno.listenTls({
    hostname,
    port: options.relay === true ? 0 : options.port ?? 0,
    cert: leaf.certPem,
    key: leaf.keyPem,
    alpnProtocols: [...options.alpn ?? ["http/1.1"]],
  });
  const relay = options.relay === true ? await startRelay(listener.addr.port, options.port ?? 0) : null;
  const connections: ProviderConnection[] = [];
  const open = new Set<Deno.TlsConn>();
  const serving: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const connection of listener) {
      open.add(connection);
      const port = (connection.remoteAddr as Deno.NetAddr).port;
      serving.push(
        serve(connection, options.answer, connections, (how) => relay?.end(port, how)).finally(() => {
          open.delete(connection);
          closeQuietly(connection);
        }),
      );
    }
  })();
  return {
    host: options.host,
    port: relay?.port ?? listener.addr.port,
    connections,
    received: (index) => concat(connections[index]?.received ?? []),
    async stop() {
      listener.close();
      await relay?.stop();
      for (const connection of open) closeQuietly(connection);
      await accepting;
      await Promise.all(serving);
    },
  };
}

async function serve(
  connection: Deno.TlsConn,
  answer: ProviderOptions["answer"],
  connections: ProviderConnection[],
  endRelay: (how: "cut" | "reset") => void,
): Promise<void> {
  let entry: ProviderConnection | null = null;
  try {
    const { alpnProtocol } = await connection.handshake();
    entry = { alpn: alpnProtocol, received: [], sentAt: [], requests: 0, ended: null };
    connections.push(entry);
    const inbox = new Inbox(connection, entry.received);
    for (let index = 0;; index++) {
      const request = await readRequest(inbox, index);
      if (request === null) {
        entry.ended ??= "by the client";
        return;
      }
      entry.requests++;
      const { steps, end } = await answer(request);
      for (const { afterMs, bytes } of steps) {
        if (afterMs > 0) await pause(afterMs);
        entry.sentAt.push(performance.now());
        await writeAll(connection, bytes);
      }
      if (end === "keep-alive") continue;
      if (end === "hang") {
        while (await inbox.more());
        entry.ended ??= "by the client";
        return;
      }
      entry.ended = "by us";
      if (end !== "close") endRelay(end);
      return;
    }
  } catch {
    if (entry !== null) entry.ended ??= "broken";
  }
}

/** Collects what arrives. */
class Inbox {
  pending: Uint8Array = new Uint8Array();
  readonly #connection: Deno.TlsConn;
  readonly #log: Uint8Array[];

  constructor(connection: Deno.TlsConn, log: Uint8Array[]) {
    this.#connection = connection;
    this.#log = log;
  }

  /** False when the client has ended its side. */
  async more(): Promise<boolean> {
    const buffer = new Uint8Array(65_536);
    const count = await this.#connection.read(buffer);
    if (count === null) return false;
    const bytes = buffer.slice(0, count);
    this.#log.push(bytes);
    this.pending = concat([this.pending, bytes]);
    return true;
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
  const clients = new Map<number, net.Socket>();
  const server = net.createServer((client) => {
    client.setNoDelay(true);
    const inner = net.connect(to, "127.0.0.1", () => {
      inner.setNoDelay(true);
      if (inner.localPort !== undefined) clients.set(inner.localPort, client);
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
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The relay has no port");
  return {
    port: address.port,
    end(innerPort: number, how: "cut" | "reset") {
      const client = clients.get(innerPort);
      client?.unpipe();
      if (how === "reset") client?.resetAndDestroy();
      else client?.destroy();
    },
    async stop() {
      for (const client of clients.values()) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function writeAll(connection: Deno.TlsConn, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
}

function closeQuietly(connection: { close(): void }): void {
  try {
    connection.close();
  } catch {
    // Already closed.
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
