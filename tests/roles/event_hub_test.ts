import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { MAX_SUBSCRIBERS, RowHub } from "../../src/roles/event_hub.ts";

Deno.test("RowHub wakes each listener once for news, also for news that came before it waited", async () => {
  const hub = new RowHub();
  const [a, b] = [hub.subscribe(), hub.subscribe()];
  hub.notify();
  hub.notify();
  deepEqual([await a?.next(60_000), await b?.next(60_000)], [true, true]);
  equal(await a?.next(1), false);
  const waiting = a?.next(60_000);
  hub.notify();
  equal(await waiting, true);
  a?.close();
  b?.close();
});

Deno.test("RowHub lets go of a listener that closes, at once", async () => {
  const hub = new RowHub();
  const one = hub.subscribe();
  const waiting = one?.next(60_000);
  one?.close();
  equal(await waiting, false);
  equal(await one?.next(60_000), false);
  equal(hub.subscribers, 0);
});

Deno.test("RowHub takes a bounded number of listeners", () => {
  const hub = new RowHub();
  const all = Array.from({ length: MAX_SUBSCRIBERS }, () => hub.subscribe());
  equal(hub.subscribe(), null);
  all[0]?.close();
  equal(hub.subscribe() === null, false);
});
