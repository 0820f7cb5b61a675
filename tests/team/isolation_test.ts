/**
 * Two workspaces and a hostile one: what the server's own login can see with raw SQL, WHERE clauses left out, and what a token
 * or a session of one workspace can do to another over HTTP.
 */

import { deepStrictEqual as deepEqual, ok, rejects, strictEqual as equal } from "node:assert/strict";
import postgres from "postgres";
import { MIGRATIONS } from "../../src/team/migrations.ts";
import { postgresTest } from "./support/postgres.ts";
import {
  createPaired,
  endServed,
  envelope,
  join,
  linkIn,
  type Paired,
  pairMachine,
  row,
  runTeam,
  send,
  type Served,
  serveTeam,
} from "./support/server.ts";

interface Stage extends Served {
  readonly victim: Paired;
  readonly hostile: Paired;
  /** Wrecks its own workspace with raw SQL. */
  readonly vandal: Paired;
  readonly victimRow: Readonly<Record<string, unknown>>;
}

let stage: Stage | null = null;

const DAYS = { retention_days: "365", body_retention_days: "90", audit_retention_days: "365" };

async function onStage(): Promise<Stage> {
  if (stage !== null) return stage;
  const served = await serveTeam();
  const { place, server } = served;
  const victim = await createPaired(server, place, "victim");
  const hostile = await createPaired(server, place, "hostile");
  const vandal = await createPaired(server, place, "vandal");
  await victim.owner.submit("/settings", "/settings", { ...DAYS, store_prompt_content: "on" });
  await hostile.owner.submit("/settings", "/settings", { ...DAYS, store_prompt_content: "on" });
  const victimRow = row();
  const { base } = server;
  await send(base, "/v1/requests/batch", { schema: 1, machine_id: victim.machineId, rows: [victimRow] }, victim.token);
  const id = String(victimRow["request_id"]);
  equal(
    (await send(base, `/v1/requests/${id}/body`, envelope(id, "request", "secret of the victim"), victim.token)).status,
    204,
  );
  await send(base, "/v1/requests/batch", { schema: 1, machine_id: hostile.machineId, rows: [row()] }, hostile.token);
  stage = { ...served, victim, hostile, vandal, victimRow };
  return stage;
}

Deno.test.afterAll(() => endServed(stage));

/** Tables that hold something of a workspace; found in the schema, so that a new one is tested too. */
async function tablesOfWorkspaces(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql`
    SELECT c.relname::text AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
      AND a.attname = 'workspace_id' ORDER BY 1`;
  return ["workspaces", ...rows.map(({ name }) => String(name))];
}

postgresTest("row-level security shows a transaction its own workspace only, with every WHERE left out", async () => {
  const { urls, hostile } = await onStage();
  const sql = postgres(urls.server, { max: 1, onnotice: () => {} });
  try {
    const tables = await tablesOfWorkspaces(sql);
    ok(tables.length >= 10, `${tables}`);
    for (const table of tables) {
      const key = table === "workspaces" ? "id" : "workspace_id";
      const seen = async (workspace: string | null) => {
        return await sql.begin(async (transaction) => {
          if (workspace !== null) await transaction`SELECT set_config('app.workspace', ${workspace}, true)`;
          return (await transaction.unsafe(`SELECT DISTINCT ${key}::text AS id FROM ${table}`)).map(({ id }) => id);
        });
      };
      deepEqual(await seen(null), [], `${table} without a workspace`);
      deepEqual(await seen(crypto.randomUUID()), [], `${table} of nobody`);
      const holdsNothing = ["pairings", "request_bodies"].includes(table);
      deepEqual(await seen(hostile.workspaceId), holdsNothing ? [] : [hostile.workspaceId], table);
    }
  } finally {
    await sql.end();
  }
});

postgresTest(
  "row-level security lets no transaction write, change, delete or lock rows of another workspace",
  async () => {
    const { urls, victim, vandal, victimRow } = await onStage();
    const sql = postgres(urls.server, { max: 1, onnotice: () => {} });
    const owner = postgres(urls.admin, { max: 1 });
    const asVandal = (text: string) => {
      return sql.begin(async (transaction) => {
        await transaction`SELECT set_config('app.workspace', ${vandal.workspaceId}, true)`;
        return await transaction.unsafe(text);
      });
    };
    const fingerprint = async () => {
      const found: unknown[] = [];
      for (const table of await tablesOfWorkspaces(owner)) {
        const key = table === "workspaces" ? "id" : "workspace_id";
        found.push(
          await owner.unsafe(
            `SELECT md5(string_agg(t::text, '' ORDER BY t::text)) AS sum FROM ${table} t WHERE ${key} = $1`,
            [
              victim.workspaceId,
            ],
          ),
        );
      }
      return JSON.stringify(found);
    };
    try {
      const before = await fingerprint();
      for (
        const statement of [
          "UPDATE workspaces SET store_prompt_content = true, retention_days = 7",
          "UPDATE members SET role = 'owner'",
          "UPDATE tokens SET revoked_at = NULL",
          "UPDATE requests SET project = 'x'",
          "UPDATE request_keys SET revision = 99",
          "UPDATE usage_days SET requests = 99",
          "DELETE FROM usage_days",
          "UPDATE request_bodies SET redaction_applied = true",
          "DELETE FROM request_bodies",
          "DELETE FROM requests",
          "DELETE FROM request_keys",
          "DELETE FROM sessions",
          "DELETE FROM audit_events",
          "SELECT * FROM requests FOR UPDATE",
        ]
      ) await asVandal(statement);
      equal(await fingerprint(), before);
      const planted =
        `INSERT INTO request_keys VALUES ('${victim.workspaceId}', gen_random_uuid(), gen_random_uuid(), now(), 1)`;
      await rejects(asVandal(planted), /row-level security/);
      const moved = `UPDATE devices SET workspace_id = '${victim.workspaceId}'`;
      await rejects(asVandal(moved), /row-level security|violates/);
      // An id that the victim has already sent is free for another workspace, and tells nothing.
      const same = await asVandal(
        `INSERT INTO request_keys VALUES ('${vandal.workspaceId}', '${
          victimRow["request_id"]
        }', gen_random_uuid(), now(), 1)
       ON CONFLICT DO NOTHING RETURNING request_id`,
      );
      equal(same.length, 1);
      equal(await fingerprint(), before);
    } finally {
      await sql.end();
      await owner.end();
    }
  },
);

postgresTest(
  "the server's login owns nothing, cannot turn the policies off, and cannot reach a partition past them",
  async () => {
    const { urls } = await onStage();
    const sql = postgres(urls.server, { max: 1, onnotice: () => {} });
    try {
      for (
        const statement of [
          "ALTER TABLE requests DISABLE ROW LEVEL SECURITY",
          "ALTER TABLE requests NO FORCE ROW LEVEL SECURITY",
          "DROP POLICY confined ON requests",
          "CREATE TABLE mine (a int)",
          "SET ROLE owner",
          "TRUNCATE requests",
          "UPDATE audit_events SET event = 'nothing'",
          "UPDATE team_schema SET version = 99",
          `SELECT * FROM requests_${new Date().toISOString().slice(0, 7).replace("-", "_")}`,
          "SELECT * FROM pg_authid",
        ]
      ) await rejects(sql.unsafe(statement), /permission denied|must be owner|must be member/, statement);
      await rejects(
        sql.begin((t) => t.unsafe("SET LOCAL row_security = off; SELECT * FROM requests")),
        /row-level security/,
      );
      const open = await sql`
      SELECT relname::text AS name FROM pg_class
      WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
        AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY 1`;
      deepEqual(open.map(({ name }) => name), ["rate_limits", "team_schema"], "only these hold nothing of a workspace");
    } finally {
      await sql.end();
    }
  },
);

postgresTest("the server refuses to run as a role that row-level security does not bind", async () => {
  const { urls } = await onStage();
  const { code, err } = await runTeam(["serve", "--port", "0"], { env: { DATABASE_URL: urls.owner }, args: [] });
  equal(code, 1);
  ok(err.includes("may see past row-level security"), err);
});

postgresTest("a token of another workspace reads, writes and counts nothing of the victim's", async () => {
  const { server: { base }, victim, hostile, victimRow } = await onStage();
  const id = String(victimRow["request_id"]);
  const made = await hostile.owner.submit("/settings", "/settings/tokens", {});
  const admin = /hm_sync_[\w-]+/.exec(made.text)?.[0] ?? "";
  ok(admin !== "");
  const absent = crypto.randomUUID();
  for (const token of [hostile.token, admin]) {
    const sent = await send(base, `/v1/requests/${id}/body`, envelope(id, "request", "overwritten"), token);
    const none = await send(base, `/v1/requests/${absent}/body`, envelope(absent, "request", "overwritten"), token);
    equal(sent.status, 404);
    deepEqual(sent.json, none.json, "a foreign request and none are the same");
  }
  const shown = await send(base, `/v1/requests/${id}/body`, null, admin, "GET");
  deepEqual([shown.status, shown.json], [
    404,
    (await send(base, `/v1/requests/${absent}/body`, null, admin, "GET")).json,
  ]);
  const total = await send(base, "/v1/workspace/totals?by=member", null, admin, "GET");
  equal((total.json["total"] as { requests: number }).requests, 1);
  const asVictim = { schema: 1, machine_id: victim.machineId, rows: [row()] };
  equal((await send(base, "/v1/requests/batch", asVictim, hostile.token)).status, 403);
  const own = { ...victimRow, project: "taken" };
  const again = { schema: 1, machine_id: hostile.machineId, rows: [{ ...own, revision: 5 }] };
  deepEqual((await send(base, "/v1/requests/batch", again, hostile.token)).json, {
    accepted: 1,
    duplicates: 0,
    rejected: [],
  });
  const days = [{
    date: new Date().toISOString().slice(0, 10),
    requests: 0,
    cost_usd_pico: "0",
    prompt_tokens: 0,
    completion_tokens: 0,
  }];
  equal(
    (await send(base, "/v1/reconciliation/daemon-totals", { machine_id: victim.machineId, days }, hostile.token))
      .status,
    403,
  );
});

postgresTest("a session of another workspace sees and changes nothing of the victim's", async () => {
  const { server, victim, hostile, victimRow, urls } = await onStage();
  const sql = postgres(urls.admin, { max: 1 });
  try {
    const [member] = await sql`SELECT id::text FROM members WHERE workspace_id = ${victim.workspaceId}`;
    const [device] = await sql`SELECT id::text FROM devices WHERE workspace_id = ${victim.workspaceId}`;
    equal((await hostile.owner.get(`/requests/${victimRow["request_id"]}`)).status, 404);
    const removed = await hostile.owner.submit("/devices", `/devices/${device?.["id"]}/remove`, {});
    equal(removed.status, 404);
    for (const change of ["role", "remove", "reset"]) {
      const answer = await hostile.owner.submit("/members", `/members/${member?.["id"]}/${change}`, { role: "member" });
      ok([403, 404].includes(answer.status), `${change}: ${answer.status}`);
    }
    for (const path of ["/", "/requests", "/devices", "/members", "/audit"]) {
      const { text } = await hostile.owner.get(path);
      equal(text.includes(victim.machineId) || text.includes("victim"), false, path);
    }
    equal((await send(server.base, "/v1/daemon/whoami", null, victim.token, "GET")).status, 200);
  } finally {
    await sql.end();
  }
});

postgresTest("a member of the victim's workspace cannot change another member's rows or read its bodies", async () => {
  const { server: { base }, victim, victimRow } = await onStage();
  const invited = await victim.owner.submit("/members", "/members/invite", { role: "member" });
  const member = await join(base, linkIn(invited.text), "Mia Member");
  const { token } = await pairMachine(base, member);
  const id = String(victimRow["request_id"]);
  equal((await member.get(`/requests/${id}`)).status, 404);
  equal((await send(base, `/v1/requests/${id}/body`, envelope(id, "request", "overwritten"), token)).status, 404);
  for (const path of ["/settings", "/audit"]) equal((await member.get(path)).status, 403);
  equal((await member.submit("/members", "/members/invite", { role: "owner" })).status, 403);
  const seen = await victim.owner.get(`/requests/${id}`);
  equal(seen.status, 200);
  ok(seen.text.includes("secret of the victim"));
  ok((await victim.owner.get("/audit")).text.includes("body.viewed"));
});

Deno.test("every table of a workspace is confined by a policy in the text of its migration", () => {
  const text = MIGRATIONS.map(({ sql }) => sql).join("\n");
  for (const [, table] of text.matchAll(/CREATE TABLE (\w+) \(/g)) {
    ok(text.includes(`ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`), table);
  }
});
