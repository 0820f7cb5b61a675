/**
 * Months of `requests`: made ahead by every instance, and on the spot for a month that only an old row needs. There is no
 * default partition into which rows could fall unseen.
 *
 * Imports: ./database.ts, ./migrations.ts (the oldest month).
 *
 * @module
 */

import { type Database, flagIn } from "./database.ts";
import { OLDEST_MONTHS } from "./migrations.ts";

/** Months made before they begin, beside the current one. */
const MONTHS_AHEAD = 3;
const DAY_MS = 86_400_000;

/** How far ahead of this server's clock a row may be: a machine's clock may be wrong, and no call should be lost for that. */
export const MAX_AHEAD_MS = 31 * DAY_MS;

/** Whether a row of this instant is taken. */
export function inRange(atMs: number, nowMs: number): boolean {
  const oldest = new Date(nowMs);
  oldest.setUTCDate(1);
  oldest.setUTCHours(0, 0, 0, 0);
  oldest.setUTCMonth(oldest.getUTCMonth() - OLDEST_MONTHS);
  return atMs >= oldest.getTime() && atMs <= nowMs + MAX_AHEAD_MS;
}

/** `YYYY-MM-01` of the month that holds `atMs`, UTC. */
export function monthOf(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 7)}-01`;
}

/** Makes months and remembers which there are. */
export interface Partitions {
  /** Makes the months of these instants, where they are missing. */
  ensure(instants: readonly number[]): Promise<void>;
  /** Makes the current month and those after it. @returns how many were missing. */
  ensureAhead(nowMs: number): Promise<number>;
}

/** Over one database. */
export function createPartitions(db: Database): Partitions {
  const known = new Set<string>();

  async function make(months: readonly string[]): Promise<number> {
    let made = 0;
    for (const month of months) {
      if (known.has(month)) continue;
      await db.transaction(async (sql) => {
        const [row] = await sql("SELECT ensure_request_partition($1::text::date) AS made", [month]);
        if (row !== undefined && flagIn(row, "made")) made++;
      });
      known.add(month);
    }
    return made;
  }

  return {
    async ensure(instants) {
      await make([...new Set(instants.map(monthOf))].filter((month) => !known.has(month)));
    },
    async ensureAhead(nowMs) {
      const first = new Date(`${monthOf(nowMs)}T00:00:00Z`);
      const months = Array.from({ length: MONTHS_AHEAD + 1 }, (_, ahead) => {
        return monthOf(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + ahead, 1));
      });
      return await make(months);
    },
  };
}
