/**
 * The list of connections as a person reads it. Pure.
 *
 * Imports: cli.
 *
 * @module
 */

import type { ConnectionReport, ConnectionsReport, RoleReport } from "./connections_report.ts";
import { momentLabel } from "./quantities.ts";
import { type Column, layoutTable, type Paint, showable } from "./table.ts";
import { VERSION } from "./version.ts";

const CONNECTIONS: readonly Column<ConnectionReport>[] = [
  { title: "destination", align: "left", drop: 0, cell: placeCell },
  { title: "role", align: "left", drop: 0, cell: ({ role }) => role },
  { title: "allowed as", align: "left", drop: 0, cell: ({ allowed_by }) => allowed_by },
  { title: "connections", align: "right", drop: 0, cell: ({ connections }) => String(connections) },
  { title: "open", align: "right", drop: 3, cell: ({ open }) => String(open) },
  { title: "failed", align: "right", drop: 2, cell: ({ failed }) => String(failed) },
  { title: "first", align: "left", drop: 5, cell: ({ first_at }) => momentLabel(Date.parse(first_at)) },
  { title: "last", align: "left", drop: 4, cell: ({ last_at }) => momentLabel(Date.parse(last_at)) },
  { title: "address", align: "left", drop: 6, cell: ({ addresses }) => addresses.at(-1) ?? "–" },
];

const ROLES: readonly Column<RoleReport>[] = [
  { title: "role", align: "left", drop: 0, cell: ({ role }) => role },
  { title: "destinations", align: "right", drop: 0, cell: ({ destinations }) => destinations?.toString() ?? "unknown" },
  {
    title: "since",
    align: "left",
    drop: 2,
    cell: ({ since }) => since === null ? "–" : momentLabel(Date.parse(since)),
  },
];

/** The whole text, its last line ended. */
export function printConnections(report: ConnectionsReport, width: number, paint: Paint): string {
  const { running, connections, roles, problems } = report;
  const lines = [paint.bold(`halton-meter v${VERSION} · connections`), ""];
  if (!running.daemon && running.edge === "none" && problems.length === 0) {
    return [...lines, "Nothing runs, so nothing is connected", "Start the meter with `halton-meter daemon`", ""].join(
      "\n",
    );
  }
  if (connections.length === 0) lines.push("No connection was opened since the start");
  else lines.push(...layoutTable(CONNECTIONS, connections, width, paint));
  lines.push("", ...layoutTable(ROLES, roles, width, paint), "");
  for (const { role, why } of roles) lines.push(`${role}: ${showable(why)}`);
  if (!running.daemon) lines.push("", "The daemon is not running: everything is tunnelled blind");
  if (running.edge === "none") lines.push("", "No edge is running: tools that use the proxy cannot connect");
  if (problems.length > 0) lines.push("", ...problems.map((problem) => `! ${problem}`));
  return `${lines.join("\n")}\n`;
}

function placeCell({ destination, asked_for, leaves_machine }: ConnectionReport): string {
  if (destination === null) return "(names used longer ago)";
  const instead = asked_for === destination ? "" : ` for ${asked_for}`;
  return `${destination}${instead}${leaves_machine ? "" : " (this machine)"}`;
}
