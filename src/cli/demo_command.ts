/**
 * `halton-meter demo`: the main job on a built-in stand-in provider. Needs no key, contacts nobody, leaves nothing behind.
 *
 * Imports: domain, os, roles, store, cli.
 *
 * @module
 */

import { defaultConfig } from "../domain/config.ts";
import { type Paths, paths } from "../os/paths.ts";
import { holdRun } from "../roles/control_client.ts";
import { type StandIn, startStandIn } from "../roles/stand_in.ts";
import { type Daemon, startDaemon } from "../roles/supervisor.ts";
import { openReadOnly } from "../store/database.ts";
import { usageCells } from "../store/queries.ts";
import type { MeterContext } from "./app.ts";
import { demoCalls, makeCall } from "./demo_calls.ts";
import { buildReport } from "./report.ts";
import { renderJson } from "./report_data.ts";
import { renderText } from "./report_text.ts";
import { VERSION } from "./version.ts";

const PROJECT = "demo";
const PIPE_COLUMNS = 120;

/** A row is on disk within 50 ms; this bounds a machine that is very busy. */
const ROWS_MS = 5_000;

const NEXT = `
Where to go next
  halton-meter daemon                      start the meter in this terminal
  halton-meter run -- claude               meter one command, in another terminal
  halton-meter run --project shop -- codex  the same, for a project
  halton-meter report --since 7d           what it cost
`;

/** Runs the demo. */
export async function demoCommand(this: MeterContext, flags: { readonly json: boolean }): Promise<void> {
  const { stdout } = this.process;
  const say = (text: string) => flags.json ? undefined : stdout.write(`${text}\n`);
  const folder = Deno.makeTempDirSync({ prefix: "hm-demo-" });
  const leave = () => Deno.removeSync(folder, { recursive: true });
  const onInterrupt = () => {
    leave();
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", onInterrupt);
  let standIn: StandIn | null = null;
  let daemon: Daemon | null = null;
  try {
    const files = demoPaths(folder);
    standIn = await startStandIn({ now: Date.now() });
    say("Started a stand-in provider on this machine");
    daemon = await startDemoDaemon(files, standIn);
    say(`Started a meter on 127.0.0.1:${daemon.edge.port}, in a temporary folder`);
    const release = await holdRun(files.socket, Deno.pid, PROJECT);
    const caCertPem = Deno.readTextFileSync(files.caCertificate);
    for (const call of demoCalls()) say(`  ${await makeCall(call, daemon.edge.port, caCertPem)}`);
    release();
    await rowsOnDisk(files.database, demoCalls().length);
    const now = Date.now();
    const db = openReadOnly(files.database);
    const report = buildReport(db, { range: { from: now - 3_600_000, to: now + 1 } });
    db?.close();
    if (flags.json) stdout.write(renderJson(report, VERSION));
    else {
      stdout.write(
        `\n${await renderText(report, VERSION, { columns: stdout.columns ?? PIPE_COLUMNS, colour: stdout.colour })}`,
      );
      stdout.write(NEXT);
    }
  } finally {
    Deno.removeSignalListener("SIGINT", onInterrupt);
    await daemon?.stop(0);
    await standIn?.stop();
    leave();
  }
}

function demoPaths(folder: string): Paths {
  const variables: Record<string, string> = {
    HOME: folder,
    HALTON_METER_HOME: `${folder}/home`,
    HALTON_METER_CA_DIR: `${folder}/ca`,
  };
  Deno.mkdirSync(`${folder}/home`, { mode: 0o700 });
  return paths({ get: (name) => variables[name] });
}

function startDemoDaemon(files: Paths, standIn: StandIn): Promise<Daemon> {
  const config = defaultConfig();
  return startDaemon({
    paths: files,
    config: { ...config, daemon: { edgePort: 0, internalPort: 0, apiPort: 0 } },
    upstream: { map: standIn.map, proxy: null, caCerts: [standIn.caCertPem] },
    version: VERSION,
    log: () => {},
  });
}

async function rowsOnDisk(database: string, wanted: number): Promise<void> {
  const deadline = Date.now() + ROWS_MS;
  for (;;) {
    const db = openReadOnly(database);
    const cells = db === null ? [] : usageCells(db, { from: 0, to: Date.now() + 1 });
    db?.close();
    const rows = cells.reduce((sum, { requests }) => sum + requests, 0);
    if (rows >= wanted || Date.now() > deadline) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
