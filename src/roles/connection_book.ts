/**
 * The recorder's memory of open connections: their exchanges, and who owns them.
 *
 * An owner may become known before or after the connection is first heard of; both are joined here by the port that the
 * interceptor sees.
 *
 * Imports: roles/messages.ts (types), roles/recorded_exchange.ts (types), roles/recorded_socket.ts (types).
 *
 * @module
 */

import type { Owner } from "./messages.ts";
import type { RecordedExchange } from "./recorded_exchange.ts";
import type { RecordedSocket } from "./recorded_socket.ts";

/** How long a finished row waits for its owner; a lookup takes milliseconds, and seconds on a machine that is hard at work. */
const OWNER_MS = 3_000;

/** Owners of connections that carry nothing to record are forgotten oldest first. */
const MAX_EARLY = 4_096;

/** One connection with metered exchanges. */
export interface OpenConnection {
  readonly host: string;
  readonly peerPort: number;
  /** A call of the meter to itself. */
  readonly selfTest: boolean;
  readonly exchanges: Map<number, RecordedExchange>;
  /** Set when the connection has switched protocols, which ends its exchanges for good. */
  socket: RecordedSocket | null;
  owner: Owner | null;
  /** Monotonic ms; null while it is open. */
  closedAt: number | null;
  /** Called once when the owner is known. */
  readonly waiting: (() => void)[];
}

/** Connections by the number that the interceptor gave them. */
export class ConnectionBook {
  readonly #byNumber = new Map<number, OpenConnection>();
  readonly #byPort = new Map<number, OpenConnection>();
  readonly #early = new Map<number, Owner>();

  get size(): number {
    return this.#byNumber.size;
  }

  /** Bytes of all open exchanges that wait to be decoded. */
  get pendingBytes(): number {
    let pending = 0;
    for (const { exchanges, socket } of this.#byNumber.values()) {
      pending += socket?.pendingBytes ?? 0;
      for (const exchange of exchanges.values()) pending += exchange.pendingBytes;
    }
    return pending;
  }

  open(number: number, host: string, peerPort: number, selfTest = false): void {
    const owner = this.#early.get(peerPort) ?? null;
    this.#early.delete(peerPort);
    const connection: OpenConnection = {
      host,
      peerPort,
      selfTest,
      exchanges: new Map(),
      socket: null,
      owner,
      closedAt: null,
      waiting: [],
    };
    this.#byNumber.set(number, connection);
    this.#byPort.set(peerPort, connection);
  }

  get(number: number): OpenConnection | undefined {
    return this.#byNumber.get(number);
  }

  /** An owner that is still looked up is taken for a moment more: short calls end before it is found. */
  close(number: number): OpenConnection | undefined {
    const connection = this.#byNumber.get(number);
    this.#byNumber.delete(number);
    if (connection === undefined) return undefined;
    connection.closedAt = performance.now();
    if (connection.owner !== null) this.#forgetPort(connection);
    return connection;
  }

  /** Forgets everything at once: the interceptor that counted these connections is gone. */
  clear(): OpenConnection[] {
    const connections = [...this.#byNumber.values()];
    this.#byNumber.clear();
    this.#byPort.clear();
    return connections;
  }

  setOwner(peerPort: number, owner: Owner): void {
    const connection = this.#byPort.get(peerPort);
    const over = connection?.closedAt ?? Infinity;
    if (connection === undefined || connection.owner !== null || performance.now() - over > OWNER_MS) {
      this.#early.delete(peerPort);
      this.#early.set(peerPort, owner);
      for (const oldest of this.#early.keys()) {
        if (this.#early.size <= MAX_EARLY) break;
        this.#early.delete(oldest);
      }
      return;
    }
    connection.owner = owner;
    if (connection.closedAt !== null) this.#forgetPort(connection);
    connection.waiting.splice(0).forEach((known) => known());
  }

  /** The owner of a connection; null when nobody named one in time. */
  async ownerOf(connection: OpenConnection): Promise<Owner | null> {
    if (connection.owner === null) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, OWNER_MS);
        connection.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    if (connection.closedAt !== null) this.#forgetPort(connection);
    return connection.owner;
  }

  #forgetPort(connection: OpenConnection): void {
    if (this.#byPort.get(connection.peerPort) === connection) this.#byPort.delete(connection.peerPort);
  }
}
