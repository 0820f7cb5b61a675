/**
 * Real shells in a home folder of their own, for tests of what they are given. Not a test.
 *
 * @module
 */

import { type Machine } from "../../../src/os/machine.ts";
import { paths } from "../../../src/os/paths.ts";
import { freePort } from "../../e2e/support/program.ts";
import { runForOutput } from "../../../src/os/run.ts";
import { updatePorts } from "../../../src/roles/ports_file.ts";

/** A certificate of nobody; only its form counts here. */
export const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n";

/** A home folder with the files that the meter would have made, and a port that accepts. */
export interface Home extends Disposable {
  readonly machine: Machine;
  readonly folder: string;
  readonly port: number;
  /** The edge stops accepting. */
  close(): void;
  write(name: string, text: string): void;
  read(name: string): string;
}

/** Makes one. Its name holds what shells trip over. */
export function makeHome(options: { readonly env?: Readonly<Record<string, string>> } = {}): Home {
  const outer = Deno.makeTempDirSync({ prefix: "halton-home-" });
  const folder = `${outer}/it's a "home" $HOME & \`x\``;
  Deno.mkdirSync(`${folder}/.halton-meter`, { recursive: true, mode: 0o700 });
  Deno.mkdirSync(`${folder}/.mitmproxy`);
  const env: Record<string, string> = { HOME: folder, SHELL: "/bin/bash", ...options.env };
  const { listener, port } = listen();
  let open = true;
  const close = () => {
    if (open) listener.close();
    open = false;
  };
  const machine: Machine = {
    platform: "linux",
    run: runForOutput,
    paths: paths({ get: (name) => env[name] }),
    env: { get: (name) => env[name] },
    uid: Deno.uid() ?? -1,
    binary: `${folder}/bin/halton-meter`,
    edgePort: port,
    apiPort: 8765,
    root: "",
  };
  Deno.writeTextFileSync(machine.paths.caCertificate, CERTIFICATE);
  updatePorts(machine.paths.effectivePorts, { edge: { port, pid: Deno.pid } });
  return {
    machine,
    folder,
    port,
    close,
    write: (name, text) => Deno.writeTextFileSync(`${folder}/${name}`, text),
    read: (name) => Deno.readTextFileSync(`${folder}/${name}`),
    [Symbol.dispose]() {
      close();
      Deno.removeSync(outer, { recursive: true });
    },
  };
}

/**
 * A port below those that systems give out, so that nobody else has it once it is closed. Nobody accepts: the kernel does that,
 * and a listener in which an accept waits closes some time after `close` only.
 */
function listen(): { readonly listener: Deno.Listener; readonly port: number } {
  for (;;) {
    const port = freePort();
    try {
      return { listener: Deno.listen({ hostname: "127.0.0.1", port }), port };
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** What a shell had in its environment, and what it printed besides. */
export interface Seen {
  readonly variables: ReadonlyMap<string, string>;
  readonly stderr: string;
  /** What it printed before its environment was asked for. */
  readonly before: string;
}

/** Runs `shell` with `flags` and asks it for its environment. Nothing is inherited but PATH, HOME and `env`. */
export async function seenBy(
  home: Home,
  shell: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Seen> {
  const [program = "sh", ...flags] = shell;
  const output = await runForOutput(program, [...flags, "-c", "printf '%s\\0' -----; env -0"], {
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", HOME: home.folder, TERM: "dumb", ...env },
    timeoutMs: 30_000,
  });
  const [before = "", ...rest] = output.stdout.split("\0");
  const variables = new Map(
    rest.filter((entry) => entry !== "").map((entry): [string, string] => {
      const at = entry.indexOf("=");
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
  return { variables, stderr: output.stderr, before };
}

/** Whether this machine has the shell. */
export function hasShell(name: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${name}`).isFile;
    } catch {
      return false;
    }
  });
}
