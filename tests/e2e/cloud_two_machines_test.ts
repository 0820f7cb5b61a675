/**
 * Two machines and one workspace: what the server has is what the machines recorded, whatever the lines and the processes go
 * through.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { syncCounts } from "../../src/store/cloud_pending.ts";
import { postgresTest } from "../team/support/postgres.ts";
import { type Machine, type Team, withTeam } from "./support/cloud_machines.ts";
import { localSums, recordMany, serverSums, serverSumsSql } from "./support/cloud_rows.ts";
import type { Fault, Faults, SeenRequest } from "./support/flaky_link.ts";
import { until } from "./support/program.ts";

/** On each machine. */
const ROWS = 20_000;

/** Two years ahead: the clock of the server, or of what stands before it. */
const SKEWED = Date.now() + 2 * 365 * 86_400_000;

/** A slow machine gets time; nothing is measured by it. */
const SYNC_MS = 240_000;

/** One of each kind, in turn. */
const FAULTS: readonly Fault[] = [
  { kind: "drop after" },
  { kind: "twice" },
  { kind: "cut" },
  { kind: "drop before" },
  { kind: "answer", status: 429, fields: { "retry-after": "1" } },
  { kind: "slow", ms: 150 },
  { kind: "garbage" },
  { kind: "answer", status: 503, fields: { "retry-after": "0" } },
  {
    kind: "answer",
    status: 429,
    fields: { date: new Date(SKEWED).toUTCString(), "retry-after": new Date(SKEWED + 1_000).toUTCString() },
  },
  { kind: "answer", status: 500, body: "<html>Oops</html>" },
];

/** Every third batch meets a fault. `event` is told each batch's number, from 1, when it has left the machine. */
function everyThird(event: (number: number) => void): Faults {
  let batches = 0;
  return (_number, path) => {
    if (path !== "/v1/requests/batch") return { kind: "pass" };
    event(++batches);
    return (batches % 3 === 0 ? FAULTS[batches / 3 % FAULTS.length] : undefined) ?? { kind: "pass" };
  };
}

/** What went over the line, unpacked. */
function textOf({ body, fields }: SeenRequest): string {
  return new TextDecoder().decode(fields.get("content-encoding") === "gzip" ? gunzipSync(body) : body);
}

/** Runs `cloud sync` until one of them has sent everything. */
async function syncByHand({ meter }: Machine): Promise<void> {
  await until("cloud sync to end well", async () => {
    const { code, stderr } = await meter.command(["cloud", "sync"]);
    if (code !== 0) match(stderr, /^halton-meter: Cannot sync: /);
    return code === 0;
  }, SYNC_MS);
}

/** Waits until the daemon has sent everything. */
async function syncedBy({ local }: Machine): Promise<void> {
  await until("the daemon to have sent everything", async () => {
    await new Promise((resolve) => setTimeout(resolve, 250));
    return local((db) => syncCounts(db).waiting === 0);
  }, SYNC_MS);
}

/** Every row is there once, and every sum is the local one. */
async function assertSame({ query }: Team, { local }: Machine, machineId: string): Promise<void> {
  const ids = await query(
    `SELECT request_id::text AS id, r.revision FROM requests r JOIN devices d ON d.id = r.device_id
     WHERE d.machine_id = $1::text::uuid ORDER BY 1`,
    machineId,
  );
  const lines = (rows: readonly Readonly<Record<string, unknown>>[]) =>
    rows.map(({ id, revision }) => `${id} ${revision}`).join("\n");
  const own = local((db) => db.prepare("SELECT id, revision FROM requests ORDER BY 1").all());
  equal(own.length, ROWS);
  ok(lines(ids) === lines(own), "the same rows in the same revisions, each once");
  const sums = local(localSums);
  for (const cost of ["cost_pico", "reported_cost_pico"] as const) {
    deepEqual(serverSums(await query(serverSumsSql(cost), machineId)), sums);
  }
  const [days] = await query(
    `SELECT sum(requests)::text AS calls, sum(priced)::text AS priced, sum(u.cost_pico)::text AS cost,
       sum(prompt_tokens)::text AS prompt, sum(completion_tokens)::text AS completion
     FROM usage_days u JOIN devices d ON d.id = u.device_id WHERE d.machine_id = $1::text::uuid`,
    machineId,
  );
  const counted = local((db) => {
    const statement = db.prepare(
      `SELECT count(*) AS calls, count(cost_pico) AS priced, sum(cost_pico) AS cost, sum(input_tokens) AS prompt,
         sum(output_tokens) AS completion FROM requests WHERE duplicate_of IS NULL`,
    );
    statement.setReadBigInts(true);
    return Object.entries(statement.get() ?? {}).map(([name, value]) => [name, String(value)]);
  });
  deepEqual({ ...days }, Object.fromEntries(counted), "the sums that the pages of the server show");
}

/** Whether a row crossed the line before and after it was priced again, and a batch more than once. */
function assertEventful({ link }: Machine, repriced: boolean): void {
  deepEqual(
    [...new Set(link.seen.map(({ fault }) => fault))].toSorted(),
    ["answer", "cut", "drop after", "drop before", "garbage", "pass", "slow", "twice"],
  );
  const sent = new Map<string, Set<number>>();
  let rows = 0;
  for (const seen of link.seen) {
    if (seen.path !== "/v1/requests/batch") continue;
    for (const { request_id, revision } of JSON.parse(textOf(seen)).rows) {
      rows++;
      sent.set(request_id, (sent.get(request_id) ?? new Set()).add(revision));
    }
  }
  equal(sent.size, ROWS);
  ok(rows > ROWS, "some were sent again");
  equal([...sent.values()].some((revisions) => revisions.size > 1), repriced);
}

postgresTest(
  "C1 D7 two machines with 20,000 rows each over bad lines end with exactly their own sums on the server",
  async () => {
    await withTeam(async (team) => {
      const [one, two] = [await team.machine({ edge: false }), await team.machine({ edge: false })];
      const [oneId, twoId] = [await one.connect(), await two.connect()];
      const now = Date.now();
      recordMany(one.meter.database, ROWS, { atMs: () => now, outdated: true });
      // The clock of this machine is three days ahead, and its calls are spread over two more.
      const ahead = (number: number) => now + 3 * 86_400_000 + number * 8_640;
      recordMany(two.meter.database, ROWS, { atMs: ahead, outdated: false });

      const [crash, reprice, kill] = [0, 0, 0].map(() => Promise.withResolvers<void>());
      if (crash === undefined || reprice === undefined || kill === undefined) throw new Error("unreachable");
      one.link.setFaults(everyThird((number) => {
        if (number === 10) crash.resolve(team.crash());
        if (number === 24) reprice.resolve();
      }));
      const first = two.meter.start(["daemon"]);
      two.link.setFaults(everyThird((number) => {
        if (number !== 20) return;
        first.kill("SIGKILL"); // What it has just sent arrives; the answer does not.
        kill.resolve();
      }));
      await Promise.all([
        (async () => {
          await syncByHand(one);
          await crash.promise;
        })(),
        (async () => {
          await reprice.promise;
          await one.good("pricing", "reprice");
        })(),
        (async () => {
          await kill.promise;
          await first.finished;
          await two.meter.startDaemon();
          await syncedBy(two);
        })(),
      ]);
      await syncByHand(one); // What was priced again after it was sent, if the first passes had ended.

      for (const [machine, id] of [[one, oneId], [two, twoId]] as const) await assertSame(team, machine, id);
      assertEventful(one, true);
      assertEventful(two, false);
      const [all] = await team.query(
        `SELECT count(*)::int AS rows, count(DISTINCT request_id)::int AS calls,
           (SELECT count(*)::int FROM request_keys) AS keys FROM requests`,
      );
      deepEqual({ ...all }, { rows: 2 * ROWS, calls: 2 * ROWS, keys: 2 * ROWS });
      one.link.setFaults(() => ({ kind: "pass" }));
      match(await one.good("cloud", "reconcile"), /^\S+ +\d+ calls +\S+ +agrees\n$/);
    });
  },
);
