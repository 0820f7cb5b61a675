/** What the pool leaves behind in its sessions, which a pooler in transaction mode hands to others. */

import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import { enterWorkspace, presentSecret } from "../../src/team/database.ts";
import { openPostgres } from "../../src/team/postgres.ts";
import { postgresTest, startCluster } from "./support/postgres.ts";

Deno.test("openPostgres() refuses what is no PostgreSQL URL", () => {
  throws(() => openPostgres("mysql://127.0.0.1/x"), /not a PostgreSQL URL/);
});

postgresTest(
  "openPostgres() keeps nothing in a session after a transaction: no workspace, secret or statement",
  async () => {
    const cluster = await startCluster();
    const db = openPostgres((await cluster.database()).owner, 1);
    try {
      const workspace = crypto.randomUUID();
      await db.transaction(async (sql) => {
        await presentSecret(sql, "ab");
        await enterWorkspace(sql, workspace);
        const [within] = await sql("SELECT current_setting('app.workspace') AS workspace");
        equal(within?.["workspace"], workspace);
      });
      const [left] = await db.transaction((sql) =>
        sql(
          `SELECT coalesce(current_setting('app.workspace', true), '') AS workspace,
           coalesce(current_setting('app.secret', true), '') AS secret,
           (SELECT count(*)::int FROM pg_prepared_statements) AS statements`,
        )
      );
      deepEqual({ ...left }, { workspace: "", secret: "", statements: 0 });
    } finally {
      await db.close();
      await cluster.stop();
    }
  },
);
