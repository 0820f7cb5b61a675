/**
 * The environment of a terminal that the user would open now, asked of the user's own shell.
 *
 * Imports: os (types).
 *
 * @module
 */

import type { Environment } from "../os/paths.ts";
import type { Runner } from "../os/run.ts";

/** Start-up files that take longer are their owner's business; `doctor` goes on without them. */
const SHELL_MS = 10_000;

/** What start-up files print stands before this line. */
const MARK = "halton-meter-environment-follows";

/** Variables that tell of this program's own start, and would be inherited by the shell that is asked. */
const KEPT = [
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "TERM",
  "LANG",
  "TMPDIR",
  "XDG_RUNTIME_DIR",
  "ZDOTDIR",
  "XDG_CONFIG_HOME",
];

/** A fresh terminal has no more than this before its start-up files have run. */
const PLAIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The environment of a new terminal; null when the shell cannot be asked. */
export async function newTerminal(run: Runner, env: Environment): Promise<ReadonlyMap<string, string> | null> {
  const shell = env.get("SHELL") ?? "/bin/sh";
  const kept = KEPT.map((name) => [name, env.get(name)] as const).filter(([, value]) => value !== undefined);
  try {
    const { stdout } = await run(shell, ["-l", "-i", "-c", `echo; echo ${MARK}; env -0 2>/dev/null || env`], {
      timeoutMs: SHELL_MS,
      clearEnv: true,
      env: { ...Object.fromEntries(kept) as Record<string, string>, PATH: PLAIN_PATH },
    });
    const start = stdout.lastIndexOf(`${MARK}\n`);
    return start < 0 ? null : parseEnvironment(stdout.slice(start + MARK.length + 1));
  } catch {
    return null;
  }
}

/** Splits what `env -0` prints, or plain `env` where it has no such option: macOS before 13. */
export function parseEnvironment(text: string): ReadonlyMap<string, string> {
  const entries = text.split(text.includes("\0") ? "\0" : "\n");
  return new Map(entries.flatMap((entry): [string, string][] => {
    const equals = entry.indexOf("=");
    return equals <= 0 ? [] : [[entry.slice(0, equals), entry.slice(equals + 1)]];
  }));
}
