/**
 * How many exchanges the recorder takes per second on one thread: streams of 40 events fed as the interceptor sends them,
 * written to a real database. A child of the bench.
 *
 * @module
 */

import { defaultConfig } from "../../src/domain/config.ts";
import { createRateTable } from "../../src/meter/rates.ts";
import { newId } from "../../src/roles/ids.ts";
import type { CopyBatch, CopyRecord } from "../../src/roles/messages.ts";
import { Recorder } from "../../src/roles/recorder.ts";
import { openForWriting } from "../../src/store/database.ts";
import { Writer } from "../../src/store/writer.ts";
import { serveOrders, wallClock } from "./part.ts";
import { closingEvents, deltaEvent, HOST, openingEvents, requestBytes } from "./wire.ts";

const EVENTS = 40;

/** Exchanges after which the queue is written, as the recorder's timer would about do. */
const BATCH = 100;

/** Lets go of what earlier exchanges compiled and collected, so that the figure is the lasting one. */
const WARMUP = 500;

await serveOrders(async ({ database, exchanges }: { database: string; exchanges: number }) => {
  const db = openForWriting(database, { now: Date.now() });
  const config = defaultConfig();
  const recorder = new Recorder({
    writer: new Writer(db, { newId }),
    rates: createRateTable(config.pricing.overrides),
    config,
    promptHashKey: "00".repeat(32),
    projectChoices: { of: () => null, someOff: () => false },
    newId,
    log: () => {},
  });
  recorder.take({
    kind: "copy",
    records: [{ t: "open", c: 1, host: HOST, peerPort: 1 }],
    slab: new Uint8Array(0),
    weight: 0,
  });
  recorder.setOwner(1, { slug: "bench", layer: "smart_default" });
  await feed(recorder, 0, WARMUP);
  const seconds = await feed(recorder, WARMUP, exchanges);
  const rows = recorder.counters()["rows_written"] ?? 0;
  db.close();
  return { rows: rows - WARMUP, seconds };
});

/** @returns seconds spent by the recorder; making the exchanges does not count. */
async function feed(recorder: Recorder, first: number, count: number): Promise<number> {
  let spentMs = 0;
  for (let x = first; x < first + count; x += BATCH) {
    const batches = Array.from({ length: Math.min(BATCH, first + count - x) }, (_, i) => streamedExchange(x + i));
    const begun = performance.now();
    for (const batch of batches) recorder.take(batch);
    await recorder.drain();
    spentMs += performance.now() - begun;
  }
  return spentMs / 1000;
}

/** One exchange in one batch, an event per read. */
function streamedExchange(x: number): CopyBatch {
  const at = wallClock();
  const request = requestBytes({ kind: "events", count: EVENTS, gapMs: 0 });
  const body = request.subarray(request.length - 1024);
  const deltas = Array.from({ length: EVENTS - 5 }, (_, i) => deltaEvent(`word ${i} of many `));
  const chunks = [openingEvents(`msg_bench_${x}`), ...deltas, closingEvents(180)].map((text) =>
    new TextEncoder().encode(text)
  );
  const slab = new Uint8Array(body.length + chunks.reduce((sum, { length }) => sum + length, 0));
  slab.set(body);
  const records: CopyRecord[] = [
    { t: "request", c: 1, x, method: "POST", target: "/v1/messages", fields: ["content-type", "application/json"], at },
    { t: "bytes", c: 1, x, part: "request", start: 0, length: body.length, at },
    { t: "end", c: 1, x, part: "request", whole: true, at },
    { t: "response", c: 1, x, status: 200, fields: ["content-type", "text/event-stream"], at },
  ];
  let start = body.length;
  for (const bytes of chunks) {
    slab.set(bytes, start);
    records.push({ t: "bytes", c: 1, x, part: "response", start, length: bytes.length, at });
    start += bytes.length;
  }
  records.push({ t: "end", c: 1, x, part: "response", whole: true, at });
  return { kind: "copy", records, slab, weight: slab.length };
}
