/**
 * A machine within the machine, for journeys that install: mounts of its own in which `/etc` and `/usr/local/share` are
 * copies, and a user made for the purpose whose home has a space and a quote in its name. Needs root, `unshare` and
 * `nsenter`.
 *
 * @module
 */

import { type Finished, type Running, spawn, until } from "./program.ts";

/** Folders of the system that installing may change, each replaced by a copy. */
const COPIED = ["/etc", "/usr/local/share"];

/** Hooks of packages, Java's above all, write to /var/lib, which is the real machine's. Removed from the copy. */
const NO_HOOKS = "rm -f /etc/ca-certificates/update.d/*";

const PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/** Why there can be no such machine here; null when there can. */
export function sandboxProblem(): string | null {
  if (Deno.uid() !== 0) return "it needs root";
  const { success } = new Deno.Command("unshare", { args: ["-m", "true"], stdout: "null", stderr: "null" })
    .outputSync();
  return success ? null : "it needs mounts of its own";
}

/** Who a command runs as. */
export interface Account {
  readonly name: string;
  readonly home: string;
  /** Login shell. */
  readonly shell: string;
}

/** How a command is run. */
export interface SandboxCommand {
  /** Set beside HOME, USER, SHELL and PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Makes the machine, calls `body`, and ends everything that runs in it. */
export async function withSandbox(body: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "hm-box-" });
  await Deno.chmod(folder, 0o755);
  const sandbox = new Sandbox(folder);
  try {
    await sandbox.open();
    await body(sandbox);
  } finally {
    await sandbox.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** One such machine. */
export class Sandbox {
  readonly folder: string;
  #anchor: Running | null = null;
  readonly #accounts: Account[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  async open(): Promise<void> {
    const mounts = COPIED.map((path) => {
      const copy = `${this.folder}/system${path}`;
      return `mkdir -p '${copy}' && cp -a '${path}/.' '${copy}/' && mount --bind '${copy}' '${path}'`;
    });
    const script = `set -e; ${mounts.join("; ")}; ${NO_HOOKS}; echo ready; exec sleep 3600`;
    const anchor = spawn(["unshare", "-m", "--propagation", "private", "sh", "-c", script], { env: { PATH } });
    this.#anchor = anchor;
    await until("the machine within the machine", () => {
      if (anchor.exit !== null) throw new Error(`It could not be made: ${anchor.stderr}`);
      return anchor.stdout.includes("ready");
    }, 20_000);
  }

  /** A path of the system as it is inside, seen from outside. */
  inside(path: string): string {
    return `${this.folder}/system${path}`;
  }

  /** Makes an ordinary user. The name of the home shows which paths are quoted. */
  async addUser(name: string, shell = "/bin/bash"): Promise<Account> {
    const home = `${this.folder}/o'${name} home`;
    const account = { name, home, shell };
    // A number of its own: processes are not kept apart, and every one of this user is killed at the end.
    const uid = String(20_000 + Math.floor(Math.random() * 40_000));
    await this.#check(
      await this.#start(["useradd", "-M", "-u", uid, "-d", home, "-s", shell, name], { PATH }).finished,
    );
    await Deno.mkdir(home, { mode: 0o755 });
    for (const file of [".bashrc", ".profile"]) {
      await Deno.copyFile(`/etc/skel/${file}`, `${home}/${file}`).catch(() =>
        Deno.writeTextFile(`${home}/${file}`, "")
      );
    }
    await this.#check(await this.#start(["chown", "-R", `${name}:`, home], { PATH }).finished);
    this.#accounts.push(account);
    return account;
  }

  /** Starts a command as a user, with nothing of this process's environment. */
  start(account: Account, command: readonly [string, ...string[]], more: SandboxCommand = {}): Running {
    const { env = {}, stdin } = more;
    const { home, name, shell } = account;
    const variables = {
      HOME: home,
      USER: name,
      LOGNAME: name,
      SHELL: shell,
      PATH,
      LANG: "C.UTF-8",
      NO_COLOR: "1",
      ...env,
    };
    const as = name === "root" ? [] : ["setpriv", `--reuid=${name}`, `--regid=${name}`, "--init-groups", "--"];
    return this.#start([...as, ...command] as [string, ...string[]], variables, stdin, home);
  }

  /** Runs a command as a user to its end. */
  run(account: Account, command: readonly [string, ...string[]], more: SandboxCommand = {}): Promise<Finished> {
    return this.start(account, command, more).finished;
  }

  /** Runs a line in a new login shell of the user, as a new terminal would. */
  terminal(account: Account, line: string): Promise<Finished> {
    return this.run(account, [account.shell, "-l", "-c", line]);
  }

  /** Ends every process of the users that were made, and the mounts. */
  async close(): Promise<void> {
    for (const { name } of this.#accounts) {
      await this.#start(["pkill", "-KILL", "-u", name], { PATH }).finished;
    }
    this.#anchor?.kill("SIGKILL");
    await this.#anchor?.finished;
  }

  #start(
    command: readonly [string, ...string[]],
    env: Readonly<Record<string, string>>,
    stdin?: string,
    cwd = this.folder,
  ): Running {
    const pid = String(this.#anchor?.pid ?? 0);
    const program: [string, ...string[]] = ["nsenter", "-t", pid, "-m", `--wd=${cwd}`, "--", ...command];
    return spawn(program, { env, ...(stdin === undefined ? {} : { stdin }) });
  }

  #check({ code, stderr }: Finished): void {
    if (code !== 0) throw new Error(`A command in the machine within the machine failed: ${stderr}`);
  }
}

/** Every file and folder below `root`: type, mode, owner, link target and content, by path. */
export async function snapshot(root: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  async function walk(path: string): Promise<void> {
    const info = await Deno.lstat(path);
    const mode = ((info.mode ?? 0) & 0o7777).toString(8);
    if (info.isSymlink) found.set(path, `link ${await Deno.readLink(path)}`);
    else if (info.isDirectory) {
      found.set(path, `folder ${mode} ${info.uid}`);
      for await (const { name } of Deno.readDir(path)) await walk(`${path}/${name}`);
    } else if (info.isFile) found.set(path, `file ${mode} ${info.uid} ${await digest(path)}`);
    else found.set(path, "other");
  }
  await walk(root);
  return found;
}

async function digest(path: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What differs between two snapshots, one line per path. */
export function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.filter((path) => before.get(path) !== after.get(path)).map((path) => {
    return `${path}: ${before.get(path) ?? "nothing"} → ${after.get(path) ?? "nothing"}`;
  });
}
