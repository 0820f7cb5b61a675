/**
 * The process `edge`: one worker with the edge's row, and its entry in the ports file.
 *
 * Imports: domain, log.ts (types), os, roles.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import { MeterError } from "../domain/errors.ts";
import type { UpstreamSettings } from "../domain/upstream.ts";
import type { LogEvent } from "../log.ts";
import type { Paths } from "../os/paths.ts";
import { askSupervisor } from "./control_client.ts";
import type { EdgeOutcome, FromWorker } from "./messages.ts";
import { permissionsOf } from "./permissions.ts";
import { fallbackPorts, readPorts, updatePorts } from "./ports_file.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** A daemon that serves the port itself lets go of it within this. */
const RELEASE_MS = 2_000;

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
  stop(): void;
}

/** @throws {MeterError} `port_in_use` when no port can be had. */
export async function startEdgeProcess(options: EdgeProcessOptions): Promise<EdgeProcess> {
  const { paths, config, upstream, version, log } = options;
  const { edgePort, internalPort, apiPort } = config.daemon;
  const released = await askSupervisor(paths.socket, { t: "release-edge" }, RELEASE_MS);
  const takeOver = typeof released === "object" && released !== null && "released" in released &&
    released.released === true;
  const row = {
    home: paths.home,
    portsFile: paths.effectivePorts,
    controlSocket: paths.socket,
    edgeLog: paths.edgeLog,
    apiPorts: [apiPort],
    upstream,
  };
  const { worker, outcome } = await new Promise<{ worker: WorkerHandle; outcome: EdgeOutcome }>((resolve, reject) => {
    const worker = new WorkerHandle(
      { name: "edge", entry: new URL("./edge_worker.ts", import.meta.url), permissions: permissionsOf("edge", row) },
      (message: FromWorker) => {
        if (message.kind === "edge.ready") resolve({ worker, outcome: message.outcome });
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
      takeOver,
    });
  });
  if (outcome.kind === "listening") {
    updatePorts(paths.effectivePorts, { edge: { port: outcome.port, pid: Deno.pid } });
    log({ event: "edge.startup.ready", pid: Deno.pid, port: outcome.port });
  }
  return {
    outcome,
    stop() {
      worker.terminate();
      if (readPorts(paths.effectivePorts).edge?.pid === Deno.pid) updatePorts(paths.effectivePorts, { edge: null });
    },
  };
}
