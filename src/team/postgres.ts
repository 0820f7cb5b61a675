/**
 * The database on PostgreSQL 15 or newer, through a pool of connections.
 *
 * Imports: postgres, domain, ./database.ts.
 *
 * @module
 */

import postgres from "postgres";
import { MeterError } from "../domain/errors.ts";
import { type Database, isRepeatable, type Sql } from "./database.ts";

/** How many connections one instance holds at most. */
export const POOL_SIZE = 10;

/** No statement of this server needs longer; one that does would hold a connection of the pool. Milliseconds. */
const STATEMENT_TIMEOUT_MS = 30_000;

/** Opens a pool. Connects when first used. @throws {MeterError} `bad_config` if `url` is not one of PostgreSQL's. */
export function openPostgres(url: string, size = POOL_SIZE): Database {
  if (!/^postgres(?:ql)?:\/\//.test(url)) {
    throw new MeterError("bad_config", "Cannot use DATABASE_URL: it is not a PostgreSQL URL", {
      hint: "Write it as postgresql://user:password@host:5432/database",
    });
  }
  const pool = postgres(url, {
    max: size,
    connect_timeout: 10,
    idle_timeout: 60,
    fetch_types: false,
    onnotice: () => {},
    // Behind a pooler that shares sessions, a statement prepared in one is missing in the next. The library then tries again,
    // COMMIT too, which in the transaction that failed by it rolls back and is told as done: rows acknowledged and lost.
    prepare: false,
    connection: {
      application_name: "halton-meter-team",
      TimeZone: "UTC",
      statement_timeout: STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    },
  });

  async function once<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    // Wrapped, since the library would await a list of promises in place of the value itself.
    const { value } = await pool.begin(async (transaction) => {
      return { value: await work((text, params = []) => transaction.unsafe(text, [...params])) };
    });
    return value;
  }

  return {
    kind: "postgres",
    async transaction(work) {
      try {
        return await once(work);
      } catch (error) {
        if (!isRepeatable(error)) throw error;
        return await once(work);
      }
    },
    async script(text) {
      await pool.unsafe(text).simple();
    },
    async close() {
      await pool.end({ timeout: 5 });
    },
  };
}
