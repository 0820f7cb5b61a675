/**
 * Services as launchd agents of the user's login session, `gui/<uid>`.
 *
 * - `bootout` ends a service before it is gone; a `bootstrap` that comes too early fails with 5 or 37, so both are followed by
 *   a look, and repeated.
 * - A service that was disabled by hand cannot be bootstrapped until it is enabled.
 * - Exit codes of `launchctl` are not documented; what counts is what `launchctl print` says afterwards.
 *
 * Imports: domain, os/machine.ts, os/own_file.ts, os/place.ts, os/run.ts, os/services.
 *
 * @module
 */

import { MeterError } from "../../domain/errors.ts";
import type { Machine } from "../machine.ts";
import { checkOwnFile, type OwnFile, putOwnFile, removeOwnFile } from "../own_file.ts";
import type { PlaceState } from "../place.ts";
import { commandFailure, type CommandOutput } from "../run.ts";
import type { Service, ServiceName, ServiceState } from "./service_manager.ts";
import { plistText } from "./templates.ts";

const LABELS: readonly (readonly [ServiceName, string])[] = [
  ["daemon", "com.haltonlabs.meter"],
  ["edge", "com.haltonlabs.meter.edge"],
  ["userenv", "com.haltonlabs.meter.userenv"],
];

/** A daemon gets 20 s to end (ExitTimeOut), then launchd kills it. */
const TRIES = 60;
const PAUSE_MS = 500;
/** `bootout` and `kickstart -k` may wait until the agent has ended. */
const TIMEOUT_MS = 60_000;
/** An agent that has just been ended cannot be registered at once. */
const ATTEMPTS = 3;

/** What launchd says of a loaded service. */
export interface LoadedService {
  readonly running: boolean;
  readonly pid: number | null;
  readonly lastExit: number | null;
  readonly program: string | null;
  /** The property list that it was loaded from. */
  readonly file: string | null;
}

/** The agents. `pauseMs` is waited between two looks at a service that is on its way. */
export function launchdServices(machine: Machine, pauseMs = PAUSE_MS): readonly Service[] {
  return LABELS.map(([name, label]) => agent(machine, name, label, pauseMs));
}

/** Reads `launchctl print <service>`. */
export function parsePrint(text: string): LoadedService {
  const value = (key: string) => new RegExp(`^\\t${key} = (.*)$`, "m").exec(text)?.[1] ?? null;
  const pid = Number(value("pid"));
  const exit = /^-?\d+/.exec(value("last exit code") ?? "")?.[0];
  return {
    running: value("state") === "running",
    pid: Number.isInteger(pid) && pid > 0 ? pid : null,
    lastExit: exit === undefined ? null : Number(exit),
    program: value("program"),
    file: value("path"),
  };
}

/** One agent and what its commands need. */
interface Agent {
  readonly machine: Machine;
  readonly label: string;
  readonly domain: string;
  /** The agent within its domain. */
  readonly target: string;
  /** Its property list. */
  readonly path: string;
  readonly pauseMs: number;
}

function agent(machine: Machine, name: ServiceName, label: string, pauseMs: number): Service {
  const domain = `gui/${machine.uid}`;
  const path = `${machine.paths.userHome}/Library/LaunchAgents/${label}.plist`;
  const own: Agent = { machine, label, domain, target: `${domain}/${label}`, path, pauseMs };
  return {
    name,
    title: label,
    place: {
      id: `service.${name}`,
      label: `register ${label} with launchd`,
      check: () => check(own),
      apply: () => apply(own),
      async remove() {
        await unload(own);
        await removeOwnFile(machine.paths, path);
        return await check(own);
      },
    },
    async state(): Promise<ServiceState> {
      const found = await loaded(own);
      const { running = false, pid = null, lastExit = null, program = null } = found ?? {};
      return { registered: found !== null, running, pid, lastExit, startsProgram: program };
    },
    start: () => start(own),
    stop: () => unload(own),
    async restart() {
      if (await loaded(own) === null) return await start(own);
      await kickstart(own, ["-k"]);
    },
    // A bare signal: `kickstart -k` would kill it after ExitTimeOut. KeepAlive starts the next one.
    async relieve() {
      const output = await launchctl(own, "kill", "SIGTERM", own.target);
      if (output.code !== 0) throw commandFailure(`Cannot end ${own.label}`, "launchctl kill", output);
    },
  };
}

async function check(own: Agent): Promise<PlaceState> {
  let found: LoadedService | null;
  try {
    found = await loaded(own);
  } catch {
    return { state: "unavailable", detail: "launchctl cannot be run", hint: null };
  }
  const onDisk = await checkOwnFile(fileOf(own));
  if (onDisk === "absent" && found === null) return { state: "absent", detail: "not installed", hint: null };
  const wrong = whatDiffers(onDisk, found, own.machine.binary);
  if (wrong !== null) return { state: "differs", detail: wrong, hint: 'Run "halton-meter init" again' };
  const detail = found === null || found.pid === null ? own.label : `PID ${found.pid} · ${own.label}`;
  return { state: "present", detail, hint: null };
}

async function apply(own: Agent): Promise<PlaceState> {
  const before = await check(own);
  if (before.state === "present" || before.state === "unavailable") return before;
  await putOwnFile(own.machine.paths, fileOf(own));
  await unload(own);
  if (!await load(own)) return { state: "unavailable", detail: NO_SESSION, hint: NO_SESSION_HINT };
  return await check(own);
}

/** Null when launchd does not know it. */
async function loaded(own: Agent): Promise<LoadedService | null> {
  const output = await launchctl(own, "print", own.target);
  return output.code === 0 ? parsePrint(output.stdout) : null;
}

async function unload(own: Agent): Promise<void> {
  if (await loaded(own) === null) return;
  const output = await launchctl(own, "bootout", own.target);
  for (let look = 0; look < TRIES; look++) {
    if (await loaded(own) === null) return;
    await pause(own.pauseMs);
  }
  const hint = `Run "launchctl bootout ${own.target}"`;
  throw commandFailure(`Cannot stop ${own.label}`, "launchctl bootout", output, hint);
}

/** @returns false where there is no login session to load it into. */
async function load(own: Agent): Promise<boolean> {
  await launchctl(own, "enable", own.target);
  for (let attempt = 1;; attempt++) {
    const output = await launchctl(own, "bootstrap", own.domain, own.path);
    if (await loaded(own) !== null) return true;
    if (isNoSession(output)) return false;
    if (attempt === ATTEMPTS) throw commandFailure(`Cannot register ${own.label}`, "launchctl bootstrap", output);
    await pause(own.pauseMs);
  }
}

async function start(own: Agent): Promise<void> {
  if (await loaded(own) === null && !await load(own)) {
    throw new MeterError("failed", `Cannot register ${own.label}: ${NO_SESSION}`, { hint: NO_SESSION_HINT });
  }
  if ((await loaded(own))?.running !== true) await kickstart(own, []);
}

async function kickstart(own: Agent, flags: readonly string[]): Promise<void> {
  const output = await launchctl(own, "kickstart", ...flags, own.target);
  if (output.code !== 0) throw commandFailure(`Cannot start ${own.label}`, "launchctl kickstart", output);
}

async function launchctl({ machine }: Agent, ...args: string[]): Promise<CommandOutput> {
  return await machine.run("launchctl", args, { timeoutMs: TIMEOUT_MS });
}

function fileOf({ machine, label, path }: Agent): OwnFile {
  return { path, text: plistText(label, machine), mode: 0o644 };
}

const NO_SESSION = "nobody is logged in at this Mac's screen, so there is no session to run it in";
const NO_SESSION_HINT = 'Log in at the screen, then run "halton-meter init" again';

/** 125: the domain does not exist. 112 on some versions: it could not be found. */
function isNoSession({ code, stderr }: CommandOutput): boolean {
  return code === 125 || code === 112 || /Domain does not support specified action|Could not find domain/i.test(stderr);
}

/** Null when the file and what launchd loaded are as they should be. */
function whatDiffers(onDisk: string, found: LoadedService | null, binary: string): string | null {
  if (onDisk === "absent") return "loaded, but its file is gone";
  if (onDisk === "differs") return "its file is of another version or starts another program";
  if (found === null) return "not loaded";
  return found.program === null || found.program === binary ? null : `starts ${found.program}`;
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
