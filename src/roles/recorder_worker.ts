/**
 * Entry of the recorder's worker: its message switch is all that it can be asked.
 *
 * @module
 */

// First: it closes what the permission row leaves open.
import "./own_sockets.ts";
import process from "node:process";
import { type Config, defaultConfig } from "../domain/config.ts";
import { configFacts } from "../domain/config_facts.ts";
import { MeterError } from "../domain/errors.ts";
import type { QuotaSample } from "../domain/quota.ts";
import { errorLabel, type LogEvent } from "../log.ts";
import { BUNDLED_SOURCE, createRateTable, type RateTable } from "../meter/rates.ts";
import { noteBodySync } from "../store/cloud_record.ts";
import { type Database, openForWriting } from "../store/database.ts";
import { prepareQuotaInsert } from "../store/quota.ts";
import { seedRates } from "../store/rates.ts";
import { noteSettings } from "../store/seen_settings.ts";
import { audit, promptHashKey } from "../store/settings.ts";
import { Writer } from "../store/writer.ts";
import { BodySweep } from "./body_sweep.ts";
import { CaptureChoices } from "./capture_choices.ts";
import { ConfigWatch } from "./config_watch.ts";
import { newId } from "./ids.ts";
import type { CopyAck, CopyBatch, FromWorker, ToRecorder } from "./messages.ts";
import { rateRows } from "./rate_rows.ts";
import { Recorder } from "./recorder.ts";
import { ApiLink } from "./recorder_commands.ts";
import { SELF_TEST_EVENT, selfTestDetails } from "./self_test_record.ts";
import { RecorderSyncLink } from "./sync_link.ts";
import { reportFaults } from "./worker_faults.ts";

reportFaults();
// Deno 2.4 warns, on standard error, of a deprecated constructor that its own createHmac uses.
Object.assign(process, { noDeprecation: true });

/** Calls that end within this share one look at config.toml. A real call takes longer, so that none is made after a change and missed. */
const SETTLED_MS = 10;

interface Running {
  readonly db: Database;
  readonly writer: Writer;
  readonly recorder: Recorder;
  readonly sweep: BodySweep;
  readonly choices: CaptureChoices;
  readonly configFile: string;
}

let running: Running | null = null;
/** Brings a change of config.toml into force before the next body is kept. */
let watch: ConfigWatch | null = null;
const apiLink = new ApiLink({ db: () => running?.db ?? null, changed: () => running?.choices.forget(), now: Date.now });

const syncLink = new RecorderSyncLink(() => running?.db ?? null, Date.now);

/** Where copies come from. */
let source: MessagePort | null = null;

function tell(message: FromWorker): void {
  self.postMessage(message);
}

/** Events of one batch of rows travel together: the daemon's main thread has other things to do. */
const LOG_MS = 20;
let lines: LogEvent[] = [];

function log(event: LogEvent): void {
  lines.push(event);
  if (lines.length === 1) setTimeout(tellLines, LOG_MS);
}

function tellLines(): void {
  if (lines.length > 0) tell({ kind: "logs", events: lines });
  lines = [];
}

self.onmessage = (event: MessageEvent<ToRecorder>) => {
  const message = event.data;
  switch (message.kind) {
    case "recorder.start":
      return start(message);
    case "recorder.interceptor":
      running?.recorder.interceptorLost(Date.now());
      return listen(message.interceptor);
    case "recorder.api":
      return apiLink.connect(message.api);
    case "recorder.sync":
      return syncLink.connect(message.sync);
    case "recorder.config":
      // Looked at anew: the file may be newer than the message.
      watch = running === null ? null : watchConfig(running.configFile, message.config);
      return configure(message.config);
    case "recorder.owner":
      return running?.recorder.setOwner(message.peerPort, message.owner);
    case "recorder.audit":
      return note(message.event, message.details);
    case "stats": {
      const parts = running === null ? [] : [running.recorder, running.sweep];
      const counters = Object.assign({}, ...parts.map((part) => part.counters()));
      return tell({ kind: "stats", id: message.id, counters, notes: parts.flatMap((part) => part.notes()) });
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
    const tightened: string[] = [];
    const db = openForWriting(message.database, { now: Date.now(), onTightened: (path) => tightened.push(path) });
    const rates = createRateTable(message.config.pricing.overrides);
    mirrorRates(db, rates, message.config);
    const choices = new CaptureChoices(db, Date.now);
    const writer = new Writer(db, { newId, written: () => apiLink.written() });
    const recorder = new Recorder({
      writer,
      rates,
      config: message.config,
      promptHashKey: promptHashKey(db),
      projectChoices: choices,
      settle: settler(choices),
      keepQuota: quotaKeeper(db),
      selfTested: (row, bodies) => note(SELF_TEST_EVENT, selfTestDetails(row, bodies)),
      newId,
      log,
    });
    const sweep = new BodySweep({ db, settings: () => recorder.bodySettings, now: Date.now, log });
    running = { db, writer, recorder, sweep, choices, configFile: message.configFile };
    watch = watchConfig(message.configFile, message.config);
    for (const path of tightened) {
      log({ event: "daemon.permissions.tightened", path });
      note("permissions.tightened", { path });
    }
    noteChanges(db, message.config);
    sweep.start();
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

/** Puts the price table where a user can query it. */
function mirrorRates(db: Database, rates: RateTable, { pricing }: Config): void {
  seedRates(db, rateRows(rates.list()), JSON.stringify([BUNDLED_SOURCE, pricing.overrides]));
}

/** Tells the audit trail what differs from the settings before; calls are recorded also when that fails. */
function noteChanges(db: Database, config: Config): void {
  try {
    noteSettings(db, configFacts(config), configFacts(defaultConfig()), Date.now());
    noteBodySync(db, config.cloud.bodySync);
  } catch (error) {
    log({ event: "recorder.write.failed", reason: errorLabel(error), queued: 0 });
  }
}

/** Prices of calls that end from now on follow the new configuration, also when the mirror cannot be written. */
function configure(config: Config): void {
  if (running === null) return;
  const rates = createRateTable(config.pricing.overrides);
  const before = JSON.stringify(running.recorder.bodySettings);
  running.recorder.configure(config, rates);
  noteChanges(running.db, config);
  if (JSON.stringify(config.bodies) !== before) void running.sweep.check();
  try {
    mirrorRates(running.db, rates, config);
  } catch (error) {
    log({ event: "recorder.write.failed", reason: errorLabel(error), queued: 0 });
  }
}

/** Writes samples one by one, as they are few; one that cannot be written is lost, and the next comes in a minute. */
function quotaKeeper(db: Database): (sample: QuotaSample) => void {
  const insert = prepareQuotaInsert(db);
  return (sample) => {
    try {
      insert(sample);
    } catch (error) {
      log({ event: "recorder.write.failed", reason: errorLabel(error), queued: 0 });
    }
  };
}

function watchConfig(path: string, config: Config): ConfigWatch {
  const handlers = { changed: configure, invalid: () => {} }; // The supervisor's own watch tells of a wrong file.
  return new ConfigWatch(path, config, handlers, "when asked");
}

function settler(choices: CaptureChoices): () => Promise<void> {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  return async () => {
    choices.refresh();
    if (performance.now() - lookedAt >= SETTLED_MS) {
      lookedAt = performance.now();
      looking = watch?.look();
    }
    await looking;
  };
}

function listen(interceptor: MessagePort): void {
  source?.close(); // Late batches of an interceptor that is gone would be taken for its successor's.
  source = interceptor;
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
    log({ event: "recorder.write.failed", reason: errorLabel(error), queued: 0 });
  }
}

async function stop(): Promise<void> {
  if (running === null) return;
  running.sweep.stop();
  await running.recorder.drain();
  running.writer.close();
  running.db.close();
  running = null;
  tellLines();
}
