/**
 * What must happen without anybody asking: months made ahead, expired rows deleted, workspace by workspace, old codes and
 * counts forgotten. Every instance does it; each workspace's daily sweep is claimed by one.
 *
 * Imports: ./database.ts, ./log.ts, ./partitions.ts (types), ./rate_limits.ts.
 *
 * @module
 */

import { type Database, inWorkspace, type Sql, textOrNull } from "./database.ts";
import { reasonOf, type TeamLog } from "./log.ts";
import type { Partitions } from "./partitions.ts";
import { dropOldCounts } from "./rate_limits.ts";

/** Rows deleted in one transaction, so that none holds locks for long. */
const CHUNK = 5_000;
const HOUR_MS = 3_600_000;

/** What a sweep deleted. */
export interface Swept {
  readonly requests: number;
  readonly bodies: number;
  readonly auditEvents: number;
}

/** Deletes what a workspace's settings say is too old, in whole days (UTC), so that the sums by day stay those of the rows. */
export async function sweepWorkspace(db: Database, workspaceId: string, stopping?: AbortSignal): Promise<Swept> {
  const bodies = await drain(db, workspaceId, stopping, (sql) => {
    return sql(
      `DELETE FROM request_bodies WHERE request_id IN (
         SELECT b.request_id FROM request_bodies b, workspaces w
         WHERE b.occurred_at < date_trunc('day', now()) - make_interval(days => least(w.body_retention_days, w.retention_days))
         LIMIT ${CHUNK}) RETURNING 1 AS one`,
    );
  });
  const requests = await drain(db, workspaceId, stopping, (sql) => {
    return sql(
      `WITH old AS (
         SELECT k.workspace_id, k.request_id, k.occurred_at FROM request_keys k, workspaces w
         WHERE k.occurred_at < date_trunc('day', now()) - make_interval(days => w.retention_days) LIMIT ${CHUNK}
       ), rows AS (
         DELETE FROM requests r USING old WHERE r.workspace_id = old.workspace_id AND r.request_id = old.request_id
           AND r.occurred_at = old.occurred_at
       )
       DELETE FROM request_keys k USING old WHERE k.workspace_id = old.workspace_id AND k.request_id = old.request_id
       RETURNING 1 AS one`,
    );
  });
  const auditEvents = await drain(db, workspaceId, stopping, (sql) => {
    return sql(
      `DELETE FROM audit_events WHERE id IN (
         SELECT a.id FROM audit_events a, workspaces w
         WHERE a.occurred_at < now() - make_interval(days => w.audit_retention_days) LIMIT ${CHUNK}) RETURNING 1 AS one`,
    );
  });
  await inWorkspace(db, workspaceId, async (sql) => {
    await sql(
      "DELETE FROM usage_days u USING workspaces w WHERE u.day < (now() - make_interval(days => w.retention_days))::date",
    );
    await sql("DELETE FROM sessions WHERE created_at < now() - interval '8 days'");
  });
  return { requests, bodies, auditEvents };
}

async function drain(
  db: Database,
  workspaceId: string,
  stopping: AbortSignal | undefined,
  chunk: (sql: Sql) => Promise<readonly unknown[]>,
): Promise<number> {
  let deleted = 0;
  for (;;) {
    const { length } = await inWorkspace(db, workspaceId, chunk);
    deleted += length;
    if (length < CHUNK || stopping?.aborted === true) return deleted;
  }
}

/** Sweeps every workspace whose day has come. What is left when the server stops waits for the next day. */
export async function sweepDue(db: Database, log: TeamLog, stopping?: AbortSignal): Promise<void> {
  while (stopping?.aborted !== true) {
    const started = performance.now();
    const workspaceId = await db.transaction(async (sql) => {
      const [row] = await sql("SELECT claim_sweep()::text AS id");
      return row === undefined ? null : textOrNull(row, "id");
    });
    if (workspaceId === null) return;
    const { requests, bodies, auditEvents } = await sweepWorkspace(db, workspaceId, stopping);
    const duration_ms = Math.round(performance.now() - started);
    log({ event: "retention.swept", requests, bodies, audit_events: auditEvents, duration_ms });
  }
}

/** Everything once. A failure is logged and left to the next time. */
export async function upkeep(
  db: Database,
  partitions: Partitions,
  log: TeamLog,
  stopping?: AbortSignal,
): Promise<void> {
  try {
    const months = await partitions.ensureAhead(Date.now());
    if (months > 0) log({ event: "partitions.created", months });
    await sweepDue(db, log, stopping);
    await db.transaction(async (sql) => {
      await sql("SELECT drop_expired_pairings()");
    });
    await dropOldCounts(db);
  } catch (error) {
    log({ event: "upkeep.failed", reason: reasonOf(error) });
  }
}

/**
 * Begins {@link upkeep} and repeats it every hour. A first sweep after a pause may take minutes, for which nobody who asks has to
 * wait. @returns what ends it; resolves when none is running any more.
 */
export function startUpkeep(
  db: Database,
  partitions: Partitions,
  log: TeamLog,
  stopping: AbortSignal,
): () => Promise<void> {
  const once = () => upkeep(db, partitions, log, stopping);
  let running = once();
  const timer = setInterval(() => running = running.then(once), HOUR_MS);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
