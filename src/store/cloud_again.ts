/**
 * What is sent once more because somebody asks for it: what the server refused, and what it should have and has not.
 *
 * Imports: node:sqlite (types), ./settings.ts, ./transaction.ts.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { audit } from "./settings.ts";
import { inTransaction } from "./transaction.ts";

/**
 * Lets what was parked be tried again: rows, and bodies that are still stored and whose upload is on. A parked body that is to
 * be tried again has 0 for `parked_at`.
 *
 * @returns how many rows and bodies.
 */
export function unparkAll(db: DatabaseSync): number {
  return inTransaction(db, () => {
    db.exec(
      `DELETE FROM cloud_parked WHERE part <> 'row' AND NOT EXISTS (SELECT 1 FROM request_bodies
         JOIN requests ON requests.id = request_id WHERE requests.seq = cloud_parked.seq AND direction = part)`,
    );
    db.exec("INSERT INTO cloud_changes (seq) SELECT seq FROM cloud_parked WHERE part = 'row' ON CONFLICT DO NOTHING");
    const rows = db.prepare("DELETE FROM cloud_parked WHERE part = 'row'").run().changes;
    const bodies = db.prepare(
      "UPDATE cloud_parked SET parked_at = 0 WHERE EXISTS (SELECT 1 FROM cloud_pairing WHERE body_sync = 1)",
    ).run().changes;
    return Number(rows) + Number(bodies);
  });
}

/**
 * Sends rows again that the server should have and has not, or has otherwise: those that were shared of some UTC days,
 * `YYYY-MM-DD`. Their revision grows, so that they replace what the server has. @returns how many.
 */
export function resendDays(db: DatabaseSync, dates: readonly string[], now: number): number {
  const shared = `SELECT requests.seq FROM requests CROSS JOIN cloud_pairing
    WHERE disconnected_at IS NULL AND date(requested_at / 1000, 'unixepoch') IN (SELECT value FROM json_each(?))
      AND requests.seq <= iif(requests.seq > from_seq AND requested_at >= floor_at, position, backfill_position)
      AND requests.seq NOT IN (SELECT seq FROM cloud_parked WHERE part = 'row')`;
  const days = JSON.stringify(dates);
  return inTransaction(db, () => {
    const raised = db.prepare(`UPDATE requests SET revision = revision + 1 WHERE seq IN (${shared})`).run(days).changes;
    db.prepare(`INSERT INTO cloud_changes (seq) ${shared} ON CONFLICT DO NOTHING`).run(days);
    audit(db, "cloud.resend", { calls: Number(raised), days: dates.length }, now);
    return Number(raised);
  });
}
