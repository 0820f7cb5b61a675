/**
 * How fast one team server with its PostgreSQL, both on this machine, takes batches of 500 rows from paired machines.
 *
 * First as fast as it goes: rows per second over the whole run. Then at the rate that the bar asks for, batches sent on a
 * clock whether or not the ones before were answered: p50 and p99 of a batch, from when it was due to its answer. Rows are new
 * ones; a tenth of the batches of the first run is sent a second time, as over a bad line.
 *
 * @module
 */

import postgres from "postgres";
import { startCluster, WITHOUT_POSTGRES } from "../team/support/postgres.ts";
import {
  createPaired,
  envelope,
  onPostgres,
  pairMachine,
  type Person,
  row,
  runTeam,
  send,
  startTeam,
  type TeamProcess,
} from "../team/support/server.ts";
import { type Figure, quantile, renderFigures } from "./figures.ts";

const ROWS = 500;
/** Rows per second of the second run. */
const PACE = 2_000;
/** Requests asked for, half of them another workspace's. */
const ASKED = 3_000;

interface Machine {
  readonly token: string;
  readonly machineId: string;
}

/** Everything: `machines` machines that send `batches` batches each, then three times `batches` on the clock. */
export async function measureIngest(machines: number, batches: number): Promise<Figure[]> {
  const cluster = await startCluster();
  try {
    const urls = await cluster.database();
    const place = onPostgres(urls);
    await runTeam(["migrate"], place);
    const server = await startTeam(place, { HALTON_METER_INGEST_PER_MINUTE: "1000000" });
    try {
      const { owner } = await createPaired(server, place, "bench");
      const paired: Machine[] = [];
      for (let i = 0; i < machines; i++) paired.push(await pairMachine(server.base, owner));
      await Promise.all(paired.map((one) => sendBatches(server, one, 3)));
      return [
        await saturated(server, paired, batches),
        ...await paced(server, paired, batches * 3),
        await bytesPerRow(urls.admin),
        await totalsPage(owner),
        await foreignTiming(server, paired[0], await createPaired(server, place, "hostile")),
        await residentMemory(server),
      ];
    } finally {
      await server.stop();
    }
  } finally {
    await cluster.stop();
  }
}

async function saturated(server: TeamProcess, paired: readonly Machine[], batches: number): Promise<Figure> {
  const started = performance.now();
  await Promise.all(paired.map((one) => sendBatches(server, one, batches)));
  const seconds = (performance.now() - started) / 1000;
  return {
    what: "rows taken, as fast as it goes",
    value: paired.length * batches * ROWS / seconds,
    unit: "rows/s",
    bar: { at: "least", value: 2_000 },
    detail:
      `${paired.length} machines × ${batches} batches of ${ROWS} new rows, a tenth sent twice; the client is on the same machine`,
  };
}

async function sendBatches(server: TeamProcess, machine: Machine, batches: number): Promise<void> {
  for (let i = 0; i < batches; i++) {
    const body = batchOf(machine);
    await sendBatch(server, machine, body);
    if (i % 10 === 0) await sendBatch(server, machine, body);
  }
}

async function paced(server: TeamProcess, paired: readonly Machine[], batches: number): Promise<Figure[]> {
  const gapMs = ROWS / PACE * 1000;
  const times: number[] = [];
  const sending: Promise<void>[] = [];
  const started = performance.now();
  for (let i = 0; i < batches; i++) {
    const due = started + i * gapMs;
    const machine = paired[i % paired.length];
    if (machine === undefined) break;
    const body = batchOf(machine);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    sending.push(
      sendBatch(server, machine, body).then(() => {
        times.push(performance.now() - due);
      }),
    );
  }
  await Promise.all(sending);
  const detail = `${times.length} batches at ${PACE} rows/s`;
  return [
    { what: "batch of 500, p50", value: quantile(times, 0.5), unit: "ms", bar: null, detail },
    { what: "batch of 500, p99", value: quantile(times, 0.99), unit: "ms", bar: { at: "most", value: 300 }, detail },
  ];
}

function batchOf({ machineId }: Machine): string {
  const rows = Array.from({ length: ROWS }, (_, at) => {
    return row({ timestamp: new Date(Date.now() - at * 60_000).toISOString(), project: `project-${at % 20}` });
  });
  return JSON.stringify({ schema: 1, machine_id: machineId, rows });
}

async function sendBatch({ base }: TeamProcess, { token }: Machine, body: string): Promise<void> {
  const { status, json } = await send(base, "/v1/requests/batch", body, token);
  const taken = Number(json["accepted"]) + Number(json["duplicates"]);
  if (status !== 200 || taken !== ROWS) throw new Error(`A batch failed: ${status}`);
}

async function bytesPerRow(url: string): Promise<Figure> {
  const sql = postgres(url, { max: 1 });
  try {
    const [found] = await sql`
      SELECT (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'requests'::regclass)::float8
        + pg_total_relation_size('request_keys') + pg_total_relation_size('usage_days') AS bytes,
        (SELECT count(*)::float8 FROM requests) AS rows`;
    const rows = Number(found?.["rows"]);
    const detail = `tables and indexes, sums by day included, over ${rows} rows`;
    return { what: "disk per row", value: Number(found?.["bytes"]) / rows, unit: "bytes", bar: null, detail };
  } finally {
    await sql.end();
  }
}

async function totalsPage(owner: Person): Promise<Figure> {
  const started = performance.now();
  const { text } = await owner.get("/?days=30");
  const value = performance.now() - started;
  const shown = /<p>([\d,]+) requests/.exec(text)?.[1] ?? "?";
  return { what: "totals page, 30 days", value, unit: "ms", bar: null, detail: `five tables over ${shown} requests` };
}

/**
 * Whether a hostile workspace can tell by the clock that a request is another's and not nobody's: both are asked for in random
 * order, and each foreign time is compared with each other one (Mann–Whitney). 50 % = it cannot.
 */
async function foreignTiming(server: TeamProcess, victim: Machine | undefined, hostile: Machine): Promise<Figure> {
  const foreign = Array.from({ length: ROWS }, () => row());
  const body = { schema: 1, machine_id: victim?.machineId, rows: foreign };
  await send(server.base, "/v1/requests/batch", body, victim?.token ?? null);
  const times: { readonly ms: number; readonly foreign: boolean }[] = [];
  for (let i = 0; i < ASKED; i++) {
    const asks = Math.random() < 0.5;
    const id = asks ? String(foreign[i % ROWS]?.["request_id"]) : crypto.randomUUID();
    const started = performance.now();
    const { status } = await send(server.base, `/v1/requests/${id}/body`, envelope(id, "request", "x"), hostile.token);
    times.push({ ms: performance.now() - started, foreign: asks });
    if (status !== 404) throw new Error(`A foreign request was not answered as none: ${status}`);
  }
  times.sort((a, b) => a.ms - b.ms);
  const count = times.filter((time) => time.foreign).length;
  const others = times.length - count;
  const ranks = times.reduce((sum, time, at) => time.foreign ? sum + at + 1 : sum, 0);
  const longer = (ranks - count * (count + 1) / 2) / (count * others);
  const error = Math.sqrt((times.length + 1) / (12 * count * others));
  return {
    what: "another's request takes longer than none",
    value: longer * 100,
    unit: "%",
    bar: null,
    detail: `50 = cannot be told; ${count} against ${others} times, standard error ${(error * 100).toFixed(1)}`,
  };
}

async function residentMemory({ pid }: TeamProcess): Promise<Figure> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "rss=", "-p", `${pid}`] }).output();
  const value = Number(new TextDecoder().decode(stdout)) / 1024;
  return { what: "memory of the server", value, unit: "MiB", bar: null, detail: "resident, after the run" };
}

if (import.meta.main) {
  if (WITHOUT_POSTGRES) Deno.exit(1);
  const [machines = "4", batches = "100"] = Deno.args;
  console.log(renderFigures(await measureIngest(Number(machines), Number(batches))));
}
