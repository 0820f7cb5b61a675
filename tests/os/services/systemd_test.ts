import { deepStrictEqual as deepEqual, ok, rejects, strictEqual as equal } from "node:assert/strict";
import type { Machine } from "../../../src/os/machine.ts";
import { parseShow, systemdServices, UNITS } from "../../../src/os/services/systemd.ts";
import type { Service } from "../../../src/os/services/service_manager.ts";
import { makeHome } from "../environment/shells.ts";
import { type Recorded, recordedRunner } from "../recorded_runner.ts";

const PROPERTIES =
  "--property=LoadState,ActiveState,MainPID,ExecMainStatus,ExecMainExitTimestamp,UnitFileState,ExecStart,NeedDaemonReload";
const UNIT = UNITS.daemon;
const VERSION: Recorded = {
  run: ["systemctl", "--user", "show", "--property=Version", "--value"],
  gives: { stdout: "252 (252.39-1~deb12u2)\n" },
  times: "always",
};

function verb(...args: string[]): Recorded {
  return { run: ["systemctl", "--user", ...args] };
}

function shown(program: string, values: Readonly<Record<string, string>> = {}, times = 1): Recorded {
  const all = {
    LoadState: "loaded",
    ActiveState: "active",
    MainPID: "812",
    ExecMainStatus: "0",
    ExecMainExitTimestamp: "",
    UnitFileState: "enabled",
    ExecStart:
      `{ path=${program} ; argv[]=${program} daemon ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 }`,
    NeedDaemonReload: "no",
    ...values,
  };
  const stdout = Object.entries(all).map(([name, value]) => `${name}=${value}\n`).join("");
  return { run: ["systemctl", "--user", "show", PROPERTIES, UNIT], gives: { stdout }, times };
}

const NOTHING = {
  LoadState: "not-found",
  ActiveState: "inactive",
  MainPID: "0",
  UnitFileState: "",
  ExecStart: "",
} as const;

function daemonOf(machine: Machine): Service {
  const service = systemdServices(machine).services[0];
  if (service === undefined) throw new Error("No daemon");
  return service;
}

/** A program path without quotes, so that the unit names it directly. */
const PROGRAM = "/opt/a b/halton-meter";

Deno.test("systemdServices install a unit: file, reload, enable, start", async () => {
  using home = makeHome();
  const { run, finish } = recordedRunner([
    VERSION,
    shown("", NOTHING, 3),
    verb("daemon-reload"),
    verb("enable", UNIT),
    verb("reset-failed", UNIT),
    verb("start", UNIT),
    shown(PROGRAM),
  ]);
  const daemon = daemonOf({ ...home.machine, binary: PROGRAM, run });
  const state = await daemon.place.apply();
  deepEqual(state, { state: "present", detail: "PID 812 · halton-meter.service", hint: null });
  ok(home.read(`.config/systemd/user/${UNIT}`).includes(`ExecStart="${PROGRAM}" daemon`));
  finish();
});

Deno.test("systemdServices touch nothing that is as it should be, also when it was stopped", async () => {
  using home = makeHome();
  const write = recordedRunner([
    VERSION,
    shown("", NOTHING),
    shown(PROGRAM, {}, 2),
    verb("daemon-reload"),
    verb("enable", UNIT),
    verb("restart", UNIT),
  ]);
  await daemonOf({ ...home.machine, binary: PROGRAM, run: write.run }).place.apply();
  const { run, finish } = recordedRunner([
    VERSION,
    shown(PROGRAM),
    shown(PROGRAM, { ActiveState: "inactive", MainPID: "0" }),
  ]);
  const daemon = daemonOf({ ...home.machine, binary: PROGRAM, run });
  equal((await daemon.place.apply()).state, "present");
  equal((await daemon.place.apply()).state, "present");
  finish();
});

Deno.test("systemdServices replace a unit that starts another program, and restart it", async () => {
  using home = makeHome();
  Deno.mkdirSync(`${home.folder}/.config/systemd/user`, { recursive: true });
  home.write(`.config/systemd/user/${UNIT}`, "[Service]\nExecStart=/old/halton-meter daemon\n");
  const { run, finish } = recordedRunner([
    VERSION,
    shown("/old/halton-meter", {}, 3),
    verb("daemon-reload"),
    verb("enable", UNIT),
    verb("restart", UNIT),
    shown(PROGRAM),
  ]);
  const daemon = daemonOf({ ...home.machine, binary: PROGRAM, run });
  equal((await daemon.place.check()).state, "differs");
  equal((await daemon.place.apply()).state, "present");
  finish();
});

Deno.test("systemdServices see what is half installed", async () => {
  using home = makeHome();
  const states: [string, Recorded][] = [
    ["enabled, but its file is gone", shown(PROGRAM)],
    ["its file is of another version or starts another program", shown(PROGRAM)],
  ];
  for (const [detail, recorded] of states) {
    const { run } = recordedRunner([VERSION, recorded]);
    const found = await daemonOf({ ...home.machine, binary: PROGRAM, run }).place.check();
    deepEqual([found.state, found.detail], ["differs", detail]);
    Deno.mkdirSync(`${home.folder}/.config/systemd/user`, { recursive: true });
    home.write(`.config/systemd/user/${UNIT}`, "");
  }
});

Deno.test("systemdServices take everything away, the link of a manager that does not answer included", async () => {
  using home = makeHome();
  const folder = `${home.folder}/.config/systemd/user`;
  const down: Recorded = { ...VERSION, gives: { code: 1, stderr: "Failed to connect to bus: No medium found" } };
  const put = recordedRunner([
    VERSION,
    shown("", NOTHING),
    shown(PROGRAM, {}, 2),
    verb("daemon-reload"),
    verb("enable", UNIT),
    verb("restart", UNIT),
  ]);
  await daemonOf({ ...home.machine, binary: PROGRAM, run: put.run }).place.apply();
  Deno.mkdirSync(`${folder}/default.target.wants`);
  Deno.symlinkSync(`${folder}/${UNIT}`, `${folder}/default.target.wants/${UNIT}`);
  // Also by one for whom the folder is another: it was noted where the file is.
  const env = {
    get: (name: string) => name === "XDG_CONFIG_HOME" ? `${home.folder}/other` : home.machine.env.get(name),
  };
  const daemon = daemonOf({ ...home.machine, env, binary: PROGRAM, run: recordedRunner([down]).run });
  equal((await daemon.place.remove()).state, "unavailable");
  deepEqual([...Deno.readDirSync(home.folder)].map(({ name }) => name).sort(), [".halton-meter", ".mitmproxy"]);
});

Deno.test("systemdServices disable, stop and forget a running unit", async () => {
  using home = makeHome();
  const put = recordedRunner([
    VERSION,
    shown("", NOTHING),
    shown(PROGRAM, {}, 2),
    verb("daemon-reload"),
    verb("enable", UNIT),
    verb("restart", UNIT),
  ]);
  await daemonOf({ ...home.machine, binary: PROGRAM, run: put.run }).place.apply();
  const { run, finish } = recordedRunner([
    VERSION,
    shown(PROGRAM, {}, 2),
    verb("disable", UNIT),
    verb("stop", UNIT),
    verb("daemon-reload"),
    verb("reset-failed", UNIT),
    shown("", NOTHING),
  ]);
  equal((await daemonOf({ ...home.machine, binary: PROGRAM, run }).place.remove()).state, "absent");
  finish();
});

Deno.test("systemdServices relieve by a signal alone, which no TimeoutStopSec follows", async () => {
  using home = makeHome();
  const { run, finish } = recordedRunner([verb("kill", UNIT)]);
  await daemonOf({ ...home.machine, run, binary: PROGRAM }).relieve();
  finish();
});

Deno.test("systemdServices hand on everything that a refusal says", async () => {
  using home = makeHome();
  const { run } = recordedRunner([{
    run: ["systemctl", "--user", "restart", UNIT],
    gives: { code: 1, stderr: "Job for halton-meter.service failed.\n" },
  }]);
  await rejects(
    () => daemonOf({ ...home.machine, run }).restart(),
    /Cannot restart halton-meter\.service: systemctl --user restart ended with code 1\n {4}Job for/,
  );
});

Deno.test("systemdServices advise lingering only where it is off", async () => {
  using home = makeHome();
  for (const [stdout, advised] of [["Linger=no\n", true], ["Linger=yes\n", false]] as const) {
    const { run } = recordedRunner([{
      run: ["loginctl", "show-user", String(home.machine.uid), "--property=Linger"],
      gives: { stdout },
    }]);
    equal(await systemdServices({ ...home.machine, run }).advice() !== null, advised);
  }
});

Deno.test("parseShow reads a unit that failed, one that never ran, and one that a shell starts", () => {
  const failed = parseShow(
    "ActiveState=activating\nMainPID=0\nExecMainStatus=1\nExecMainExitTimestamp=Sat 2026-11-21 05:00:00 UTC\nUnitFileState=enabled\n",
  );
  deepEqual([failed.running, failed.pid, failed.lastExit, failed.registered], [false, null, 1, true]);
  const never = parseShow(
    "ActiveState=inactive\nMainPID=0\nExecMainStatus=0\nExecMainExitTimestamp=\nUnitFileState=\n",
  );
  deepEqual([never.running, never.lastExit, never.registered, never.startsProgram], [false, null, false, null]);
  equal(
    parseShow('ExecStart={ path=/bin/sh ; argv[]=/bin/sh -c exec "$0" "$@" /a daemon ; pid=0 }').startsProgram,
    null,
  );
});
