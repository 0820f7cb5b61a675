import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import type { Machine } from "../../../src/os/machine.ts";
import { runForOutput, type Runner } from "../../../src/os/run.ts";
import { detachedServices } from "../../../src/os/services/detached.ts";
import { ownProcesses } from "../../../src/os/services/own_processes.ts";
import type { Service } from "../../../src/os/services/service_manager.ts";
import { updatePorts } from "../../../src/roles/ports_file.ts";
import { hasShell, type Home, makeHome } from "../environment/shells.ts";

/**
 * A program that runs as `halton-meter daemon` would: a shell under that name, which finds a script called `daemon`. It enters
 * itself into the ports file and ends at SIGTERM.
 */
function standIn(home: Home, script: string): Machine {
  const bin = `${home.folder}/bin`;
  Deno.mkdirSync(bin);
  const bash = (Deno.env.get("PATH") ?? "").split(":").map((folder) => `${folder}/bash`).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
  if (bash === undefined) throw new Error("This test needs bash");
  Deno.copyFileSync(bash, `${bin}/halton-meter`);
  Deno.writeTextFileSync(`${bin}/daemon`, script);
  const run: Runner = (command, args, options) =>
    runForOutput(command, args, {
      ...options,
      env: {
        HOME: home.folder,
        HALTON_METER_HOME: "",
        PATH: `${bin}:${Deno.env.get("PATH")}`,
        PORTS: home.machine.paths.effectivePorts,
      },
    });
  return { ...home.machine, binary: `${bin}/halton-meter`, run };
}

const SCRIPT = `trap 'exit 0' TERM
printf '{"daemon": {"pid": %s}}' $$ >"$PORTS"
echo started
while :; do sleep 0.05; done
`;

function daemonOf(machine: Machine): Service {
  const service = detachedServices(machine)[0];
  if (service === undefined) throw new Error("No daemon");
  return service;
}

Deno.test("detachedServices start, find, restart and end a real process in a session of its own", async () => {
  using home = makeHome();
  const machine = standIn(home, SCRIPT);
  const daemon = daemonOf(machine);
  equal((await daemon.place.check()).state, "absent");
  const state = await daemon.place.apply();
  try {
    equal(state.state, "present");
    match(state.detail, /^PID \d+; starts with this session only: no service manager was found$/);
    const { pid, running, startsProgram, registered } = await daemon.state();
    deepEqual([running, startsProgram, registered], [true, machine.binary, false]);
    if (hasShell("setsid")) {
      const { stdout } = await runForOutput("ps", ["-o", "sid=", "-p", String(pid)]);
      equal(Number(stdout), pid);
    }
    equal(coreLimits(pid), "0 0");
    await daemon.start();
    equal((await daemon.state()).pid, pid);
    equal(home.read(".halton-meter/daemon.out.log"), "started\n");
    equal((Deno.statSync(`${home.folder}/.halton-meter/daemon.out.log`).mode ?? 0) & 0o777, 0o600);
    await daemon.restart();
    const next = (await daemon.state()).pid;
    equal(typeof next === "number" && next !== pid, true);
  } finally {
    equal((await daemon.place.remove()).state, "absent");
  }
  await daemon.stop();
});

/** Soft and hard limit of a process's core file, as the kernel has it. */
function coreLimits(pid: number | null): string {
  const { stdout } = new Deno.Command("cat", { args: [`/proc/${pid}/limits`] }).outputSync();
  return /^Max core file size +(\S+ +\S+) /m.exec(new TextDecoder().decode(stdout))?.[1]?.replace(/ +/, " ") ?? "";
}

Deno.test("detachedServices find and end a process whose data folder was deleted under it, and start another", async () => {
  using home = makeHome();
  const machine = standIn(home, SCRIPT);
  const daemon = daemonOf(machine);
  const pidNow = async () => (await daemon.state()).pid;
  await daemon.start();
  try {
    const lost = await pidNow();
    Deno.removeSync(machine.paths.home, { recursive: true });
    deepEqual(await daemon.place.check(), {
      state: "differs",
      detail: `PID ${lost}, which ${machine.paths.effectivePorts} does not name`,
      hint: 'Run "halton-meter init" again',
    });
    Deno.mkdirSync(machine.paths.home);
    equal((await daemon.place.apply()).state, "present");
    const next = await pidNow();
    deepEqual(await ownProcesses(machine, "daemon"), [next]);
    equal(next === lost, false);
    Deno.removeSync(machine.paths.home, { recursive: true });
  } finally {
    equal((await daemon.place.remove()).state, "absent");
  }
  deepEqual(await ownProcesses(machine, "daemon"), []);
});

Deno.test("detachedServices do not take a process for theirs whose command line is another", async () => {
  using home = makeHome();
  const sleep = new Deno.Command("sleep", { args: ["60"] }).spawn();
  try {
    updatePorts(home.machine.paths.effectivePorts, { edge: { port: 8081, pid: sleep.pid } });
    const edge = detachedServices(home.machine)[1];
    deepEqual(await edge?.state(), {
      registered: false,
      running: false,
      pid: null,
      lastExit: null,
      startsProgram: null,
    });
    await edge?.stop();
  } finally {
    sleep.kill();
    equal((await sleep.status).signal, "SIGTERM");
  }
});

Deno.test("detachedServices say where to look when the program ends at once", async () => {
  using home = makeHome();
  const machine = standIn(home, "echo 'Cannot start: broken settings' >&2; exit 1\n");
  await rejects(
    () => detachedServices(machine, 5, 1)[0]?.start() ?? Promise.resolve(),
    /Cannot start halton-meter daemon: it does not answer/,
  );
  match(home.read(".halton-meter/daemon.out.log"), /broken settings/);
});
