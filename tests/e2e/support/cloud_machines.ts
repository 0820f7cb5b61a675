/**
 * A workspace on a server whose process may be killed and replaced, and machines that are paired with it, each over a line of its
 * own.
 *
 * @module
 */

import { strictEqual as equal } from "node:assert/strict";
import postgres from "postgres";
import { openReadOnly } from "../../../src/store/database.ts";
import { type Cluster, startCluster } from "../../team/support/postgres.ts";
import {
  join,
  linkIn,
  onPostgres,
  type Person,
  runTeam,
  startTeam,
  type TeamProcess,
} from "../../team/support/server.ts";
import { type FlakyLink, flakyLink } from "./flaky_link.ts";
import { Meter, type MeterOptions } from "./meter.ts";
import { until } from "./program.ts";

type Row = Readonly<Record<string, unknown>>;

/** A server with one workspace. */
export interface Team {
  readonly owner: Person;
  /** Rows of a query that sees everything. */
  query(sql: string, ...values: string[]): Promise<readonly Row[]>;
  /** A home with a meter, which is not started, and its line. */
  machine(options?: MeterOptions): Promise<Machine>;
  /** Kills the server without a warning and starts another one, to which every line leads. */
  crash(): Promise<void>;
  /** Whether the workspace keeps bodies. */
  keepBodies(on: boolean): Promise<void>;
}

/** A machine and its line to the server. */
export interface Machine {
  readonly meter: Meter;
  readonly link: FlakyLink;
  /** Pairs, approved by the owner. @returns the machine's id. */
  connect(): Promise<string>;
  /** Runs a command that must succeed. @returns what it printed. */
  good(...args: string[]): Promise<string>;
  local<T>(work: (db: NonNullable<ReturnType<typeof openReadOnly>>) => T): T;
}

/** Starts a PostgreSQL, a server and a workspace, and ends all of it and the machines afterwards. */
export async function withTeam(test: (team: Team) => Promise<void>): Promise<void> {
  const cluster = await startCluster();
  try {
    await onCluster(cluster, test);
  } finally {
    await cluster.stop();
  }
}

async function onCluster(cluster: Cluster, test: (team: Team) => Promise<void>): Promise<void> {
  const urls = await cluster.database();
  const place = onPostgres(urls);
  const migrated = await runTeam(["migrate"], place);
  equal(migrated.code, 0, migrated.err);
  const created = await runTeam(["workspace", "create", "acme", "--name", "Acme"], place);
  equal(created.code, 0, created.err);
  const sql = postgres(urls.admin, { max: 1, onnotice: () => {} });
  const machines: Machine[] = [];
  let server: TeamProcess = await startTeam(place);
  try {
    const owner = await join(server.base, linkIn(created.out), "Olga Owner");
    await test({
      owner,
      query: async (text, ...values) => [...await sql.unsafe(text, values)],
      async machine(options = {}) {
        const meter = await Meter.create(options);
        const machine = machineOf(meter, flakyLink(server.base), owner);
        machines.push(machine);
        return machine;
      },
      async crash() {
        await server.kill();
        server = await startTeam(place);
        for (const { link } of machines) link.setTarget(server.base);
      },
      async keepBodies(on) {
        const days = { retention_days: "365", body_retention_days: "90", audit_retention_days: "365" };
        const fields = on ? { ...days, store_prompt_content: "on" } : days;
        equal((await owner.submit("/settings", "/settings", fields)).status, 303);
      },
    });
    for (const { meter } of machines) {
      await meter.stop();
      meter.assertNoCrash();
    }
  } finally {
    for (const { meter, link } of machines) {
      await meter.discard();
      await link.close();
    }
    await server.stop();
    await sql.end();
  }
}

function machineOf(meter: Meter, link: FlakyLink, owner: Person): Machine {
  async function good(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await meter.command(args);
    equal(code, 0, `${args.join(" ")}: ${stderr}${stdout}`);
    return stdout;
  }
  return {
    meter,
    link,
    good,
    async connect() {
      const running = meter.start(["cloud", "connect", "--url", link.url]);
      const code = await until("a pairing code", () => /Pairing code: (\S+)/.exec(running.stdout)?.[1] ?? null, 20_000);
      const approved = await owner.submit(`/connect?code=${code}`, "/connect", { code, decision: "approve" });
      equal(approved.status, 200, approved.text);
      const { code: exit, stderr } = await running.finished;
      equal(exit, 0, stderr);
      return String(JSON.parse(await good("cloud", "status", "--json"))["machine_id"]);
    },
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
