/**
 * The proxy port's listening socket: bound on loopback, and given up to a successor without a call that fails.
 *
 * On Linux an edge shares its port (SO_REUSEPORT), so that its successor listens before it lets go; only processes of the
 * same user may. The runtime sets that option nowhere else: there the successor binds within milliseconds of the release,
 * and a client that calls in between is refused.
 *
 * Imports: roles/edge_hand_over.ts, roles/splice.ts.
 *
 * @module
 */

import { type HeldPort, holdPort, queueLength } from "./edge_hand_over.ts";
import { closeQuietly } from "./splice.ts";

/**
 * Whether this runtime can share a port. `reusePort` is one of its unstable network functions, like `WebTransport`; one
 * that was started without them ends the process at the attempt.
 */
export const CAN_SHARE = Deno.build.os === "linux" && "WebTransport" in globalThis;

/** A pause after a failed accept, so that a lack of file descriptors does not spin. */
const ACCEPT_RETRY_MS = 50;

/** Clients that may wait to be accepted: more than one turn of the event loop lets in, few enough to be filled at once. */
const BACKLOG = 128;

/** What becomes of who calls. */
export interface Host {
  serve(client: Deno.TcpConn): void;
  /** A client reset its connection before it was accepted. */
  left(): void;
  /** The process lacks what it takes to accept. */
  failed(): void;
}

/** Binds 127.0.0.1. A port that `share` is false for, or is held by a socket that does not share, must be free. */
export function listenOnLoopback(port: number, share: boolean): Deno.TcpListener {
  return Deno.listen({ hostname: "127.0.0.1", port, tcpBacklog: BACKLOG, ...(share ? { reusePort: true } : {}) });
}

/** Accepts until it is closed or handed over. */
export class EdgeListener {
  readonly shared: boolean;
  readonly #listener: Deno.TcpListener;
  readonly #host: Host;
  #accepting: Promise<Deno.TcpConn>;
  #leaving = false;
  #held: HeldPort | null = null;

  constructor(listener: Deno.TcpListener, shared: boolean, host: Host) {
    this.shared = shared;
    this.#listener = listener;
    this.#host = host;
    this.#accepting = listener.accept();
    this.#run();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Stops accepting, whoever waits. Connections that are open go on. */
  close(): void {
    this.#leaving = true;
    this.#held?.close();
    closeQuietly(this.#listener);
  }

  /**
   * Serves whoever waits and lets nobody else in, until a successor listens and this is closed. Clients that come in
   * between are served by the successor. Where ports cannot be shared it is closed at once.
   *
   * @returns whether it still holds the port, with nobody waiting.
   */
  async hold(): Promise<boolean> {
    if (!this.shared || this.#leaving) {
      this.close();
      return false;
    }
    const length = await queueLength(listenOnLoopback(0, true));
    this.#leaving = true;
    this.#held = await holdPort(this.#listener, this.#accepting, length, (client) => this.#host.serve(client));
    return this.#held.clean;
  }

  async #run(): Promise<void> {
    while (!this.#leaving) {
      try {
        const client = await this.#accepting;
        if (this.#leaving) return; // The hand-over has taken this one.
        this.#accepting = this.#listener.accept();
        this.#host.serve(client);
      } catch (error) {
        if (this.#leaving || error instanceof Deno.errors.BadResource) return;
        if (hasLeft(error)) this.#host.left();
        else {
          this.#host.failed();
          await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
        }
        this.#accepting = this.#listener.accept();
      }
    }
  }
}

/** A client that resets its connection before it is accepted; older runtimes tell that as a failed accept. */
function hasLeft(error: unknown): boolean {
  const { ConnectionReset, ConnectionAborted, NotConnected } = Deno.errors;
  return error instanceof ConnectionReset || error instanceof ConnectionAborted || error instanceof NotConnected;
}
