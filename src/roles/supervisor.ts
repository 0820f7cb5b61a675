/**
 * The daemon's main thread: starts the roles, hands over leaves and ports, restarts what crashed, stops in order.
 *
 * Holds the CA key while it mints leaves, and facts about client processes; never a byte off the network.
 *
 * Imports: domain, ca, os, log.ts, roles.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import { MeterError } from "../domain/errors.ts";
import { INTERCEPTED_HOSTS } from "../domain/hosts.ts";
import type { UpstreamSettings } from "../domain/upstream.ts";
import type { LogEvent } from "../log.ts";
import { loadOrCreateCa } from "../os/ca_files.ts";
import { noteMissing } from "../os/install_state.ts";
import type { Paths } from "../os/paths.ts";
import { allowedFor } from "../sync/privacy.ts";
import type { ApiAnswer, ApiAsk } from "./api_messages.ts";
import { ConfigWatch } from "./config_watch.ts";
import { supervisorAnswers } from "./control_client.ts";
import { serveControl } from "./control_server.ts";
import { type DaemonStatus, gatherStatus } from "./daemon_status.ts";
import { RENEWAL_CHECK_MS, renewalDue } from "./leaves.ts";
import { mintAuthority, mintLeaves } from "./minter.ts";
import type { EdgeOutcome, FromWorker, InterceptorPorts, IssuedLeaves, LetGo, SelfTestStandIn } from "./messages.ts";
import { Owners } from "./owners.ts";
import { refusedAsk } from "./pending_asks.ts";
import { permissionsOf, type Role, type RowInputs } from "./permissions.ts";
import { changePrice } from "./price_change.ts";
import { apiPorts, fallbackPorts, readPorts, updatePorts } from "./ports_file.ts";
import { edgeAt } from "./edge_probe.ts";
import { PrivacyLook } from "./privacy_facts.ts";
import { gatherConnections, type ProcessConnections } from "./process_connections.ts";
import { type SyncStart, SyncSupervision } from "./sync_supervision.ts";
import type { UnixServer } from "./unix_server.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** Everything a daemon is started with. */
export interface DaemonOptions {
  readonly paths: Paths;
  readonly config: Config;
  readonly upstream: UpstreamSettings;
  readonly version: string;
  readonly log: (event: LogEvent) => void;
  /** Whether the data folder was found open to others and closed. */
  readonly homeTightened?: boolean;
  /** Sentences of the caller about what is wrong right now, for `status`. */
  readonly notes?: () => readonly string[];
}

/** A running daemon. */
export interface Daemon {
  readonly edge: EdgeOutcome;
  status(): Promise<DaemonStatus>;
  /** Lets calls in flight finish for `drainMs`, then ends every role. */
  stop(drainMs?: number): Promise<void>;
}

/** First pause before a crashed role is started again; doubled each time up to the second. */
const RESTART_MS = 250;
const MAX_RESTART_MS = 30_000;

const HEARTBEAT_MS = 60_000;

/** Connections that are open may go on for so long in an edge whose port another serves. */
const LAST_CONNECTIONS_MS = 24 * 3_600_000;

/** An edge process that asked for the port serves it within this, or has failed. */
const SUCCESSOR_MS = 3_000;

/** Rows that are complete are on disk far sooner; this bounds a disk that hangs. */
const RECORDER_DRAIN_MS = 5_000;

/** A request under way is broken off; what is left to do is one write. */
const SYNC_DRAIN_MS = 2_000;

const ENTRIES: Readonly<Record<Role, URL>> = {
  edge: new URL("./edge_worker.ts", import.meta.url),
  interceptor: new URL("./interceptor_worker.ts", import.meta.url),
  recorder: new URL("./recorder_worker.ts", import.meta.url),
  api: new URL("./api_worker.ts", import.meta.url),
  sync: new URL("./sync_worker.ts", import.meta.url),
};

/** @throws {MeterError} when a role cannot start, or a daemon already runs for this home. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  if (await supervisorAnswers(options.paths.socket)) {
    const pid = readPorts(options.paths.effectivePorts).daemon?.pid;
    throw new MeterError(
      "port_in_use",
      `Cannot start the daemon: one is already running${pid ? ` as process ${pid}` : ""}`,
      {
        hint: `Run "halton-meter status" to look at it`,
      },
    );
  }
  const supervisor = new Supervisor(options);
  try {
    await supervisor.start();
  } catch (error) {
    await supervisor.stop(0);
    throw error;
  }
  return supervisor;
}

/** A role that was started and has not answered yet. */
interface Waiting {
  readonly kinds: readonly FromWorker["kind"][];
  readonly resolve: (message: FromWorker) => void;
  readonly reject: (error: Error) => void;
}

class Supervisor implements Daemon {
  readonly #options: DaemonOptions;
  #row: RowInputs;
  readonly #owners: Owners;
  readonly #privacyLook: PrivacyLook;
  readonly #workers = new Map<Role, WorkerHandle>();
  readonly #restarts = new Map<Role, number>();
  readonly #startedAt = Date.now();
  readonly #cloud: SyncSupervision;
  /** As the file says now; the sections that are read once are those of the start. */
  #config: Config;
  #watch: ConfigWatch | null = null;
  #control: UnixServer | null = null;
  #issued: IssuedLeaves | null = null;
  #caCreated = false;
  #tightened: readonly string[] = [];
  #ports: InterceptorPorts | null = null;
  #edge: EdgeOutcome | null = null;
  #apiPort: number | null = null;
  #apiProblem: string | null = null;
  /** Of the self-test that runs. */
  #standIn: SelfTestStandIn | null = null;
  #timers: ReturnType<typeof setInterval>[] = [];
  #refused = 0;
  #stopping = false;
  /** An edge of our own waits for an edge process to let go of the port. */
  #binding = false;
  /** Edges whose port another serves, with connections that are open. */
  readonly #retired = new Set<WorkerHandle>();
  /** Who waits for which role to say that it is ready. */
  readonly #waiting = new Map<Role, Waiting>();

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#config = options.config;
    const { daemon } = options.config;
    this.#row = {
      home: options.paths.home,
      portsFile: options.paths.effectivePorts,
      controlSocket: options.paths.socket,
      edgeLog: options.paths.edgeLog,
      apiPorts: apiPorts(daemon.apiPort, [daemon.edgePort, daemon.internalPort]),
      upstream: options.upstream,
      selfTestPort: daemon.internalPort,
    };
    this.#privacyLook = new PrivacyLook(options.paths);
    this.#owners = new Owners({
      defaultProject: options.config.tagging.defaultProject,
      log: options.log,
      keepsWorkdir: (slug) => {
        const { enabled, upload } = this.#config.cloud;
        return enabled && allowedFor(upload, slug).sourceWorkdir;
      },
      tell: (peerPort, owner) => this.#workers.get("recorder")?.send({ kind: "recorder.owner", peerPort, owner }),
    });
    this.#cloud = new SyncSupervision({
      paths: options.paths,
      start: (start) => this.#startSync(start),
      stop: () => this.#stopSync(),
    });
  }

  get edge(): EdgeOutcome {
    if (this.#edge === null) throw new Error("The edge has not started");
    return this.#edge;
  }

  async start(): Promise<void> {
    await this.#mint();
    const channel = new MessageChannel();
    await this.#startRecorder(channel.port1);
    await this.#startInterceptor(channel.port2);
    this.#control = serveControl(this.#options.paths.socket, {
      client: (clientPort, edgePort) => this.#owners.client(clientPort, edgePort),
      link: (clientPort, peerPort) => this.#owners.link(clientPort, peerPort),
      run: (pid, project) => this.#owners.run(pid, project),
      status: () => this.status(),
      connections: () => this.#connections(),
      cloud: async () => {
        await this.#watch?.look();
        await this.#cloud.look(this.#config, true);
        return { ok: true };
      },
      releaseEdge: () => this.#releaseEdge(),
      takeEdge: () => ({ answer: this.#takeEdge(), ended: () => void this.#bindEdge("closed") }),
      bindEdge: (held) => this.#bindEdge(held ? "held" : "closed"),
      selfTest: (caCertPem) => this.#selfTest(caCertPem),
      refused: () => {
        this.#refused++;
        this.#options.log({ event: "daemon.control.refused", reason: "unknown message" });
      },
    });
    this.#edge = await this.#startEdge();
    await this.#startApi();
    this.#publish();
    this.#audit();
    this.#watch = this.#watchConfig();
    await this.#cloud.look(this.#config);
    this.#timers.push(setInterval(() => this.#renew(), RENEWAL_CHECK_MS));
    this.#timers.push(setInterval(() => this.#heartbeat(), HEARTBEAT_MS));
    this.#options.log({
      event: "daemon.startup.ready",
      pid: Deno.pid,
      edge_port: this.#edge.port,
      version: this.#options.version,
    });
  }

  status(): Promise<DaemonStatus> {
    return gatherStatus({
      version: this.#options.version,
      startedAt: this.#startedAt,
      edge: this.edge,
      apiPort: this.#apiPort,
      apiProblem: this.#apiProblem,
      leavesNotAfter: this.#issued?.notAfter ?? null,
      caConstrained: this.#issued?.constrained ?? null,
      refusedControlMessages: this.#refused,
      restarts: Object.fromEntries(this.#restarts),
      owners: this.#owners.counters(),
      configProblems: [
        ...this.#watch?.problems ?? [],
        ...this.#cloud.problems,
        ...this.#owners.notes(),
        ...this.#options.notes?.() ?? [],
      ],
      workers: this.#workers,
    });
  }

  async #connections(): Promise<ProcessConnections> {
    // An edge that is not here is in a process of its own, which answers for itself.
    const own: readonly Role[] = this.edge.kind === "listening" || this.#workers.has("edge") ? ["edge"] : [];
    const sync: readonly Role[] = this.#workers.has("sync") ? ["sync"] : [];
    const roles: readonly Role[] = [...own, "interceptor", "recorder", "api", ...sync];
    return {
      process: "daemon",
      pid: Deno.pid,
      version: this.#options.version,
      startedAt: this.#startedAt,
      roles: await gatherConnections(roles, this.#workers, Object.fromEntries(this.#restarts), this.#row),
    };
  }

  async stop(drainMs = 10_000): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#timers.forEach(clearInterval);
    this.#watch?.close();
    this.#withdraw();
    this.#workers.get("edge")?.send({ kind: "edge.release" });
    await this.#workers.get("interceptor")?.drain(drainMs);
    this.#workers.get("api")?.terminate();
    await this.#cloud.close();
    await this.#workers.get("recorder")?.drain(RECORDER_DRAIN_MS);
    this.#workers.get("edge")?.terminate();
    for (const worker of this.#retired) worker.terminate();
    this.#control?.close();
    this.#options.log({ event: "daemon.exit", reason: "stopped" });
  }

  async #mint(): Promise<void> {
    const now = Date.now();
    const { paths } = this.#options;
    await noteMissing(paths, [paths.caFolder, paths.caKey, paths.caCertificate]);
    const ca = await loadOrCreateCa({
      dir: paths.caFolder,
      create: () => mintAuthority(now),
    });
    this.#caCreated = ca.created;
    const { homeTightened } = this.#options;
    // Leaves are renewed too; the folder was looked at once.
    this.#tightened = homeTightened && this.#issued === null ? [paths.home, ...ca.tightened] : ca.tightened;
    for (const path of this.#tightened) this.#options.log({ event: "daemon.permissions.tightened", path });
    this.#issued = await mintLeaves(ca.pem, now);
    const not_after = new Date(this.#issued.notAfter).toISOString();
    for (const host of INTERCEPTED_HOSTS) this.#options.log({ event: "leaf.issued", host, not_after });
  }

  #watchConfig(): ConfigWatch {
    return new ConfigWatch(this.#options.paths.config, this.#config, {
      changed: (config) => {
        this.#config = config;
        this.#workers.get("recorder")?.send({ kind: "recorder.config", config });
        this.#workers.get("api")?.send({ kind: "api.config", config });
        this.#cloud.look(config);
        this.#options.log({ event: "daemon.config.changed" });
      },
      invalid: (reason) => this.#options.log({ event: "daemon.config.invalid", reason }),
    });
  }

  async #startRecorder(interceptor: MessagePort): Promise<void> {
    const worker = this.#spawn("recorder");
    const { database } = this.#options.paths;
    worker.send({ kind: "recorder.start", database, config: this.#config, interceptor }, [interceptor]);
    await this.#readyMessage("recorder", "recorder.ready");
  }

  async #startInterceptor(recorder: MessagePort): Promise<void> {
    if (this.#issued === null) throw new Error("No leaves");
    const worker = this.#spawn("interceptor");
    const { leaves } = this.#issued;
    worker.send({ kind: "interceptor.start", leaves, upstream: this.#options.upstream, recorder }, [recorder]);
    await this.#readyMessage("interceptor", "interceptor.ready");
  }

  async #startEdge(): Promise<EdgeOutcome> {
    const { edgePort, internalPort, apiPort } = this.#options.config.daemon;
    this.#spawnEdge(edgePort, fallbackPorts(edgePort, [internalPort, apiPort]), false);
    return this.#edgeReady(await this.#readyMessage("edge", "edge.ready"));
  }

  #spawnEdge(port: number, fallbackPorts: readonly number[], takeOver: boolean): void {
    this.#spawn("edge").send({
      kind: "edge.start",
      port,
      fallbackPorts,
      portsFile: this.#options.paths.effectivePorts,
      controlSocket: this.#options.paths.socket,
      upstream: this.#options.upstream,
      pid: Deno.pid,
      version: this.#options.version,
      takeOver,
    });
  }

  #edgeReady(message: FromWorker): EdgeOutcome {
    if (message.kind !== "edge.ready") throw new Error("The edge did not answer");
    const { outcome } = message;
    if (outcome.foreign !== null) {
      this.#options.log({ event: "edge.port.taken", port: outcome.foreign, fallback: outcome.port });
    }
    if (outcome.kind === "adopted") this.#dropWorker("edge");
    return outcome;
  }

  /** The API only shows things: metering goes on without it, and `status` says why it is missing. */
  async #startApi(): Promise<void> {
    const { paths, version } = this.#options;
    const worker = this.#spawn("api");
    const { port1, port2 } = new MessageChannel();
    const start = { database: paths.database, ports: this.#row.apiPorts, config: this.#config, version };
    worker.send({ kind: "api.start", ...start, recorder: port2 }, [port2]);
    this.#workers.get("recorder")?.send({ kind: "recorder.api", api: port1 }, [port1]);
    try {
      const message = await this.#readyMessage("api", "api.ready");
      this.#apiPort = message.kind === "api.ready" ? message.port : null;
      this.#apiProblem = null;
    } catch (error) {
      this.#dropWorker("api");
      this.#apiProblem = error instanceof MeterError ? error.message : "The local API could not be started";
    }
  }

  /** @returns what to call when the test is over, and what the tester must know. */
  #selfTest(caCertPem: string): { readonly port: number; readonly ended: () => void } {
    const port = this.#options.config.daemon.internalPort;
    const tell = (standIn: SelfTestStandIn | null) => {
      this.#workers.get("interceptor")?.send({ kind: "interceptor.selfTest", standIn });
    };
    const test = { port, caCertPem };
    this.#standIn = test;
    tell(test);
    return {
      port,
      // The end of one test may be heard of after the next has begun.
      ended: () => {
        if (this.#standIn !== test) return;
        this.#standIn = null;
        tell(null);
      },
    };
  }

  /** The role may reach one address, so that another server means another row. */
  #startSync({ server, cloud, credentials }: SyncStart): void {
    this.#row = { ...this.#row, cloudServer: { host: server.host, port: server.port } };
    const { paths, upstream, version } = this.#options;
    const { port1, port2 } = new MessageChannel();
    const start = { database: paths.database, cloud, credentials, upstream, version };
    this.#spawn("sync").send({ kind: "sync.start", ...start, recorder: port2 }, [port2]);
    this.#workers.get("recorder")?.send({ kind: "recorder.sync", sync: port1 }, [port1]);
  }

  /** A pass that is under way gives its lease back. */
  async #stopSync(): Promise<void> {
    const worker = this.#workers.get("sync");
    this.#workers.delete("sync");
    await worker?.drain(SYNC_DRAIN_MS);
  }

  #linkSync(): void {
    const worker = this.#workers.get("sync");
    if (worker === undefined) return;
    const { port1, port2 } = new MessageChannel();
    this.#workers.get("recorder")?.send({ kind: "recorder.sync", sync: port1 }, [port1]);
    worker.send({ kind: "sync.recorder", recorder: port2 }, [port2]);
  }

  /** Gives a recorder and an api that both run a new port to each other. */
  #linkApi(): void {
    const { port1, port2 } = new MessageChannel();
    this.#workers.get("recorder")?.send({ kind: "recorder.api", api: port1 }, [port1]);
    this.#workers.get("api")?.send({ kind: "api.recorder", recorder: port2 }, [port2]);
  }

  /** Does for the api what it has no permission for. */
  async #answerApi(id: number, ask: ApiAsk): Promise<void> {
    const answer = await this.#answerTo(id, ask).catch((error) => refusedAsk(id, error));
    this.#workers.get("api")?.send({ kind: "api.answer", answer });
  }

  async #answerTo(id: number, ask: ApiAsk): Promise<ApiAnswer> {
    if (ask.kind === "status") return { kind: "status", id, status: await this.status() };
    if (ask.kind === "privacy") {
      const facts = await this.#privacyLook.facts(await this.#connections(), this.#apiPort);
      return { kind: "privacy", id, facts };
    }
    const { provider, model, prices } = ask.price;
    const changed = changePrice(this.#options.paths.config, ask.price);
    if (changed > 0) {
      const event = prices === null ? "pricing.override_unset" : "pricing.override_set";
      const details = { provider, model, ...prices };
      this.#workers.get("recorder")?.send({ kind: "recorder.audit", event, details });
      await this.#watch?.look();
    }
    return { kind: "price", id, changed };
  }

  #spawn(role: Role): WorkerHandle {
    const worker = new WorkerHandle(
      { name: role, entry: ENTRIES[role], permissions: permissionsOf(role, this.#row) },
      (message) => this.#receive(role, message),
      (reason) => this.#retired.has(worker) ? this.#retired.delete(worker) : this.#crashed(role, reason),
    );
    this.#workers.set(role, worker);
    this.#options.log({ event: "role.started", role });
    return worker;
  }

  #dropWorker(role: Role): void {
    this.#workers.get(role)?.terminate();
    this.#workers.delete(role);
  }

  #readyMessage(role: Role, ...kinds: FromWorker["kind"][]): Promise<FromWorker> {
    return new Promise((resolve, reject) => this.#waiting.set(role, { kinds, resolve, reject }));
  }

  /** Tells whoever waits for `role` that it will not come. @returns false when nobody waits. */
  #refuse(role: Role, error: Error): boolean {
    const waiting = this.#waiting.get(role);
    this.#waiting.delete(role);
    waiting?.reject(error);
    return waiting !== undefined;
  }

  #receive(role: Role, message: FromWorker): void {
    if (message.kind === "log") return this.#options.log(message.event);
    if (message.kind === "logs") return message.events.forEach(this.#options.log);
    if (message.kind === "failed") {
      const detail = message.hint === null ? {} : { hint: message.hint };
      this.#refuse(role, new MeterError(message.code as MeterError["code"], message.message, detail));
      return;
    }
    if (message.kind === "sync.idle") return this.#cloud.idle(message.reason);
    if (message.kind === "api.ask") return void this.#answerApi(message.id, message.ask);
    if (message.kind === "interceptor.ready") this.#ports = message.ports;
    const waiting = this.#waiting.get(role);
    if (waiting?.kinds.includes(message.kind)) {
      this.#waiting.delete(role);
      waiting.resolve(message);
    } else if (message.kind === "interceptor.ready") this.#publish();
  }

  /** Refuses whoever waits for a role that dies before it ever worked; else starts the role again, later each time. */
  #crashed(role: Role, reason: string): void {
    this.#workers.delete(role);
    if (this.#refuse(role, new MeterError("failed", `Cannot start the ${role}: ${reason}`))) return;
    if (this.#stopping) return;
    const count = (this.#restarts.get(role) ?? 0) + 1;
    this.#restarts.set(role, count);
    const restart_in_ms = Math.min(RESTART_MS * 2 ** (count - 1), MAX_RESTART_MS);
    this.#options.log({ event: "role.crashed", role, reason, restart_in_ms });
    if (role === "interceptor") this.#withdraw();
    this.#timers.push(setTimeout(() => this.#restart(role), restart_in_ms));
  }

  async #restart(role: Role): Promise<void> {
    if (this.#stopping) return;
    try {
      if (role === "edge") this.#edge = await this.#startEdge();
      else if (role === "api") await this.#startApi();
      else if (role === "sync") await this.#cloud.look(this.#config, true);
      else {
        const { port1, port2 } = new MessageChannel();
        if (role === "recorder") {
          await this.#startRecorder(port1);
          this.#linkApi();
          this.#linkSync();
          this.#workers.get("interceptor")?.send({ kind: "interceptor.recorder", recorder: port2 }, [port2]);
        } else {
          this.#workers.get("recorder")?.send({ kind: "recorder.interceptor", interceptor: port1 }, [port1]);
          await this.#startInterceptor(port2);
        }
      }
      this.#publish();
    } catch (error) {
      this.#dropWorker(role);
      this.#crashed(role, error instanceof MeterError ? error.message : "could not start");
    }
  }

  async #renew(): Promise<void> {
    if (this.#issued === null || !renewalDue(this.#issued, Date.now())) return;
    try {
      await this.#mint();
      this.#audit();
      this.#workers.get("interceptor")?.send({ kind: "interceptor.leaves", leaves: this.#issued.leaves });
    } catch (error) {
      const reason = error instanceof MeterError ? error.message : "leaves could not be renewed";
      this.#options.log({ event: "role.crashed", role: "supervisor", reason, restart_in_ms: RENEWAL_CHECK_MS });
    }
  }

  #publish(): void {
    if (this.#ports === null || this.#edge === null) return;
    const own = this.#edge.kind === "listening" ? { edge: { port: this.#edge.port, pid: Deno.pid } } : {};
    updatePorts(this.#options.paths.effectivePorts, {
      ...own,
      daemon: { pid: Deno.pid, apiPort: this.#apiPort, interceptor: this.#ports, startedAt: this.#startedAt },
    });
  }

  /** Takes this daemon out of the ports file, so that the edge tunnels at once. */
  #withdraw(): void {
    const path = this.#options.paths.effectivePorts;
    const found = readPorts(path);
    if (found.daemon?.pid !== Deno.pid) return;
    const edgeIsOurs = this.#stopping && found.edge?.pid === Deno.pid;
    updatePorts(path, edgeIsOurs ? { daemon: null, edge: null } : { daemon: null });
  }

  /** Lets go of the proxy port for an edge process; calls that are open stay here until they end. */
  #releaseEdge(): { readonly answer: Promise<unknown>; readonly ended: () => void } {
    const worker = this.#workers.get("edge");
    if (worker === undefined || this.edge.kind === "adopted") {
      return { answer: Promise.resolve({ released: false }), ended: () => {} };
    }
    return { answer: this.#holdEdge(worker), ended: () => this.#retire(worker) };
  }

  async #holdEdge(worker: WorkerHandle): Promise<unknown> {
    worker.send({ kind: "edge.hold" });
    const message = await this.#readyMessage("edge", "edge.held");
    this.#workers.delete("edge");
    this.#edge = { kind: "adopted", port: this.edge.port, pid: 0, foreign: null };
    return { released: true, held: message.kind === "edge.held" && message.held };
  }

  /** The successor listens, or is gone; then the port is served here again. */
  #retire(worker: WorkerHandle): void {
    this.#retired.add(worker);
    worker.drain(LAST_CONNECTIONS_MS).then(() => this.#retired.delete(worker));
    this.#timers.push(setTimeout(() => this.#serveUnserved(), SUCCESSOR_MS));
  }

  async #serveUnserved(): Promise<void> {
    if (this.#stopping || this.#workers.has("edge") || await edgeAt(this.edge.port) !== null) return;
    await this.#restart("edge");
  }

  /** An edge process leaves: gets an edge of its own ready, which binds when the port is let go of. */
  async #takeEdge(): Promise<unknown> {
    if (this.#stopping || this.#workers.has("edge") || this.edge.kind === "listening") return { taken: false };
    this.#spawnEdge(this.edge.port, [], true);
    const ready = this.#readyMessage("edge", "edge.waiting", "edge.ready");
    const message = await ready.catch(() => this.#dropWorker("edge")) ?? { kind: "failed" };
    if (message.kind === "edge.ready") this.#serve(message);
    else this.#binding = message.kind === "edge.waiting";
    return { taken: this.#binding };
  }

  async #bindEdge(answer: LetGo): Promise<unknown> {
    if (!this.#binding) return { bound: false };
    this.#binding = false;
    this.#workers.get("edge")?.send({ kind: "edge.bind", answer });
    this.#serve(await this.#readyMessage("edge", "edge.ready"));
    return { bound: this.edge.kind === "listening" };
  }

  #serve(message: FromWorker): void {
    this.#edge = this.#edgeReady(message);
    this.#publish();
  }

  #audit(): void {
    const recorder = this.#workers.get("recorder");
    if (this.#caCreated) recorder?.send({ kind: "recorder.audit", event: "ca.created", details: {} });
    for (const path of this.#tightened) {
      recorder?.send({ kind: "recorder.audit", event: "permissions.tightened", details: { path } });
    }
  }

  async #heartbeat(): Promise<void> {
    const interceptor = await this.#workers.get("interceptor")?.stats();
    const recorder = await this.#workers.get("recorder")?.stats();
    this.#options.log({
      event: "daemon.heartbeat",
      intercepted: interceptor?.counters["exchanges"] ?? 0,
      recorded: recorder?.counters["rows_written"] ?? 0,
      swallowed: recorder?.counters["failed"] ?? 0,
    });
  }
}
