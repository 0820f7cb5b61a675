/**
 * What `doctor` finds of the processes: whether the daemon and the edge run, which version of them, at which port, and what they
 * say of themselves.
 *
 * Imports: install, roles, cli.
 *
 * @module
 */

import type { Finding } from "../install/findings.ts";
import { askSupervisor } from "../roles/control_client.ts";
import type { DaemonStatus } from "../roles/daemon_status.ts";
import { installationId } from "../os/paths.ts";
import { edgeAt, type LiveEdge, portIsFree } from "../roles/edge_probe.ts";
import type { Installation } from "./installation.ts";
import { whyNotStarted } from "./start_failure.ts";
import { problemsOf } from "./status_problems.ts";
import { VERSION } from "./version.ts";

const ANSWER_MS = 2_000;
const START = "Run: halton-meter start";

/** The ports, and what the running daemon says of itself. */
export async function runningFindings(installation: Installation): Promise<readonly Finding[]> {
  const { session: { paths, config: { daemon: { edgePort } } } } = installation;
  const status = await askSupervisor(paths.socket, { t: "status" }, ANSWER_MS) as DaemonStatus | null;
  const edge = await edgeAt(status?.edge.port ?? edgePort, installationId(paths));
  const instead = status === null || status.edge.port === edgePort
    ? null
    : await edgeAt(edgePort, installationId(paths));
  const findings = [portFinding(edgePort, edge, status, instead)];
  if (status === null) return [...findings, { ...METERS, ...await absence(installation) }];
  findings.push({ ...METERS, state: "ok", detail: `version ${status.version}, PID ${status.pid}`, hint: null });
  findings.push(...versionFindings(status.version, edge));
  return [...findings, ...problemsOf(status, edge).map(swallowed)];
}

const METERS = { id: "services.running", group: "services", label: "the daemon meters" } as const;

/** @param instead The edge of ours at `port`, where the daemon uses another port. */
function portFinding(
  port: number,
  edge: LiveEdge | null,
  status: DaemonStatus | null,
  instead: LiveEdge | null,
): Finding {
  const base = { id: "ports.edge", group: "ports", label: "the proxy port answers" } as const;
  if (status !== null && status.edge.port !== port) {
    if (instead !== null) {
      const detail = `an edge serves 127.0.0.1:${port}, PID ${instead.pid}, and the daemon uses ${status.edge.port}`;
      return { ...base, state: "problem", detail, hint: START };
    }
    if (portIsFree(port)) {
      const detail = `127.0.0.1:${port} is free again, and the edge uses ${status.edge.port}`;
      return { ...base, state: "problem", detail, hint: START };
    }
    return {
      ...base,
      state: "problem",
      detail: `another program holds 127.0.0.1:${port}, so that the edge uses ${status.edge.port}`,
      hint:
        `End that program (lsof -nP -iTCP:${port} names it) or set daemon.edge_port in config.toml, then run init again`,
    };
  }
  if (edge !== null) return { ...base, state: "ok", detail: `127.0.0.1:${port}, PID ${edge.pid}`, hint: null };
  return { ...base, state: "problem", detail: `nothing of the meter answers on 127.0.0.1:${port}`, hint: START };
}

/** Why no daemon answers, as far as its manager knows. */
async function absence(
  { manager, session: { paths } }: Installation,
): Promise<Pick<Finding, "state" | "detail" | "hint">> {
  const state = await manager.service("daemon")?.state().catch(() => null) ?? null;
  const failed = state !== null && (state.running || (state.lastExit ?? 0) !== 0);
  if (!failed) return { state: "problem", detail: "no daemon answers", hint: START };
  const how = state.running ? "it is started and does not answer" : `it ended with code ${state.lastExit}`;
  const why = whyNotStarted(paths.daemonLog);
  return { state: "problem", detail: why ?? how, hint: "Look at: halton-meter logs daemon" };
}

/** Metered all the same; but what runs is not what the program's file is. */
function versionFindings(daemon: string, edge: LiveEdge | null): Finding[] {
  const old = [
    ...daemon === VERSION ? [] : [`a daemon of version ${daemon}`],
    ...edge === null || edge.version === VERSION ? [] : [`an edge of version ${edge.version}`],
  ];
  if (old.length === 0) return [];
  return [{
    id: "services.version",
    group: "services",
    label: "this version runs",
    state: "problem",
    detail: `${old.join(" and ")} ${old.length === 1 ? "runs" : "run"}, and this is ${VERSION}`,
    hint: "Run: halton-meter doctor --fix --apply",
  }];
}

function swallowed(problem: string, index: number): Finding {
  const id = `services.note-${index + 1}`;
  return { id, group: "services", label: "it swallowed an error", state: "warning", detail: problem, hint: null };
}
