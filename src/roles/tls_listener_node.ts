/**
 * TLS connections accepted by a `node:tls` server, as pull-based connections.
 *
 * @module
 */

import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { Leaf } from "./messages.ts";
import type { AcceptedClient, TlsEvents, TlsListener } from "./tls_listener.ts";

/**
 * Bytes received ahead of their reader before the socket is paused. Larger than nearly every request, since a paused
 * socket of Deno 2.9.6 may never tell that its peer has ended its side.
 */
const MAX_AHEAD_BYTES = 8 * 1024 * 1024;

/** Listens on a free port of 127.0.0.1. */
export async function listenWithNode(leaf: Leaf, events: TlsEvents): Promise<TlsListener> {
  const handshakes = new Map<number, NodeClient>();
  const server = createServer({ cert: leaf.certPem, key: leaf.keyPem, ALPNProtocols: ["http/1.1"] });
  server.on("connection", (socket: Socket) => {
    const port = socket.remotePort;
    if (port === undefined) return; // It has left already.
    const client = new NodeClient(port, socket);
    handshakes.set(port, client);
    socket.once("close", () => {
      if (handshakes.get(port) === client) handshakes.delete(port);
      client.lost();
    });
    events.client(client);
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    const client = socket.remotePort === undefined ? undefined : handshakes.get(socket.remotePort);
    if (client === undefined) return void socket.destroy();
    handshakes.delete(client.peerPort);
    client.secured(socket);
  });
  server.on("tlsClientError", (_error: Error, socket: TLSSocket) => {
    socket.destroy(); // The close that follows tells `lost`.
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, resolve);
  });
  server.on("error", () => events.acceptFailed());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The listener has no port");
  return { port: address.port, close: () => void server.close() };
}

/** One accepted connection. */
class NodeClient implements AcceptedClient {
  readonly peerPort: number;
  readonly #raw: Socket;
  readonly #handshake = Promise.withResolvers<void>();
  #socket: TLSSocket | null = null;
  #chunks: Uint8Array[] = [];
  #ahead = 0;
  #ended = false;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(peerPort: number, raw: Socket) {
    this.peerPort = peerPort;
    this.#raw = raw;
    this.#handshake.promise.catch(() => {}); // A client may leave before anybody waits for it.
  }

  handshake(): Promise<void> {
    return this.#handshake.promise;
  }

  /** The TLS handshake is done. */
  secured(socket: TLSSocket): void {
    this.#socket = socket;
    // Not before: a server that allows it from the start is never told of a client that leaves in its handshake.
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    socket.on("end", () => this.#finish(null));
    socket.on("error", (error: Error) => this.#finish(error));
    socket.on("close", () => this.#finish(new Deno.errors.ConnectionReset("The connection was closed")));
    this.#handshake.resolve();
  }

  /** The TCP connection is gone. */
  lost(): void {
    this.#handshake.reject(new Deno.errors.UnexpectedEof("The connection ended in its handshake"));
    this.#finish(new Deno.errors.ConnectionReset("The connection was closed"));
  }

  async read(into: Uint8Array): Promise<number | null> {
    for (let chunk = this.#chunks[0];; chunk = this.#chunks[0]) {
      if (chunk !== undefined) return this.#take(chunk, into);
      if (this.#failure !== null) throw this.#failure;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Resolves when the system has taken all of it, so that the array may be reused. */
  write(bytes: Uint8Array): Promise<number> {
    const socket = this.#socket;
    if (socket === null || socket.destroyed) {
      return Promise.reject(new Deno.errors.BrokenPipe("The connection is closed"));
    }
    return new Promise((resolve, reject) => {
      socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  closeWrite(): Promise<void> {
    this.#socket?.end();
    return Promise.resolve();
  }

  /** In order: what was written is sent, then the farewell. */
  close(): void {
    if (this.#socket === null) this.#raw.destroy();
    else this.#socket.destroySoon();
  }

  abort(): void {
    (this.#socket ?? this.#raw).destroy();
  }

  #receive(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#ahead += chunk.length;
    if (this.#ahead > MAX_AHEAD_BYTES) this.#socket?.pause();
    this.#awake();
  }

  #take(chunk: Uint8Array, into: Uint8Array): number {
    const count = Math.min(chunk.length, into.length);
    into.set(count === chunk.length ? chunk : chunk.subarray(0, count));
    if (count === chunk.length) this.#chunks.shift();
    else this.#chunks[0] = chunk.subarray(count);
    const wasFull = this.#ahead > MAX_AHEAD_BYTES;
    this.#ahead -= count;
    if (wasFull && this.#ahead <= MAX_AHEAD_BYTES) this.#socket?.resume();
    return count;
  }

  /** The first end stands: an orderly one is followed by a close, which is then no failure. */
  #finish(failure: Error | null): void {
    if (this.#ended || this.#failure !== null) return;
    if (failure === null) this.#ended = true;
    else this.#failure = failure;
    this.#awake();
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
