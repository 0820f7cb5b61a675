/**
 * `halton-meter start`, `stop` and `rescue`: the installed services.
 *
 * Imports: domain, install, os, roles, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { readInstallState } from "../os/install_state.ts";
import { ownerOf, requireOwnHome } from "../os/own_home.ts";
import { installationId, paths } from "../os/paths.ts";
import type { ServiceManager } from "../os/services/service_manager.ts";
import { edgeAt } from "../roles/edge_probe.ts";
import { readPorts } from "../roles/ports_file.ts";
import type { MeterContext } from "./app.ts";
import { lookAtMeter, startedAnew, untilHandedOver, untilHealthy } from "./daemon_places.ts";
import { askedMode, install, type ModeFlags } from "./init_command.ts";
import { changing, type Installation, openInstallation, requireBinary } from "./installation.ts";

/** Starts the daemon, and the edge if it is down. Waits until calls are metered. */
export async function startCommand(this: MeterContext, flags: { readonly quiet: boolean }): Promise<void> {
  const { stdout } = this.process;
  const installation = await openInstallation({ interactive: false, lenient: true });
  const { manager, session: { paths, config }, configProblem } = installation;
  requireInstalled(installation, "start");
  if (configProblem !== null) throw configProblem;
  const running = await lookAtMeter(paths, config);
  if (running.state === "present") {
    stdout.write(`daemon healthy  ${running.detail} (already up)\n`);
    return;
  }
  for (const name of ["daemon", "edge"] as const) {
    const service = serviceOf(manager, name);
    const up = (await service.state()).running;
    await service.start();
    if (!flags.quiet) stdout.write(`${name} ${up ? "already up" : "started"}\n`);
  }
  const found = await startedAnew(await untilHealthy(paths, config), manager, paths, config);
  if (found.state !== "present") {
    throw new MeterError("daemon_not_running", `Cannot start the meter: ${found.detail}`, {
      hint: found.hint ?? "Look at: halton-meter logs daemon",
    });
  }
  await untilHandedOver(paths, config, manager);
  stdout.write(`daemon healthy  ${found.detail}\n`);
}

/** Stops the daemon. The edge stays, so that tools go on working, unmetered. */
export async function stopCommand(this: MeterContext): Promise<void> {
  const { stdout } = this.process;
  const installation = await openInstallation({ interactive: false, lenient: true });
  requireInstalled(installation, "stop");
  const { manager, session: { paths, config } } = installation;
  const daemon = serviceOf(manager, "daemon");
  const before = await daemon.state();
  await daemon.stop();
  stdout.write(before.running ? "daemon stopped\n" : "daemon was not running\n");
  const foreign = readPorts(paths.effectivePorts).daemon?.pid ?? null;
  if (foreign !== null && foreign !== before.pid && (await lookAtMeter(paths, config)).state !== "absent") {
    throw new MeterError("failed", `Cannot stop metering: process ${foreign} is a daemon that is no service`, {
      hint: `End it with Ctrl-C in its terminal, or run: kill ${foreign}`,
    });
  }
  const edge = await edgeAt(config.daemon.edgePort, installationId(paths));
  stdout.write(
    edge === null
      ? `edge is not running: what is pointed at 127.0.0.1:${config.daemon.edgePort} has no connection until: halton-meter start\n`
      : `edge stays on 127.0.0.1:${config.daemon.edgePort} and tunnels everything, unmetered\n`,
  );
}

/** Takes a broken installation down and sets it up again in its mode. Recorded calls, settings and certificate stay. */
export async function rescueCommand(
  this: MeterContext,
  flags: ModeFlags,
): Promise<void> {
  requireBinary();
  const asked = askedMode(flags);
  const { mode } = await readInstallState(paths());
  if (mode === null && asked === null) {
    throw new MeterError("failed", "Cannot rescue an installation: there is none", { hint: "Run: halton-meter init" });
  }
  requireOwnHome(Deno.env, Deno.uid(), ownerOf);
  await changing(this, paths(), async () => {
    await endOrphans(await openInstallation({ interactive: true }));
    await install(this, { ...flags, nonInteractive: true, clean: true }, asked);
  });
}

/** Processes of ours that their manager has lost sight of. */
async function endOrphans({ session: { paths, config }, manager }: Installation): Promise<void> {
  for (const service of manager.services) await service.stop().catch(() => {}); // A broken one is why we are here.
  const ports = readPorts(paths.effectivePorts);
  const edge = await edgeAt(config.daemon.edgePort, installationId(paths));
  const left = new Set([ports.daemon?.pid, ports.edge?.pid, edge?.pid].filter((pid) => pid !== undefined));
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    for (const pid of left) {
      try {
        Deno.kill(pid, signal);
      } catch {
        left.delete(pid);
      }
    }
    if (left.size > 0) await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
}

function requireInstalled({ installed }: Installation, verb: "start" | "stop"): void {
  if (installed !== null) return;
  throw new MeterError("failed", `Cannot ${verb} the meter: it is not installed as a service`, {
    hint: 'Run "halton-meter init" to install it, or "halton-meter daemon" to run it in this terminal',
  });
}

function serviceOf(manager: ServiceManager, name: "daemon" | "edge") {
  const service = manager.service(name);
  if (service === null) throw new Error(`${manager.kind} has no ${name}`);
  return service;
}
