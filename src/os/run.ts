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
/** A command that goes on after SIGTERM, as an interactive shell does, is killed after this. */
const KILL_MS = 1_000;
/** What a command has printed is there within this of its end; what comes later is from a process that it left behind. */
const LEFT_OPEN_MS = 500;

/** The {@link Runner} that really runs commands. */
export async function runForOutput(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<CommandOutput> {
  const { timeoutMs = TIMEOUT_MS, input, env = {}, clearEnv = false, interactive = false } = options;
  const shown = interactive ? "inherit" : "piped";
  const child = new Deno.Command(command, {
    args: [...args],
    stdin: interactive ? "inherit" : input === undefined ? "null" : "piped",
    stdout: shown,
    stderr: shown,
    env: { ...env },
    clearEnv,
  }).spawn();
  const deadline = endAfter(child, timeoutMs);
  const fed = input === undefined || interactive ? Promise.resolve() : feed(child.stdin, input);
  const printed = interactive ? [] : [new Printed(child.stdout), new Printed(child.stderr)];
  const { code, success } = await child.status;
  deadline.clear();
  const [[stdout = "", stderr = ""]] = await Promise.all([Promise.all(printed.map((one) => one.text())), fed]);
  if (deadline.passed && !success) throw new Deno.errors.TimedOut(`${command} did not end in time`);
  return { code, stdout, stderr };
}

function endAfter(child: Deno.ChildProcess, ms: number): { readonly passed: boolean; clear(): void } {
  let passed = false;
  const end = (signal: Deno.Signal) => {
    passed = true;
    try {
      child.kill(signal);
    } catch {
      // It has ended in the meantime.
    }
  };
  const timers = [setTimeout(() => end("SIGTERM"), ms), setTimeout(() => end("SIGKILL"), ms + KILL_MS)];
  return {
    get passed() {
      return passed;
    },
    clear: () => timers.forEach(clearTimeout),
  };
}

/** What comes out of one pipe. Processes that a command leaves behind may hold it open for ever. */
class Printed {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  readonly #ended: Promise<void>;
  #text = "";
  #open = true;
  #latest = 0;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
    this.#ended = this.#read();
  }

  /** To be asked for when the command has ended. */
  async text(): Promise<string> {
    this.#latest = performance.now();
    while (this.#open) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      await Promise.race([this.#ended, new Promise((resolve) => timer = setTimeout(resolve, LEFT_OPEN_MS))]);
      clearTimeout(timer);
      if (this.#open && performance.now() - this.#latest >= LEFT_OPEN_MS) await this.#reader.cancel();
    }
    return this.#text + this.#decoder.decode();
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const { value, done } = await this.#reader.read();
        if (done) return;
        this.#text += this.#decoder.decode(value, { stream: true });
        this.#latest = performance.now();
      }
    } catch {
      // Then this is all there is.
    } finally {
      this.#open = false;
    }
  }
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
