/**
 * The process `edge`: one worker with the edge's row, its entry in the ports file, and a unix socket at which it says
 * where it has connected to, whether a daemon runs or not.
 *
 * Imports: domain, log.ts, os, roles.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import { MeterError } from "../domain/errors.ts";
import type { UpstreamSettings } from "../domain/upstream.ts";
import { errorLabel, type LogEvent } from "../log.ts";
import { installationId, type Paths } from "../os/paths.ts";
import { askForPort, givePort, type Released } from "./edge_succession.ts";
import type { EdgeOutcome, FromWorker } from "./messages.ts";
import { permissionsOf, type RowInputs } from "./permissions.ts";
import { type EffectivePorts, fallbackPorts, readPorts, updatePorts } from "./ports_file.ts";
import { answerConnections, gatherConnections } from "./process_connections.ts";
import { serveUnix, type UnixServer } from "./unix_server.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** Connections that are open may go on for so long in an edge that another has succeeded, or until it is killed. */
const LAST_CONNECTIONS_MS = 15 * 60_000;

/** How often a ports file that could not be written is tried again. */
const PUBLISH_AGAIN_MS = 3_000;

/** What the process is started with. */
export interface EdgeProcessOptions {
  readonly paths: Paths;
  readonly config: Config;
  readonly upstream: UpstreamSettings;
  readonly version: string;
  readonly log: (event: LogEvent) => void;
  /** The worker died: the process must end too, so that its service manager starts a new one. */
  readonly onCrash: () => void;
}

/** The running edge, or word of the one that was there. */
export interface EdgeProcess {
  readonly outcome: EdgeOutcome;
  /**
   * Gives the port to the daemon, if one runs, without a call that fails, and then waits for the connections that are
   * open; no longer than that daemon runs, since a machine that shuts down ends both. To be followed by `stop`.
   *
   * @param succeeded Called when the daemon serves the port, with the number of connections that are waited for.
   */
  leave(succeeded: (open: number) => void): Promise<void>;
  stop(): void;
}

/** @throws {MeterError} `port_in_use` when no port can be had. */
export async function startEdgeProcess(options: EdgeProcessOptions): Promise<EdgeProcess> {
  const { paths, config, upstream, log } = options;
  const startedAt = Date.now();
  const row: RowInputs = {
    home: paths.home,
    portsFile: paths.effectivePorts,
    controlSocket: paths.socket,
    edgeLog: paths.edgeLog,
    apiPorts: [config.daemon.apiPort],
    upstream,
    selfTestPort: config.daemon.internalPort,
  };
  const held = Promise.withResolvers<boolean>();
  const { worker, outcome } = await startEdgeWorker(options, row, held.resolve);
  let answering: UnixServer | null = null;
  let publishing = { stop: () => {} };
  if (outcome.kind === "listening") {
    publishing = publish(paths.effectivePorts, outcome.port, log);
    answering = answerAt(options, worker, row, startedAt);
    log({ event: "edge.startup.ready", pid: Deno.pid, port: outcome.port });
  }
  return {
    outcome,
    async leave(succeeded) {
      const daemon = await givePort(paths.socket, () => {
        worker.send({ kind: "edge.hold" });
        return held.promise;
      });
      worker.send({ kind: "edge.release" });
      answering?.close(); // Its place is the next edge's now.
      answering = null;
      if (daemon === null) return;
      succeeded((await worker.stats())?.counters["open"] ?? 0);
      await Promise.race([worker.drain(LAST_CONNECTIONS_MS), daemon.ended]);
      daemon.close();
    },
    stop() {
      worker.terminate();
      answering?.close();
      publishing.stop();
      if (readPorts(paths.effectivePorts).edge?.pid === Deno.pid) putPart(paths.effectivePorts, null, log);
    },
  };
}

/** Names this edge in the ports file. On a disk that is full or broken it serves all the same, and tries until it can. */
function publish(path: string, port: number, log: EdgeProcessOptions["log"]): { stop(): void } {
  const attempt = () => putPart(path, { port, pid: Deno.pid }, log);
  if (attempt()) return { stop: () => {} };
  const timer = setInterval(() => attempt() && clearInterval(timer), PUBLISH_AGAIN_MS);
  return { stop: () => clearInterval(timer) };
}

/** @returns false when it could not be written. */
function putPart(path: string, edge: EffectivePorts["edge"], log: EdgeProcessOptions["log"]): boolean {
  try {
    updatePorts(path, { edge });
    return true;
  } catch (error) {
    const reason = error instanceof MeterError ? error.message : errorLabel(error);
    log({ event: "edge.ports.failed", reason });
    return false;
  }
}

function startEdgeWorker(
  options: EdgeProcessOptions,
  row: RowInputs,
  onHeld: (held: boolean) => void,
): Promise<{ readonly worker: WorkerHandle; readonly outcome: EdgeOutcome }> {
  const { paths, upstream, version, log } = options;
  const { edgePort, internalPort, apiPort } = options.config.daemon;
  let released: Released | null = null;
  const bind = async (worker: WorkerHandle, holder: number) => {
    released = await askForPort(paths.socket, readPorts(paths.effectivePorts).daemon?.pid, holder);
    worker.send({ kind: "edge.bind", answer: released.answer });
  };
  return new Promise((resolve, reject) => {
    const worker = new WorkerHandle(
      { name: "edge", entry: new URL("./edge_worker.ts", import.meta.url), permissions: permissionsOf("edge", row) },
      (message: FromWorker) => {
        if (message.kind === "edge.ready") {
          released?.done();
          resolve({ worker, outcome: message.outcome });
        } else if (message.kind === "edge.waiting") bind(worker, message.pid);
        else if (message.kind === "edge.held") onHeld(message.held);
        else if (message.kind === "failed") {
          reject(new MeterError("port_in_use", message.message, message.hint === null ? {} : { hint: message.hint }));
        } else if (message.kind === "log") log(message.event);
      },
      (reason) => {
        log({ event: "edge.exit", reason });
        reject(new MeterError("failed", `Cannot run the edge: ${reason}`));
        options.onCrash();
      },
    );
    worker.send({
      kind: "edge.start",
      port: edgePort,
      fallbackPorts: fallbackPorts(edgePort, [internalPort, apiPort]),
      portsFile: paths.effectivePorts,
      controlSocket: paths.socket,
      upstream,
      pid: Deno.pid,
      version,
      installation: installationId(paths),
      takeOver: true,
    });
  });
}

/** An edge without its socket still serves every tool: it says so in its log, and `status` says that it does not answer. */
function answerAt(
  { paths, version, log }: EdgeProcessOptions,
  worker: WorkerHandle,
  row: RowInputs,
  startedAt: number,
): UnixServer | null {
  try {
    return serveUnix(paths.edgeSocket, (connection) =>
      answerConnections(connection, async () => ({
        process: "edge",
        pid: Deno.pid,
        version,
        startedAt,
        roles: await gatherConnections(["edge"], new Map([["edge", worker]]), {}, row),
      })));
  } catch (error) {
    log({ event: "edge.socket.failed", reason: errorLabel(error) });
    return null;
  }
}
