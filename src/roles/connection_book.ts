/**
 * The recorder's memory of open connections: their exchanges, and who owns them.
 *
 * An owner may become known before or after the connection is first heard of; both are joined here by the port that the
 * interceptor sees.
 *
 * Imports: domain (types), roles/recorded_exchange.ts (types).
 *
 * @module
 */

import type { Attribution } from "../domain/exchange.ts";
import type { RecordedExchange } from "./recorded_exchange.ts";

/** How long a finished row waits for its owner; a lookup takes milliseconds. */
const OWNER_MS = 1_000;

/** Owners of connections that carry nothing to record are forgotten oldest first. */
const MAX_EARLY = 4_096;

/** One connection with metered exchanges. */
export interface OpenConnection {
  readonly host: string;
  readonly peerPort: number;
  readonly exchanges: Map<number, RecordedExchange>;
  owner: Attribution | null;
  /** Called once when the owner is known. */
  readonly waiting: (() => void)[];
}

/** Connections by the number that the interceptor gave them. */
export class ConnectionBook {
  readonly #byNumber = new Map<number, OpenConnection>();
  readonly #byPort = new Map<number, OpenConnection>();
  readonly #early = new Map<number, Attribution>();

  get size(): number {
    return this.#byNumber.size;
  }

  /** Bytes of all open exchanges that wait to be decoded. */
  get pendingBytes(): number {
    let pending = 0;
    for (const { exchanges } of this.#byNumber.values()) {
      for (const exchange of exchanges.values()) pending += exchange.pendingBytes;
    }
    return pending;
  }

  open(number: number, host: string, peerPort: number): void {
    const owner = this.#early.get(peerPort) ?? null;
    this.#early.delete(peerPort);
    const connection = { host, peerPort, exchanges: new Map(), owner, waiting: [] };
    this.#byNumber.set(number, connection);
    this.#byPort.set(peerPort, connection);
  }

  get(number: number): OpenConnection | undefined {
    return this.#byNumber.get(number);
  }

  close(number: number): OpenConnection | undefined {
    const connection = this.#byNumber.get(number);
    this.#byNumber.delete(number);
    if (connection !== undefined && this.#byPort.get(connection.peerPort) === connection) {
      this.#byPort.delete(connection.peerPort);
    }
    return connection;
  }

  /** Forgets everything at once: the interceptor that counted these connections is gone. */
  clear(): OpenConnection[] {
    const connections = [...this.#byNumber.values()];
    this.#byNumber.clear();
    this.#byPort.clear();
    return connections;
  }

  setOwner(peerPort: number, owner: Attribution): void {
    const connection = this.#byPort.get(peerPort);
    if (connection === undefined || connection.owner !== null) {
      this.#early.delete(peerPort);
      this.#early.set(peerPort, owner);
      for (const oldest of this.#early.keys()) {
        if (this.#early.size <= MAX_EARLY) break;
        this.#early.delete(oldest);
      }
      return;
    }
    connection.owner = owner;
    connection.waiting.splice(0).forEach((known) => known());
  }

  /** The owner of a connection; null when nobody named one in time. */
  async ownerOf(connection: OpenConnection): Promise<Attribution | null> {
    if (connection.owner === null) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, OWNER_MS);
        connection.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return connection.owner;
  }
}
