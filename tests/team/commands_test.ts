/** The program from its command line: help, wrong usage, migrations, the trial database, stopping, several instances. */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import postgres from "postgres";
import { NEWEST } from "../../src/team/migrate.ts";
import { postgresTest, startCluster } from "./support/postgres.ts";
import {
  createPaired,
  join,
  onPostgres,
  pairMachine,
  type Place,
  row,
  ROW_COST_PICO,
  runTeam,
  send,
  startTeam,
} from "./support/server.ts";

const NOWHERE: Place = { env: {}, args: [] };

Deno.test("halton-meter-team shows its help and version, and tells wrong usage by exit code 2", async () => {
  const help = await runTeam(["--help"], NOWHERE);
  equal(help.code, 0);
  for (const command of ["serve", "migrate", "workspace", "invite"]) ok(help.out.includes(command), command);
  match((await runTeam(["--version"], NOWHERE)).out, /^halton-meter-team \d+\.\d+\.\d+\n$/);
  equal((await runTeam(["no-such-command"], NOWHERE)).code, 2);
  equal((await runTeam(["serve", "--port", "x"], NOWHERE)).code, 2);
});

Deno.test("halton-meter-team says what is missing, in one sentence and one instruction", async () => {
  const { code, err } = await runTeam(["serve"], NOWHERE);
  equal(code, 1);
  match(err, /^halton-meter-team: Cannot open the database: DATABASE_URL is not set\n {2}Set it, or pass --data-dir/);
  const wrong = await runTeam(["serve"], { env: { DATABASE_URL: "mysql://x" }, args: [] });
  ok(wrong.err.includes("not a PostgreSQL URL"), wrong.err);
  const plain = {
    env: { DATABASE_URL: "postgresql://x@127.0.0.1:1/x", HALTON_METER_PUBLIC_URL: "http://meter.example.com" },
    args: [],
  };
  ok((await runTeam(["serve"], plain)).err.includes("plain HTTP"));
});

Deno.test("halton-meter-team --data-dir: a whole trial on the embedded database, kept over a restart", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "hm-team-" });
  const place: Place = { env: {}, args: ["--data-dir", `${folder}/data`] };
  try {
    const made = await runTeam(["workspace", "create", "acme"], place);
    equal(made.code, 0, made.err);
    const first = await startTeam(place);
    const owner = await join(first.base, /\/invite\/[\w-]+/.exec(made.out)?.[0] ?? "", "Ada");
    const { token, machineId } = await pairMachine(first.base, owner);
    const batch = { schema: 1, machine_id: machineId, rows: [row(), row()] };
    deepEqual((await send(first.base, "/v1/requests/batch", batch, token)).json, {
      accepted: 2,
      duplicates: 0,
      rejected: [],
    });
    const second = await runTeam(["invite", "acme"], place);
    equal(second.code, 1);
    ok(second.err.includes("another process has it open"), second.err);
    equal(await first.stop(), 0);
    const again = await startTeam(place);
    deepEqual((await send(again.base, "/v1/requests/batch", batch, token)).json, {
      accepted: 0,
      duplicates: 2,
      rejected: [],
    });
    const days = [{
      date: String(batch.rows[0]?.["timestamp"]).slice(0, 10),
      requests: 2,
      cost_usd_pico: "2",
      prompt_tokens: 2_400,
      completion_tokens: 1_700,
    }];
    const told = await send(again.base, "/v1/reconciliation/daemon-totals", { machine_id: machineId, days }, token);
    const [day] = told.json["days"] as { server: { cost_usd_pico: string } }[];
    equal(day?.server.cost_usd_pico, String(2n * ROW_COST_PICO));
    equal(await again.stop(), 0);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

postgresTest("migrate prepares a database once, refuses a newer one, and serve asks for it", async () => {
  const cluster = await startCluster();
  const urls = await cluster.database();
  const place = onPostgres(urls);
  try {
    const owner = { env: { DATABASE_URL: urls.owner }, args: [] };
    ok((await runTeam(["serve"], owner)).err.includes("Run halton-meter-team migrate first"));
    const both = await Promise.all([runTeam(["migrate"], place), runTeam(["migrate"], place)]);
    deepEqual(both.map(({ code }) => code), [0, 0], both.map(({ err }) => err).join(""));
    equal((await runTeam(["migrate"], place)).out, `Schema version ${NEWEST}, nothing to do\n`);
    const sql = postgres(urls.admin, { max: 1 });
    const [login] =
      await sql`SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = 'meter_server'`;
    deepEqual({ ...login }, { rolsuper: false, rolbypassrls: false, rolcreaterole: false });
    await sql`INSERT INTO team_schema VALUES (99, now())`;
    await sql.end();
    for (const command of ["migrate", "serve"]) {
      ok((await runTeam([command], place)).err.includes(`newer than ${NEWEST}`), command);
    }
  } finally {
    await cluster.stop();
  }
});

postgresTest(
  "several instances share a database; a stopping one finishes, ends its waiting polls, and is not ready",
  async () => {
    const cluster = await startCluster();
    const place = onPostgres(await cluster.database());
    try {
      await runTeam(["migrate"], place);
      const [one, two] = await Promise.all([startTeam(place), startTeam(place)]);
      const paired = await createPaired(one, place, "acme");
      const batch = { schema: 1, machine_id: paired.machineId, rows: Array.from({ length: 100 }, () => row()) };
      const twice = await Promise.all(
        [one, two, one, two].map(({ base }) => send(base, "/v1/requests/batch", batch, paired.token)),
      );
      const total = (name: string) => twice.reduce((sum, { json }) => sum + Number(json[name]), 0);
      deepEqual([total("accepted"), total("duplicates")], [100, 300]);
      equal((await send(two.base, "/readyz", null, null, "GET")).status, 200);
      equal((await send(two.base, "/healthz", null, null, "GET")).status, 200);
      const { json } = await send(two.base, "/v1/pairing/start", { machine_id: crypto.randomUUID(), version: "0.1.0" });
      const poll = send(two.base, "/v1/pairing/poll", { code: json["code"], poll_token: json["poll_token"] });
      await new Promise((resolve) => setTimeout(resolve, 50));
      const stopped = two.stop();
      equal((await poll).json["status"], "pending");
      equal(await stopped, 0);
      match(two.log.at(-1) ?? "", /server.stopped/);
      await one.stop();
    } finally {
      await cluster.stop();
    }
  },
);

postgresTest("while the database is away the server answers 503 and comes back by itself", async () => {
  const cluster = await startCluster();
  const place = onPostgres(await cluster.database());
  try {
    await runTeam(["migrate"], place);
    const server = await startTeam(place);
    const paired = await createPaired(server, place, "acme");
    const batch = { schema: 1, machine_id: paired.machineId, rows: [row()] };
    await cluster.restart(async () => {
      const away = await send(server.base, "/v1/requests/batch", batch, paired.token);
      equal(away.status, 503);
      match(away.headers.get("retry-after") ?? "", /^\d+$/);
      equal((await send(server.base, "/readyz", null, null, "GET")).status, 503);
      equal((await send(server.base, "/healthz", null, null, "GET")).status, 200);
    });
    deepEqual((await send(server.base, "/v1/requests/batch", batch, paired.token)).json, {
      accepted: 1,
      duplicates: 0,
      rejected: [],
    });
    equal(await server.stop(), 0);
  } finally {
    await cluster.stop();
  }
});

postgresTest(
  "a server answers while its first sweep still runs, and is not ready while the database does not answer",
  async () => {
    const cluster = await startCluster();
    const urls = await cluster.database();
    const place = onPostgres(urls);
    const sql = postgres(urls.admin, { max: 1 });
    try {
      await runTeam(["migrate"], place);
      await runTeam(["workspace", "create", "acme"], place);
      await sql`UPDATE workspaces SET swept_at = now() - interval '2 days'`;
      await sql.begin(async (transaction) => {
        await transaction`LOCK TABLE audit_events, team_schema IN SHARE MODE`;
        const server = await startTeam(place);
        equal(/retention.swept|upkeep.failed/.test(server.log.join("")), false, "the sweep waits for the lock");
        equal((await send(server.base, "/readyz", null, null, "GET")).status, 200);
        await transaction`LOCK TABLE team_schema IN ACCESS EXCLUSIVE MODE`;
        equal((await send(server.base, "/readyz", null, null, "GET")).status, 503);
        await server.kill();
      });
    } finally {
      await sql.end();
      await cluster.stop();
    }
  },
);
