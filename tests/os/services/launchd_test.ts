import { deepStrictEqual as deepEqual, ok, rejects, strictEqual as equal } from "node:assert/strict";
import type { Machine } from "../../../src/os/machine.ts";
import { launchdServices, parsePrint } from "../../../src/os/services/launchd.ts";
import type { Service } from "../../../src/os/services/service_manager.ts";
import { plistText } from "../../../src/os/services/templates.ts";
import { type Home, makeHome } from "../environment/shells.ts";
import { noSuchCommand, type Recorded, recordedRunner } from "../recorded_runner.ts";

const LABEL = "com.haltonlabs.meter";
const TARGET = `gui/501/${LABEL}`;
const PROGRAM = "/Users/ada/bin/halton-meter";

/** Answers of macOS 14, shortened where the rest does not matter. */
function loaded(
  program = PROGRAM,
  extra = "\tstate = running\n\tpid = 812\n\tlast exit code = (never exited)\n",
): Recorded["gives"] {
  return {
    stdout: `${TARGET} = {\n\tactive count = 1\n\tpath = /Users/ada/Library/LaunchAgents/${LABEL}.plist\n` +
      `\ttype = LaunchAgent\n${extra}\n\tprogram = ${program}\n\targuments = {\n\t\t${program}\n\t\tdaemon\n\t}\n` +
      "\tdomain = gui/501 [100005]\n\n\tevent channels = {\n\t\tstate = waiting\n\t}\n}\n",
  };
}

const MISSING = { code: 113, stderr: `Bad request.\nCould not find service "${LABEL}" in domain for user gui: 501\n` };

function print(gives: Recorded["gives"], times = 1): Recorded {
  return { run: ["launchctl", "print", TARGET], ...(gives === undefined ? {} : { gives }), times };
}

function call(verb: string, ...args: string[]): Recorded {
  return { run: ["launchctl", verb, ...args] };
}

function machineOf(home: Home, run: Machine["run"]): Machine {
  return { ...home.machine, platform: "darwin", uid: 501, binary: PROGRAM, run };
}

function daemonOf(machine: Machine): Service {
  const service = launchdServices(machine, 1)[0];
  if (service === undefined) throw new Error("No daemon");
  return service;
}

function plistOf(home: Home): string {
  return `${home.folder}/Library/LaunchAgents/${LABEL}.plist`;
}

function bootstrap(home: Home, gives: Recorded["gives"] = {}, times = 1): Recorded {
  return { run: ["launchctl", "bootstrap", "gui/501", plistOf(home)], gives, times };
}

/** Runs `apply` against a script in order. */
async function applied(home: Home, script: readonly Recorded[]) {
  const { run, finish } = recordedRunner(script, { ordered: true });
  const state = await daemonOf(machineOf(home, run)).place.apply();
  finish();
  return state;
}

async function installed(home: Home): Promise<void> {
  await applied(home, [print(MISSING), print(MISSING), call("enable", TARGET), bootstrap(home), print(loaded(), 2)]);
}

Deno.test("launchdServices are daemon, edge and userenv under the documented labels", () => {
  using home = makeHome();
  const services = launchdServices(machineOf(home, home.machine.run));
  deepEqual(services.map(({ name, title }) => [name, title]), [
    ["daemon", "com.haltonlabs.meter"],
    ["edge", "com.haltonlabs.meter.edge"],
    ["userenv", "com.haltonlabs.meter.userenv"],
  ]);
});

Deno.test("launchdServices install where nothing is", async () => {
  using home = makeHome();
  await installed(home);
  ok(Deno.statSync(plistOf(home)).isFile);
  equal((Deno.statSync(plistOf(home)).mode ?? 0) & 0o777, 0o644);
});

Deno.test("launchdServices touch nothing that is as it should be", async () => {
  using home = makeHome();
  await installed(home);
  const state = await applied(home, [print(loaded())]);
  deepEqual(state, { state: "present", detail: `PID 812 · ${LABEL}`, hint: null });
});

Deno.test("launchdServices register a file that was left without a registration", async () => {
  using home = makeHome();
  await installed(home);
  const state = await applied(home, [print(MISSING, 2), call("enable", TARGET), bootstrap(home), print(loaded(), 2)]);
  equal(state.state, "present");
});

Deno.test("launchdServices replace an old version that starts another program, and wait until it is gone", async () => {
  using home = makeHome();
  Deno.mkdirSync(`${home.folder}/Library/LaunchAgents`, { recursive: true });
  Deno.writeTextFileSync(plistOf(home), "<plist/>");
  const old = loaded("/old/halton-meter");
  const state = await applied(home, [
    print(old, 2),
    { ...call("bootout", TARGET), gives: { code: 36, stderr: "Boot-out failed: 36: Operation now in progress\n" } },
    print(old, 2),
    print(MISSING),
    call("enable", TARGET),
    bootstrap(home),
    print(loaded(), 2),
  ]);
  equal(state.state, "present");
});

Deno.test("launchdServices try again when launchd is still busy with the old one", async () => {
  using home = makeHome();
  const busy = {
    code: 5,
    stderr: "Bootstrap failed: 5: Input/output error\nTry re-running the command as root for richer errors.\n",
  };
  const state = await applied(home, [
    print(MISSING, 2),
    call("enable", TARGET),
    bootstrap(home, busy),
    print(MISSING),
    bootstrap(home),
    print(loaded(), 2),
  ]);
  equal(state.state, "present");
});

Deno.test("launchdServices believe launchd, not the exit code, about a service that is already there", async () => {
  using home = makeHome();
  const already = { code: 37, stderr: "Bootstrap failed: 37: Operation already in progress\n" };
  const state = await applied(home, [
    print(MISSING, 2),
    call("enable", TARGET),
    bootstrap(home, already),
    print(loaded(), 2),
  ]);
  equal(state.state, "present");
});

Deno.test("launchdServices enable a service that was disabled by hand, and fail with launchd's own words", async () => {
  using home = makeHome();
  const disabled = { code: 119, stderr: "Bootstrap failed: 119: Service is disabled\n" };
  const { run, finish } = recordedRunner([print(MISSING, 5), call("enable", TARGET), bootstrap(home, disabled, 3)]);
  await rejects(
    () => daemonOf(machineOf(home, run)).place.apply(),
    /Cannot register .*ended with code 119\n {4}Bootstrap failed: 119/,
  );
  finish();
});

Deno.test("launchdServices are unavailable where nobody is logged in at the screen, and where there is no launchctl", async () => {
  using home = makeHome();
  const none = { code: 125, stderr: "Bootstrap failed: 125: Domain does not support specified action\n" };
  const state = await applied(home, [print(MISSING, 2), call("enable", TARGET), bootstrap(home, none), print(MISSING)]);
  equal(state.state, "unavailable");
  const gone = await applied(home, [print(noSuchCommand("launchctl"))]);
  equal(gone.detail, "launchctl cannot be run");
});

Deno.test("launchdServices take everything away, twice alike", async () => {
  using home = makeHome();
  await installed(home);
  const { run, finish } = recordedRunner([print(loaded()), call("bootout", TARGET), print(MISSING, 4)], {
    ordered: true,
  });
  const { place } = daemonOf(machineOf(home, run));
  equal((await place.remove()).state, "absent");
  equal((await place.remove()).state, "absent");
  finish();
  deepEqual([...Deno.readDirSync(home.folder)].map(({ name }) => name).sort(), [".halton-meter", ".mitmproxy"]);
});

Deno.test("launchdServices start what is registered but does not run, and leave alone what runs", async () => {
  using home = makeHome();
  const idle = loaded(PROGRAM, "\tstate = not running\n\tlast exit code = 1\n");
  const { run, finish } = recordedRunner([print(idle, 2), call("kickstart", TARGET), print(loaded(), 2)], {
    ordered: true,
  });
  const daemon = daemonOf(machineOf(home, run));
  await daemon.start();
  await daemon.start();
  finish();
});

Deno.test("launchdServices restart by killing and starting in one command", async () => {
  using home = makeHome();
  const { run, finish } = recordedRunner([print(loaded()), call("kickstart", "-k", TARGET)], { ordered: true });
  await daemonOf(machineOf(home, run)).restart();
  finish();
});

Deno.test("launchdServices relieve by a signal alone, which no ExitTimeOut follows, and hand on a refusal", async () => {
  using home = makeHome();
  const kill = call("kill", "SIGTERM", TARGET);
  const gone = { code: 3, stderr: 'Could not find service "com.haltonlabs.meter" in domain for user gui: 501\n' };
  const { run, finish } = recordedRunner([kill, { ...kill, gives: gone }], { ordered: true });
  const daemon = daemonOf(machineOf(home, run));
  await daemon.relieve();
  await rejects(daemon.relieve(), /^MeterError: Cannot end com\.haltonlabs\.meter: launchctl kill ended with code 3/);
  finish();
});

Deno.test("launchdServices wait longer for launchctl than launchd waits for an agent to end", async () => {
  using home = makeHome();
  const longest = Number(/ExitTimeOut<\/key>\s*<integer>(\d+)/.exec(plistText(LABEL, home.machine))?.[1]);
  const waits: number[] = [];
  const run: Machine["run"] = (_command, _args, options) => {
    waits.push(options?.timeoutMs ?? 0);
    return Promise.resolve({ code: 0, stdout: "", stderr: "" });
  };
  await daemonOf(machineOf(home, run)).restart();
  equal(waits.length, 2);
  ok(waits.every((wait) => wait > 2_000 * longest), `${waits} ms against ${longest} s`);
});

Deno.test("parsePrint reads the service's own lines and none of a nested block", () => {
  const { stdout = "" } = loaded() as { stdout?: string };
  deepEqual(parsePrint(stdout), {
    running: true,
    pid: 812,
    lastExit: null,
    program: PROGRAM,
    file: `/Users/ada/Library/LaunchAgents/${LABEL}.plist`,
  });
  const crashed = parsePrint("x = {\n\tstate = spawn scheduled\n\tlast exit code = 78: EX_CONFIG\n}\n");
  deepEqual([crashed.running, crashed.pid, crashed.lastExit], [false, null, 78]);
});
