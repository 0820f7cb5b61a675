/**
 * Starts the program under test as a process of its own: from source, or the binary that `HALTON_METER_BINARY` names.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** Folder of the project. */
export const PROJECT_FOLDER = fileURLToPath(new URL("../../../", import.meta.url));

const PERMISSIONS = [
  "--no-prompt",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-run",
  "--allow-sys",
];

/** The command line that comes before the program's own arguments. */
export function programCommand(): readonly [string, ...string[]] {
  const binary = Deno.env.get("HALTON_METER_BINARY");
  if (binary !== undefined && binary !== "") return [binary];
  return [
    Deno.execPath(),
    "run",
    "--config",
    `${PROJECT_FOLDER}deno.json`,
    ...PERMISSIONS,
    `${PROJECT_FOLDER}main.ts`,
  ];
}

/**
 * Whether the program runs on Deno 2.9 or newer. An older one can neither send small writes at once on a connection that
 * it accepted with TLS, nor end one without a farewell; see src/roles/tls_listener.ts.
 */
export const NEW_RUNTIME: boolean = runtimeIsNew();

function runtimeIsNew(): boolean {
  const [program = "", ...args] = programCommand();
  const { stdout } = new Deno.Command(program, { args: [...args, "--version"], stdin: "null", stderr: "null" })
    .outputSync();
  const [, major, minor] = /\(Deno (\d+)\.(\d+)\./.exec(new TextDecoder().decode(stdout)) ?? [];
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 9);
}

let denoFolder: Promise<string> | null = null;

/** Where Deno keeps its packages: the program's `HOME` is a temporary one, its packages are not fetched again for that. */
export function denoDir(): Promise<string> {
  return denoFolder ??= (async () => {
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"], stderr: "null" }).output();
    const info: { denoDir: string } = JSON.parse(new TextDecoder().decode(stdout));
    return info.denoDir;
  })();
}

/** What a finished process left. */
export interface Finished {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that is running, or was. */
export interface Running {
  readonly pid: number;
  /** What it has written so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Null while it runs. */
  readonly exit: Deno.CommandStatus | null;
  readonly finished: Promise<Finished>;
  /** Set once SIGKILL was sent: its exit code then says nothing. */
  readonly killed: boolean;
  kill(signal: Deno.Signal): void;
}

/** How a process is started. */
export interface SpawnOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Standard input; none when absent. */
  readonly stdin?: string;
}

/** Starts a process with exactly this environment. */
export function spawn(command: readonly [string, ...string[]], options: SpawnOptions): Running {
  const [program, ...args] = command;
  const child = new Deno.Command(program, {
    args,
    clearEnv: true,
    env: { ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const written = { stdout: "", stderr: "" };
  let exit: Deno.CommandStatus | null = null;
  let killed = false;
  const collecting = Promise.all([
    collect(child.stdout, (text) => written.stdout += text),
    collect(child.stderr, (text) => written.stderr += text),
    options.stdin === undefined ? null : feed(child.stdin, options.stdin),
  ]);
  const finished = (async () => {
    const status = await child.status;
    exit = status;
    await collecting;
    return { code: status.code, signal: status.signal, ...written };
  })();
  return {
    pid: child.pid,
    get stdout() {
      return written.stdout;
    },
    get stderr() {
      return written.stderr;
    },
    get exit() {
      return exit;
    },
    finished,
    get killed() {
      return killed;
    },
    kill(signal) {
      if (signal === "SIGKILL") killed = true;
      try {
        child.kill(signal);
      } catch {
        // It has ended in the meantime.
      }
    },
  };
}

async function collect(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const bytes of stream) add(decoder.decode(bytes, { stream: true }));
}

async function feed(stream: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stream.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // It did not read to the end.
  }
}

/** Calls `look` until it gives something else than null or false. @throws what was waited for, after `withinMs`. */
export async function until<T>(
  what: string,
  look: () => T | null | false | Promise<T | null | false>,
  withinMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`Waited ${withinMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

/** A port below those that systems give to outgoing connections, so that it stays free until it is used. */
export function freePort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
