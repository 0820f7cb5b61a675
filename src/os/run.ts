/**
 * Runs a command of the system and returns what it printed. The only way in which this program runs tools of the OS.
 *
 * @module
 */

/** What a command did. Output is kept whole, so that a failure can be shown as it was. */
export interface CommandOutput {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A tool that hangs must not hang the meter. */
const TIMEOUT_MS = 10_000;

/** Runs `command` without a shell. @throws when it cannot be started or takes too long. */
export async function runForOutput(command: string, args: readonly string[]): Promise<CommandOutput> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const output = await new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: timeout,
  }).output();
  if (timeout.aborted && !output.success) throw new Deno.errors.TimedOut(`${command} did not end in time`);
  const decoder = new TextDecoder();
  return { code: output.code, stdout: decoder.decode(output.stdout), stderr: decoder.decode(output.stderr) };
}
