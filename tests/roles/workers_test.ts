import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { defaultConfig } from "../../src/domain/config.ts";
import type { LogEvent } from "../../src/log.ts";
import type { FromWorker, ToApi } from "../../src/roles/messages.ts";
import type { RowInputs } from "../../src/roles/permissions.ts";
import { Workers } from "../../src/roles/workers.ts";
import { eventually } from "./tools.ts";

const ROW: RowInputs = {
  home: "/nowhere",
  portsFile: "/nowhere/ports.json",
  controlSocket: "/nowhere/control.sock",
  edgeLog: "/nowhere/edge.log",
  apiPorts: [8765],
  upstream: { map: {}, proxy: null, caCerts: [] },
  selfTestPort: 8090,
};

/** The api's worker is one that does what it is told; see there. */
const entries = { api: new URL("./odd_worker.ts", import.meta.url) };

function start(version: string): [ToApi, Transferable[]] {
  const { port1, port2 } = new MessageChannel();
  port1.close();
  const start = { database: "", ports: [], config: defaultConfig(), version };
  return [{ kind: "api.start", ...start, recorder: port2 }, [port2]];
}

interface World {
  readonly workers: Workers;
  readonly heard: FromWorker["kind"][];
  readonly lost: string[];
  readonly restarted: number[];
  readonly logged: LogEvent[];
}

/** Workers of which a restart is tried with each of `versions` in turn. */
async function withWorkers(versions: readonly string[], body: (world: World) => Promise<void>): Promise<void> {
  const [heard, lost, restarted, logged]: [FromWorker["kind"][], string[], number[], LogEvent[]] = [[], [], [], []];
  const workers: Workers = new Workers({
    row: () => ROW,
    log: (event) => logged.push(event),
    heard: (_role, message) => heard.push(message.kind),
    lost: (role) => lost.push(role),
    restart: async (role) => {
      const version = versions[restarted.length] ?? "speak";
      restarted.push(performance.now());
      workers.start(role, ...start(version));
      await workers.answer(role, "api.ready");
    },
    entries,
  });
  try {
    await body({ workers, heard, lost, restarted, logged });
  } finally {
    workers.close();
    workers.drop("api");
    workers.terminateRetired();
  }
}

Deno.test("Workers hands on what nobody waits for, and gives an answer to who waits for its kind", async () => {
  await withWorkers([], async ({ workers, heard }) => {
    await workers.restart("api");
    deepEqual(heard, ["recorder.ready"]);
    const answer = workers.answer("api", "api.ready");
    workers.send("api", ...start("speak"));
    deepEqual(await answer, { kind: "api.ready", port: 77 });
    workers.send("api", ...start("speak"));
    await eventually(() => heard.length === 2, "what nobody waited for");
    deepEqual(heard, ["recorder.ready", "api.ready"]);
  });
});

Deno.test("Workers refuses who waits for a role that dies before it is ready, and does not start it again", async () => {
  await withWorkers([], async ({ workers, lost, restarted }) => {
    workers.start("api", ...start("throw"));
    await rejects(workers.answer("api", "api.ready"), /^MeterError: Cannot start the api: Error$/);
    equal(workers.has("api"), false);
    deepEqual([lost, restarted, workers.restarts], [[], [], {}]);
  });
});

Deno.test("Workers starts a role that crashed again and again, later each time, until it is ready", async () => {
  await withWorkers(["speak", "throw", "reject", "speak"], async ({ workers, lost, restarted, logged }) => {
    await workers.restart("api");
    workers.send("api", ...start("throw"));
    await eventually(() => restarted.length === 4, "three restarts");
    await eventually(() => workers.has("api"), "the role");
    deepEqual(lost, ["api", "api", "api"]);
    deepEqual(workers.restarts, { api: 3 });
    deepEqual(
      logged.flatMap((event) => event.event === "role.crashed" ? [event.restart_in_ms] : []),
      [250, 500, 1_000],
    );
    equal((restarted[3] ?? 0) - (restarted[2] ?? 0) >= 900, true);
  });
});

Deno.test("Workers starts none again once it is closed", async () => {
  await withWorkers([], async ({ workers, restarted }) => {
    await workers.restart("api");
    workers.close();
    workers.send("api", ...start("throw"));
    await eventually(() => !workers.has("api"), "the crash");
    deepEqual([restarted.length, workers.restarts], [1, {}]);
  });
});

Deno.test("Workers lets a retired worker go on and crash beside the one that took its place", async () => {
  await withWorkers([], async ({ workers, lost, restarted, logged }) => {
    await workers.restart("api");
    const first = workers.get("api");
    first?.send(...start("deaf"));
    workers.detach("api");
    if (first !== undefined) workers.retire(first, 60_000);
    await workers.restart("api");
    equal(workers.get("api") === first, false);
    first?.send(...start("throw"));
    workers.send("api", ...start("speak"));
    equal((await workers.answer("api", "api.ready")).port, 77);
    equal(await first?.stats(), null, "it is gone");
    deepEqual([lost, restarted.length, workers.has("api")], [[], 2, true]);
    equal(logged.some((event) => event.event === "role.crashed"), false);
  });
});

Deno.test("Workers starts a role anew that says nothing three times in a row, and none that answers in between", async () => {
  await withWorkers(["speak"], async ({ workers, restarted, logged }) => {
    workers.start("api", ...start("speak"));
    await workers.answer("api", "api.ready");
    await workers.look("api", 10_000);
    const first = workers.get("api");
    first?.send(...start("deaf"));
    await workers.look("api", 20);
    await workers.look("api", 20);
    first?.send(...start("speak"));
    await workers.look("api", 10_000);
    first?.send(...start("deaf"));
    for (let times = 0; times < 2; times++) await workers.look("api", 20);
    deepEqual([workers.get("api") === first, workers.restarts], [true, {}]);
    await workers.look("api", 20);
    equal(workers.has("api"), false);
    await eventually(() => restarted.length > 0, "the restart");
    deepEqual(workers.restarts, { api: 1 });
    deepEqual(
      logged.flatMap((event) => event.event === "role.crashed" ? [event.reason] : []),
      ["it does not answer"],
    );
  });
});
