/**
 * What `init`, `uninstall`, `doctor` and their relatives work on: this machine, its service manager, and every place that an
 * installation fills.
 *
 * Imports: domain, install, os, roles, store, cli.
 *
 * @module
 */

import { defaultConfig } from "../domain/config.ts";
import { MeterError } from "../domain/errors.ts";
import { authorityPlace } from "../install/authority_place.ts";
import { modePlace } from "../install/mode_place.ts";
import type { InstallParts } from "../install/modes.ts";
import { loadConfig } from "../os/config_file.ts";
import { everyEnvironmentPlace } from "../os/environment/places.ts";
import { type InstallMode, readInstallState } from "../os/install_state.ts";
import { type Machine, thisMachine } from "../os/machine.ts";
import { whileLocked } from "../os/install_lock.ts";
import { type Paths, paths } from "../os/paths.ts";
import { type ServiceManager, serviceManager } from "../os/services/service_manager.ts";
import { trustStores } from "../os/trust/stores.ts";
import { mintAuthority } from "../roles/minter.ts";
import { openForWriting } from "../store/database.ts";
import { audit } from "../store/settings.ts";
import type { MeterContext } from "./app.ts";
import { healthyPlace, selfTestPlace } from "./daemon_places.ts";
import { openSession, type Session } from "./session.ts";

/** One user's installation, there or not yet. */
export interface Installation {
  readonly session: Session;
  /** Why default settings are in use; null when config.toml is. */
  readonly configProblem: MeterError | null;
  readonly machine: Machine;
  readonly manager: ServiceManager;
  /** As the sentinels say; null = not installed. */
  readonly installed: InstallMode | null;
  /** Whether it has the start-up files of shells set up; true where nothing is installed. */
  readonly shellRc: boolean;
  /** @param shellRc Whether the mode is to be noted with the start-up files of shells; as it is unless told. */
  partsFor(mode: InstallMode, shellRc?: boolean): InstallParts;
  /** Writes what was done to the certificate authority into the audit trail, once there is a database. */
  noteAuthority(): void;
}

/** What an installation is opened for. */
export interface InstallationOptions {
  /** Whether a command may ask for an administrator's password. */
  readonly interactive: boolean;
  /** Python interpreters to patch beside those that are found. */
  readonly pythons?: readonly string[];
  /** Whether to go on with default settings where config.toml cannot be used, and without making a data folder. */
  readonly lenient?: boolean;
}

/** @throws {MeterError} `bad_config`, or `failed` for a folder that cannot be used. */
export async function openInstallation(options: InstallationOptions): Promise<Installation> {
  const { session, configProblem } = await sessionFor(options.lenient ?? false);
  const { paths, config } = session;
  const { edgePort, apiPort } = config.daemon;
  const machine = thisMachine({ edgePort, apiPort });
  const manager = await serviceManager(machine);
  const notes: { event: string; details: Record<string, string> }[] = [];
  const authority = authorityPlace(paths, () => mintAuthority(Date.now()), ({ created, tightened }) => {
    if (created) notes.push({ event: "ca.created", details: {} });
    for (const path of tightened) notes.push({ event: "permissions.tightened", details: { path } });
  });
  const trust = trustStores(machine, {
    certificateFile: paths.caCertificate,
    interactive: options.interactive,
    pythons: options.pythons ?? [],
  });
  const { mode: installed, shellRc } = await readInstallState(paths);
  return {
    session,
    configProblem,
    machine,
    manager,
    installed,
    shellRc,
    partsFor: (mode, withShellRc = shellRc) => ({
      authority,
      trust,
      services: manager.services.map(({ place }) => place),
      healthy: healthyPlace(paths, config, manager),
      environment: everyEnvironmentPlace(machine, { upstreamProxy: config.upstream.proxy }),
      selfTest: selfTestPlace(paths, config),
      mode: modePlace(paths, mode, withShellRc),
    }),
    noteAuthority() {
      if (notes.length === 0) return;
      const db = openForWriting(paths.database, { now: Date.now(), uid: Deno.uid() ?? undefined });
      try {
        for (const { event, details } of notes.splice(0)) audit(db, event, details, Date.now());
      } finally {
        db.close();
      }
    },
  };
}

async function sessionFor(lenient: boolean): Promise<Pick<Installation, "session" | "configProblem">> {
  if (!lenient) return { session: await openSession(), configProblem: null };
  const found = paths();
  try {
    return {
      session: { paths: found, config: await loadConfig(found.config), homeTightened: false },
      configProblem: null,
    };
  } catch (error) {
    if (!(error instanceof MeterError)) throw error;
    return { session: { paths: found, config: defaultConfig(), homeTightened: false }, configProblem: error };
  }
}

/**
 * Calls `body` while no other command changes the installation.
 *
 * @throws {MeterError} `failed` where that other command was an upgrade of this very program, which has no file of its own now.
 */
export async function changing(context: MeterContext, paths: Paths, body: () => Promise<void>): Promise<void> {
  const waiting = () => {
    context.process.stderr.write("Waiting for another halton-meter command that changes this installation …\n");
  };
  const program = Deno.execPath();
  const before = identity(program);
  await whileLocked(paths, { waiting }, async () => {
    // The system tells the path of a program that was replaced with "(deleted)" at its end, also once it was put back.
    if (Deno.execPath() === program && identity(program) === before) return await body();
    throw new MeterError("failed", `Cannot go on: another command has replaced ${program} in the meantime`, {
      hint: "See with `halton-meter --version` which version it is now; run this again if it is still to be done",
    });
  });
}

/** Which file a path leads to; null for none. */
function identity(path: string): string | null {
  try {
    const { dev, ino, size, mtime } = Deno.statSync(path);
    return `${dev} ${ino} ${size} ${mtime?.getTime()}`;
  } catch {
    return null;
  }
}

/** Services start this very file: a program that is run from its source has none. @throws {MeterError} `failed`. */
export function requireBinary(): void {
  if (Deno.build.standalone) return;
  throw new MeterError("failed", "Cannot install the meter: this is its source, not the compiled program", {
    hint: "Compile it with `deno task compile`, then run dist/halton-meter init",
  });
}
