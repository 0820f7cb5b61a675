/**
 * `halton-meter status`: what runs, what was counted, and every problem that was swallowed.
 *
 * Exit code 0 when the meter runs without a problem, 3 when no daemon runs, 4 when something is wrong.
 *
 * Imports: domain, os, roles, store, cli.
 *
 * @module
 */

import { type InstallState, readInstallState } from "../os/install_state.ts";
import { installationId, type Paths, paths } from "../os/paths.ts";
import { askSupervisor, supervisorAnswers } from "../roles/control_client.ts";
import type { DaemonStatus } from "../roles/daemon_status.ts";
import { edgeAt, type LiveEdge } from "../roles/edge_probe.ts";
import { type EffectivePorts, readPorts } from "../roles/ports_file.ts";
import type { MeterContext } from "./app.ts";
import { PIPE_COLUMNS } from "./output.ts";
import { quotaLine, type QuotaReport, readQuota } from "./quota_lines.ts";
import { problemsOf } from "./status_problems.ts";
import { type Column, layoutTable, loadPaint, showable } from "./table.ts";
import { VERSION } from "./version.ts";

const ANSWER_MS = 5_000;

const SILENT = `The daemon is there and did not answer within ${ANSWER_MS / 1_000} s: if it stays so, start it again`;

/** One line of the table. */
export interface StatusRow {
  readonly component: string;
  readonly state: string;
  readonly detail: string;
}

/** What `status --json` prints. */
export interface StatusReport {
  readonly version: string;
  readonly install_mode: string | null;
  readonly running: boolean;
  readonly components: readonly StatusRow[];
  /** What providers last said of subscriptions' allowances. */
  readonly quota: readonly QuotaReport[];
  /** Sentences; empty when all is well. */
  readonly problems: readonly string[];
  readonly daemon: DaemonStatus | null;
}

const COLUMNS: readonly Column<StatusRow>[] = [
  { title: "component", align: "left", drop: 0, cell: ({ component }) => component },
  { title: "state", align: "left", drop: 0, cell: ({ state }) => state },
  { title: "detail", align: "left", drop: 1, cell: ({ detail }) => detail },
];

/** Prints the status. */
export async function statusCommand(this: MeterContext, flags: { readonly json: boolean }): Promise<void> {
  const report = await gatherReport(paths());
  const { stdout } = this.process;
  if (flags.json) stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else {
    const paint = await loadPaint(stdout.colour);
    stdout.write(`${paint.bold(`halton-meter v${VERSION} · status`)}\n\n`);
    const lines = layoutTable(COLUMNS, report.components, stdout.columns ?? PIPE_COLUMNS, paint);
    const quota = report.quota.map((window) => quotaLine(window, Date.now())).filter((line) => line !== null);
    stdout.write([...lines, ...quota.map(showable), ""].join("\n"));
    for (const problem of report.problems) stdout.write(`! ${problem}\n`);
    if (!report.running) {
      stdout.write(`\nStart the meter with \`halton-meter ${report.install_mode === null ? "daemon" : "start"}\`\n`);
    }
  }
  this.process.exitCode = report.problems.length > 0 ? 4 : report.running ? 0 : 3;
}

/** Asks the daemon and the edge. */
export async function gatherReport(files: Paths): Promise<StatusReport> {
  const ports = readPorts(files.effectivePorts);
  const daemon = await askSupervisor(files.socket, { t: "status" }, ANSWER_MS) as DaemonStatus | null;
  const silent = daemon === null && await supervisorAnswers(files.socket);
  const edgePort = daemon?.edge.port ?? ports.edge?.port ?? null;
  const edge = edgePort === null ? null : await edgeAt(edgePort, installationId(files));
  const components: StatusRow[] = [
    row("daemon", silent ? "silent" : daemon === null ? "stopped" : "healthy", pidOf(daemon, ports)),
    row(
      "edge",
      edge === null ? "stopped" : "healthy",
      edge === null ? "–" : `PID ${edge.pid} · 127.0.0.1:${edgePort}${insteadOf(daemon)}`,
    ),
  ];
  if (daemon !== null) components.push(...roleRows(daemon));
  const installed = await readInstallState(files);
  components.push(installRow(installed, files));
  return {
    version: VERSION,
    install_mode: installed.mode,
    running: daemon !== null || silent,
    components,
    quota: readQuota(files.database, Date.now()),
    problems: daemon === null
      ? silent ? [SILENT] : []
      : [...problemsOf(daemon, edge), ...await silentEdge(files, daemon, edge)],
    daemon,
  };
}

/** A daemon that does not answer is there all the same, and the ports file knows its number. */
function pidOf(daemon: DaemonStatus | null, ports: EffectivePorts): string {
  const pid = daemon?.pid ?? ports.daemon?.pid ?? null;
  return pid === null ? "–" : `PID ${pid}`;
}

function insteadOf(daemon: DaemonStatus | null): string {
  const foreign = daemon?.edge.foreign ?? null;
  return foreign === null ? "" : `; ${foreign} is held by another program`;
}

/** An edge process without its socket serves every tool, but cannot say where it has connected to. */
async function silentEdge(files: Paths, daemon: DaemonStatus, edge: LiveEdge | null): Promise<string[]> {
  if (edge === null || edge.pid === daemon.pid || await supervisorAnswers(files.edgeSocket)) return [];
  return [`The edge, process ${edge.pid}, does not answer for its connections: "halton-meter connections" lacks them`];
}

/** The sentinels are written last, so that they vouch for everything else that `init` does. */
function installRow({ mode, consistent }: InstallState, { installMode }: Paths): StatusRow {
  if (mode === null) return row("install-mode", "none", "not installed as a service");
  return row("install-mode", mode, consistent ? installMode : "its files do not agree: run halton-meter doctor");
}

function roleRows(daemon: DaemonStatus): StatusRow[] {
  const interceptor = daemon.roles["interceptor"]?.counters ?? {};
  const recorder = daemon.roles["recorder"]?.counters ?? {};
  return [
    row("interceptor", stateOf(daemon, "interceptor"), `${count(interceptor, "exchanges")} calls seen`),
    row("recorder", stateOf(daemon, "recorder"), `${count(recorder, "rows_written")} rows written`),
    row("api", stateOf(daemon, "api"), daemon.apiPort === null ? "–" : `127.0.0.1:${daemon.apiPort}`),
  ];
}

function stateOf(daemon: DaemonStatus, role: string): string {
  const found = daemon.roles[role];
  if (found === undefined || !found.running) return "stopped";
  return found.counters === null ? "not answering" : "healthy";
}

function count(counters: Readonly<Record<string, number>>, name: string): string {
  const value = counters[name];
  return value === undefined ? "unknown" : String(value);
}

function row(component: string, state: string, detail: string): StatusRow {
  return { component, state, detail };
}
