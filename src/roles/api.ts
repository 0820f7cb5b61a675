/**
 * The api role: serves the local API on 127.0.0.1 from a read-only database.
 *
 * Imports: api, store, roles.
 *
 * @module
 */

import { createApi } from "../api/app.ts";
import { type Database, openReadOnly } from "../store/database.ts";

/** What the role is started with. */
export interface ApiRoleOptions {
  readonly database: string;
  /** Tried in order; 0 = any free port. */
  readonly ports: readonly number[];
  readonly allowOrigins: readonly string[];
  readonly version: string;
}

/** A running API. */
export interface ApiServer {
  readonly port: number;
  counters(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** Listens on the first port that is free. @throws {Deno.errors.AddrInUse} when none is. */
export function startApi(options: ApiRoleOptions): ApiServer {
  let database: Database | null = null;
  let requests = 0;
  const state = { port: 0 };
  const api = createApi({
    version: options.version,
    allowOrigins: options.allowOrigins,
    port: () => state.port,
    database: () => database ??= openReadOnly(options.database),
    now: Date.now,
  });
  const server = listen(options.ports, (request) => {
    requests++;
    return api.fetch(request);
  });
  state.port = (server.addr as Deno.NetAddr).port;
  return {
    port: state.port,
    counters: () => ({ requests }),
    async stop() {
      await server.shutdown();
      database?.close();
    },
  };
}

function listen(
  ports: readonly number[],
  handler: (request: Request) => Response | Promise<Response>,
): Deno.HttpServer {
  for (const [index, port] of ports.entries()) {
    try {
      return Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, handler);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || index === ports.length - 1) throw error;
    }
  }
  throw new Deno.errors.AddrInUse("No port was given");
}
