/**
 * What `doctor` looks at beside the places of an installation: settings, ports, database, privacy, and the tools on this machine.
 *
 * Imports: domain, install, os, roles, store, cli.
 *
 * @module
 */

import { type ClientFacts, type ClientVerdict, judgeClient } from "../install/client_rules.ts";
import { findClients } from "../install/client_probe.ts";
import { clientFinding, type Finding } from "../install/findings.ts";
import { newTerminal } from "../install/new_terminal.ts";
import { programFinding } from "../install/programs.ts";
import { keyCheck, listeningCheck, outboundCheck } from "../install/privacy_checks.ts";
import type { SeenDestination } from "../domain/privacy.ts";
import { clientEnvironment } from "../os/client_env.ts";
import type { InstallMode } from "../os/install_state.ts";
import { askSupervisor } from "../roles/control_client.ts";
import type { DaemonStatus } from "../roles/daemon_status.ts";
import { edgeAt } from "../roles/edge_probe.ts";
import { MeterError } from "../domain/errors.ts";
import { openReadOnly } from "../store/database.ts";
import { verifyRollups } from "../store/rollup_check.ts";
import { gatherConnectionsReport } from "./connections_command.ts";
import type { Installation } from "./installation.ts";
import { problemsOf } from "./status_problems.ts";

const ANSWER_MS = 2_000;

/** Whether config.toml can be used. */
export function configFinding({ session, configProblem }: Installation): Finding {
  const base = { id: "configuration.file", group: "configuration", label: "config.toml can be read" } as const;
  if (configProblem !== null) {
    return { ...base, state: "problem", detail: configProblem.message, hint: configProblem.hint ?? null };
  }
  return { ...base, state: "ok", detail: session.paths.config, hint: null };
}

/** Whether a new terminal starts this program. From source there is none to start. */
export async function programFindings({ machine }: Installation): Promise<readonly Finding[]> {
  if (!Deno.build.standalone) return [];
  const path = (await newTerminal(machine.run, machine.env))?.get("PATH") ?? Deno.env.get("PATH") ?? "";
  return [await programFinding(machine.run, path, machine.binary)];
}

/** The ports, and what the running daemon says of itself. */
export async function runningFindings({ session: { paths, config } }: Installation): Promise<readonly Finding[]> {
  const status = await askSupervisor(paths.socket, { t: "status" }, ANSWER_MS) as DaemonStatus | null;
  const { edgePort } = config.daemon;
  const edge = await edgeAt(edgePort);
  const port = { id: "ports.edge", group: "ports", label: "the proxy port answers" } as const;
  const findings: Finding[] = [
    edge === null
      ? {
        ...port,
        state: "problem",
        detail: `nothing of the meter answers on 127.0.0.1:${edgePort}`,
        hint: "Run: halton-meter start",
      }
      : { ...port, state: "ok", detail: `127.0.0.1:${edgePort}, PID ${edge.pid}`, hint: null },
  ];
  const base = { id: "services.running", group: "services", label: "the daemon meters" } as const;
  if (status === null) {
    findings.push({ ...base, state: "problem", detail: "no daemon answers", hint: "Run: halton-meter start" });
    return findings;
  }
  findings.push({ ...base, state: "ok", detail: `version ${status.version}, PID ${status.pid}`, hint: null });
  for (const [index, problem] of problemsOf(status, edge).entries()) {
    const id = `services.note-${index + 1}`;
    findings.push({
      id,
      group: "services",
      label: "it swallowed an error",
      state: "warning",
      detail: problem,
      hint: null,
    });
  }
  return findings;
}

/** Whether the database opens, is whole, and its sums are those of its rows. */
export function databaseFindings({ session: { paths } }: Installation): readonly Finding[] {
  const base = { id: "database.file", group: "database", label: "the database is whole" } as const;
  try {
    const db = openReadOnly(paths.database);
    if (db === null) return [{ ...base, state: "skipped", detail: "no call was recorded yet", hint: null }];
    try {
      const [row] = db.prepare("PRAGMA quick_check(1)").all();
      const found = String(Object.values(row ?? {})[0] ?? "nothing");
      if (found !== "ok") {
        const hint = `Keep a copy, then recover it: sqlite3 ${paths.database} .recover`;
        return [{ ...base, state: "problem", detail: found, hint }];
      }
      return [{ ...base, state: "ok", detail: paths.database, hint: null }, sumsFinding(verifyRollups(db).length)];
    } finally {
      db.close();
    }
  } catch (error) {
    const known = error instanceof MeterError;
    const detail = known
      ? error.message
      : `it cannot be read (${error instanceof Error ? error.name : "unknown error"})`;
    return [{ ...base, state: "problem", detail, hint: known ? error.hint ?? null : "Run: halton-meter status" }];
  }
}

function sumsFinding(differences: number): Finding {
  const base = { id: "database.sums", group: "database", label: "sums are those of the calls" } as const;
  if (differences === 0) return { ...base, state: "ok", detail: "they are", hint: null };
  const hint = "Run: halton-meter doctor --fix --apply";
  return { ...base, state: "problem", detail: `${differences} sums differ from the calls on record`, hint };
}

/** The three checks of the security page. */
export async function privacyFindings({ session, machine }: Installation): Promise<readonly Finding[]> {
  const { paths } = session;
  const status = await askSupervisor(paths.socket, { t: "status" }, ANSWER_MS) as DaemonStatus | null;
  return [
    await listeningCheck(machine.run, status?.apiPort ?? null),
    outboundCheck(status === null ? null : await destinations(paths)),
    keyCheck(paths),
  ];
}

async function destinations(paths: Installation["session"]["paths"]): Promise<readonly SeenDestination[]> {
  const { connections } = await gatherConnectionsReport(paths);
  return connections.map(({ role, destination, allowed_by }) => ({
    role,
    place: destination ?? "others",
    expected: allowed_by !== BY_CLIENT,
  }));
}

/** The words of `connections` for a destination that only a client named. */
const BY_CLIENT = "asked for by a client";

/** Whether each tool on this machine would be metered, in a terminal that is opened now. */
export async function clientFindings(
  { session: { paths, config }, machine }: Installation,
  mode: InstallMode,
  { systemTrusts, metering }: { readonly systemTrusts: boolean; readonly metering: boolean },
): Promise<readonly Finding[]> {
  const caCertPem = readOrNull(paths.caCertificate);
  if (caCertPem === null) return [];
  const here = new Map(Object.entries(Deno.env.toObject()));
  const env = mode === "env-only"
    ? new Map([...here, ...Object.entries(await throughRun(machine, paths, caCertPem))])
    : await newTerminal(machine.run, machine.env) ?? here;
  const body = bodyOf(caCertPem);
  const meter = {
    edgePort: config.daemon.edgePort,
    systemTrusts,
    fileTrusts: (path: string) => bodyOf(readOrNull(path) ?? "").includes(body),
  };
  const found = await findClients({ run: machine.run, env, userHome: paths.userHome, readText: readOrNull });
  return found.map((facts) => clientFinding(facts, inThisState(facts, judgeClient(facts, meter), mode, metering)));
}

/** What the environment promises, and what of it comes true. */
function inThisState(
  { name }: ClientFacts,
  found: ClientVerdict,
  mode: InstallMode,
  metering: boolean,
): ClientVerdict {
  if (found.verdict !== "metered" || name === "git") return found;
  if (!metering) {
    return { verdict: "unmetered", detail: "set up, but no daemon runs", hint: "Run: halton-meter start" };
  }
  return mode === "env-only" ? { ...found, detail: "metered when started with `halton-meter run --`" } : found;
}

async function throughRun(
  machine: Installation["machine"],
  paths: Installation["session"]["paths"],
  caCertPem: string,
): Promise<Readonly<Record<string, string>>> {
  const { edgePort, env } = machine;
  return (await clientEnvironment({ paths, caCertPem, edgePort, project: null, env })).variables;
}

/** The certificate without its frame and line breaks: bundles differ in both. */
function bodyOf(pem: string): string {
  return pem.replaceAll(/-----[A-Z ]+-----|\s/g, "");
}

function readOrNull(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}
