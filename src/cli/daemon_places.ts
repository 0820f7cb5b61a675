/**
 * The last steps of an installation, which look at what runs: a daemon and an edge of this version at the configured ports,
 * and a real call through both.
 *
 * Imports: domain, os (types), roles, cli.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import { formatUsd } from "../domain/money.ts";
import { installationId, type Paths } from "../os/paths.ts";
import type { Place, PlaceState } from "../os/place.ts";
import type { ServiceManager } from "../os/services/service_manager.ts";
import { askSupervisor } from "../roles/control_client.ts";
import type { DaemonStatus } from "../roles/daemon_status.ts";
import { edgeAt, portIsFree } from "../roles/edge_probe.ts";
import { readPorts } from "../roles/ports_file.ts";
import { selfTest } from "../roles/self_test.ts";
import { whyNotStarted } from "./start_failure.ts";
import { VERSION } from "./version.ts";

/** A daemon that migrates a large database takes seconds; documented limit of `start`. */
const HEALTHY_MS = 30_000;
const POLL_MS = 200;
const ANSWER_MS = 2_000;
/** An edge process takes the port over within this, or still waits for the end of its connections after an upgrade. */
const HAND_OVER_MS = 10_000;

/**
 * What was found, and what it takes to change it: waiting, a start with this version, an end and a start since the port has
 * become free, or the user.
 */
export interface MeterLook extends PlaceState {
  readonly needs: "nothing" | "time" | "restart" | "port" | "user";
}

/** Whether the daemon and the edge of this version serve the configured ports. */
export async function lookAtMeter(paths: Paths, { daemon: { edgePort } }: Config): Promise<MeterLook> {
  const status = await askSupervisor(paths.socket, { t: "status" }, ANSWER_MS) as DaemonStatus | null;
  if (status === null) {
    return { state: "absent", needs: "time", detail: "no daemon answers", hint: "Run: halton-meter start" };
  }
  const differs = (needs: MeterLook["needs"], detail: string, hint: string | null = null): MeterLook => {
    return { state: "differs", needs, detail, hint };
  };
  if (status.version !== VERSION) return differs("restart", `version ${status.version} runs, and this is ${VERSION}`);
  if (status.edge.foreign !== null || status.edge.port !== edgePort) {
    if (portIsFree(edgePort)) {
      return differs("port", `port ${edgePort} is free again, and the edge uses ${status.edge.port}`);
    }
    // An edge process that was started since the port became free, beside a daemon that began before.
    if (await edgeAt(edgePort, installationId(paths)) !== null) {
      return differs("port", `an edge serves port ${edgePort}, and the daemon uses ${status.edge.port}`);
    }
    return differs(
      "user",
      `port ${edgePort} is held by another program, so that the edge uses ${status.edge.port}`,
      'End that program, or set daemon.edge_port in config.toml to a free port; then run "halton-meter init" again',
    );
  }
  const edge = await edgeAt(edgePort, installationId(paths));
  if (edge === null) return differs("time", `nothing answers on 127.0.0.1:${edgePort}`);
  if (edge.version !== VERSION) {
    return differs("restart", `an edge of version ${edge.version} runs, and this is ${VERSION}`);
  }
  if (status.apiPort === null && status.apiProblem === null) return differs("time", "the API does not answer yet");
  const api = status.apiPort === null ? "no API" : `api: 127.0.0.1:${status.apiPort}`;
  return { state: "present", needs: "nothing", detail: `${api}  edge: 127.0.0.1:${edgePort}`, hint: null };
}

/** Waits as long as waiting may help. @returns what was found last. */
export async function untilHealthy(paths: Paths, config: Config, withinMs = HEALTHY_MS): Promise<MeterLook> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await lookAtMeter(paths, config);
    if (found.needs !== "time") return found;
    if (performance.now() > deadline) {
      const detail = whyNotStarted(paths.daemonLog) ?? found.detail;
      return { ...found, detail, hint: "Look at: halton-meter logs daemon" };
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * Whether the daemon serves the port itself and an edge process runs beside it, which is about to take the port. A `stop` in
 * that moment would leave the port unserved.
 */
async function isHandingOver(paths: Paths, edgePort: number, manager: ServiceManager): Promise<boolean> {
  const serving = await edgeAt(edgePort, installationId(paths));
  const own = await manager.service("edge")?.state();
  return serving !== null && serving.pid === readPorts(paths.effectivePorts).daemon?.pid && own?.running === true &&
    own.pid !== null && own.pid !== serving.pid;
}

/** Waits until an edge process serves the port, where one is about to. */
export async function untilHandedOver(
  paths: Paths,
  { daemon: { edgePort } }: Config,
  manager: ServiceManager,
  withinMs = HAND_OVER_MS,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline && await isHandingOver(paths, edgePort, manager)) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Starts anew what must be, and waits again. @returns what was found last. */
export async function startedAnew(
  found: MeterLook,
  manager: ServiceManager,
  paths: Paths,
  config: Config,
): Promise<MeterLook> {
  const each = manager.services.filter(({ name }) => name !== "userenv");
  if (found.needs === "restart") { for (const service of each) await service.restart(); }
  else if (found.needs === "port") {
    // One that runs would hand on the port that it has.
    for (const service of each) await service.stop();
    for (const service of each) await service.start();
  } else return found;
  return await untilHealthy(paths, config);
}

/** The wait as a step; starts what is not running, and starts an older version anew. */
export function healthyPlace(paths: Paths, config: Config, manager: ServiceManager): Place {
  const each = manager.services.filter(({ name }) => name !== "userenv");
  return {
    id: "service.healthy",
    label: "wait for the daemon",
    async check() {
      const found = await lookAtMeter(paths, config);
      if (found.state !== "present" || !await isHandingOver(paths, config.daemon.edgePort, manager)) return found;
      return { ...found, state: "differs", detail: "the edge has not taken the port yet" };
    },
    async apply() {
      for (const service of each) await service.start();
      const found = await startedAnew(await untilHealthy(paths, config), manager, paths, config);
      if (found.state === "present") await untilHandedOver(paths, config, manager);
      return found;
    },
    remove: () => Promise.resolve({ state: "absent", detail: "", hint: null }),
  };
}

/** The self-test as a step: it is never "already there", since it proves the present. */
export function selfTestPlace(paths: Paths, { daemon: { edgePort, internalPort } }: Config): Place {
  const absent: PlaceState = { state: "absent", detail: "not run", hint: null };
  return {
    id: "self-test.call",
    label: "send a test call through the meter",
    check: () => Promise.resolve(absent),
    async apply() {
      const result = await selfTest({ paths, edgePort, standInPort: internalPort });
      if (!result.ok) return { state: "differs", detail: `${result.layer}: ${result.found}`, hint: result.hint };
      const { recorded, callMs } = result;
      const cost = recorded.cost_pico === null ? "unpriced" : formatUsd(BigInt(recorded.cost_pico));
      const detail = `${recorded.input_tokens} + ${recorded.output_tokens} tokens, ${cost}, ${Math.round(callMs)} ms`;
      return { state: "present", detail, hint: null };
    },
    remove: () => Promise.resolve(absent),
  };
}
