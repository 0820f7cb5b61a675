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
import { installationId, type Paths, paths } from "../os/paths.ts";
import { commandLine } from "../os/trust/shell_words.ts";
import type { Service } from "../os/services/service_manager.ts";
import { askSupervisor } from "../roles/control_client.ts";
import type { DaemonStatus } from "../roles/daemon_status.ts";
import { edgeAt } from "../roles/edge_probe.ts";
import { selfTest, type SelfTestResult } from "../roles/self_test.ts";
import type { MeterContext } from "./app.ts";
import { untilHandedOver } from "./daemon_places.ts";
import { changing, type Installation, openInstallation, requireBinary } from "./installation.ts";
import { whyNotStarted } from "./start_failure.ts";
import { callsUnderWay, untilQuiet } from "./upgrade_quiet.ts";
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
/** An edge without open connections ends, and is followed, within this while a daemon serves its port. */
const SUCCESSION_MS = 10_000;

/** Replaces the program and restarts what runs as a service. */
export async function upgradeCommand(this: MeterContext, flags: UpgradeFlags): Promise<void> {
  requireBinary();
  const found = paths();
  if (mayLock(found.home)) await changing(this, found, () => bring(this, flags));
  else await bring(this, flags);
}

async function bring(context: MeterContext, flags: UpgradeFlags): Promise<void> {
  const { stdout } = context.process;
  const installation = await openInstallation({ interactive: false, lenient: true });
  const { machine } = installation;
  await mustBeOwn(installation, flags.from);
  const { version } = await inspectProgram(machine.run, absolute(flags.from), `${Deno.build.os}-${Deno.build.arch}`);
  const older = compareVersions(version, VERSION) < 0;
  if (older && !flags.allowDowngrade) {
    throw new MeterError("bad_input", `Cannot go from version ${VERSION} to ${version}: it is older`, {
      hint: "Add --allow-downgrade if that is meant",
    });
  }
  // Else the port would be nobody's while the daemon is started anew.
  await untilHandedOver(installation.session.paths, installation.session.config, installation.manager);
  const running = await runningServices(installation);
  const say = (line: string) => stdout.write(`${line}\n`);
  const status = () => askDaemon(installation);
  if (running.daemon !== null) await untilQuiet(async () => callsUnderWay(await status()), say);
  let tested = false;
  await upgrade({ from: VERSION, to: version }, {
    replace: () => replaceProgram(absolute(flags.from), machine.binary),
    restartDaemon: async (to) => void (tested = await restartDaemon(installation, running.daemon, to)),
    restartEdge: (to) => restartEdge(installation, running.edge, to, say),
    say,
  });
  say(closing(Object.values(running).filter((service) => service !== null).map(({ name }) => name), tested));
  const left = running.daemon === null ? await status() : null;
  if (left !== null) {
    say(`The daemon, process ${left.pid}, was not started as a service: version ${left.version} until you end it`);
  }
}

/** Another user's folder, as root sees it who upgrades a program of the system, is neither locked nor made. */
function mayLock(home: string): boolean {
  try {
    const { isDirectory, uid } = Deno.lstatSync(home);
    return isDirectory && uid === Deno.uid();
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

function closing(restarted: readonly string[], tested: boolean): string {
  if (restarted.length === 0) return "Nothing runs as a service, so nothing was restarted";
  return `Restarted the ${restarted.join(" and the ")}; ${
    tested ? "a test call was metered" : "no test call was made"
  }`;
}

async function askDaemon({ session: { paths } }: Installation): Promise<DaemonStatus | null> {
  return await askSupervisor(paths.socket, { t: "status" }, ANSWER_MS) as DaemonStatus | null;
}

/** @throws {MeterError} `bad_input` where the services start another program than this one, whose file would be replaced. */
async function mustBeOwn({ manager, machine }: Installation, from: string): Promise<void> {
  for (const name of ["daemon", "edge"] as const) {
    const { startsProgram: program = null } = await manager.service(name)?.state() ?? {};
    if (program === null || program === machine.binary) continue;
    throw new MeterError("bad_input", `Cannot upgrade: the ${name} is ${program}, and this is ${machine.binary}`, {
      hint: `Run: ${commandLine([program, "upgrade", "--from", from])}`,
    });
  }
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

/** @returns whether a test call was metered. */
async function restartDaemon(installation: Installation, service: Service | null, version: string): Promise<boolean> {
  if (service === null) return false;
  const { paths, config: { daemon: { edgePort, internalPort } } } = installation.session;
  const status = () => askDaemon(installation);
  const before = (await status())?.pid;
  await service.restart();
  let absent = 0;
  const found = await patiently(async () => {
    absent = (await service.state()).running ? 0 : absent + 1;
    if (absent >= GIVEN_UP) {
      throw new MeterError("failed", `The daemon of version ${version} does not stay up${reason(paths)}`);
    }
    const now = await status();
    return now !== null && now.pid !== before && now.version === version ? now : null;
  });
  if (found === null) {
    const state = `does not answer after ${HEALTHY_MS / 1000} s${reason(paths)}`;
    throw new MeterError("failed", `The daemon of version ${version} ${state}`);
  }
  if (await edgeAt(edgePort, installationId(paths)) === null) return false; // Then nothing could be tested, whatever the version.
  const result = await settledTest(() => selfTest({ paths, edgePort, standInPort: internalPort }));
  if (!result.ok) {
    throw new MeterError("failed", `The test call through version ${version} failed: ${result.layer}: ${result.found}`);
  }
  return true;
}

function reason({ daemonLog }: Paths): string {
  const found = whyNotStarted(daemonLog);
  return found === null ? "" : `: ${found}`;
}

/** An edge that has just seen the daemon down takes it for down a moment longer; see roles/edge_health.ts. */
async function settledTest(test: () => Promise<SelfTestResult>): Promise<SelfTestResult> {
  for (let tries = 1;; tries++) {
    const result = await test();
    if (result.ok || tries === MAX_TESTS) return result;
    await new Promise((resolve) => setTimeout(resolve, TEST_PAUSE_MS));
  }
}

/**
 * The edge gives its port to the daemon, and the next one takes it from there; see roles/edge_succession.ts. An edge whose
 * connections are still open may take its time: the daemon's own edge, of the new version, serves until it has ended.
 */
async function restartEdge(
  installation: Installation,
  service: Service | null,
  version: string,
  say: (line: string) => void,
): Promise<void> {
  if (service === null) return;
  const { paths, config: { daemon: { edgePort } } } = installation.session;
  const edge = () => edgeAt(edgePort, installationId(paths));
  const [serving, daemon, { pid: own }] = await Promise.all([
    edge(),
    askDaemon(installation),
    service.state(),
  ]);
  const leaving = own !== null && daemon !== null && serving?.pid === daemon.pid; // Told to by an upgrade before this one.
  if (daemon === null) await service.restart();
  else if (!leaving) await service.relieve();
  const begun = performance.now();
  const found = await patiently(async () => {
    const [now, { pid }] = await Promise.all([edge(), service.state()]);
    if (now === null || now.version !== version) return null;
    if (now.pid === pid && (now.pid !== serving?.pid)) return "followed";
    const waits = pid === own && now.pid === daemon?.pid && performance.now() - begun > SUCCESSION_MS;
    return waits ? "leaving" : null;
  });
  if (found === "leaving") {
    say(
      "The earlier edge goes on until its open connections end, 15 minutes at most; the daemon serves the port so long",
    );
  }
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
