/**
 * The list of connections as a program reads it, made from what the processes say. Pure.
 *
 * Imports: roles.
 *
 * @module
 */

import { type Allowance, type Destination, type DestinationLog, type Tally } from "../roles/destinations.ts";
import { isLoopback, shown } from "../roles/dial.ts";
import { countsDestinations, type ProcessConnections, type RoleConnections } from "../roles/process_connections.ts";

/** What the processes said, and sentences about those that did not. */
export interface Answers {
  readonly daemon: ProcessConnections | null;
  readonly edge: ProcessConnections | null;
  readonly silent: readonly string[];
}

/** What `connections --json` prints. Times are ISO 8601 in UTC. */
export interface ConnectionsReport {
  readonly running: { readonly daemon: boolean; readonly edge: "process" | "in the daemon" | "none" };
  readonly roles: readonly RoleReport[];
  /** The latest used last, role by role. */
  readonly connections: readonly ConnectionReport[];
  /** Sentences; empty when the list is whole. */
  readonly problems: readonly string[];
}

/** One role, and what it could connect to. */
export interface RoleReport {
  readonly role: string;
  readonly process: "daemon" | "edge";
  readonly pid: number;
  /** Since when its connections are counted; null where none are, or when it did not answer. */
  readonly since: string | null;
  readonly restarts: number;
  /** How many destinations; null = unknown, since it did not answer. */
  readonly destinations: number | null;
  /** `any`, `none`, or the addresses that the runtime lets it use; `unrestricted` where no permission row applies. */
  readonly may_connect: "any" | "none" | "unrestricted" | readonly string[];
  readonly why: string;
}

/** One destination of one role. */
export interface ConnectionReport {
  readonly role: string;
  readonly process: "daemon" | "edge";
  /** `host:port` that was dialled; null for the sum over those that are not listed any more. */
  readonly destination: string | null;
  /** `host:port` that was asked for. */
  readonly asked_for: string | null;
  /** A provider's name, a client that asked for it, or the setting of config.toml that names it. */
  readonly allowed_by: string;
  /** False when it certainly stays on this machine. */
  readonly leaves_machine: boolean;
  /** IP addresses that answered, the latest last. */
  readonly addresses: readonly string[];
  /** Attempts, those that failed and those under way included. */
  readonly connections: number;
  readonly open: number;
  readonly failed: number;
  readonly first_at: string;
  readonly last_at: string;
}

/** On whose word, as a reader is told. */
const WORDS: Readonly<Record<Allowance, string>> = {
  provider: "provider host",
  client: "asked for by a client",
  map: "upstream.map",
  proxy: "upstream.proxy",
  "self-test": "self-test",
  cloud: "cloud.base_url",
};

/** Joins the answers. */
export function reportOf({ daemon, edge, silent }: Answers): ConnectionsReport {
  const processes = [daemon, edge].filter((answer) => answer !== null);
  const roles = processes.flatMap((answer) => answer.roles.map((role) => ({ answer, role })));
  const inDaemon = daemon?.roles.some(({ role }) => role === "edge") ?? false;
  return {
    running: { daemon: daemon !== null, edge: edge !== null ? "process" : inDaemon ? "in the daemon" : "none" },
    roles: [
      ...roles.map(({ answer, role }) => roleReport(answer, role)),
      ...daemon === null ? [] : [supervisor(daemon)],
    ],
    connections: roles.flatMap(({ answer, role }) => rowsOf(answer, role.role, role.log)),
    problems: [...silent, ...roles.flatMap(({ role }) => problemsOf(role))],
  };
}

function roleReport({ process, pid }: ProcessConnections, role: RoleConnections): RoleReport {
  const counts = countsDestinations(role.role);
  return {
    role: role.role,
    process,
    pid,
    since: role.log === null ? null : iso(role.log.since),
    restarts: role.restarts,
    destinations: !counts ? 0 : role.log === null ? null : role.log.destinations.length + role.log.others.length,
    may_connect: role.mayConnect === true ? "any" : role.mayConnect === false ? "none" : role.mayConnect,
    why: whyOf(role),
  };
}

function whyOf({ role, running, mayConnect }: RoleConnections): string {
  if (role === "sync" && !running) return "Not running: nothing is sent to the paired server now";
  if (mayConnect === true) return "Goes wherever a client asks to go, and sees ciphertext only";
  if (mayConnect === false) return "None: its permission row has no network, so the runtime refuses it every socket";
  if (role === "api") {
    return `None: its permission row has no address but ${mayConnect.join(", ")}, where it listens`;
  }
  if (role === "sync") return "Reaches the server that this machine is paired with, and nothing else";
  return "Reaches the providers, or what config.toml puts in their place, and nothing else";
}

/** The main thread, which no permission row restricts. */
function supervisor({ pid }: ProcessConnections): RoleReport {
  return {
    role: "supervisor",
    process: "daemon",
    pid,
    since: null,
    restarts: 0,
    destinations: 0,
    may_connect: "unrestricted",
    why: "None: it has code for unix sockets only. Tests hold it to that, not the runtime",
  };
}

function rowsOf({ process }: ProcessConnections, role: string, log: DestinationLog | null): ConnectionReport[] {
  if (log === null) return [];
  return [
    ...log.destinations.map((found) => ({ role, process, ...placeOf(found), ...countsOf(found) })),
    ...log.others.map((sum) => {
      const place = { destination: null, asked_for: null, leaves_machine: true, addresses: [] };
      return { role, process, ...place, ...countsOf(sum) };
    }),
  ];
}

function placeOf({ host, port, askedHost, askedPort, addresses }: Destination) {
  return {
    destination: shown({ host, port }),
    asked_for: shown({ host: askedHost, port: askedPort }),
    leaves_machine: !(isLoopback(host) || (addresses.length > 0 && addresses.every(isLoopback))),
    addresses,
  };
}

function countsOf({ allowed, connections, open, failed, firstAt, lastAt }: Tally) {
  return { allowed_by: WORDS[allowed], connections, open, failed, first_at: iso(firstAt), last_at: iso(lastAt) };
}

function problemsOf({ role, running, restarts, log }: RoleConnections): string[] {
  if (!countsDestinations(role)) return [];
  const problems: string[] = [];
  if (restarts > 0) {
    problems.push(`The ${role} was started again ${restarts} times: what it connected to before is not listed`);
  }
  // Sync runs while there is a pairing that is not paused.
  if (!running && role === "sync") return problems;
  if (!running) problems.push(`The ${role} is not running`);
  else if (log === null) problems.push(`The ${role} did not answer: what it connected to is not known`);
  return problems;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
