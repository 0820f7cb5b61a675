import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { defaultConfig } from "../../src/domain/config.ts";
import type { FromWorker } from "../../src/roles/messages.ts";
import { WorkerHandle } from "../../src/roles/worker_handle.ts";
import { eventually, within } from "./tools.ts";

/** A worker that does what its tests need, by the text of `version` of a start message. */
const ENTRY = new URL("./odd_worker.ts", import.meta.url);

interface Heard {
  readonly handle: WorkerHandle;
  readonly messages: FromWorker[];
  readonly crashes: string[];
}

async function withWorker(body: (heard: Heard) => Promise<void>): Promise<void> {
  const messages: FromWorker[] = [];
  const crashes: string[] = [];
  const handle = new WorkerHandle(
    { name: "odd", entry: ENTRY, permissions: "none" as unknown as Deno.PermissionOptionsObject },
    (message) => messages.push(message),
    (reason) => crashes.push(reason),
  );
  try {
    await eventually(() => messages.length === 1, "the worker to be ready");
    await body({ handle, messages, crashes });
  } finally {
    handle.terminate();
  }
}

/** Tells the worker how to behave from now on. */
function order(handle: WorkerHandle, version: string): void {
  const { port1, port2 } = new MessageChannel();
  port1.close();
  const start = { database: "", ports: [], config: defaultConfig(), version };
  handle.send({ kind: "api.start", ...start, recorder: port2 }, [port2]);
}

Deno.test("WorkerHandle hands on what the worker says", async () => {
  await withWorker(async ({ handle, messages, crashes }) => {
    order(handle, "speak");
    await eventually(() => messages.length === 2, "the message");
    deepEqual(messages[1], { kind: "api.ready", port: 77 });
    deepEqual(crashes, []);
  });
});

Deno.test("WorkerHandle gives each caller its own counters", async () => {
  await withWorker(async ({ handle }) => {
    const [first, second] = await Promise.all([handle.stats(), handle.stats()]);
    deepEqual(first?.notes, []);
    equal((second?.counters["asked"] ?? 0) - (first?.counters["asked"] ?? 0), 1);
  });
});

Deno.test("WorkerHandle gives null for a worker that does not answer, soon", async () => {
  await withWorker(async ({ handle, crashes }) => {
    order(handle, "deaf");
    const started = performance.now();
    equal(await handle.stats(), null);
    equal(performance.now() - started < 1_500, true);
    deepEqual(crashes, []);
  });
});

Deno.test("WorkerHandle reports a crash once, and answers those who wait", async () => {
  await withWorker(async ({ handle, crashes }) => {
    const waiting = handle.stats();
    order(handle, "throw");
    await eventually(() => crashes.length === 1, "the crash");
    // Its message may quote what was being read, and must not reach a log.
    equal(crashes[0], "Error");
    await waiting;
    const started = performance.now();
    equal(await handle.stats(), null);
    equal(performance.now() - started < 100, true, "a worker that has ended is not waited for");
    handle.send({ kind: "drain" });
    equal(await handle.drain(), false);
    equal(crashes.length, 1);
  });
});

Deno.test("WorkerHandle reports a promise that nobody caught in the worker as a crash", async () => {
  await withWorker(async ({ handle, crashes }) => {
    order(handle, "reject");
    await eventually(() => crashes.length === 1, "the crash");
  });
});

Deno.test("WorkerHandle drains a worker that finishes, and ends it", async () => {
  await withWorker(async ({ handle, crashes }) => {
    equal(await handle.drain(), true);
    equal(await handle.stats(), null);
    deepEqual(crashes, []);
  });
});

Deno.test("WorkerHandle ends a worker that does not finish in time, without calling it a crash", async () => {
  await withWorker(async ({ handle, crashes }) => {
    order(handle, "deaf");
    equal(await within(handle.drain(50), "the drain"), false);
    deepEqual(crashes, []);
  });
});

Deno.test("WorkerHandle does not call a worker finished that crashed while it was drained", async () => {
  await withWorker(async ({ handle, crashes }) => {
    order(handle, "throw at drain");
    equal(await within(handle.drain(2_000), "the drain"), false);
    equal(crashes.length, 1);
  });
});
