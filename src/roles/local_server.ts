/**
 * Listens for the local API. The number of connections is bounded: when all are taken, a new one takes the place of the one
 * that has waited longest without a request, so that a flood of idle connections cannot shut a person out.
 *
 * A server of its own, since Deno.serve neither bounds connections nor the time that a request head may take.
 *
 * Imports: roles.
 *
 * @module
 */

import { type Doing, LocalConnection, type LocalService, type Patience } from "./local_connection.ts";

/** Enough for any number of browser tabs, and little next to the files that one process may have open. */
export const MAX_CONNECTIONS = 128;

/** After a failed accept, such as for want of file descriptors. */
const ACCEPT_PAUSE_MS = 50;

/** A running server. */
export interface LocalServer {
  readonly port: number;
  counters(): Readonly<Record<string, number>>;
  close(): void;
}

/** Bounds that tests make small. */
export interface LocalServerLimits {
  readonly maxConnections?: number;
  readonly patience?: Patience;
}

/**
 * Listens on the first port of 127.0.0.1 that is free.
 *
 * @throws {Deno.errors.AddrInUse} when none is.
 */
export function serveLocal(
  ports: readonly number[],
  service: LocalService,
  limits: LocalServerLimits = {},
): LocalServer {
  const listener = listen(ports);
  const connections = new Set<LocalConnection>();
  const max = limits.maxConnections ?? MAX_CONNECTIONS;
  const counts = { connections: 0, connections_evicted: 0, connections_refused: 0, accepts_failed: 0 };
  let closed = false;

  function admit(conn: Deno.TcpConn): void {
    counts.connections++;
    if (connections.size >= max) {
      const idle = oldest(connections, "waiting") ?? oldest(connections, "reading");
      if (idle === null) {
        counts.connections_refused++;
        return conn.close();
      }
      counts.connections_evicted++;
      connections.delete(idle);
      idle.close();
    }
    const connection = new LocalConnection(conn, service, limits.patience);
    connections.add(connection);
    connection.run().finally(() => connections.delete(connection));
  }

  async function acceptAll(): Promise<void> {
    while (!closed) {
      try {
        admit(await listener.accept());
      } catch {
        if (closed) return;
        counts.accepts_failed++;
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
      }
    }
  }

  acceptAll();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    counters: () => ({ ...counts, open_connections: connections.size }),
    close() {
      closed = true;
      listener.close();
      for (const connection of connections) connection.close();
    },
  };
}

/** The one that came first: a set keeps the order in which things were added. */
function oldest(connections: ReadonlySet<LocalConnection>, doing: Doing): LocalConnection | null {
  for (const connection of connections) if (connection.doing === doing) return connection;
  return null;
}

function listen(ports: readonly number[]): Deno.TcpListener {
  for (const [index, port] of ports.entries()) {
    try {
      return Deno.listen({ hostname: "127.0.0.1", port });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || index === ports.length - 1) throw error;
    }
  }
  throw new Deno.errors.AddrInUse("No port was given");
}
