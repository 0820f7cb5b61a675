import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { type CopyCounters, InterceptedCopy } from "../../src/roles/intercepted_copy.ts";
import type { CopyBatch, CopyRecord } from "../../src/roles/messages.ts";
import { Outbox } from "../../src/roles/outbox.ts";
import { eventually, pause, utf8 } from "./tools.ts";

interface Bench {
  readonly copy: InterceptedCopy;
  readonly outbox: Outbox;
  readonly counters: CopyCounters;
  readonly reasons: string[];
  records(): Promise<CopyRecord[]>;
}

async function withCopy(body: (bench: Bench) => Promise<void>): Promise<void> {
  const outbox = new Outbox();
  const { port1, port2 } = new MessageChannel();
  const batches: CopyBatch[] = [];
  let flushes = 0;
  port2.onmessage = (event: MessageEvent<CopyBatch>) => batches.push(event.data);
  outbox.attach(port1);
  const counters = { exchanges: 0, unmeteredExchanges: 0, opaqueConnections: 0, exchangesGivenUp: 0 };
  const reasons: string[] = [];
  const copy = new InterceptedCopy(7, "api.anthropic.com", 5001, outbox, counters, (reason) => reasons.push(reason));
  try {
    await body({
      copy,
      outbox,
      counters,
      reasons,
      async records() {
        outbox.add({ t: "close", c: 1_000 + ++flushes });
        outbox.flush();
        const flushed = () => batches.flatMap(({ records }) => [...records]);
        await eventually(() => flushed().some(({ c }) => c === 1_000 + flushes), "the flush");
        return flushed().filter(({ c }) => c < 1_000);
      },
    });
    await pause(10);
  } finally {
    port1.close();
    port2.close();
  }
}

const METERED = { method: "POST", target: "/v1/messages", fields: ["Content-Type", "application/json"] };
const UNMETERED = { method: "GET", target: "/v1/organizations", fields: [] };

function kinds(records: readonly CopyRecord[]): string[] {
  return records.map(({ t, ...rest }) => "part" in rest ? `${t} ${rest.part}` : t);
}

Deno.test("InterceptedCopy announces a connection with its first metered exchange", async () => {
  await withCopy(async ({ copy, counters, records }) => {
    copy.requestHead(0, METERED);
    copy.requestBody(0, utf8("{}"));
    copy.requestEnd(0, true);
    copy.responseHead(0, { status: 200, fields: [] });
    copy.responseBody(0, utf8("{}"));
    copy.responseEnd(0, true);
    copy.requestHead(1, METERED);
    copy.responseEnd(1, false);
    copy.close();
    const found = await records();
    deepEqual(kinds(found), [
      "open",
      "request",
      "bytes request",
      "end request",
      "response",
      "bytes response",
      "end response",
      "request",
      "end response",
      "close",
    ]);
    deepEqual(found[0], { t: "open", c: 7, host: "api.anthropic.com", peerPort: 5001 });
    deepEqual(counters, { exchanges: 2, unmeteredExchanges: 0, opaqueConnections: 0, exchangesGivenUp: 0 });
  });
});

Deno.test("InterceptedCopy says nothing at all of exchanges that are not metered", async () => {
  await withCopy(async ({ copy, counters, records }) => {
    copy.requestHead(0, UNMETERED);
    copy.requestBody(0, utf8("canary"));
    copy.requestEnd(0, true);
    copy.responseHead(0, { status: 200, fields: ["X", "canary"] });
    copy.responseBody(0, utf8("canary"));
    copy.responseEnd(0, true);
    copy.close();
    deepEqual(await records(), []);
    deepEqual(counters, { exchanges: 0, unmeteredExchanges: 1, opaqueConnections: 0, exchangesGivenUp: 0 });
  });
});

Deno.test("InterceptedCopy keeps exchanges apart on a connection that has both kinds", async () => {
  await withCopy(async ({ copy, records }) => {
    copy.requestHead(0, UNMETERED);
    copy.requestHead(1, METERED);
    copy.requestBody(0, utf8("canary"));
    copy.responseHead(0, { status: 200, fields: [] });
    copy.responseBody(0, utf8("canary"));
    copy.responseEnd(0, true);
    copy.responseEnd(1, false);
    deepEqual(kinds(await records()), ["open", "request", "end response"]);
  });
});

Deno.test("InterceptedCopy is idle exactly while no request waits for its response", async () => {
  await withCopy(({ copy }) => {
    equal(copy.idle, true);
    copy.requestHead(0, METERED);
    equal(copy.idle, false);
    copy.requestHead(1, UNMETERED);
    copy.responseEnd(0, true);
    equal(copy.idle, false);
    copy.responseEnd(1, true);
    equal(copy.idle, true);
    equal(copy.requests, 2);
    return Promise.resolve();
  });
});

Deno.test("InterceptedCopy never takes a connection that it cannot follow for idle", async () => {
  await withCopy(async ({ copy, reasons, counters, records }) => {
    copy.opaque("not HTTP");
    equal(copy.idle, false);
    equal(copy.gaveUp, true);
    deepEqual(reasons, ["not HTTP"]);
    equal(counters.opaqueConnections, 1);
    copy.close();
    deepEqual(await records(), [], "a connection that was never announced is no news");
  });
});

Deno.test("InterceptedCopy tells the recorder when it cannot follow an announced connection any more", async () => {
  await withCopy(async ({ copy, records }) => {
    copy.requestHead(0, METERED);
    copy.opaque("not HTTP");
    copy.requestBody(0, utf8("canary"));
    copy.responseEnd(0, true);
    copy.close();
    deepEqual(kinds(await records()), ["open", "request", "opaque", "close"]);
  });
});

Deno.test("InterceptedCopy announces an open connection again to a recorder that was restarted", async () => {
  await withCopy(async ({ copy, outbox, records }) => {
    copy.requestHead(0, METERED);
    copy.responseEnd(0, true);
    deepEqual(kinds(await records()), ["open", "request", "end response"]);
    const { port1, port2 } = new MessageChannel();
    const second: CopyRecord[] = [];
    port2.onmessage = (event: MessageEvent<CopyBatch>) => second.push(...event.data.records);
    outbox.attach(port1);
    copy.requestHead(1, METERED);
    copy.requestHead(2, METERED);
    outbox.flush();
    await eventually(() => second.length === 3, "the records");
    deepEqual(kinds(second), ["open", "request", "request"]);
    port1.close();
    port2.close();
  });
});

Deno.test("InterceptedCopy reports open exchanges of a provider that cannot be reached, once", async () => {
  await withCopy(async ({ copy, records }) => {
    copy.requestHead(0, METERED);
    copy.unreachable(true);
    copy.responseEnd(0, false);
    copy.close();
    const found = await records();
    deepEqual(kinds(found), ["open", "request", "unreachable", "close"]);
    const [, , unreachable] = found;
    equal(unreachable?.t === "unreachable" && unreachable.timeout, true);
  });
});

Deno.test("InterceptedCopy gives both sides of an upgraded connection", async () => {
  await withCopy(async ({ copy, records }) => {
    copy.requestHead(0, METERED);
    copy.responseHead(0, { status: 101, fields: [] });
    copy.upgraded(0, "client", utf8("a"));
    copy.upgraded(0, "server", utf8("b"));
    copy.upgradeEnd(0);
    deepEqual(kinds(await records()).slice(3), ["bytes client", "bytes server", "end client", "end server"]);
  });
});

Deno.test("InterceptedCopy copies nothing of a call that begins while the recorder is too far behind", async () => {
  const outbox = new Outbox({ requests: 0, responses: 0, everything: 1_000 });
  const { port1, port2 } = new MessageChannel();
  const batches: CopyBatch[] = [];
  port2.onmessage = (event: MessageEvent<CopyBatch>) => batches.push(event.data);
  outbox.attach(port1);
  const counters = { exchanges: 0, unmeteredExchanges: 0, opaqueConnections: 0, exchangesGivenUp: 0 };
  const copy = new InterceptedCopy(1, "api.anthropic.com", 5001, outbox, counters, () => {});
  for (let x = 0; x < 20; x++) {
    copy.requestHead(x, METERED);
    copy.requestEnd(x, true);
    copy.responseHead(x, { status: 200, fields: [] });
    copy.responseBody(x, utf8("canary"));
    copy.responseEnd(x, true);
    outbox.flush();
  }
  equal(counters.exchanges + counters.exchangesGivenUp, 20);
  equal(counters.exchangesGivenUp > 15, true);
  await pause(20);
  const told = batches.length;
  for (const { weight } of batches) port2.postMessage({ kind: "ack", weight });
  await eventually(() => !outbox.full, "the acknowledgement");
  copy.requestHead(20, METERED);
  outbox.flush();
  await eventually(() => batches.length > told, "the call after the recorder caught up");
  port1.close();
  port2.close();
});
