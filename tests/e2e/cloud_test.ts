/**
 * A real daemon, a real team server on a real PostgreSQL, and a line between them that writes down everything that is sent.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import postgres from "postgres";
import { readBodies } from "../../src/store/bodies.ts";
import { openForWriting, openReadOnly } from "../../src/store/database.ts";
import { body, row, writerOf } from "../store/sample.ts";
import { type Cluster, postgresTest, startCluster } from "../team/support/postgres.ts";
import {
  join,
  linkIn,
  onPostgres,
  type Person,
  type Place,
  runTeam,
  startTeam,
  type TeamProcess,
} from "../team/support/server.ts";
import { anthropicEvents, eventStream } from "./support/answers.ts";
import { type FlakyLink, flakyLink, type SeenRequest } from "./support/flaky_link.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { until } from "./support/program.ts";
import { startProvider } from "./support/provider.ts";
import { messagesRequest, oneCall } from "./support/raw_client.ts";

/** A pass begins at most this long after the one before, and a busy machine takes its time. */
const SYNC_MS = 40_000;

interface Stage {
  readonly cluster: Cluster;
  readonly place: Place;
  readonly server: TeamProcess;
  readonly adminUrl: string;
}

let stage: Stage | null = null;
let workspaces = 0;

async function onStage(): Promise<Stage> {
  if (stage !== null) return stage;
  const cluster = await startCluster();
  const urls = await cluster.database();
  const place = onPostgres(urls);
  const { code, err } = await runTeam(["migrate"], place);
  equal(code, 0, err);
  stage = { cluster, place, server: await startTeam(place), adminUrl: urls.admin };
  return stage;
}

Deno.test.afterAll(async () => {
  await stage?.server.stop();
  await stage?.cluster.stop();
});

/** A meter with calls to make, and a workspace of its own. */
interface World {
  readonly meter: Meter;
  readonly link: FlakyLink;
  readonly owner: Person;
  call(content: string): Promise<void>;
  /** Pairs, approved by the owner. */
  connect(): Promise<void>;
  good(...args: string[]): Promise<string>;
  status(): Promise<Record<string, unknown>>;
  /** Waits until nothing waits any more. */
  synced(): Promise<void>;
  /** Whether the workspace keeps bodies. */
  keepBodies(on: boolean): Promise<void>;
  /** Rows of a query on the server's database. */
  query(sql: string, ...values: string[]): Promise<readonly Record<string, unknown>[]>;
  local<T>(work: (db: NonNullable<ReturnType<typeof openReadOnly>>) => T): T;
}

async function withWorld(test: (world: World) => Promise<void>): Promise<void> {
  const { server, place, adminUrl } = await onStage();
  const slug = `team-${++workspaces}`;
  const created = await runTeam(["workspace", "create", slug, "--name", slug], place);
  equal(created.code, 0, created.err);
  const owner = await join(server.base, linkIn(created.out), "Olga Owner");
  const link = flakyLink(server.base);
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
  const provider = await startProvider({
    host: "api.anthropic.com",
    answer: () => eventStream(anthropicEvents(crypto.randomUUID()), 1),
  });
  try {
    await withMeter({ providers: [provider], edge: false }, async (meter) => {
      await test(worldOf(meter, link, owner, (text, values) => sql.unsafe(text, values)));
    });
  } finally {
    await provider.stop();
    await sql.end();
    await link.close();
  }
}

function worldOf(
  meter: Meter,
  link: FlakyLink,
  owner: Person,
  query: (sql: string, values: string[]) => Promise<readonly Record<string, unknown>[]>,
): World {
  async function good(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await meter.command(args);
    equal(code, 0, `${args.join(" ")}: ${stderr}${stdout}`);
    return stdout;
  }
  const status = async () => JSON.parse(await good("cloud", "status", "--json"));
  return {
    meter,
    link,
    owner,
    good,
    status,
    async call(content) {
      const port = meter.ports().edge?.port ?? meter.edgePort;
      const before = meter.rows().length;
      const request = messagesRequest({ messages: [{ role: "user", content }] });
      await oneCall(port, [await Deno.readTextFile(meter.caFile)], request);
      await meter.waitForRows(before + 1);
    },
    async connect() {
      const running = meter.start(["cloud", "connect", "--url", link.url]);
      const code = await until("a pairing code", () => /Pairing code: (\S+)/.exec(running.stdout)?.[1] ?? null, 20_000);
      const approved = await owner.submit(`/connect?code=${code}`, "/connect", { code, decision: "approve" });
      equal(approved.status, 200, approved.text);
      const { code: exit, stderr } = await running.finished;
      equal(exit, 0, stderr);
    },
    async synced() {
      await until("everything to be sent", async () => {
        const found = await status();
        return found["unsynced_rows"] === 0 && found["last_error"] === null;
      }, SYNC_MS);
    },
    async keepBodies(on) {
      const days = { retention_days: "365", body_retention_days: "90", audit_retention_days: "365" };
      const fields = on ? { ...days, store_prompt_content: "on" } : days;
      equal((await owner.submit("/settings", "/settings", fields)).status, 303);
    },
    query: (sql, ...values) => query(sql, values),
    local(work) {
      const db = openReadOnly(meter.database);
      if (db === null) throw new Error("There is no database");
      try {
        return work(db);
      } finally {
        db.close();
      }
    },
  };
}

/** A call as the recorder would have written it, by a meter that does not run. @returns its id. */
function recordCall(meter: Meter, text: string): string {
  const db = openForWriting(meter.database, { now: Date.now() });
  try {
    const call = row({ requestedAt: Date.now() });
    const writer = writerOf(db);
    writer.record(call, [body({ text }), body({ direction: "response", text })]);
    writer.flush();
    return call.id;
  } finally {
    db.close();
  }
}

/** What went over the line, unpacked. */
function textOf({ body, fields }: SeenRequest): string {
  return new TextDecoder().decode(fields.get("content-encoding") === "gzip" ? gunzipSync(body) : body);
}

/** Cost and count of what the server has of one machine. */
async function totalsOf(world: World): Promise<unknown[]> {
  const { machine_id } = await world.status();
  const [row] = await world.query(
    `SELECT count(*)::int AS calls, sum(cost_pico)::text AS cost, sum(reported_cost_pico)::text AS reported
     FROM requests r JOIN devices d ON d.workspace_id = r.workspace_id AND d.id = r.device_id
     WHERE d.machine_id = $1::text::uuid AND duplicate_of IS NULL`,
    String(machine_id),
  );
  return [row?.["calls"], row?.["cost"], row?.["reported"]];
}

postgresTest(
  "C1 D7 a paired daemon shares what it records from then on, and the totals are the local ones",
  async () => {
    await withWorld(async (world) => {
      const { link, call, connect, good, local, synced, status } = world;
      await call("CANARY before the pairing");
      await call("CANARY before the pairing");
      await connect();
      equal((await status())["not_shared_rows"], 2);
      for (let number = 0; number < 3; number++) await call(`CANARY sentence ${number}`);
      await synced();
      await until("all three", async () => (await totalsOf(world))[0] === 3, SYNC_MS);
      const cost = BigInt(
        local((db) => String(db.prepare("SELECT sum(cost_pico) AS cost FROM requests WHERE seq > 2").get()?.["cost"])),
      );
      ok(cost > 0n);
      deepEqual(
        await totalsOf(world),
        [3, String(cost), String(cost)],
        "the server computes the same by its own rates",
      );
      match(await good("cloud", "reconcile"), /3 calls +\S+ +agrees\n$/);
      const sent = link.seen.map(textOf).join("\n");
      equal(sent.includes("CANARY"), false, "no prompt goes over the line");
      equal(sent.includes("max_tokens"), false);
      const { roles, connections } = JSON.parse(await good("connections", "--json"));
      const sync = roles.find(({ role }: { role: string }) => role === "sync");
      deepEqual(sync.may_connect, [`127.0.0.1:${link.port}`]);
      const own = connections.filter(({ role }: { role: string }) => role === "sync");
      deepEqual(own.map((each: Record<string, unknown>) => [each["destination"], each["allowed_by"]]), [
        [`127.0.0.1:${link.port}`, "cloud.base_url"],
      ]);

      await good("pricing", "set", "anthropic", "claude-opus-5", "--input", "1", "--output", "1");
      await good("pricing", "reprice");
      await good("cloud", "sync");
      await synced();
      const [, computed, reported] = await totalsOf(world);
      equal(computed, String(cost), "its own rates are as they were");
      ok(reported !== String(cost), "what this machine says has changed");
      match(await good("cloud", "reconcile"), /3 calls +\S+ +agrees\n$/);
      deepEqual(
        (await world.query(
          "SELECT DISTINCT revision FROM requests r JOIN devices d ON d.id = r.device_id" +
            " WHERE d.machine_id = $1::text::uuid",
          String((await status())["machine_id"]),
        )).map(({ revision }) => revision),
        [2],
      );
    });
  },
);

postgresTest(
  "cloud reconcile --resend gives a server that was restored from a backup what it lost, and nothing twice",
  async () => {
    await withWorld(async (world) => {
      const { call, connect, good, meter, query, status, synced } = world;
      await connect();
      await call("before the backup");
      await synced();
      const own = `WHERE device_id IN (SELECT id FROM devices WHERE machine_id = '${(await status())["machine_id"]}')`;
      const tables = ["requests", "request_keys", "usage_days"];
      for (const table of tables) await query(`CREATE TABLE backup_${table} AS SELECT * FROM ${table} ${own}`);
      await call("after the backup");
      await call("after the backup");
      await synced();
      await until("all three", async () => (await totalsOf(world))[0] === 3, SYNC_MS);
      const whole = await totalsOf(world);
      for (const table of tables) {
        await query(`DELETE FROM ${table} ${own}`);
        await query(`INSERT INTO ${table} SELECT * FROM backup_${table}`);
        await query(`DROP TABLE backup_${table}`);
      }
      const differs = await meter.command(["cloud", "reconcile", "--resend"]);
      equal(differs.code, 4, differs.stderr);
      match(differs.stdout, /3 calls +\S+ +differs: the server has 1 call\n3 rows of these days will be sent again/);
      await good("cloud", "sync");
      await synced();
      match(await good("cloud", "reconcile"), /3 calls +\S+ +agrees\n$/);
      deepEqual(await totalsOf(world), whole);
    });
  },
);

postgresTest(
  "C5 C6 C8 C10 C11 a body is stored only with both switches on, as the redacted text on this machine",
  async () => {
    await withWorld(async (world) => {
      const { link, call, connect, good, keepBodies, local, meter, query } = world;
      const secret = "AKIAIOSFODNN7EXAMPLQ";
      await connect();
      const bodiesOnServer = async () => {
        return await query(
          `SELECT b.request_id::text, convert_from(b.request_text, 'UTF8') AS request,
           convert_from(b.response_text, 'UTF8') AS response, b.redaction_applied AS applied
         FROM request_bodies b JOIN request_keys k ON k.workspace_id = b.workspace_id AND k.request_id = b.request_id
         JOIN devices d ON d.id = k.device_id WHERE d.machine_id = $1::text::uuid`,
          String((await world.status())["machine_id"]),
        );
      };
      const posts = () => link.seen.filter(({ path }) => path.endsWith("/body")).length;

      await keepBodies(true);
      await call(`CANARY server only ${secret}`);
      await good("cloud", "sync");
      deepEqual([posts(), (await bodiesOnServer()).length], [0, 0], "the server's switch alone");

      await keepBodies(false);
      await good("cloud", "privacy", "set", "body-sync", "on");
      await meter.stop(); // So that the lines are those of the command.
      const second = recordCall(meter, `CANARY daemon only [REDACTED:aws-access-key]`);
      const lines = await good("cloud", "sync");
      const line = `● POST /v1/requests/${second}/body → 200 {stored: false, reason: store_prompt_content_disabled}\n`;
      equal(
        lines,
        `● POST /v1/requests/batch → 200 {accepted: 1, duplicates: 0, rejected: 0}\n${line}${line}1 row and 2 bodies sent\n`,
      );
      equal(posts(), 2);
      await meter.startDaemon();
      equal((await bodiesOnServer()).length, 0, "the daemon's switch alone");

      await keepBodies(true);
      await call(`CANARY both ${secret}`);
      const third = meter.rows().at(-1)?.id ?? "";
      await until("both directions", async () => {
        const [stored] = await bodiesOnServer();
        return stored !== undefined && stored["request"] !== null && stored["response"] !== null;
      }, SYNC_MS);
      const stored = await bodiesOnServer();
      const [request, response] = local((db) => readBodies(db, third));
      deepEqual(stored.map((each) => ({ ...each })), [
        { request_id: third, request: request?.text, response: response?.text, applied: true },
      ]);
      match(String(stored[0]?.["request"]), /CANARY both \[REDACTED:aws-access-key/);
      const sent = link.seen.map(textOf).join("\n");
      equal(sent.includes("CANARY server only"), false);
      for (const seen of link.seen.filter(({ path }) => path.endsWith("/body"))) {
        const envelope = JSON.parse(textOf(seen));
        equal(atob(envelope.body_b64).includes(secret), false, "redacted before it was sent");
      }
    });
  },
);

postgresTest(
  "A daemon stops and starts to share without a restart, and goes on when the server comes back",
  async () => {
    await withWorld(async (world) => {
      const { meter, link, call, connect, good, synced, status } = world;
      const syncRuns = async () => "sync" in ((await meter.status()).status.daemon?.roles ?? {});
      const before = (await meter.status()).status.daemon?.pid;
      equal(await syncRuns(), false, "nothing is there before a pairing");
      await connect();
      equal(await syncRuns(), true);
      await call("one");
      await synced();

      await good("cloud", "pause");
      await until("the role to be gone", async () => !await syncRuns());
      const seen = link.seen.length;
      await call("two");
      equal(link.seen.length, seen);
      await good("cloud", "resume");
      await synced();

      link.setFaults(() => ({ kind: "answer", status: 503, fields: { "retry-after": "1" } }));
      await call("three");
      await until("the failure to be known", async () => (await status())["state"] === "DEGRADED", SYNC_MS);
      const problems = (await meter.status()).status.problems.join("\n");
      match(problems, /Sync with the paired server fails: the server answered 503/);
      link.setFaults(() => ({ kind: "pass" }));
      await synced();
      deepEqual((await totalsOf(world))[0], 3);

      await world.query(
        `UPDATE tokens SET revoked_at = now() WHERE device_id = (SELECT id FROM devices WHERE machine_id = $1::text::uuid)`,
        String((await status())["machine_id"]),
      );
      await call("four");
      await until("the pause", async () => (await status())["paused_reason"] === "paused_unauthorised", SYNC_MS);
      await until("the role to be gone", async () => !await syncRuns());
      await connect();
      await synced();
      deepEqual((await totalsOf(world))[0], 4, "what waited is not lost");

      await good("cloud", "disconnect");
      await until("the role to be gone", async () => !await syncRuns());
      equal((await meter.status()).status.daemon?.pid, before);
      const { connections, problems: none } = JSON.parse(await good("connections", "--json"));
      const [place, ...others] = connections.filter(({ role }: { role: string }) => role === "sync");
      deepEqual(
        [place?.destination, others],
        [`127.0.0.1:${link.port}`, []],
        "also what roles that have ended connected to",
      );
      ok(place?.connections >= 4, String(place?.connections));
      equal(JSON.stringify(none).includes("sync"), false, "and that they have ended is no problem");
      const log = await Deno.readTextFile(`${meter.home}/daemon.err.log`);
      equal(log.includes("hm_sync"), false);
      match(log, /"event":"cloud\.sync\.sent"/);
    });
  },
);
