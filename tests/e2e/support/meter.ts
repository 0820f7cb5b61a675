/**
 * One meter in a temporary home: `edge` and `daemon` as real processes, their folders, and everything a test asks of them.
 *
 * @module
 */

import { match } from "node:assert/strict";
import type { RecordedRequest } from "../../../src/store/listing.ts";
import { listRequests } from "../../../src/store/listing.ts";
import { openReadOnly } from "../../../src/store/database.ts";
import type { Provider } from "./provider.ts";
import { testAuthority } from "./provider.ts";
import { denoDir, type Finished, freePort, programCommand, type Running, spawn, until } from "./program.ts";

/** How a meter is set up. */
export interface MeterOptions {
  /** Stand-ins that are dialled in place of their hosts. */
  readonly providers?: readonly Pick<Provider, "host" | "port">[];
  /** Whether the proxy port is served by a process of its own. Default true. */
  readonly edge?: boolean;
  /** Whether the daemon is started. Default true. */
  readonly daemon?: boolean;
  /** More lines for config.toml, after the tables that are written anyway. */
  readonly config?: string;
  /** The whole of config.toml instead. */
  readonly wholeConfig?: string;
}

/** What `status --json` says, as far as tests look at it. */
export interface Status {
  readonly running: boolean;
  readonly problems: readonly string[];
  readonly components: readonly { readonly component: string; readonly state: string; readonly detail: string }[];
  readonly daemon: {
    readonly pid: number;
    readonly roles: Readonly<
      Record<string, { readonly running: boolean; readonly counters: Record<string, number> | null; restarts: number }>
    >;
  } | null;
}

/** What standard error of a sound process never shows. */
const CRASHES = /Uncaught|Unhandled|unhandled|panicked|should not have happened|\berror: /;

/** Sets up a meter, calls `body`, ends everything, and looks for crashes. */
export async function withMeter(options: MeterOptions, body: (meter: Meter) => Promise<void>): Promise<void> {
  const meter = await Meter.create(options);
  try {
    if (options.edge ?? true) await meter.startEdge();
    if (options.daemon ?? true) await meter.startDaemon();
    await body(meter);
    await meter.stop();
    meter.assertNoCrash();
  } finally {
    await meter.discard();
  }
}

/** One home and the processes that were started for it. */
export class Meter {
  readonly root: string;
  readonly edgePort: number;
  readonly #env: Record<string, string>;
  readonly #started: Running[] = [];
  edge: Running | null = null;
  daemon: Running | null = null;

  private constructor(root: string, edgePort: number, env: Record<string, string>) {
    this.root = root;
    this.edgePort = edgePort;
    this.#env = env;
  }

  static async create(options: MeterOptions): Promise<Meter> {
    const root = await Deno.makeTempDir({ dir: "/tmp", prefix: "hm-" });
    const edgePort = freePort();
    const env = {
      PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin",
      HOME: root,
      TMPDIR: `${root}/tmp`,
      HALTON_METER_HOME: `${root}/home`,
      HALTON_METER_CA_DIR: `${root}/ca`,
      DENO_DIR: await denoDir(),
      DENO_NO_UPDATE_CHECK: "1",
      NO_COLOR: "1",
    };
    const meter = new Meter(root, edgePort, env);
    await Deno.mkdir(meter.home, { mode: 0o700 });
    await Deno.mkdir(env.TMPDIR);
    await Deno.writeTextFile(meter.testCaFile, (await testAuthority()).certPem);
    await Deno.writeTextFile(`${meter.home}/config.toml`, options.wholeConfig ?? meter.#config(options));
    return meter;
  }

  get home(): string {
    return `${this.root}/home`;
  }

  get database(): string {
    return `${this.home}/db.sqlite`;
  }

  /** Certificate that clients of the meter trust. */
  get caFile(): string {
    return `${this.root}/ca/mitmproxy-ca-cert.pem`;
  }

  /** Certificate that signs for the stand-ins. */
  get testCaFile(): string {
    return `${this.root}/test-ca.pem`;
  }

  get proxyUrl(): string {
    return `http://127.0.0.1:${this.edgePort}`;
  }

  /** What every process of this meter is started with. */
  get env(): Readonly<Record<string, string>> {
    return this.#env;
  }

  #config({ providers = [], config = "" }: MeterOptions): string {
    const map = providers.map(({ host, port }) => `"${host}" = "127.0.0.1:${port}"`).join(", ");
    return `[daemon]\nedge_port = ${this.edgePort}\ninternal_port = 0\napi_port = 0\n\n` +
      `[upstream]\nmap = { ${map} }\nca_file = "${this.testCaFile}"\n\n${config}`;
  }

  /** Starts any command of the program. */
  start(args: readonly string[], more: { env?: Record<string, string>; cwd?: string; stdin?: string } = {}): Running {
    const { env = {}, ...rest } = more;
    return this.spawn([...programCommand(), ...args], { env, ...rest });
  }

  /** Starts any process, to be ended with the meter. */
  spawn(
    command: readonly [string, ...string[]],
    more: { env?: Record<string, string>; cwd?: string; stdin?: string } = {},
  ): Running {
    const { env = {}, ...rest } = more;
    const running = spawn(command, { env: { ...this.#env, ...env }, ...rest });
    this.#started.push(running);
    return running;
  }

  /** Runs a command of the program to its end. */
  command(args: readonly string[], more: Parameters<Meter["start"]>[1] = {}): Promise<Finished> {
    return this.start(args, more).finished;
  }

  async startEdge(): Promise<Running> {
    const edge = this.start(["edge"]);
    this.edge = edge;
    await this.#ready(edge, async () => (await this.edgeAnswer())?.pid === edge.pid);
    return edge;
  }

  /** Starts the daemon, or takes `started` for it. */
  async startDaemon(started?: Running): Promise<Running> {
    const daemon = started ?? this.start(["daemon"]);
    this.daemon = daemon;
    await this.#ready(daemon, async () => {
      return this.ports().daemon?.pid === daemon.pid && await this.edgeAnswer() !== null;
    });
    return daemon;
  }

  async #ready(running: Running, look: () => Promise<boolean>): Promise<void> {
    await until("a process of the meter was to be ready", async () => {
      if (running.exit !== null) throw new Error(`The process ended with ${running.exit.code}: ${running.stderr}`);
      return await look();
    }, 20_000);
  }

  /** What effective-ports.json says. */
  ports(): { readonly edge: { port: number; pid: number } | null; readonly daemon: { pid: number } | null } {
    try {
      return JSON.parse(Deno.readTextFileSync(`${this.home}/effective-ports.json`));
    } catch {
      return { edge: null, daemon: null };
    }
  }

  /** What the proxy port says of itself; null when nothing answers there. */
  async edgeAnswer(
    port = this.ports().edge?.port ?? this.edgePort,
  ): Promise<{ pid: number; interceptor: string; counters: Record<string, number> } | null> {
    try {
      return await (await fetch(`http://127.0.0.1:${port}/.halton-meter/edge`)).json();
    } catch {
      return null;
    }
  }

  /** One counter of the edge. */
  async edgeCounter(name: string): Promise<number> {
    const value = (await this.edgeAnswer())?.counters[name];
    if (value === undefined) throw new Error(`The edge counts no ${name}`);
    return value;
  }

  async status(): Promise<{ readonly code: number; readonly status: Status }> {
    const { code, stdout, stderr } = await this.command(["status", "--json"]);
    try {
      return { code, status: JSON.parse(stdout) };
    } catch {
      throw new Error(`status --json printed no JSON: ${stdout}${stderr}`);
    }
  }

  /** Every call on record, oldest first. */
  rows(): readonly RecordedRequest[] {
    const db = openReadOnly(this.database);
    try {
      return db === null ? [] : listRequests(db, {}, 1_000).items.toReversed();
    } finally {
      db?.close();
    }
  }

  /** Waits until at least `count` calls are on record. */
  waitForRows(count: number, withinMs = 30_000): Promise<readonly RecordedRequest[]> {
    return until(`${count} rows on record`, () => {
      const rows = this.rows();
      return rows.length >= count ? rows : null;
    }, withinMs);
  }

  /** The only call on record. */
  async onlyRow(): Promise<RecordedRequest> {
    const [row, ...others] = await this.waitForRows(1);
    if (row === undefined || others.length > 0) throw new Error(`${others.length + 1} rows where one was wanted`);
    return row;
  }

  /** No connection is open any more, anywhere in the meter. */
  async waitForNoneOpen(): Promise<void> {
    await until("no connection open", async () => {
      // The question itself is one connection.
      if (await this.edgeCounter("open") !== 1) return false;
      const { daemon } = (await this.status()).status;
      return daemon?.roles["interceptor"]?.counters?.["open"] === 0 &&
        daemon.roles["recorder"]?.counters?.["open_connections"] === 0;
    }, 10_000);
  }

  /** Ends both processes the way a user does. @throws when one does not end in order, or not soon. */
  async stop(): Promise<void> {
    for (const running of [this.daemon, this.edge]) {
      if (running === null || running.exit !== null) continue;
      running.kill("SIGTERM");
      const exit = await until("a process of the meter to stop", () => running.exit);
      if (exit.code !== 0 && !running.killed) {
        throw new Error(`A process of the meter ended with ${exit.code}: ${running.stderr}`);
      }
    }
  }

  /** Fails when a process of this meter wrote of a crash. */
  assertNoCrash(): void {
    for (const { stderr } of this.#started) match(stderr, new RegExp(`^(?![^]*(?:${CRASHES.source}))`), stderr);
  }

  /** Ends what still runs and removes the folder. */
  async discard(): Promise<void> {
    for (const running of this.#started) {
      if (running.exit === null) running.kill("SIGKILL");
      await running.finished;
    }
    await Deno.remove(this.root, { recursive: true });
  }
}
