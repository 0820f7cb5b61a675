/**
 * Services where nobody keeps any: containers, and machines reached by a bare `sshd`. The program is started in the background, in
 * a session of its own, and is not started again when it ends or the machine does.
 *
 * A process is found by the pid in `effective-ports.json`, and only taken for ours when its command line says so, since the
 * number may belong to another process by now. The command line is read by a shell: the runtime opens /proc to nobody.
 * One that the file does not name, because the data folder was deleted under it, is looked for in all of /proc.
 *
 * Imports: domain, os/machine.ts, os/place.ts, os/run.ts, os/services.
 *
 * @module
 */

import { MeterError } from "../../domain/errors.ts";
import type { Machine } from "../machine.ts";
import type { PlaceState } from "../place.ts";
import { commandFailure, type CommandOutput } from "../run.ts";
import type { Service } from "./service_manager.ts";
import { ownProcesses } from "./own_processes.ts";
import { removeUnitFile, UNITS } from "./systemd.ts";

/**
 * Arguments: a file for what it says, the program, its command. Not ended by the terminal's hang-up. A core file would hold
 * prompts.
 */
const START = `out=$1; shift
command -v setsid >/dev/null && set -- setsid "$@"
trap '' HUP
umask 077
ulimit -c 0
"$@" </dev/null >>"$out" 2>&1 &`;

/** Prints the command line of a process, its words parted by line breaks. */
const COMMAND_LINE = `tr '\\0' '\\n' <"/proc/$1/cmdline"`;

const END = `kill -TERM "$@"`;

const RESCUE = 'Run "halton-meter rescue"';

/** The daemon lets calls finish for 10 s and the recorder for 5. */
const LOOKS = 100;
const PAUSE_MS = 200;

/** The two processes. What they are to become is looked for `looks` times, `pauseMs` apart. */
export function detachedServices(machine: Machine, looks = LOOKS, pauseMs = PAUSE_MS): readonly Service[] {
  return (["daemon", "edge"] as const).map((name) => detached({ machine, name, looks, pauseMs }));
}

/** One process and how long its coming and going is waited for. */
interface Process {
  readonly machine: Machine;
  readonly name: "daemon" | "edge";
  readonly looks: number;
  readonly pauseMs: number;
}

function detached(own: Process): Service {
  const { machine, name } = own;
  const restart = async () => {
    await end(own);
    await start(own);
  };
  return {
    name,
    title: titleOf(own),
    place: {
      id: `service.${name}`,
      label: `start ${titleOf(own)} in the background`,
      check: () => check(own),
      async apply() {
        const before = await check(own);
        if (before.state === "present") return before;
        if (await pidIn(machine.paths.effectivePorts, name) === null) await stop(own);
        await restart();
        return await check(own);
      },
      async remove() {
        await stop(own);
        // A manager that does not answer now may have been there at the time of `init`.
        await removeUnitFile(machine, UNITS[name]);
        return await check(own);
      },
    },
    async state() {
      const found = await running(own);
      const { pid = null, program = null } = found ?? {};
      return { registered: false, running: found !== null, pid, lastExit: null, startsProgram: program };
    },
    start: () => start(own),
    stop: () => stop(own),
    restart,
    relieve: restart,
  };
}

async function check(own: Process): Promise<PlaceState> {
  const found = await running(own);
  if (found === null) return await checkUnnamed(own);
  if (found.program !== own.machine.binary) {
    return { state: "differs", detail: `${found.program} runs`, hint: 'Run "halton-meter init" again' };
  }
  return {
    state: "present",
    detail: `PID ${found.pid}; starts with this session only: no service manager was found`,
    hint: 'Run "halton-meter start" after every restart of this machine',
  };
}

async function checkUnnamed(own: Process): Promise<PlaceState> {
  const [pid] = await ownProcesses(own.machine, own.name);
  if (pid === undefined) {
    return { state: "absent", detail: "not running, and no service manager was found", hint: null };
  }
  const detail = `PID ${pid}, which ${own.machine.paths.effectivePorts} does not name`;
  return { state: "differs", detail, hint: 'Run "halton-meter init" again' };
}

async function start(own: Process): Promise<void> {
  if (await running(own) !== null) return;
  const out = `${own.machine.paths.home}/${own.name}.out.log`;
  const output = await shell(own, START, out, own.machine.binary, own.name);
  if (output.code !== 0) throw commandFailure(`Cannot start ${titleOf(own)}`, "sh", output);
  if (await became(own, async () => await running(own) !== null)) return;
  const [other] = await ownProcesses(own.machine, own.name);
  const [state, hint] = other === undefined
    ? ["it does not answer", `Look into ${out}`]
    : [`process ${other} runs already, and ${own.machine.paths.effectivePorts} does not name it`, RESCUE];
  throw new MeterError("failed", `Cannot start ${titleOf(own)}: ${state}`, { hint });
}

/** Ends the one that the file names. An edge counts as ended when another process has its port, and is left alone then. */
async function end(own: Process): Promise<void> {
  const found = await running(own);
  if (found === null) return;
  const output = await shell(own, END, String(found.pid));
  if (await became(own, async () => await running(own) === null)) return;
  throw commandFailure(`Cannot stop ${titleOf(own)}`, "kill", output, `Run "kill -9 ${found.pid}"`);
}

/** Ends every one. Each is told once, since a second time would have it drop what it still does. */
async function stop(own: Process): Promise<void> {
  const named = await running(own);
  const unnamed = (await ownProcesses(own.machine, own.name)).filter((pid) => pid !== named?.pid);
  const output = unnamed.length === 0 ? null : await shell(own, END, ...unnamed.map(String));
  await end(own);
  const left = async () => await ownProcesses(own.machine, own.name);
  if (await became(own, async () => (await left()).length === 0)) return;
  const pids = (await left()).join(" ");
  const hint = `Run "kill -9 ${pids}"`;
  throw output === null
    ? new MeterError("failed", `Cannot stop ${titleOf(own)}: it does not end`, { hint })
    : commandFailure(`Cannot stop ${titleOf(own)}`, "kill", output, hint);
}

/** The process, and the program that it runs; null when there is none. */
async function running(own: Process): Promise<{ readonly pid: number; readonly program: string } | null> {
  const pid = await pidIn(own.machine.paths.effectivePorts, own.name);
  if (pid === null) return null;
  const { code, stdout } = await shell(own, COMMAND_LINE, String(pid));
  const words = code === 0 ? stdout.split("\n") : [];
  const [program] = words;
  return program !== undefined && words.includes(own.name) ? { pid, program } : null;
}

async function shell({ machine }: Process, script: string, ...args: string[]): Promise<CommandOutput> {
  return await machine.run("sh", ["-c", script, "sh", ...args]);
}

function titleOf({ name }: Process): string {
  return `halton-meter ${name}`;
}

/** Waits until `holds`. */
async function became({ looks, pauseMs }: Process, holds: () => Promise<boolean>): Promise<boolean> {
  for (let look = 0; look < looks; look++) {
    if (await holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return false;
}

/** The pid that the file gives for this process. A daemon that serves the port itself stands under both names. */
async function pidIn(path: string, name: "daemon" | "edge"): Promise<number | null> {
  try {
    const ports: unknown = JSON.parse(await Deno.readTextFile(path));
    const part = isRecord(ports) ? ports[name] : null;
    const pid = isRecord(part) ? part["pid"] : null;
    return typeof pid === "number" && Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
