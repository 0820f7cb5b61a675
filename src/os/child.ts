/**
 * Runs a user's command in the foreground: standard streams, signals and exit code as if it had been started by itself.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";

/**
 * Signals passed on to the child. SIGINT and SIGQUIT typed at a terminal reach the whole process group, so they are passed
 * on only when there is none.
 */
const FORWARDED = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const satisfies Deno.Signal[];
const FROM_TERMINAL = ["SIGINT", "SIGQUIT"] as const satisfies Deno.Signal[];

/**
 * Runs `command` to its end.
 *
 * @param variables Set for the child beside what it inherits.
 * @returns Its exit code, or 128 + n when signal n ended it.
 * @throws {MeterError} `bad_input` when there is no such command or it may not be run.
 */
export async function runInForeground(
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<number> {
  let child: Deno.ChildProcess | null = null;
  const listeners: (readonly [Deno.Signal, () => void])[] = [];
  const terminal = Deno.stdin.isTerminal();
  // Before the child starts: a signal between the two would end this program and leave the child behind.
  for (const signal of [...FORWARDED, ...FROM_TERMINAL]) {
    const own = terminal && (FROM_TERMINAL as readonly string[]).includes(signal);
    const listener = () => {
      if (!own && child !== null) passOn(child, signal);
    };
    Deno.addSignalListener(signal, listener);
    listeners.push([signal, listener]);
  }
  try {
    child = spawn(command, args, variables);
    const { code } = await child.status;
    return code; // 128 + n for signal n, as shells have it.
  } finally {
    for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
  }
}

function spawn(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Deno.ChildProcess {
  try {
    return new Deno.Command(command, { args: [...args], env, stdin: "inherit", stdout: "inherit", stderr: "inherit" })
      .spawn();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new MeterError("bad_input", `Cannot run ${command}: there is no such command`, {
        hint: "Check its name, or give its full path",
        cause,
      });
    }
    throw new MeterError("bad_input", `Cannot run ${command}: it may not be executed`, { cause });
  }
}

function passOn(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended in the meantime.
  }
}
