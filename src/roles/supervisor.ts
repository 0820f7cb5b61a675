/**
 * The daemon's main thread: starts the roles, hands over leaves and ports, restarts what crashed, stops in order.
 *
 * Holds the CA key while it mints leaves, and facts about client processes; never a byte off the network.
 *
 * Imports: domain, log.ts, os, sync, roles.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import { MeterError } from "../domain/errors.ts";
import type { UpstreamSettings } from "../domain/upstream.ts";
import { errorLabel, type LogEvent } from "../log.ts";
import { installationId, type Paths } from "../os/paths.ts";
import { allowedFor } from "../sync/privacy.ts";
import { ApiSupervision } from "./api_supervision.ts";
import { ConfigWatch } from "./config_watch.ts";
import { supervisorAnswers } from "./control_client.ts";
import { type ControlHandlers, serveControl } from "./control_server.ts";
import { type DaemonStatus, gatherStatus } from "./daemon_status.ts";
import { type DestinationLog, joinLogs } from "./destinations.ts";
import { EdgeSupervision } from "./edge_supervision.ts";
import { type AuditFact, LeafSupervision } from "./leaf_supervision.ts";
import { RENEWAL_CHECK_MS } from "./leaves.ts";
import type { EdgeOutcome, FromWorker, InterceptorPorts } from "./messages.ts";
import { Owners } from "./owners.ts";
import type { Role, RowInputs } from "./permissions.ts";
import { apiPorts, readPorts, updatePorts } from "./ports_file.ts";
import { gatherConnections, type ProcessConnections } from "./process_connections.ts";
import { SelfTestTurn } from "./self_test_turn.ts";
import { type SyncStart, SyncSupervision } from "./sync_supervision.ts";
import type { UnixServer } from "./unix_server.ts";
import { Workers } from "./workers.ts";

/** Everything a daemon is started with. */
export interface DaemonOptions {
  readonly paths: Paths;
  readonly config: Config;
  readonly upstream: UpstreamSettings;
  readonly version: string;
  readonly log: (event: LogEvent) => void;
  /** Folders and files that were found open to others and closed before the start. */
  readonly tightened?: readonly string[];
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

const HEARTBEAT_MS = 60_000;

/** The API answers pages on one thread: one that it cannot finish would keep it from every other. */
const API_LOOK_MS = 20_000;
const API_ANSWER_MS = 10_000;

/** Rows that are complete are on disk far sooner; this bounds a disk that hangs. */
const RECORDER_DRAIN_MS = 5_000;

/** A request under way is broken off; what is left to do is one write. */
const SYNC_DRAIN_MS = 2_000;

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

class Supervisor implements Daemon {
  readonly #options: DaemonOptions;
  #row: RowInputs;
  readonly #workers: Workers;
  readonly #owners: Owners;
  readonly #leaves: LeafSupervision;
  readonly #edge: EdgeSupervision;
  readonly #api: ApiSupervision;
  readonly #cloud: SyncSupervision;
  /** What sync roles connected to that have ended. */
  #syncBefore: DestinationLog | null = null;
  readonly #selfTest: SelfTestTurn;
  readonly #startedAt = Date.now();
  /** As the file says now; the sections that are read once are those of the start. */
  #config: Config;
  #watch: ConfigWatch | null = null;
  #control: UnixServer | null = null;
  #ports: InterceptorPorts | null = null;
  #timers: ReturnType<typeof setInterval>[] = [];
  #refused = 0;
  #stopping = false;

  constructor(options: DaemonOptions) {
    const { paths, config, upstream, version, log } = options;
    this.#options = options;
    this.#config = config;
    this.#row = {
      home: paths.home,
      portsFile: paths.effectivePorts,
      controlSocket: paths.socket,
      edgeLog: paths.edgeLog,
      apiPorts: apiPorts(config.daemon.apiPort, [config.daemon.edgePort, config.daemon.internalPort]),
      upstream,
      selfTestPort: config.daemon.internalPort,
    };
    const workers = new Workers({
      row: () => this.#row,
      log,
      heard: (_role, message) => this.#heard(message),
      lost: (role) => role === "interceptor" && this.#withdraw(),
      restart: (role) => this.#restart(role),
    });
    this.#workers = workers;
    this.#owners = new Owners({
      defaultProject: config.tagging.defaultProject,
      log,
      keepsWorkdir: (slug) => {
        const { enabled, upload } = this.#config.cloud;
        return enabled && allowedFor(upload, slug).sourceWorkdir;
      },
      tell: (peerPort, owner) => workers.send("recorder", { kind: "recorder.owner", peerPort, owner }),
    });
    this.#leaves = new LeafSupervision({ paths, log, tightened: options.tightened ?? [] });
    this.#edge = new EdgeSupervision({
      ports: config.daemon,
      start: {
        portsFile: paths.effectivePorts,
        controlSocket: paths.socket,
        upstream,
        version,
        installation: installationId(paths),
      },
      workers,
      log,
      changed: () => this.#publish(),
    });
    this.#api = new ApiSupervision({
      paths,
      ports: this.#row.apiPorts,
      version,
      workers,
      config: () => this.#config,
      status: () => this.status(),
      connections: () => this.#connections(),
      configWritten: async () => await this.#watch?.look(),
    });
    this.#cloud = new SyncSupervision({
      paths,
      start: (start) => this.#startSync(start),
      stop: async () => {
        // A role that is replaced or paused takes no knowledge along of where it has been.
        this.#syncBefore = joinLogs(this.#syncBefore, await workers.get("sync")?.destinations() ?? null);
        await workers.finish("sync", SYNC_DRAIN_MS);
      },
    });
    this.#selfTest = new SelfTestTurn(config.daemon.internalPort, workers);
  }

  get edge(): EdgeOutcome {
    if (this.#edge.outcome === null) throw new Error("The edge has not started");
    return this.#edge.outcome;
  }

  async start(): Promise<void> {
    const { paths, log, version } = this.#options;
    const facts = await this.#leaves.issue();
    const channel = new MessageChannel();
    await this.#startRecorder(channel.port1);
    await this.#startInterceptor(channel.port2);
    this.#control = serveControl(paths.socket, this.#controlHandlers());
    await this.#edge.start();
    await this.#api.start();
    this.#publish();
    this.#audit(facts);
    this.#watch = this.#watchConfig();
    await this.#cloud.look(this.#config);
    this.#timers.push(setInterval(() => this.#renew(), RENEWAL_CHECK_MS));
    this.#timers.push(setInterval(() => this.#heartbeat(), HEARTBEAT_MS));
    this.#timers.push(setInterval(() => this.#workers.look("api", API_ANSWER_MS), API_LOOK_MS));
    log({ event: "daemon.startup.ready", pid: Deno.pid, edge_port: this.edge.port, version });
  }

  status(): Promise<DaemonStatus> {
    const issued = this.#leaves.issued;
    return gatherStatus({
      version: this.#options.version,
      startedAt: this.#startedAt,
      edge: this.edge,
      apiPort: this.#api.port,
      apiProblem: this.#api.problem,
      leavesNotAfter: issued?.notAfter ?? null,
      caConstrained: issued?.constrained ?? null,
      refusedControlMessages: this.#refused,
      restarts: this.#workers.restarts,
      owners: this.#owners.counters(),
      configProblems: [
        ...this.#watch?.problems ?? [],
        ...this.#cloud.problems,
        ...this.#owners.notes(),
        ...this.#options.notes?.() ?? [],
      ],
      workers: this.#workers.running,
    });
  }

  async stop(drainMs = 10_000): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#timers.forEach(clearInterval);
    this.#watch?.close();
    this.#workers.close();
    this.#withdraw();
    this.#edge.close();
    await this.#workers.get("interceptor")?.drain(drainMs);
    this.#workers.get("api")?.terminate();
    await this.#cloud.close();
    await this.#workers.get("recorder")?.drain(RECORDER_DRAIN_MS);
    this.#workers.get("edge")?.terminate();
    this.#workers.terminateRetired();
    this.#control?.close();
    this.#options.log({ event: "daemon.exit", reason: "stopped" });
  }

  #controlHandlers(): ControlHandlers {
    return {
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
      releaseEdge: () => this.#edge.release(),
      takeEdge: () => ({ answer: this.#edge.take(), ended: () => void this.#edge.bind("closed") }),
      bindEdge: (held) => this.#edge.bind(held ? "held" : "closed"),
      selfTest: (caCertPem) => this.#selfTest.begin(caCertPem),
      refused: () => {
        this.#refused++;
        this.#options.log({ event: "daemon.control.refused", reason: "unknown message" });
      },
    };
  }

  async #connections(): Promise<ProcessConnections> {
    // An edge that is not here is in a process of its own, which answers for itself.
    const own: readonly Role[] = this.edge.kind === "listening" || this.#workers.has("edge") ? ["edge"] : [];
    const sync: readonly Role[] = this.#workers.has("sync") || this.#syncBefore !== null ? ["sync"] : [];
    const roles: readonly Role[] = [...own, "interceptor", "recorder", "api", ...sync];
    const found = await gatherConnections(roles, this.#workers.running, this.#workers.restarts, this.#row);
    return {
      process: "daemon",
      pid: Deno.pid,
      version: this.#options.version,
      startedAt: this.#startedAt,
      roles: found.map((one) => {
        const silent = one.running && one.log === null;
        return one.role === "sync" && !silent ? { ...one, log: joinLogs(this.#syncBefore, one.log) } : one;
      }),
    };
  }

  #watchConfig(): ConfigWatch {
    return new ConfigWatch(this.#options.paths.config, this.#config, {
      changed: (config) => {
        this.#config = config;
        this.#workers.send("recorder", { kind: "recorder.config", config });
        this.#workers.send("api", { kind: "api.config", config });
        this.#cloud.look(config);
        this.#options.log({ event: "daemon.config.changed" });
      },
      invalid: (reason) => this.#options.log({ event: "daemon.config.invalid", reason }),
    });
  }

  async #startRecorder(interceptor: MessagePort): Promise<void> {
    const { database, config: configFile } = this.#options.paths;
    const start = { database, configFile, config: this.#config, interceptor };
    this.#workers.start("recorder", { kind: "recorder.start", ...start }, [interceptor]);
    await this.#workers.answer("recorder", "recorder.ready");
  }

  async #startInterceptor(recorder: MessagePort): Promise<void> {
    const leaves = this.#leaves.issued?.leaves;
    if (leaves === undefined) throw new Error("No leaves");
    const start = { leaves, upstream: this.#options.upstream, recorder };
    this.#workers.start("interceptor", { kind: "interceptor.start", ...start }, [recorder]);
    this.#ports = (await this.#workers.answer("interceptor", "interceptor.ready")).ports;
  }

  /** The role may reach one address, so that another server means another row. */
  #startSync({ server, cloud, credentials }: SyncStart): void {
    this.#row = { ...this.#row, cloudServer: { host: server.host, port: server.port } };
    const { paths, upstream, version } = this.#options;
    const { port1, port2 } = new MessageChannel();
    const start = { database: paths.database, cloud, credentials, upstream, version };
    this.#workers.start("sync", { kind: "sync.start", ...start, recorder: port2 }, [port2]);
    this.#workers.send("recorder", { kind: "recorder.sync", sync: port1 }, [port1]);
  }

  #linkSync(): void {
    if (!this.#workers.has("sync")) return;
    const { port1, port2 } = new MessageChannel();
    this.#workers.send("recorder", { kind: "recorder.sync", sync: port1 }, [port1]);
    this.#workers.send("sync", { kind: "sync.recorder", recorder: port2 }, [port2]);
  }

  #heard(message: FromWorker): void {
    if (message.kind === "sync.idle") this.#cloud.idle(message.reason);
    else if (message.kind === "api.ask") this.#api.answer(message.id, message.ask);
    else if (message.kind === "interceptor.ready") {
      this.#ports = message.ports;
      this.#publish();
    }
  }

  async #restart(role: Role): Promise<void> {
    if (this.#stopping) return;
    if (role === "edge") await this.#edge.start();
    else if (role === "api") await this.#api.start();
    else if (role === "sync") await this.#cloud.look(this.#config, true);
    else if (role === "recorder") await this.#restartRecorder();
    else {
      const { port1, port2 } = new MessageChannel();
      this.#workers.send("recorder", { kind: "recorder.interceptor", interceptor: port1 }, [port1]);
      await this.#startInterceptor(port2);
    }
    this.#publish();
  }

  async #restartRecorder(): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    await this.#startRecorder(port1);
    this.#api.link();
    this.#linkSync();
    this.#workers.send("interceptor", { kind: "interceptor.recorder", recorder: port2 }, [port2]);
  }

  async #renew(): Promise<void> {
    if (!this.#leaves.renewalDue()) return;
    try {
      this.#audit(await this.#leaves.issue());
      const leaves = this.#leaves.issued?.leaves;
      if (leaves !== undefined) this.#workers.send("interceptor", { kind: "interceptor.leaves", leaves });
    } catch (error) {
      const reason = error instanceof MeterError ? error.message : "leaves could not be renewed";
      this.#options.log({ event: "role.crashed", role: "supervisor", reason, restart_in_ms: RENEWAL_CHECK_MS });
    }
  }

  #publish(): void {
    const edge = this.#edge.outcome;
    if (this.#ports === null || edge === null) return;
    const own = edge.kind === "listening" ? { edge: { port: edge.port, pid: Deno.pid } } : {};
    updatePorts(this.#options.paths.effectivePorts, {
      ...own,
      daemon: { pid: Deno.pid, apiPort: this.#api.port, interceptor: this.#ports, startedAt: this.#startedAt },
    });
  }

  /** Takes this daemon out of the ports file, so that the edge tunnels at once. */
  #withdraw(): void {
    const path = this.#options.paths.effectivePorts;
    const found = readPorts(path);
    if (found.daemon?.pid !== Deno.pid) return;
    const edgeIsOurs = this.#stopping && found.edge?.pid === Deno.pid;
    try {
      updatePorts(path, edgeIsOurs ? { daemon: null, edge: null } : { daemon: null });
    } catch (error) {
      // Calls in flight come first; an edge that is sent to an interceptor that is gone tunnels at once.
      const reason = error instanceof MeterError ? error.message : errorLabel(error);
      this.#options.log({ event: "daemon.ports.failed", reason });
    }
  }

  #audit(facts: readonly AuditFact[]): void {
    for (const fact of facts) this.#workers.send("recorder", { kind: "recorder.audit", ...fact });
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
