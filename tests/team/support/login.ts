/**
 * The server's own login to a database of its own, without a server.
 *
 * @module
 */

import type { Database } from "../../../src/team/database.ts";
import { migrate } from "../../../src/team/migrate.ts";
import { openPostgres } from "../../../src/team/postgres.ts";
import { type DatabaseUrls, startCluster } from "./postgres.ts";

/** Calls `body` with it, and ends everything. */
export async function withServerLogin(body: (db: Database, urls: DatabaseUrls) => Promise<void>): Promise<void> {
  const cluster = await startCluster();
  try {
    const urls = await cluster.database();
    const owner = openPostgres(urls.owner, 1);
    await migrate(owner, { name: "meter_server", password: "plain-and-long" });
    await owner.close();
    const db = openPostgres(urls.server);
    try {
      await body(db, urls);
    } finally {
      await db.close();
    }
  } finally {
    await cluster.stop();
  }
}
