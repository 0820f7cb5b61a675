/**
 * Accepts TLS connections on a free loopback port. Two ways, chosen by what the runtime can do:
 *
 * - `node:tls` where its server works as Node's does (Deno 2.9): accepted sockets send small writes at once, and can be
 *   ended without a farewell, so that an answer that was cut does not look whole.
 * - `Deno.listenTls` before: its sockets have Nagle's algorithm on and no way to turn it off, which together with delayed
 *   acknowledgements holds an event back by up to 40 ms.
 *
 * Imports: roles.
 *
 * @module
 */

import type { Leaf } from "./messages.ts";
import type { Duplex } from "./splice.ts";
import { listenWithDeno } from "./tls_listener_deno.ts";
import { listenWithNode } from "./tls_listener_node.ts";

/** A client whose TCP connection was accepted; its TLS handshake may still be under way. */
export interface AcceptedClient extends Duplex {
  /** Port of its end. */
  readonly peerPort: number;
  /** Resolves when bytes can be read and written. @throws when the two did not come together. */
  handshake(): Promise<void>;
  /** Ends the connection as a broken one, where the runtime can: no TLS close_notify (RFC 8446 section 6.1). */
  abort(): void;
}

/** A listening port. */
export interface TlsListener {
  readonly port: number;
  /** Stops accepting; connections that are open go on. */
  close(): void;
}

/** What a listener calls. */
export interface TlsEvents {
  client(client: AcceptedClient): void;
  /** An accept failed, e.g. for lack of file descriptors; accepting goes on. */
  acceptFailed(): void;
}

/** Listens on 127.0.0.1 with ALPN `http/1.1`. */
export function listenForTls(leaf: Leaf, events: TlsEvents): Promise<TlsListener> {
  return servesLikeNode() ? listenWithNode(leaf, events) : Promise.resolve(listenWithDeno(leaf, events));
}

/** Measured: 2.9.6 does; 2.4.2 ignores `setNoDelay` on the sockets of a `node:tls` server. */
function servesLikeNode(): boolean {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 9);
}
