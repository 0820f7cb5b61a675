/**
 * What `doctor` looks at beside the places of an installation and the processes: settings, database, privacy, and the tools on
 * this machine.
 *
 * Imports: domain, install, os, roles, store, cli.
 *
 * @module
 */

import { type ClientFacts, type ClientVerdict, judgeClient } from "../install/client_rules.ts";
import { findClients } from "../install/client_probe.ts";
import { clientFinding, type Finding } from "../install/findings.ts";
import { programFinding } from "../install/programs.ts";
import { keyCheck, listeningCheck, outboundCheck } from "../install/privacy_checks.ts";
import type { SeenDestination } from "../domain/privacy.ts";
import { clientEnvironment } from "../os/client_env.ts";
import type { InstallMode } from "../os/install_state.ts";
import { askSupervisor } from "../roles/control_client.ts";
import type { DaemonStatus } from "../roles/daemon_status.ts";
import { readPorts } from "../roles/ports_file.ts";
import { MeterError } from "../domain/errors.ts";
import { openReadOnly } from "../store/database.ts";
import { verifyRollups } from "../store/rollup_check.ts";
import { gatherConnectionsReport } from "./connections_command.ts";
import type { Installation } from "./installation.ts";

const ANSWER_MS = 2_000;

/** The environment of a new terminal; null when the shell cannot be asked. */
export type Terminal = ReadonlyMap<string, string> | null;

/** Whether config.toml can be used. */
export function configFinding({ session, configProblem }: Installation): Finding {
  const base = { id: "configuration.file", group: "configuration", label: "config.toml can be read" } as const;
  if (configProblem !== null) {
    return { ...base, state: "problem", detail: configProblem.message, hint: configProblem.hint ?? null };
  }
  const { config: path } = session.paths;
  const detail = readOrNull(path) === null ? `there is no ${path}, so every setting is the default` : path;
  return { ...base, state: "ok", detail, hint: null };
}

/** Whether a new terminal starts this program. From source there is none to start. */
export async function programFindings(
  { machine }: Installation,
  terminal: () => Promise<Terminal>,
): Promise<readonly Finding[]> {
  if (!Deno.build.standalone) return [];
  const path = (await terminal())?.get("PATH") ?? Deno.env.get("PATH") ?? "";
  return [await programFinding(machine.run, path, machine.binary)];
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
  { session: { paths, config }, machine, installed }: Installation,
  mode: InstallMode,
  { systemTrusts, metering, terminal }: {
    readonly systemTrusts: boolean;
    readonly metering: boolean;
    readonly terminal: () => Promise<Terminal>;
  },
): Promise<readonly Finding[]> {
  const caCertPem = readOrNull(paths.caCertificate);
  const here = new Map(Object.entries(Deno.env.toObject()));
  const look = { run: machine.run, userHome: paths.userHome, readText: readOrNull };
  if (installed === null && !metering || caCertPem === null) {
    return (await findClients({ ...look, env: await terminal() ?? here })).map(notSetUp);
  }
  const edgePort = readPorts(paths.effectivePorts).edge?.port ?? config.daemon.edgePort;
  const env = mode === "env-only"
    ? new Map([...here, ...Object.entries(await throughRun(machine, paths, caCertPem, edgePort))])
    : await terminal() ?? here;
  const body = bodyOf(caCertPem);
  const meter = {
    edgePort,
    systemTrusts,
    fileTrusts: (path: string) => bodyOf(readOrNull(path) ?? "").includes(body),
  };
  const found = await findClients({ ...look, env });
  return found.map((facts) => clientFinding(facts, inThisState(facts, judgeClient(facts, meter), mode, metering)));
}

/** Whether the shell told what a new terminal has; else the tools are judged by this one. */
export function terminalFindings(
  { machine }: Installation,
  mode: InstallMode,
  terminal: Terminal,
): readonly Finding[] {
  if (terminal !== null || mode === "env-only") return [];
  return [{
    id: "environment.new-terminal",
    group: "environment",
    label: "a new terminal",
    state: "warning",
    detail: `${
      machine.env.get("SHELL") ?? "/bin/sh"
    } did not tell what it would have, so that tools are judged by this one`,
    hint: "See whether a new terminal opens within 10 seconds; its start-up files may wait for something",
  }];
}

function notSetUp(facts: ClientFacts): Finding {
  const verdict = { verdict: "unmetered", detail: "found; nothing meters it yet", hint: null } as const;
  return { ...clientFinding(facts, verdict), state: "skipped" };
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
  edgePort: number,
): Promise<Readonly<Record<string, string>>> {
  const { env } = machine;
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
