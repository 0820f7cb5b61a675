/**
 * ProcessTable on Linux, from /proc as a short shell script reads it.
 *
 * The runtime opens /proc only to a program that may do everything, which this one never may, so a lookup is one run of
 * `sh` with `grep`, `find`, `readlink` and `tr`. At most MAX_RUNNING run at a time and MAX_WAITING wait; what comes
 * beyond is not looked up. What is unknown is passed to the script as arguments and is never part of its text.
 *
 * Imports: types of processes.ts and proc_darwin.ts.
 *
 * @module
 */

import type { Run } from "./proc_darwin.ts";
import type { ProcessFacts, ProcessTable } from "./processes.ts";

/** Part of /proc/PID/stat. */
export interface StatEntry {
  readonly comm: string;
  /** Clock ticks from boot to start. */
  readonly startTicks: string;
}

/** Scripts at one time. Each takes 8 to 12 ms, half of it the kernel walking its hash of connections. */
const MAX_RUNNING = 4;
/** A burst of connections waits for a second at most. */
const MAX_WAITING = 256;
const MAX_RECENT = 16;
/** Longer values are no slugs. */
const MAX_VALUE_LENGTH = 1024;

/**
 * Arguments: the client's and the server's port as four hex digits, then pids to try first.
 *
 * Prints sections that each end in a zero byte, which neither a path nor a value can hold: the pid, its stat, its working
 * folder, its `HALTON_PROJECT=` entry, its ancestors. A process that ends meanwhile leaves sections empty. Prints `none` when
 * there is no such process, `missing NAME` when the machine lacks something.
 *
 * - Layout of the tables: proc_pid_net(5). The addresses are 127.0.0.1 and ::ffff:127.0.0.1, which a dual-stack socket
 *   has, as little-endian machines print them, the only ones the runtime is built for. Inode 0: held by no process.
 * - After the pids given come those just below the script's own: a client that calls was often started a moment ago.
 *   Such a number may be a thread's, hence Tgid.
 * - Within the environment line breaks turn into U+0001, so that no other variable's second line passes for an entry.
 * - Ancestors end at 32, since real chains (editor, shell, tool) are under ten, and where another user's begin.
 * - The status file escapes line breaks in a program's name; the stat file of older kernels does not.
 */
const SCRIPT = String.raw`
exec 2>/dev/null
LC_ALL=C
PATH=/usr/bin:/bin:$PATH
export LC_ALL PATH

for tool in grep find readlink tr; do
  command -v $tool >/dev/null || { printf 'missing %s\0' $tool; exit; }
done
[ -r /proc/net/tcp ] || { printf 'missing %s\0' /proc/net/tcp; exit; }

none() { printf 'none\0'; exit; }

row() { grep -F -m1 " $2:$client $2:$server " /proc/net/$1; }

inode_of() { shift 9; inode=$1; }

holder() { find "$@" -lname "socket:\[$inode\]" -print -quit; }

pid_of() { IFS=/; set -- $1; unset IFS; pid=$3; }

# Sets group, parent and owner.
status() {
  group= parent= owner=
  while read -r key first second rest; do
    case $key in
      Tgid:) group=$first ;;
      PPid:) parent=$first ;;
      Uid:) owner=$second; break ;;
    esac
  done </proc/$1/status
}

client=$1 server=$2
shift 2
found=$(row tcp 0100007F || row tcp6 0000000000000000FFFF00000100007F) || none
inode_of $found
[ "$inode" -gt 0 ] || none

folders=
for pid in "$@"; do
  [ -d /proc/$pid/fd ] && folders="$folders /proc/$pid/fd"
done
pid=$$
while [ $pid -gt 0 ] && [ $(($$ - pid)) -lt 64 ]; do
  [ -d /proc/$pid/fd ] && folders="$folders /proc/$pid/fd"
  pid=$((pid - 1))
done
link=$(holder $folders)
[ -n "$link" ] || link=$(holder /proc/[0-9]*/fd)
[ -n "$link" ] || none
pid_of "$link"
status $pid
[ -n "$group" ] || none
pid=$group

printf '%s\0' $pid
while IFS= read -r line; do printf '%s\n' "$line"; done </proc/$pid/stat
printf '\0'
readlink /proc/$pid/cwd
printf '\0'
project=$(tr '\0\n' '\n\1' </proc/$pid/environ | grep -a -m1 '^HALTON_PROJECT=')
printf '%s\0' "$project"

user=$owner count=0
while [ "$parent" -gt 0 ] && [ $count -lt 32 ]; do
  ancestor=$parent
  status $ancestor
  [ "$owner" = "$user" ] || break
  printf '%s ' $ancestor
  count=$((count + 1))
done
printf '\0'
`;

/** The table over the real /proc. Its `limitation` is that of the latest lookup, so it is null before the first. */
export function createLinuxProcessTable(run: Run): ProcessTable {
  /** Newest last. */
  const recent = new Set<number>();
  const inTurn = limitRuns();
  let limitation: string | null = null;

  async function answerFor(clientPort: number, serverPort: number): Promise<string> {
    const pids = [...recent].reverse().map(String);
    try {
      const { stdout } = await run("/bin/sh", ["-c", SCRIPT, "sh", hexPort(clientPort), hexPort(serverPort), ...pids]);
      limitation = limitationIn(stdout);
      return stdout;
    } catch {
      limitation = "Processes cannot be looked up: /bin/sh could not be run";
      return "";
    }
  }

  async function ownerOf(clientPort: number, serverPort: number): Promise<ProcessFacts | null> {
    const answer = await inTurn(() => answerFor(clientPort, serverPort));
    const facts = answer === null ? null : parseAnswer(answer);
    if (facts === null) return null;
    recent.delete(facts.pid);
    recent.add(facts.pid);
    for (const oldest of recent) {
      if (recent.size <= MAX_RECENT) break;
      recent.delete(oldest);
    }
    return facts;
  }

  return {
    ownerOf,
    get limitation() {
      return limitation;
    },
  };
}

/** Runs tasks, MAX_RUNNING at a time, in the order in which they came. Null when too many wait already. */
function limitRuns(): <T>(task: () => Promise<T>) => Promise<T | null> {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async (task) => {
    if (running < MAX_RUNNING) {
      running++;
    } else {
      if (waiting.length >= MAX_WAITING) return null;
      // Whoever ends hands its place on, so `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}

/** What the script lacked. It always prints a section, so no text means that it did not run. */
function limitationIn(answer: string): string | null {
  const [first, rest] = answer.split("\0", 2);
  if (first === undefined || rest === undefined) return "Processes cannot be looked up: /bin/sh gave no answer";
  return first.startsWith("missing ") ? `Processes cannot be looked up: ${first.slice(8)} is missing` : null;
}

/** Reads what the script printed. An unfinished section, as of a script that was stopped, counts as unknown. */
export function parseAnswer(answer: string): ProcessFacts | null {
  const [pid, statText, folder, entry, parents] = answer.split("\0").slice(0, -1);
  if (pid === undefined || !/^[1-9]\d*$/.test(pid)) return null;
  const stat = parseStat(statText ?? "");
  const project = entry?.slice("HALTON_PROJECT=".length) ?? "";
  return {
    pid: Number(pid),
    parents: parents?.match(/\d+/g)?.map(Number) ?? [],
    cwd: parseFolder(folder ?? ""),
    env: project === "" || project.length > MAX_VALUE_LENGTH ? {} : { HALTON_PROJECT: project },
    comm: stat?.comm ?? null,
    startTime: stat?.startTicks ?? null,
  };
}

/** Null for a folder that was deleted, lies outside this root, or whose name is not UTF-8 and was decoded with a loss. */
function parseFolder(line: string): string | null {
  if (!line.startsWith("/") || !line.endsWith("\n") || line.includes("\uFFFD")) return null;
  const folder = line.slice(0, -1);
  return folder.endsWith(" (deleted)") ? null : folder;
}

/** Reads the text of /proc/PID/stat. The name may hold spaces and parentheses, so it ends at the last one. */
export function parseStat(text: string): StatEntry | null {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 0 || close < open) return null;
  // Field 22 of proc_pid_stat(5); the first after the name is field 3.
  const startTicks = text.slice(close + 1).trim().split(/\s+/)[19];
  return startTicks === undefined ? null : { comm: text.slice(open + 1, close), startTicks };
}
