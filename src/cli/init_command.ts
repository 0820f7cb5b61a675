/**
 * `halton-meter init`, `onboard` and `setup`: sets the meter up on this machine, step by step.
 *
 * Imports: domain, install, os, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { installPlan, isShellRc } from "../install/modes.ts";
import { carryOut, type PlanOutcome, removeAll } from "../install/plan.ts";
import { isAlive } from "../os/alive.ts";
import { INSTALL_MODES, type InstallMode, readInstallState } from "../os/install_state.ts";
import { ownerOf, requireOwnHome } from "../os/own_home.ts";
import { paths } from "../os/paths.ts";
import { requireTrustOf } from "../os/trust/certifi.ts";
import { commandLine } from "../os/trust/shell_words.ts";
import { readPorts } from "../roles/ports_file.ts";
import type { MeterContext } from "./app.ts";
import { changing, type Installation, openInstallation, requireBinary } from "./installation.ts";
import { confirm, stepLines } from "./step_lines.ts";
import { VERSION } from "./version.ts";

/** Flags that name a mode. */
export interface ModeFlags {
  /** False, which is `--no-apps`, is env-only. */
  readonly apps?: boolean;
  readonly full: boolean;
  readonly envOnly: boolean;
}

/** Flags of `init`. */
export interface InitFlags extends ModeFlags {
  readonly nonInteractive: boolean;
  /** Absent: as the installation has it. */
  readonly shellRc?: boolean;
  readonly clean: boolean;
}

/** Sets up, or mends what is set up. */
export async function initCommand(this: MeterContext, flags: InitFlags): Promise<void> {
  requireBinary();
  const asked = askedMode(flags);
  requireOwnHome(Deno.env, Deno.uid(), ownerOf);
  await changing(this, paths(), () => install(this, flags, asked));
}

/** `init`, for a caller that holds the lock. */
export async function install(context: MeterContext, flags: InitFlags, asked: InstallMode | null): Promise<void> {
  const { stdout } = context.process;
  const installation = await openInstallation({ interactive: !flags.nonInteractive });
  // Without a flag an installation keeps its mode, so that repeating `init` after an update changes nothing else.
  const mode = asked ?? installation.installed ?? "env-only";
  const shellRc = flags.shellRc ?? (mode === "env-only" || installation.shellRc);
  stdout.write(`halton-meter v${VERSION} · init\n\n`);
  if (mode === "full" && installation.machine.platform === "linux") {
    stdout.write("On Linux there is no system proxy that all programs obey: --full does what --apps does\n\n");
  }
  await endForeignDaemon(installation, flags.nonInteractive);
  const parts = installation.partsFor(mode, shellRc);
  const listener = stepLines(stdout);
  if (flags.clean) await removeAll(parts.services, listener);
  const plan = installPlan(mode, parts, { shellRc });
  let outcome = await carryOut(plan, listener);
  if (selfTestFailed(outcome) && await restartServices(installation)) {
    stdout.write("\nThe test call failed: started the services anew\n");
    outcome = await carryOut(plan, listener);
  }
  if (selfTestFailed(outcome) && flags.clean) {
    stdout.write("\nThe test call still fails: taking out what this run put in\n");
    await outcome.rollBack();
  }
  await finish(context, installation, mode, outcome);
  installation.noteAuthority();
}

/** The mode that the flags name; null where they name none. @throws {MeterError} `wrong_usage` where they name several. */
export function askedMode({ apps, full, envOnly }: ModeFlags): InstallMode | null {
  const flagged = { "env-only": envOnly || apps === false, apps: apps === true, full };
  const asked = INSTALL_MODES.filter((mode) => flagged[mode]);
  if (asked.length > 1) {
    throw new MeterError("wrong_usage", `Cannot set up two modes at once: ${asked.join(" and ")}`, {
      hint: "Give one of --env-only, --apps and --full",
    });
  }
  return asked[0] ?? null;
}

/** A daemon that was started by hand holds what the service needs. */
async function endForeignDaemon({ session, manager }: Installation, nonInteractive: boolean): Promise<void> {
  const pid = readPorts(session.paths.effectivePorts).daemon?.pid ?? null;
  if (pid === null || !isAlive(pid)) return;
  for (const service of manager.services) if ((await service.state()).pid === pid) return;
  const agreed = nonInteractive || confirm(`A daemon runs as process ${pid}, not as a service. End it?`, false);
  if (!agreed) {
    throw new MeterError("failed", `Cannot install the service: a daemon runs as process ${pid}`, {
      hint: "End it with Ctrl-C, or give --non-interactive to have it ended",
    });
  }
  Deno.kill(pid, "SIGTERM");
  for (let waited = 0; waited < 20_000 && isAlive(pid); waited += 100) await pause(100);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function selfTestFailed({ reports }: PlanOutcome): boolean {
  return reports.some(({ id, outcome }) => id === "self-test.call" && outcome === "failed");
}

async function restartServices({ manager }: Installation): Promise<boolean> {
  try {
    for (const { name, restart } of manager.services) if (name !== "userenv") await restart();
    return true;
  } catch {
    return false; // What is wrong shows in the services' own lines.
  }
}

async function finish(
  context: MeterContext,
  { manager, session }: Installation,
  mode: InstallMode,
  { ok, reports }: PlanOutcome,
): Promise<void> {
  const { stdout } = context.process;
  const advice = await manager.advice();
  if (advice !== null) stdout.write(`\n${advice}\n`);
  if (!ok) {
    const failed = reports.filter(({ outcome }) => outcome === "failed").map(({ label }) => label);
    stdout.write(
      `\ninit incomplete   mode: ${mode}   ${
        failed.length === 0 ? "a step cannot be done here" : `not done: ${failed.join(", ")}`
      }\n`,
    );
    stdout.write("  Mend what stands behind the arrows and run it again; what is done stays done\n");
    context.process.exitCode = 1;
    return;
  }
  stdout.write(`\ninit complete   mode: ${mode}\n`);
  const shells = reports.some(({ id, outcome }) => isShellRc(id) && (outcome === "done" || outcome === "already"));
  const next = mode === "env-only"
    ? "Put `halton-meter run --` before a command to have it metered, or run `halton-meter init --apps`"
    : shells
    ? "Open a new terminal: what you start there is metered"
    : `No shell was set up. In a terminal that is to be metered: ${commandLine([".", session.paths.shellEnvironment])}`;
  stdout.write(
    `  ${next}\n  See what it costs: halton-meter report, or http://127.0.0.1:${session.config.daemon.apiPort}/\n`,
  );
}

/** Flags of `setup`. */
export interface SetupFlags {
  readonly force: boolean;
  readonly python?: readonly string[];
  readonly nonInteractive: boolean;
}

/** Brings the trust stores up to date, also of interpreters that came after `init`. */
export async function setupCommand(this: MeterContext, flags: SetupFlags): Promise<void> {
  const { mode } = await readInstallState(paths());
  if (mode === null && !flags.force) {
    throw new MeterError("failed", "Cannot set up trust: the meter is not installed", {
      hint: 'Run "halton-meter init --apps", or give --force to set up trust alone',
    });
  }
  requireOwnHome(Deno.env, Deno.uid(), ownerOf);
  await changing(this, paths(), () => setUpTrust(this, flags, mode ?? "apps"));
}

async function setUpTrust(context: MeterContext, flags: SetupFlags, mode: InstallMode): Promise<void> {
  const installation = await openInstallation({ interactive: !flags.nonInteractive, pythons: flags.python ?? [] });
  const { authority, trust } = installation.partsFor(mode);
  const plan = [authority, ...trust].map((place) => ({ place, wanted: true, required: place === authority }));
  context.process.stdout.write(`halton-meter v${VERSION} · setup\n\n`);
  const { ok } = await carryOut(plan, stepLines(context.process.stdout));
  if (!ok) context.process.exitCode = 1;
  const { machine, session } = installation;
  await requireTrustOf(machine, flags.python ?? [], session.paths.caCertificate);
}
