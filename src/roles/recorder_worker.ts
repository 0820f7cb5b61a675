/**
 * Entry of the recorder's worker: its message switch is all that it can be asked.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { errorLabel } from "../log.ts";
import { BUNDLED_SOURCE, createRateTable } from "../meter/rates.ts";
import { type Database, openForWriting } from "../store/database.ts";
import { seedRates } from "../store/rates.ts";
import { audit, bodyCaptureBySlug, promptHashKey } from "../store/settings.ts";
import { Writer } from "../store/writer.ts";
import { newId } from "./ids.ts";
import type { CopyAck, CopyBatch, FromWorker, ToRecorder } from "./messages.ts";
import { rateRows } from "./rate_rows.ts";
import { Recorder } from "./recorder.ts";

/** A change of a project's settings takes effect within this. */
const SETTINGS_MS = 1_000;

interface Running {
  readonly db: Database;
  readonly writer: Writer;
  readonly recorder: Recorder;
}

let running: Running | null = null;

function tell(message: FromWorker): void {
  self.postMessage(message);
}

self.onmessage = (event: MessageEvent<ToRecorder>) => {
  const message = event.data;
  switch (message.kind) {
    case "recorder.start":
      return start(message);
    case "recorder.interceptor":
      running?.recorder.interceptorLost(Date.now());
      return listen(message.interceptor);
    case "recorder.config":
      return running?.recorder.configure(message.config);
    case "recorder.owner":
      return running?.recorder.setOwner(message.peerPort, message.owner);
    case "recorder.audit":
      return note(message.event, message.details);
    case "stats": {
      const counters = running?.recorder.counters() ?? {};
      return tell({ kind: "stats", id: message.id, counters, notes: running?.recorder.notes() ?? [] });
    }
    case "drain":
      stop().then(() => tell({ kind: "drained" }));
      return;
    default:
      message satisfies never;
      throw new Error("Unknown message to the recorder");
  }
};

function start(message: Extract<ToRecorder, { kind: "recorder.start" }>): void {
  try {
    const db = openForWriting(message.database, { now: Date.now() });
    const { overrides } = message.config.pricing;
    const rates = createRateTable(overrides);
    seedRates(db, rateRows(rates.list()), JSON.stringify([BUNDLED_SOURCE, overrides]));
    const writer = new Writer(db, { newId });
    const recorder = new Recorder({
      writer,
      rates,
      config: message.config,
      promptHashKey: promptHashKey(db),
      bodyCaptureOf: captureChoices(db),
      newId,
      log: (event) => tell({ kind: "log", event }),
    });
    running = { db, writer, recorder };
    listen(message.interceptor);
    tell({ kind: "recorder.ready" });
  } catch (error) {
    const known = error instanceof MeterError;
    tell({
      kind: "failed",
      code: known ? error.code : "failed",
      message: known ? error.message : `Cannot start the recorder: ${errorLabel(error)}`,
      hint: known ? error.hint ?? null : null,
    });
  }
}

/** Reads the projects' choices again now and then, so that a change needs no restart. */
function captureChoices(db: Database): (slug: string) => boolean | null {
  let choices = bodyCaptureBySlug(db);
  let readAt = performance.now();
  return (slug) => {
    if (performance.now() - readAt > SETTINGS_MS) {
      choices = bodyCaptureBySlug(db);
      readAt = performance.now();
    }
    const choice = choices.get(slug);
    return choice === undefined ? null : choice === "on";
  };
}

function listen(interceptor: MessagePort): void {
  interceptor.onmessage = async (event: MessageEvent<CopyBatch>) => {
    const batch = event.data;
    running?.recorder.take(batch);
    await running?.recorder.caughtUp();
    interceptor.postMessage({ kind: "ack", weight: batch.weight } satisfies CopyAck);
  };
}

function note(event: string, details: Readonly<Record<string, string | number | boolean | null>>): void {
  try {
    if (running !== null) audit(running.db, event, details, Date.now());
  } catch (error) {
    tell({ kind: "log", event: { event: "recorder.write.failed", reason: errorLabel(error), queued: 0 } });
  }
}

async function stop(): Promise<void> {
  if (running === null) return;
  await running.recorder.drain();
  running.writer.close();
  running.db.close();
  running = null;
}
