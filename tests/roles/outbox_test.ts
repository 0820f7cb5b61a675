import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import type { CopyBatch, CopyRecord } from "../../src/roles/messages.ts";
import { DEFAULT_LIMITS, Outbox, type OutboxLimits } from "../../src/roles/outbox.ts";
import { concat, eventually, noise, pause } from "./tools.ts";

const SLAB = 64 * 1024;
const TAIL = 256 * 1024;
const AT = 1;

/** An outbox and what arrives at the recorder's end. Nothing is acknowledged unless asked for. */
class Bench {
  readonly outbox: Outbox;
  readonly batches: CopyBatch[] = [];
  #far: MessagePort;

  constructor(limits: OutboxLimits = DEFAULT_LIMITS) {
    this.outbox = new Outbox(limits);
    this.#far = this.attach();
  }

  attach(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = (event: MessageEvent<CopyBatch>) => this.batches.push(event.data);
    this.outbox.attach(port1);
    this.#far?.close();
    return this.#far = port2;
  }

  acknowledge(batch: CopyBatch): void {
    this.#far.postMessage({ kind: "ack", weight: batch.weight });
  }

  get records(): CopyRecord[] {
    return this.batches.flatMap((batch) => [...batch.records]);
  }

  /** The bytes of one part, joined; a gap shows as what it lost. */
  content(part: string): Uint8Array {
    return concat(
      this.batches.flatMap(({ records, slab }) =>
        records.flatMap((record) =>
          record.t === "bytes" && record.part === part ? [slab.slice(record.start, record.start + record.length)] : []
        )
      ),
    );
  }

  async arrived(batches = 1): Promise<void> {
    await eventually(() => this.batches.length >= batches, "the batches");
  }

  close(): void {
    this.#far.close();
    const { port1, port2 } = new MessageChannel();
    this.outbox.attach(port1); // Closes the port before it.
    port1.close();
    port2.close();
  }
}

async function withBench(limits: OutboxLimits | undefined, body: (bench: Bench) => Promise<void>): Promise<void> {
  const bench = new Bench(limits);
  try {
    await body(bench);
    await pause(10); // Past the last flush.
  } finally {
    bench.close();
  }
}

function shapes(records: readonly CopyRecord[]): string[] {
  return records.map((record) => {
    if (record.t === "bytes") return `${record.part} ${record.length}`;
    return record.t === "gap" ? `${record.part} lost ${record.lost}` : record.t;
  });
}

Deno.test("Outbox posts a batch by itself, soon, in order", async () => {
  await withBench(undefined, async (bench) => {
    const bytes = noise(1_000);
    const before = performance.now();
    bench.outbox.add({ t: "open", c: 1, host: "api.x.ai", peerPort: 5 });
    bench.outbox.bytes(1, 0, "request", bytes, true, AT);
    bench.outbox.end(1, 0, "request", true, AT);
    equal(bench.batches.length, 0);
    await bench.arrived();
    ok(performance.now() - before < 500);
    deepEqual(shapes(bench.records), ["open", "request 1000", "end"]);
    deepEqual(bench.content("request"), bytes);
    equal(bench.batches[0]?.slab.byteLength, 1_000, "few bytes travel in a slab of their size");
  });
});

Deno.test("Outbox keeps its own copy of the bytes", async () => {
  await withBench(undefined, async (bench) => {
    const bytes = noise(100);
    const lent = bytes.slice();
    bench.outbox.bytes(1, 0, "response", lent, false, AT);
    lent.fill(0);
    await bench.arrived();
    deepEqual(bench.content("response"), bytes);
  });
});

Deno.test("Outbox carries bytes of every size around the slab's, whatever was in it before", async () => {
  for (const before of [0, 1, SLAB - 1, SLAB]) {
    for (const size of [0, 1, SLAB - 1, SLAB, SLAB + 1, 3 * SLAB + 5]) {
      await withBench(undefined, async (bench) => {
        const first = noise(before);
        const second = noise(size);
        bench.outbox.bytes(1, 0, "request", first, true, AT);
        bench.outbox.bytes(1, 0, "response", second, false, AT);
        bench.outbox.end(1, 0, "response", true, AT);
        await eventually(() => bench.records.some(({ t }) => t === "end"), "the end");
        deepEqual(bench.content("request"), first);
        deepEqual(bench.content("response"), second, `${size} after ${before}`);
        ok(bench.batches.every(({ slab }) => slab.byteLength <= SLAB));
        ok(bench.records.every((record) => record.t !== "bytes" || record.length > 0));
      });
    }
  }
});

Deno.test("Outbox never reuses a slab that it has given away", async () => {
  await withBench(undefined, async (bench) => {
    const parts = Array.from({ length: 20 }, (_, i) => noise(i % 2 === 0 ? 40_000 : 10));
    for (const part of parts) {
      bench.outbox.bytes(1, 0, "response", part, false, AT);
      bench.outbox.flush();
    }
    await bench.arrived(20);
    deepEqual(bench.content("response"), concat(parts));
  });
});

Deno.test("Outbox counts what is not acknowledged, and takes it off when it is", async () => {
  await withBench(undefined, async (bench) => {
    bench.outbox.bytes(1, 0, "response", noise(50_000), false, AT);
    bench.outbox.flush();
    bench.outbox.add({ t: "close", c: 1 });
    bench.outbox.flush();
    await bench.arrived(2);
    const weights = bench.batches.map(({ weight }) => weight);
    ok((weights[0] ?? 0) >= 50_000);
    ok((weights[1] ?? 0) > 0, "records without bytes weigh something too");
    equal(bench.outbox.unacknowledged, (weights[0] ?? 0) + (weights[1] ?? 0));
    bench.batches.forEach((batch) => bench.acknowledge(batch));
    await eventually(() => bench.outbox.unacknowledged === 0, "the acknowledgements");
  });
});

const TIGHT: OutboxLimits = { requests: 10_000, responses: 20_000, everything: 40_000 };

/** Brings the outbox behind by at least `bytes`. */
function fallBehind(bench: Bench, bytes: number): void {
  while (bench.outbox.unacknowledged < bytes) {
    bench.outbox.bytes(9, 0, "client", noise(1_000), true, AT);
    bench.outbox.flush();
  }
}

Deno.test("Outbox gives up request bodies first", async () => {
  await withBench(TIGHT, async (bench) => {
    fallBehind(bench, TIGHT.requests + 1);
    bench.outbox.bytes(1, 0, "request", noise(500), true, AT);
    bench.outbox.bytes(1, 0, "request", noise(700), true, AT);
    bench.outbox.end(1, 0, "request", true, AT);
    const response = noise(300);
    bench.outbox.bytes(1, 0, "response", response, false, AT);
    bench.outbox.bytes(2, 0, "response", response, true, AT);
    bench.outbox.flush();
    await eventually(() => bench.records.some(({ t, c }) => t === "bytes" && c === 2), "the response");
    deepEqual(shapes(bench.records.filter(({ c }) => c === 1)), ["request lost 1200", "end", "response 300"]);
    deepEqual(bench.outbox.counters, { droppedRequestBytes: 1_200, droppedResponseBytes: 0 });
  });
});

Deno.test("Outbox then keeps only the end of responses without a coding", async () => {
  await withBench(TIGHT, async (bench) => {
    fallBehind(bench, TIGHT.responses + 1);
    const whole = noise(TAIL + 5 * 10_000);
    for (let at = 0; at < whole.length; at += 10_000) {
      bench.outbox.bytes(1, 0, "response", whole.slice(at, at + 10_000), false, AT);
    }
    const coded = noise(400);
    bench.outbox.bytes(2, 0, "response", coded, true, AT);
    bench.outbox.end(1, 0, "response", true, AT);
    await eventually(() => bench.records.some(({ t, c }) => t === "end" && c === 1), "the end");
    const own = bench.records.filter(({ c }) => c === 1);
    const lost = own[0]?.t === "gap" ? own[0].lost : 0;
    ok(lost > 0 && whole.length - lost >= TAIL, `${lost} lost`);
    equal(own.at(-1)?.t, "end");
    equal(own.filter(({ t }) => t === "gap").length, 1);
    deepEqual(bench.content("response"), concat([coded, whole.subarray(lost)]));
    equal(bench.outbox.counters.droppedResponseBytes, lost);
  });
});

Deno.test("Outbox loses nothing of a response that fits into its end", async () => {
  await withBench(TIGHT, async (bench) => {
    const begun = noise(100);
    bench.outbox.bytes(1, 0, "response", begun, false, AT);
    fallBehind(bench, TIGHT.responses + 1);
    const rest = noise(1_000);
    bench.outbox.bytes(1, 0, "response", rest, false, AT);
    bench.outbox.end(1, 0, "response", true, AT);
    await eventually(() => bench.records.some(({ t, c }) => t === "end" && c === 1), "the end");
    deepEqual(bench.content("response"), concat([begun, rest]));
    equal(bench.records.some(({ t }) => t === "gap"), false);
    equal(bench.outbox.counters.droppedResponseBytes, 0);
  });
});

Deno.test("Outbox gives up coded responses and frames last, and then everything but heads", async () => {
  await withBench(TIGHT, async (bench) => {
    fallBehind(bench, TIGHT.everything + 1);
    bench.outbox.add({ t: "open", c: 1, host: "api.x.ai", peerPort: 5 });
    for (const part of ["request", "response", "server"] as const) {
      bench.outbox.bytes(1, 0, part, noise(100), true, AT);
      bench.outbox.end(1, 0, part, true, AT);
    }
    bench.outbox.flush();
    await eventually(() => bench.records.filter(({ t, c }) => t === "end" && c === 1).length === 3, "the ends");
    deepEqual(shapes(bench.records.filter(({ c }) => c === 1)), [
      "open",
      "request lost 100",
      "end",
      "response lost 100",
      "end",
      "server lost 100",
      "end",
    ]);
    deepEqual(bench.outbox.counters, { droppedRequestBytes: 100, droppedResponseBytes: 200 });
  });
});

Deno.test("Outbox goes on after a gap once the recorder has caught up, the gap in its place", async () => {
  await withBench(TIGHT, async (bench) => {
    bench.outbox.bytes(1, 0, "request", noise(10), true, AT);
    fallBehind(bench, TIGHT.requests + 1);
    bench.outbox.bytes(1, 0, "request", noise(20), true, AT);
    bench.outbox.flush();
    const weight = () => bench.batches.reduce((sum, batch) => sum + batch.weight, 0);
    await eventually(() => weight() === bench.outbox.unacknowledged, "the batches");
    bench.batches.forEach((batch) => bench.acknowledge(batch));
    await eventually(() => bench.outbox.unacknowledged === 0, "the acknowledgements");
    bench.outbox.bytes(1, 0, "request", noise(30), true, AT);
    bench.outbox.end(1, 0, "request", true, AT);
    await eventually(() => bench.records.some(({ t, c }) => t === "end" && c === 1), "the end");
    deepEqual(shapes(bench.records.filter(({ c }) => c === 1)), [
      "request 10",
      "request lost 20",
      "request 30",
      "end",
    ]);
  });
});

Deno.test("Outbox holds no more for a recorder that hangs, however many pieces are given up", async () => {
  await withBench(TIGHT, async (bench) => {
    fallBehind(bench, TIGHT.everything + 1);
    const before = bench.outbox.unacknowledged;
    for (let i = 0; i < 2_000; i++) {
      bench.outbox.bytes(1, 0, "response", noise(50), true, AT);
      if (i % 100 === 0) bench.outbox.flush();
    }
    bench.outbox.flush();
    ok(bench.outbox.unacknowledged - before < 10_000, `${bench.outbox.unacknowledged - before} more`);
    bench.outbox.end(1, 0, "response", false, AT);
    await eventually(() => bench.records.some(({ t, c }) => t === "end" && c === 1), "the end");
    deepEqual(shapes(bench.records.filter(({ c }) => c === 1)), ["response lost 100000", "end"]);
  });
});

Deno.test("Outbox forgets what it kept of a connection, and of no other", async () => {
  await withBench(TIGHT, async (bench) => {
    fallBehind(bench, TIGHT.responses + 1);
    for (const c of [1, 11]) bench.outbox.bytes(c, 0, "response", noise(100), false, AT);
    bench.outbox.forget(1);
    for (const c of [1, 11]) bench.outbox.end(c, 0, "response", false, AT);
    await eventually(() => bench.records.some(({ t, c }) => t === "end" && c === 11), "the end");
    deepEqual(shapes(bench.records.filter(({ c }) => c === 1)), ["end"]);
    deepEqual(shapes(bench.records.filter(({ c }) => c === 11)), ["response 100", "end"]);
  });
});

Deno.test("Outbox starts from nothing with a new recorder, and says that it is another", async () => {
  await withBench(TIGHT, async (bench) => {
    const first = bench.outbox.generation;
    fallBehind(bench, TIGHT.everything + 1);
    await bench.arrived(30);
    bench.batches.length = 0;
    bench.attach();
    ok(bench.outbox.generation !== first);
    equal(bench.outbox.unacknowledged, 0);
    const bytes = noise(100);
    bench.outbox.bytes(1, 0, "request", bytes, true, AT);
    await bench.arrived();
    deepEqual(bench.content("request"), bytes);
    bench.acknowledge(bench.batches[0] as CopyBatch);
    await eventually(() => bench.outbox.unacknowledged === 0, "the acknowledgement");
  });
});

Deno.test("Outbox does not mind a recorder that is gone", async () => {
  const outbox = new Outbox();
  const { port1, port2 } = new MessageChannel();
  outbox.attach(port1);
  port2.close();
  await pause(5);
  outbox.bytes(1, 0, "request", noise(100_000), true, AT);
  outbox.flush();
  ok(outbox.unacknowledged >= 100_000);
  port1.close();
});
