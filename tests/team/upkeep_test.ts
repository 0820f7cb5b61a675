/** Partitions and retention, on a real PostgreSQL, through the server's own login. */

import { deepStrictEqual as deepEqual, ok, rejects, strictEqual as equal } from "node:assert/strict";
import postgres from "postgres";
import { createRateTable } from "../../src/meter/rates.ts";
import { inWorkspace } from "../../src/team/database.ts";
import { checkRows, writeRows } from "../../src/team/ingest.ts";
import { createPartitions, monthOf } from "../../src/team/partitions.ts";
import { sweepDue, sweepWorkspace, upkeep } from "../../src/team/upkeep.ts";
import { changeSettings, createWorkspace } from "../../src/team/workspaces.ts";
import { withServerLogin } from "./support/login.ts";
import { postgresTest } from "./support/postgres.ts";
import { row } from "./support/server.ts";

const DAY_MS = 86_400_000;

postgresTest(
  "upkeep makes months ahead, sweeps what is too old in each workspace alone, and keeps the audit log's last days",
  async () => {
    await withServerLogin(async (db, urls) => {
      const raw = postgres(urls.admin, { max: 1 });
      try {
        const partitions = createPartitions(db);
        const events: string[] = [];
        await upkeep(db, partitions, ({ event }) => events.push(event));
        deepEqual(events, ["partitions.created"]);
        const months =
          await raw`SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'requests'::regclass`;
        equal(months.length, 4, "this month and three ahead");
        equal(await createPartitions(db).ensureAhead(Date.now()), 0, "another instance finds them made");
        const [none] = await raw`SELECT count(*)::int AS n FROM pg_class WHERE relpartbound IS NOT NULL
      AND pg_get_expr(relpartbound, oid) = 'DEFAULT'`;
        equal(none?.["n"], 0, "no default partition");

        const [short, long] = [await createWorkspace(db, "short", "Short"), await createWorkspace(db, "long", "Long")];
        const days = { storePromptContent: true, bodyRetentionDays: 10, auditRetentionDays: 30 };
        await inWorkspace(db, short, (sql) => changeSettings(sql, short, null, { ...days, retentionDays: 20 }));
        const ages = [1, 15, 40, 200];
        for (const workspaceId of [short, long]) {
          const sent = ages.map((age) => row({ timestamp: new Date(Date.now() - age * DAY_MS).toISOString() }));
          const { rows } = checkRows(sent, createRateTable(), Date.now());
          await partitions.ensure(rows.map(({ atMs }) => atMs));
          const ids = { workspaceId, deviceId: crypto.randomUUID(), memberId: crypto.randomUUID() };
          equal(await inWorkspace(db, workspaceId, (sql) => writeRows(sql, ids, rows)), 4);
          await inWorkspace(
            db,
            workspaceId,
            (sql) =>
              sql(`INSERT INTO request_bodies (workspace_id, request_id, occurred_at, request_text, redaction_applied)
             SELECT workspace_id, request_id, occurred_at, 'x', false FROM request_keys`),
          );
        }
        await raw`UPDATE audit_events SET occurred_at = now() - interval '31 days'`;
        await inWorkspace(db, short, (sql) => changeSettings(sql, short, null, { ...days, retentionDays: 20 }));

        await sweepDue(db, () => {
          throw new Error("nothing is due yet");
        });
        await raw`UPDATE workspaces SET swept_at = now() - interval '21 hours' WHERE id = ${short}`;
        const swept: unknown[] = [];
        await sweepDue(db, (event) => swept.push({ ...event, duration_ms: 0 }));
        deepEqual(swept, [{ event: "retention.swept", requests: 2, bodies: 3, audit_events: 2, duration_ms: 0 }]);
        const count = async (table: string, id: string) => {
          const [found] = await raw.unsafe(`SELECT count(*)::int AS n FROM ${table} WHERE workspace_id = $1`, [id]);
          return found?.["n"];
        };
        for (
          const [table, kept] of [["requests", 2], ["request_keys", 2], ["request_bodies", 1], [
            "audit_events",
            1,
          ]] as const
        ) {
          equal(await count(table, short), kept, table);
        }
        for (const table of ["requests", "request_keys", "request_bodies"]) equal(await count(table, long), 4, table);
        for (const [workspaceId, left] of [[short, 2], [long, 4]] as const) {
          const [sums] = await raw`SELECT sum(requests)::int AS n FROM usage_days WHERE workspace_id = ${workspaceId}`;
          equal(sums?.["n"], left, "sums go with their rows");
        }
        deepEqual(await sweepWorkspace(db, short), { requests: 0, bodies: 0, auditEvents: 0 });
        equal((await inWorkspace(db, short, (sql) => sql("DELETE FROM audit_events RETURNING 1 AS one"))).length, 0);
      } finally {
        await raw.end();
      }
    });
  },
);

postgresTest("months far away are not made, and many instances may want the same month at once", async () => {
  await withServerLogin(async (db) => {
    for (const far of [Date.UTC(2000, 0, 1), Date.UTC(2100, 0, 1)]) {
      await rejects(createPartitions(db).ensure([far]), /out of range/);
    }
    const wanted = Date.now() - 300 * DAY_MS;
    await Promise.all(Array.from({ length: 8 }, () => createPartitions(db).ensure([wanted])));
    const made = await Promise.all(Array.from({ length: 6 }, () => createPartitions(db).ensureAhead(Date.now())));
    equal(made.reduce((sum, one) => sum + one, 0), 4);
    ok(monthOf(wanted).endsWith("-01"));
  });
});

postgresTest(
  "a month is made while somebody reads the table for long, as a backup does, and holds up nobody",
  async () => {
    await withServerLogin(async (db, urls) => {
      const reader = postgres(urls.admin, { max: 1 });
      try {
        await reader.begin(async (transaction) => {
          await transaction`SELECT count(*) FROM requests`;
          await createPartitions(db).ensure([Date.now() - 300 * DAY_MS]);
          const held = await transaction`SELECT mode FROM pg_locks WHERE pid = pg_backend_pid()
        AND relation = 'requests'::regclass`;
          deepEqual(held.map(({ mode }) => mode), ["AccessShareLock"], "the reader had the table all the time");
        });
        const months = await reader`
      SELECT c.relname::text AS name, (SELECT count(*)::int FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid
        WHERE x.indrelid = c.oid) AS attached
      FROM pg_inherits p JOIN pg_class c ON c.oid = p.inhrelid WHERE p.inhparent = 'requests'::regclass`;
        deepEqual(months.map(({ attached }) => attached), [1], "with the key that makes rows one of a kind");
      } finally {
        await reader.end();
      }
    });
  },
);
