/**
 * Runs a command of the system and returns what it printed. The only way in which this program runs tools of the OS.
 *
 * Imports: domain.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";

/** What a command did. Output is kept whole, so that a failure can be shown as it was. */
export interface CommandOutput {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run where the defaults do not do. */
export interface RunOptions {
  /** After which the command is ended; 10 s unless told, since a tool that hangs must not hang the meter. */
  readonly timeoutMs?: number;
  /** Text for its standard input; nothing unless told. Never a secret that others could see in a list of processes. */
  readonly input?: string;
  /** Set for the command beside what it inherits. */
  readonly env?: Readonly<Record<string, string>>;
  /** Replaces what it would inherit, where that must not reach it. */
  readonly clearEnv?: boolean;
  /** Lets the command ask on the terminal, e.g. for an administrator's password. Its output is then not kept. */
  readonly interactive?: boolean;
}

/**
 * Runs `command` without a shell. Everything that calls tools of the OS takes one of these, so that it can be shown
 * recorded answers.
 *
 * @throws {Deno.errors.NotFound} when there is no such command; {Deno.errors.TimedOut} when it takes too long.
 */
export type Runner = (command: string, args: readonly string[], options?: RunOptions) => Promise<CommandOutput>;

const TIMEOUT_MS = 10_000;

/** The {@link Runner} that really runs commands. */
export async function runForOutput(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<CommandOutput> {
  const { timeoutMs = TIMEOUT_MS, input, env = {}, clearEnv = false, interactive = false } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  const shown = interactive ? "inherit" : "piped";
  const child = new Deno.Command(command, {
    args: [...args],
    stdin: interactive ? "inherit" : input === undefined ? "null" : "piped",
    stdout: shown,
    stderr: shown,
    signal: timeout,
    env: { ...env },
    clearEnv,
  }).spawn();
  const fed = input === undefined || interactive ? Promise.resolve() : feed(child.stdin, input);
  const [output] = await Promise.all([interactive ? silent(child.status) : child.output(), fed]);
  if (timeout.aborted && !output.success) throw new Deno.errors.TimedOut(`${command} did not end in time`);
  const decoder = new TextDecoder();
  return { code: output.code, stdout: decoder.decode(output.stdout), stderr: decoder.decode(output.stderr) };
}

/** A command may end before it has read everything. */
async function feed(stdin: WritableStream<Uint8Array>, input: string): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch {
    // Its exit code says what there is to say.
  }
}

async function silent(status: Promise<Deno.CommandStatus>): Promise<Omit<Deno.CommandOutput, "signal">> {
  return { ...(await status), stdout: new Uint8Array(), stderr: new Uint8Array() };
}

/** Whether `command` is found on the PATH. */
export async function hasCommand(run: Runner, command: string): Promise<boolean> {
  try {
    return (await run("sh", ["-c", 'command -v -- "$1" >/dev/null', "sh", command])).code === 0;
  } catch {
    return false;
  }
}

/**
 * A command's failure for a person: what was attempted, the exit code and everything that the command said.
 *
 * @param action What failed, e.g. "Cannot add the certificate to the System keychain".
 */
export function commandFailure(action: string, command: string, output: CommandOutput, hint?: string): MeterError {
  const said = [output.stderr, output.stdout].map((text) => text.trim()).filter((text) => text !== "").join("\n");
  const detail = said === "" ? "" : `\n${said.replace(/^/gm, "    ")}`;
  return new MeterError("failed", `${action}: ${command} ended with code ${output.code}${detail}`, {
    ...(hint === undefined ? {} : { hint }),
  });
}
