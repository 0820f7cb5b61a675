/**
 * The processes of one bench run: started, spoken to and ended by their own id, and the folder they share.
 *
 * @module
 */

/** A child that takes orders (see part.ts). */
export interface Part {
  readonly pid: number;
  order(value: unknown): Promise<unknown>;
}

/** How long a child that was asked to end may take. */
const END_MS = 3_000;

/** Everything that a run starts. */
export class Children {
  readonly folder: string = Deno.makeTempDirSync({ prefix: "hm-bench-" });
  readonly #running = new Map<number, Deno.ChildProcess>();

  /** Starts a program without input. Its output is thrown away, or kept in `log` inside the folder. */
  run(program: string, args: readonly string[], env: Record<string, string> = {}): Deno.ChildProcess {
    const command = new Deno.Command(program, { args: [...args], env, stdin: "null", stdout: "null", stderr: "null" });
    return this.#watch(command.spawn());
  }

  /** Starts a module of this folder as a child that takes orders, and gives it the first one. */
  async part(module: string, first: unknown): Promise<Part & { readonly ready: unknown }> {
    const path = new URL(module, import.meta.url).pathname;
    const args = ["run", "--no-prompt", "--allow-net", "--allow-read", "--allow-write", "--allow-env", path];
    const child = this.#watch(
      new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped", stderr: "inherit" }).spawn(),
    );
    const answers = child.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
    const writer = child.stdin.getWriter();
    let rest = "";
    const order = async (value: unknown): Promise<unknown> => {
      await writer.write(new TextEncoder().encode(JSON.stringify(value) + "\n"));
      while (!rest.includes("\n")) {
        const { value: text, done } = await answers.next();
        if (done) throw new Error(`The bench's ${module} ended early`);
        rest += text;
      }
      const line = rest.slice(0, rest.indexOf("\n"));
      rest = rest.slice(line.length + 1);
      const answer = JSON.parse(line) as { readonly ok?: unknown; readonly failed?: string };
      if (answer.failed !== undefined) throw new Error(`The bench's ${module} failed: ${answer.failed}`);
      return answer.ok;
    };
    return { pid: child.pid, order, ready: await order(first) };
  }

  /** Asks every child to end and removes the folder. */
  async end(): Promise<void> {
    const ended = Promise.all([...this.#running.values()].map((child) => child.status));
    for (const child of this.#running.values()) signal(child, "SIGTERM");
    const timer = setTimeout(() => this.kill(), END_MS);
    await ended;
    clearTimeout(timer);
    this.#removeFolder();
  }

  /** Ends every child at once and removes the folder. */
  async abandon(): Promise<void> {
    const ended = Promise.all([...this.#running.values()].map((child) => child.status));
    this.kill();
    await ended;
    this.#removeFolder();
  }

  kill(): void {
    for (const child of this.#running.values()) signal(child, "SIGKILL");
  }

  #watch(child: Deno.ChildProcess): Deno.ChildProcess {
    this.#running.set(child.pid, child);
    child.status.then(() => this.#running.delete(child.pid));
    return child;
  }

  #removeFolder(): void {
    try {
      Deno.removeSync(this.folder, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

function signal(child: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch {
    // It has ended already.
  }
}

/** Tries `ready` every few milliseconds until it gives a value. @throws when it never does. */
export async function until<T>(what: string, ready: () => Promise<T | null> | T | null, withinMs = 15_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await ready();
    if (value !== null) return value;
    if (performance.now() > deadline) throw new Error(`Waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A port of 127.0.0.1 that is free right now. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
