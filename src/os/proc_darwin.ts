/**
 * ProcessTable on macOS, from `lsof` and `ps`.
 *
 * There is no file to read, so a lookup runs four short commands. macOS hides the environment of programs it protects
 * (those in /usr/bin, for example); attribution then falls back on the working directory.
 *
 * Imports: types of processes.ts.
 *
 * @module
 */

import type { ProcessFacts, ProcessTable } from "./processes.ts";

/** Runs a command to its end, with a time limit of its own. Rejects if it cannot be started. */
export type Run = (command: string, args: readonly string[]) => Promise<{ readonly stdout: string }>;

/** A process that holds a socket. */
export interface SocketHolder {
  readonly pid: number;
  readonly comm: string | null;
}

/** One line of the process list. */
export interface ProcessEntry {
  readonly parent: number;
  readonly uid: number;
  /** Date and time as `ps` prints them; compared, never parsed. */
  readonly started: string;
}

/** Real chains (editor, shell, tool) are under ten. */
const MAX_PARENTS = 32;

/** The table over commands. */
export function createDarwinProcessTable(run: Run): ProcessTable {
  async function output(command: string, args: readonly string[]): Promise<string> {
    try {
      return (await run(command, args)).stdout;
    } catch {
      return "";
    }
  }

  async function ownerOf(clientPort: number, serverPort: number): Promise<ProcessFacts | null> {
    const sockets = await output("/usr/sbin/lsof", ["-nP", `-iTCP:${clientPort}`, "-F", "pcn"]);
    const holder = findHolder(sockets, clientPort, serverPort);
    if (holder === null) return null;
    const pid = String(holder.pid);
    const [folder, list, command] = await Promise.all([
      output("/usr/sbin/lsof", ["-a", "-p", pid, "-d", "cwd", "-Fn"]),
      // One -o per column: after `=` the rest of an -o argument is the column's heading, commas included.
      output("/bin/ps", ["-ax", "-o", "pid=", "-o", "ppid=", "-o", "uid=", "-o", "lstart="]),
      output("/bin/ps", ["-E", "-ww", "-o", "ppid=", "-o", "command=", "-p", pid]),
    ]);
    const processes = parseProcessList(list);
    const project = parseProject(command);
    return {
      pid: holder.pid,
      parents: parentsOf(holder.pid, processes),
      cwd: parseWorkingFolder(folder),
      env: project === null ? {} : { HALTON_PROJECT: project },
      comm: holder.comm,
      startTime: processes.get(holder.pid)?.started ?? null,
    };
  }

  return { ownerOf, limitation: null };
}

/** Reads `lsof -nP -iTCP:PORT -F pcn`: a `p` line opens a process, `c` names it, `n` is one of its sockets. */
export function findHolder(text: string, clientPort: number, serverPort: number): SocketHolder | null {
  const wanted = `127.0.0.1:${clientPort}->127.0.0.1:${serverPort}`;
  let pid = 0;
  let comm: string | null = null;
  for (const line of text.split("\n")) {
    const value = line.slice(1);
    if (line.startsWith("p")) {
      pid = Number(value);
      comm = null;
    } else if (line.startsWith("c")) {
      comm = value;
    } else if (line.startsWith("n") && value.replaceAll("[::ffff:127.0.0.1]", "127.0.0.1") === wanted) {
      return Number.isInteger(pid) && pid > 0 ? { pid, comm } : null;
    }
  }
  return null;
}

/** Reads `lsof -a -p PID -d cwd -Fn`. */
export function parseWorkingFolder(text: string): string | null {
  const line = text.split("\n").find((candidate) => candidate.startsWith("n/"));
  return line === undefined ? null : line.slice(1);
}

/** Reads `ps -ax -o pid= -o ppid= -o uid= -o lstart=`. */
export function parseProcessList(text: string): Map<number, ProcessEntry> {
  const entries = new Map<number, ProcessEntry>();
  for (const line of text.split("\n")) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S.*?)\s*$/.exec(line);
    if (match === null) continue;
    const [, pid, parent, uid, started] = match;
    entries.set(Number(pid), { parent: Number(parent), uid: Number(uid), started: started ?? "" });
  }
  return entries;
}

/**
 * Reads `ps -E -o ppid= -o command=`, which prints the environment after the arguments. The last mention counts: an
 * argument that looks like the variable stands before it. Nothing else of the line is kept.
 */
export function parseProject(text: string): string | null {
  let found: string | null = null;
  for (const match of text.matchAll(/\sHALTON_PROJECT=(\S+)/g)) found = match[1] ?? null;
  return found;
}

/** Ancestors of the same user, nearest first. */
export function parentsOf(pid: number, processes: ReadonlyMap<number, ProcessEntry>): number[] {
  const own = processes.get(pid);
  const parents: number[] = [];
  let next = own?.parent ?? 0;
  while (next > 0 && parents.length < MAX_PARENTS) {
    const entry = processes.get(next);
    if (entry === undefined || entry.uid !== own?.uid) break;
    parents.push(next);
    next = entry.parent;
  }
  return parents;
}
