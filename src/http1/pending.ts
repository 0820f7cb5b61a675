/**
 * What one side of a connection has said and the other has not answered yet. Performs no I/O.
 *
 * Imports: head.ts.
 *
 * @module
 */

import { Unfollowable } from "./head.ts";

/** Requests sent ahead of their responses. */
export const MAX_PENDING = 1000;

/** Bytes a client may send between its upgrade request and the answer. Well-behaved clients send none. */
const MAX_HELD_BYTES = 64 * 1024;

/** A request whose final response has not ended. */
export interface Pending {
  readonly exchange: number;
  readonly method: string;
  readonly asksUpgrade: boolean;
  /** The final response head was seen. */
  answered: boolean;
}

/** Client bytes that are either the next request or the first bytes of another protocol: only the answer tells. */
export class HeldBytes {
  /** The request for an upgrade that they followed. */
  readonly asker: Pending;
  readonly chunks: Uint8Array[] = [];
  #length = 0;

  constructor(asker: Pending) {
    this.asker = asker;
  }

  /** Keeps a copy, since the caller may reuse its array. */
  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#length += bytes.length;
    if (this.#length > MAX_HELD_BYTES) {
      throw new Unfollowable("A client sent too much before its upgrade was answered");
    }
    this.chunks.push(new Uint8Array(bytes));
  }
}
