/**
 * TLS connections accepted by `Deno.listenTls`; see tls_listener.ts for what this cannot do.
 *
 * Imports: roles/splice.ts.
 *
 * @module
 */

import type { Leaf } from "./messages.ts";
import { closeQuietly } from "./splice.ts";
import type { AcceptedClient, TlsEvents, TlsListener } from "./tls_listener.ts";

/** A pause after a failed accept, so that a lack of file descriptors does not spin. */
const ACCEPT_RETRY_MS = 50;

/** Listens on a free port of 127.0.0.1. */
export function listenWithDeno(leaf: Leaf, events: TlsEvents): TlsListener {
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: leaf.certPem,
    key: leaf.keyPem,
    alpnProtocols: ["http/1.1"],
  });
  const state = { open: true };
  accept(listener, state, events);
  return {
    port: (listener.addr as Deno.NetAddr).port,
    close() {
      state.open = false;
      closeQuietly(listener);
    },
  };
}

async function accept(listener: Deno.TlsListener, state: { open: boolean }, events: TlsEvents): Promise<void> {
  while (state.open) {
    try {
      events.client(accepted(await listener.accept()));
    } catch {
      if (!state.open) return;
      events.acceptFailed();
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
    }
  }
}

function accepted(connection: Deno.TlsConn): AcceptedClient {
  return {
    peerPort: (connection.remoteAddr as Deno.NetAddr).port,
    handshake: async () => {
      await connection.handshake();
    },
    read: (into) => connection.read(into),
    write: (bytes) => connection.write(bytes),
    closeWrite: () => connection.closeWrite(),
    close: () => connection.close(),
    abort: () => closeQuietly(connection),
  };
}
