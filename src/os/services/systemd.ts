/**
 * Services as units of the user's systemd manager.
 *
 * Imports: domain, os/machine.ts, os/own_file.ts, os/place.ts, os/run.ts, os/services,
 * os/written_paths.ts.
 *
 * @module
 */

import type { Machine } from "../machine.ts";
import { checkOwnFile, type OwnFile, putOwnFile, removeOwnFile } from "../own_file.ts";
import type { PlaceState } from "../place.ts";
import { commandFailure } from "../run.ts";
import { writtenElsewhere } from "../written_paths.ts";
import type { Service, ServiceName, ServiceState } from "./service_manager.ts";
import { systemctl, userManagerProblem } from "./systemctl.ts";
import { unitText } from "./templates.ts";

/** Unit files. */
export const UNITS = { daemon: "halton-meter.service", edge: "halton-meter-edge.service" } as const;

const PROPERTIES =
  "LoadState,ActiveState,MainPID,ExecMainStatus,ExecMainExitTimestamp,UnitFileState,ExecStart,NeedDaemonReload";

/** What the manager says of a unit. */
interface UnitState extends ServiceState {
  /** The manager has the unit in an older form than the file. */
  readonly stale: boolean;
}

/** The units, and what the user should know. */
export function systemdServices(
  machine: Machine,
): { readonly services: readonly Service[]; readonly advice: () => Promise<string | null> } {
  return {
    services: [unitService(machine, "daemon", UNITS.daemon), unitService(machine, "edge", UNITS.edge)],
    advice: () => lingerAdvice(machine),
  };
}

/** Reads `systemctl show`. */
export function parseShow(text: string): UnitState {
  const values = new Map(
    text.split("\n").map((line): [string, string] => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  const pid = Number(values.get("MainPID"));
  const active = values.get("ActiveState") ?? "";
  return {
    registered: values.get("UnitFileState") === "enabled",
    running: active === "active" || active === "reloading" || active === "activating" && pid > 0,
    pid: pid > 0 ? pid : null,
    lastExit: (values.get("ExecMainExitTimestamp") ?? "") === "" ? null : Number(values.get("ExecMainStatus")),
    startsProgram: startedProgram(values.get("ExecStart") ?? ""),
    stale: values.get("NeedDaemonReload") === "yes",
  };
}

/** Null also for a program that a shell starts, since `show` does not tell the shell's arguments apart. */
function startedProgram(execStart: string): string | null {
  const program = /^\{ path=(.*?) ; argv\[\]=/.exec(execStart)?.[1];
  return program === undefined || program === "/bin/sh" ? null : program;
}

function unitService(machine: Machine, name: ServiceName, unit: string): Service {
  return {
    name,
    title: unit,
    place: {
      id: `service.${name}`,
      label: `register ${unit} with systemd`,
      check: () => check(machine, unit),
      apply: () => apply(machine, unit),
      remove: () => remove(machine, unit),
    },
    async state() {
      const { registered, running, pid, lastExit, startsProgram } = await show(machine, unit);
      return { registered, running, pid, lastExit, startsProgram };
    },
    start: () => start(machine, unit),
    stop: () => must(machine, "stop", unit),
    restart: () => must(machine, "restart", unit),
    // `restart` would kill it after TimeoutStopSec=; by itself it may take its time, and Restart=always starts the next one.
    relieve: () => must(machine, "kill", unit),
  };
}

async function check(machine: Machine, unit: string): Promise<PlaceState> {
  const problem = await userManagerProblem(machine);
  if (problem !== null) return { state: "unavailable", detail: problem, hint: null };
  const onDisk = await checkOwnFile(fileOf(machine, unit));
  const found = await show(machine, unit);
  if (onDisk === "absent" && !found.registered) return { state: "absent", detail: "not installed", hint: null };
  const wrong = whatDiffers(onDisk, found, machine.binary);
  if (wrong !== null) return { state: "differs", detail: wrong, hint: 'Run "halton-meter init" again' };
  return { state: "present", detail: found.pid === null ? unit : `PID ${found.pid} · ${unit}`, hint: null };
}

async function apply(machine: Machine, unit: string): Promise<PlaceState> {
  const before = await check(machine, unit);
  if (before.state === "present" || before.state === "unavailable") return before;
  await putOwnFile(machine.paths, fileOf(machine, unit));
  await must(machine, "daemon-reload");
  await must(machine, "enable", unit);
  if ((await show(machine, unit)).running) await must(machine, "restart", unit);
  else await start(machine, unit);
  return await check(machine, unit);
}

async function remove(machine: Machine, unit: string): Promise<PlaceState> {
  const { state } = await check(machine, unit);
  if (state !== "absent" && state !== "unavailable") {
    if (await checkOwnFile(fileOf(machine, unit)) !== "absent") await must(machine, "disable", unit);
    if ((await show(machine, unit)).running) await must(machine, "stop", unit);
  }
  await removeUnitFile(machine, unit);
  if (state !== "unavailable") {
    await must(machine, "daemon-reload");
    await systemctl(machine, ["reset-failed", unit]); // Refuses when it did not fail.
  }
  return await check(machine, unit);
}

async function start(machine: Machine, unit: string): Promise<void> {
  if ((await show(machine, unit)).running) return;
  // A unit that failed too often is not started by `start` alone.
  await systemctl(machine, ["reset-failed", unit]);
  await must(machine, "start", unit);
}

async function show(machine: Machine, unit: string): Promise<UnitState> {
  return parseShow((await systemctl(machine, ["show", `--property=${PROPERTIES}`, unit])).stdout);
}

/** Runs one verb and fails with all that it said. */
async function must(machine: Machine, verb: string, unit?: string): Promise<void> {
  const output = await systemctl(machine, unit === undefined ? [verb] : [verb, unit]);
  if (output.code === 0) return;
  const action = unit === undefined ? "reload the user's service manager" : `${verb} ${unit}`;
  const hint = unit === undefined ? undefined : `Run "journalctl --user -u ${unit}" to see why`;
  throw commandFailure(`Cannot ${action}`, `systemctl --user ${verb}`, output, hint);
}

function fileOf(machine: Machine, unit: string): OwnFile {
  return { path: `${unitFolder(machine)}/${unit}`, text: unitText(unit, machine), mode: 0o644 };
}

/** Takes the unit's file away, and the link by which it was enabled, which a manager that does not run leaves behind. */
export async function removeUnitFile(machine: Machine, unit: string): Promise<void> {
  const file = `${unitFolder(machine)}/${unit}`;
  for (const found of [file, ...await writtenElsewhere(machine.paths, file)]) {
    const wants = found.replace(/[^/]*$/, "default.target.wants");
    for (const path of [`${wants}/${unit}`, wants]) {
      await Deno.remove(path).catch(() => {}); // Gone already; or the folder holds links of others.
    }
  }
  await removeOwnFile(machine.paths, file);
}

function unitFolder({ env, paths }: Machine): string {
  const configured = env.get("XDG_CONFIG_HOME") ?? "";
  return `${configured.startsWith("/") ? configured : `${paths.userHome}/.config`}/systemd/user`;
}

/** Null when the file and what the manager has are as they should be. A service that was stopped is. */
function whatDiffers(onDisk: string, found: UnitState, binary: string): string | null {
  if (onDisk === "absent") return "enabled, but its file is gone";
  if (onDisk === "differs") return "its file is of another version or starts another program";
  if (found.stale) return "the manager has an older form of it";
  if (!found.registered) return "not enabled";
  return found.startsProgram === null || found.startsProgram === binary ? null : `starts ${found.startsProgram}`;
}

/** Without lingering the manager ends at the user's last logout (loginctl(1)), which matters on machines that are left. */
async function lingerAdvice(machine: Machine): Promise<string | null> {
  try {
    const { code, stdout } = await machine.run("loginctl", ["show-user", String(machine.uid), "--property=Linger"]);
    if (code !== 0 || stdout.trim() !== "Linger=no") return null;
    return 'The meter ends when you log out; "loginctl enable-linger" keeps it running';
  } catch {
    return null; // Without loginctl there is no such setting.
  }
}
