/**
 * What processes show of themselves to others of the machine while they run: command lines and environments, as `/proc` has
 * them. A program of its own looks, since the runtime of the tests may not.
 *
 * @module
 */

/** Prints, once each, what processes and everything that they start show; ends with its standard input. */
const WATCHER = `
import os, select, sys
roots = set(sys.argv[1:])
seen = set()
def read(path):
    try:
        with open(path, "rb") as file:
            return file.read().replace(b"\\0", b" ").replace(b"\\n", b" ")
    except OSError:
        return b""
while True:
    parents = {}
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            stat = read("/proc/%s/stat" % pid).rpartition(b")")[2].split()
            if len(stat) > 1:
                parents[pid] = stat[1].decode()
    wanted = set(roots)
    while True:
        more = {pid for pid, parent in parents.items() if parent in wanted} - wanted
        if not more:
            break
        wanted |= more
    for pid in wanted:
        for name in ("cmdline", "environ"):
            text = read("/proc/%s/%s" % (pid, name))
            if text and (pid, name, text) not in seen:
                seen.add((pid, name, text))
                sys.stdout.buffer.write(name.encode() + b": " + text + b"\\n")
    sys.stdout.flush()
    if select.select([sys.stdin], [], [], 0.02)[0]:
        break
`;

/** A look that goes on until it is ended. */
export interface ProcessWatch {
  /** Ends it. @returns everything seen, a line each. */
  end(): Promise<string>;
}

/** Looks at processes and everything that they start, many times a second. */
export function watchProcesses(pids: readonly number[]): ProcessWatch {
  const child = new Deno.Command("python3", {
    args: ["-c", WATCHER, ...pids.map(String)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const seen = new Response(child.stdout).text();
  let ended: Promise<string> | null = null;
  return {
    end() {
      return ended ??= (async () => {
        await child.stdin.close();
        await child.status;
        return await seen;
      })();
    },
  };
}
