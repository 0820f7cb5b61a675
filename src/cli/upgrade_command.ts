/**
 * `halton-meter upgrade --from FILE`: this installation, brought to another version while calls go on.
 *
 * Imports: domain, install, os, roles, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { inspectProgram, replaceProgram } from "../install/program_file.ts";
import { compareVersions, upgrade } from "../install/upgrade.ts";
import type { Service } from "../os/services/service_manager.ts";
import { askSupervisor } from "../roles/control_client.ts";
import type { DaemonStatus } from "../roles/daemon_status.ts";
import { edgeAt } from "../roles/edge_probe.ts";
import { selfTest, type SelfTestResult } from "../roles/self_test.ts";
import type { MeterContext } from "./app.ts";
import { type Installation, openInstallation, requireBinary } from "./installation.ts";
import { VERSION } from "./version.ts";

/** Flags of the command. */
export interface UpgradeFlags {
  readonly from: string;
  readonly allowDowngrade: boolean;
}

/** A daemon that migrates a large database takes seconds; documented limit of `start`. */
const HEALTHY_MS = 30_000;
const POLL_MS = 100;
/** Test calls that may fail while a daemon that has just started is taken up, and the pause between two. */
const MAX_TESTS = 5;
const TEST_PAUSE_MS = 500;
/** So many looks in a row at a daemon that is not there: its manager has given up, or starts it in vain. */
const GIVEN_UP = 20;
const ANSWER_MS = 2_000;

/** Replaces the program and restarts what runs as a service. */
export async function upgradeCommand(this: MeterContext, flags: UpgradeFlags): Promise<void> {
  requireBinary();
  const { stdout } = this.process;
  const installation = await openInstallation({ interactive: false, lenient: true });
  const { machine } = installation;
  const { version } = await inspectProgram(machine.run, absolute(flags.from), `${Deno.build.os}-${Deno.build.arch}`);
  const older = compareVersions(version, VERSION) < 0;
  if (older && !flags.allowDowngrade) {
    throw new MeterError("bad_input", `Cannot go from version ${VERSION} to ${version}: it is older`, {
      hint: "Add --allow-downgrade if that is meant",
    });
  }
  const running = await runningServices(installation);
  await upgrade({ from: VERSION, to: version }, {
    replace: () => replaceProgram(absolute(flags.from), machine.binary),
    restartDaemon: (to) => restartDaemon(installation, running.daemon, to),
    restartEdge: (to) => restartEdge(installation, running.edge, to),
    say: (line) => stdout.write(`${line}\n`),
  });
  const restarted = Object.values(running).filter((service) => service !== null).map(({ name }) => name);
  stdout.write(
    restarted.length === 0
      ? "Nothing runs as a service: what you started yourself goes on with the earlier version until you end it\n"
      : `Restarted the ${restarted.join(" and the ")}; a test call was metered\n`,
  );
}

/** Services that are not running stay so. */
async function runningServices(
  { manager }: Installation,
): Promise<{ readonly daemon: Service | null; readonly edge: Service | null }> {
  const running = async (name: "daemon" | "edge") => {
    const service = manager.service(name);
    return service !== null && (await service.state()).running ? service : null;
  };
  return { daemon: await running("daemon"), edge: await running("edge") };
}

async function restartDaemon({ session }: Installation, service: Service | null, version: string): Promise<void> {
  if (service === null) return;
  const { paths, config: { daemon: { edgePort, internalPort } } } = session;
  const status = async () => await askSupervisor(paths.socket, { t: "status" }, ANSWER_MS) as DaemonStatus | null;
  const before = (await status())?.pid;
  await service.restart();
  let absent = 0;
  const found = await patiently(async () => {
    absent = (await service.state()).running ? 0 : absent + 1;
    if (absent >= GIVEN_UP) throw new MeterError("failed", `The daemon of version ${version} does not stay up`);
    const now = await status();
    return now !== null && now.pid !== before && now.version === version ? now : null;
  });
  if (found === null) {
    throw new MeterError("failed", `The daemon of version ${version} does not answer after ${HEALTHY_MS / 1000} s`);
  }
  if (await edgeAt(edgePort) === null) return; // Then nothing could be tested, whatever the version.
  const result = await settledTest(() => selfTest({ paths, edgePort, standInPort: internalPort }));
  if (!result.ok) {
    throw new MeterError("failed", `The test call through version ${version} failed: ${result.layer}: ${result.found}`);
  }
}

/** An edge that has just seen the daemon down takes it for down a moment longer; see roles/edge_health.ts. */
async function settledTest(test: () => Promise<SelfTestResult>): Promise<SelfTestResult> {
  for (let tries = 1;; tries++) {
    const result = await test();
    if (result.ok || tries === MAX_TESTS) return result;
    await new Promise((resolve) => setTimeout(resolve, TEST_PAUSE_MS));
  }
}

/** The edge gives its port to the daemon, and the next one takes it from there; see roles/edge_succession.ts. */
async function restartEdge({ session }: Installation, service: Service | null, version: string): Promise<void> {
  if (service === null) return;
  const { edgePort } = session.config.daemon;
  const before = (await edgeAt(edgePort))?.pid;
  await service.restart();
  const found = await patiently(async () => {
    const pid = (await service.state()).pid;
    const now = await edgeAt(edgePort);
    return now !== null && now.pid === pid && now.pid !== before && now.version === version ? now : null;
  });
  if (found === null) {
    throw new MeterError("failed", `The edge of version ${version} does not serve port ${edgePort}`);
  }
}

async function patiently<T>(look: () => Promise<T | null>): Promise<T | null> {
  for (const deadline = performance.now() + HEALTHY_MS;;) {
    const found = await look();
    if (found !== null || performance.now() > deadline) return found;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function absolute(path: string): string {
  return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}
