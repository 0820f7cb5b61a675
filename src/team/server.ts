/**
 * A running server: a port, the application behind it, and its upkeep, until it is told to stop.
 *
 * Holds no state between requests but budgets and connections, so that several instances can share one database. To stop, it
 * takes no new connection, ends waiting polls, finishes what it is doing, and lets go of the database.
 *
 * Imports: meter, ./app.ts, ./client_address.ts, ./database.ts (types), ./log.ts (types), ./partitions.ts, ./rate_limits.ts, ./settings.ts (types),
 * ./upkeep.ts, ./version.ts.
 *
 * @module
 */

import { createRateTable } from "../meter/rates.ts";
import { createTeamApp } from "./app.ts";
import { clientAddress } from "./client_address.ts";
import type { Database } from "./database.ts";
import type { TeamLog } from "./log.ts";
import { createPartitions } from "./partitions.ts";
import { createBudget } from "./rate_limits.ts";
import type { TeamSettings } from "./settings.ts";
import { startUpkeep } from "./upkeep.ts";
import { VERSION } from "./version.ts";

/** How long requests in progress are waited for. */
const STOP_MS = 10_000;

/** A server that listens. */
export interface RunningServer {
  readonly port: number;
  /** Ends it; resolves when the database is let go of too. */
  stop(reason: string): Promise<void>;
}

/** Starts serving. The database is checked and migrated already; it is closed by {@link RunningServer.stop}. */
export function startServer(db: Database, settings: TeamSettings, log: TeamLog): RunningServer {
  const stopping = new AbortController();
  const partitions = createPartitions(db);
  let address = "";
  const app = createTeamApp({
    db,
    partitions,
    rates: createRateTable(),
    log,
    limits: settings.limits,
    ingestBudget: createBudget(settings.limits.ingestPerMinute),
    publicUrl: () => settings.publicUrl === "" ? address : settings.publicUrl,
    stopping: stopping.signal,
  });
  const server = Deno.serve({
    port: settings.port,
    hostname: settings.listen,
    onListen: () => {},
    handler: (request, info) =>
      app.fetch(request, {
        address: clientAddress(request, info.remoteAddr.hostname, settings.behindProxy),
        requestId: crypto.randomUUID(),
      }),
  });
  const { port } = server.addr;
  address = `http://127.0.0.1:${port}`;
  const stopUpkeep = startUpkeep(db, partitions, log, stopping.signal);
  log({ event: "server.ready", port, version: VERSION, database: db.kind });
  return {
    port,
    async stop(reason) {
      log({ event: "server.stopping", reason });
      stopping.abort();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => timer = setTimeout(resolve, STOP_MS));
      await Promise.race([Promise.all([server.shutdown(), stopUpkeep()]), late]);
      clearTimeout(timer);
      await db.close();
      log({ event: "server.stopped" });
    },
  };
}
