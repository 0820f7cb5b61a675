/**
 * Processes of this user that are this program's daemon or edge and work in this data folder, found without the folder: by
 * their program, their command and the home that they were started with.
 *
 * On Linux only. A shell reads /proc, which the runtime opens to nobody.
 *
 * Imports: os/machine.ts (types), os/paths.ts.
 *
 * @module
 */

import type { Machine } from "../machine.ts";
import { paths } from "../paths.ts";

/**
 * Arguments: the user's number, the program as a pattern. Prints of each process that runs it, closed by NUL each: its pid, its
 * words, parted by line breaks, and the variables that name its data folder; of its environment nothing else. A program
 * that was replaced or removed since is "(deleted)" (proc_pid_exe(5)). Containers are other machines, whose root is another.
 */
const SCRIPT = `
find /proc/[0-9]*/exe -maxdepth 0 -user "$1" '(' -lname "$2" -o -lname "$2 (deleted)" ')' 2>/dev/null |
while IFS=/ read -r _ _ pid _; do
  [ "/proc/$pid/root/" -ef / ] || continue
  printf '%s\\0' "$pid"
  tr '\\0\\n' '\\n\\1' <"/proc/$pid/cmdline"
  printf '\\0'
  tr '\\0\\n' '\\n\\1' <"/proc/$pid/environ" | grep -a -E '^(HOME|HALTON_METER_HOME)='
  printf '\\0'
done 2>/dev/null`;

/** Pids of those that run the command `name`; none where processes cannot be looked through. */
export async function ownProcesses(machine: Machine, name: "daemon" | "edge"): Promise<readonly number[]> {
  const { stdout } = await machine.run("sh", ["-c", SCRIPT, "sh", String(machine.uid), patternOf(machine.binary)]);
  const parts = stdout.split("\0");
  const found: number[] = [];
  for (let at = 0; at + 2 < parts.length; at += 3) {
    const [pid, words = "", variables = ""] = parts.slice(at, at + 3);
    if (words.split("\n")[1] === name && homeIn(variables) === machine.paths.home) found.push(Number(pid));
  }
  return found;
}

/** A path as find(1) takes one literally. */
function patternOf(path: string): string {
  return path.replace(/[\\*?[\]]/g, "\\$&");
}

/** The data folder that a process of these variables works in; null when it cannot be told. */
function homeIn(variables: string): string | null {
  const lines = variables.split("\n");
  const get = (name: string) => lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
  try {
    return paths({ get }).home;
  } catch {
    return null;
  }
}
