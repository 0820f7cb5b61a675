/**
 * `halton-meter connections`: every place that the meter has connected to since it started, by role, and why it could.
 *
 * Asks the daemon and the process `edge` at their unix sockets. Nothing is asked of the network.
 *
 * Imports: os, roles, cli.
 *
 * @module
 */

import { installationId, type Paths, paths } from "../os/paths.ts";
import { askSupervisor, supervisorAnswers } from "../roles/control_client.ts";
import { edgeAt, type LiveEdge } from "../roles/edge_probe.ts";
import { readPorts } from "../roles/ports_file.ts";
import type { ProcessConnections } from "../roles/process_connections.ts";
import type { MeterContext } from "./app.ts";
import { type ConnectionsReport, reportOf } from "./connections_report.ts";
import { printConnections } from "./connections_text.ts";
import { PIPE_COLUMNS } from "./output.ts";
import { loadPaint } from "./table.ts";

/** A hung process is told from a busy one after this. */
const ANSWER_MS = 2_000;

/** Prints the list. Exit code 3 when nothing runs, 4 when a part did not answer, so that the list has a hole. */
export async function connectionsCommand(this: MeterContext, flags: { readonly json: boolean }): Promise<void> {
  const report = await gatherConnectionsReport(paths());
  const { stdout } = this.process;
  if (flags.json) stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else stdout.write(printConnections(report, stdout.columns ?? PIPE_COLUMNS, await loadPaint(stdout.colour)));
  const nothing = !report.running.daemon && report.running.edge === "none";
  this.process.exitCode = nothing ? 3 : report.problems.length > 0 ? 4 : 0;
}

/** Asks both processes, and finds out which of them should have answered. */
export async function gatherConnectionsReport(files: Paths): Promise<ConnectionsReport> {
  const port = readPorts(files.effectivePorts).edge?.port ?? null;
  const [daemon, edge, daemonThere, live] = await Promise.all([
    ask(files.socket),
    ask(files.edgeSocket),
    supervisorAnswers(files.socket),
    port === null ? null : edgeAt(port, installationId(files)),
  ]);
  return reportOf({ daemon, edge, silent: silentOnes(daemon, edge, daemonThere, live) });
}

function silentOnes(
  daemon: ProcessConnections | null,
  edge: ProcessConnections | null,
  daemonThere: boolean,
  live: LiveEdge | null,
): string[] {
  const silent: string[] = [];
  if (daemonThere && daemon === null) silent.push("The daemon does not say where it has connected to");
  if (live !== null && live.pid !== daemon?.pid && live.pid !== edge?.pid) {
    silent.push(`The edge, process ${live.pid}, does not say where it has connected to`);
  }
  return silent;
}

async function ask(socket: string): Promise<ProcessConnections | null> {
  return await askSupervisor(socket, { t: "connections" }, ANSWER_MS) as ProcessConnections | null;
}
