/**
 * `halton-meter cloud sync` and `cloud preview`: one pass in the foreground, a line for each POST, and what the next batch
 * would send.
 *
 * Imports: domain, os, roles, store, sync, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import type { Credentials } from "../os/cloud_credentials.ts";
import { pendingBodies, pendingRows, syncSource } from "../store/cloud_pending.ts";
import { allowBackfill, carryOutSync, noteBodySync, readSyncRecord, unparkAll } from "../store/cloud_record.ts";
import { type Database, openForWriting } from "../store/database.ts";
import { delayAfter, FOREGROUND } from "../sync/backoff.ts";
import { batchOf, type EnvelopeOptions, MOST_ROWS } from "../sync/envelope.ts";
import { type PassOptions, type PassResult, runPass } from "../sync/pass.ts";
import { allowedFor } from "../sync/privacy.ts";
import { adviceFor, describeState, stateOf } from "../sync/state.ts";
import type { MeterContext } from "./app.ts";
import { cannot, type CloudSession, lineTo, openCloudSession, requirePaired } from "./cloud_session.ts";
import { progressOn } from "./progress.ts";
import { untilStopped } from "./signals.ts";
import { confirm } from "./step_lines.ts";
import { openStored } from "./stored.ts";

/** Flags of `sync`. */
export interface SyncFlags {
  readonly backfill: boolean;
  readonly parked: boolean;
  readonly yes: boolean;
}

/** Tries after a failure that may pass, before the command gives up; the daemon goes on by itself. */
const MOST_TRIES = 5;

/** Between two looks whether the daemon's pass is over. */
const BUSY_MS = 250;

/** Sends what waits, then ends. */
export async function cloudSyncCommand(this: MeterContext, flags: SyncFlags): Promise<void> {
  const { stdout, stderr } = this.process;
  const session = await openCloudSession();
  const paired = requirePaired(session);
  const db = openForWriting(session.paths.database, { now: Date.now(), uid: Deno.uid() ?? undefined });
  const line = lineTo(session, paired.baseUrl, paired.token);
  const stop = new AbortController();
  untilStopped().then(() => {
    stop.abort();
    line.close();
  });
  const progress = progressOn(stderr);
  try {
    mustBeActive(session, db);
    noteBodySync(db, session.config.cloud.bodySync);
    if (flags.backfill) backfill(db, flags.yes);
    if (flags.parked) stdout.write(`Trying ${unparkAll(db)} refused rows again\n`);
    const options: PassOptions = {
      holder: `command ${crypto.randomUUID()}`,
      source: syncSource(() => db),
      keep: (command) => Promise.resolve(carryOutSync(db, command, Date.now())),
      client: line.client,
      envelope: envelopeOf(session, paired),
      bodies: session.config.cloud.bodySync,
      stop: stop.signal,
      posted({ path, outcome }) {
        progress(null);
        stdout.write(`● POST ${path} → ${outcome}\n`);
      },
      nextTryAt: (failures, retryAfterMs) => Date.now() + delayAfter(failures, retryAfterMs, FOREGROUND),
    };
    report(this, await untilDone(options, progress));
  } finally {
    progress(null);
    line.close();
    db.close();
  }
}

/** Prints the next batch, as it would be sent now. */
export async function cloudPreviewCommand(this: MeterContext): Promise<void> {
  const session = await openCloudSession();
  const paired = requirePaired(session);
  const db = openStored(session.paths.database);
  try {
    const waiting = pendingRows(db, MOST_ROWS);
    const { text } = batchOf(waiting?.rows ?? [], envelopeOf(session, paired));
    this.process.stdout.write(`${JSON.stringify(JSON.parse(text), null, 2)}\n`);
    const bodies = session.config.cloud.bodySync
      ? pendingBodies(db) === null ? "none waits of calls that were sent" : "those of calls that were sent follow"
      : "none is sent: body sync is off";
    this.process.stderr.write(`Bodies: ${bodies}\n`);
  } finally {
    db.close();
  }
}

function envelopeOf({ config }: CloudSession, { machineId, hostname }: Credentials): EnvelopeOptions {
  return { machineId, hostname, allowed: (project) => allowedFor(config.cloud.upload, project) };
}

/** @throws {MeterError} `bad_input` for a pairing that must not send. */
function mustBeActive({ config, credentials }: CloudSession, db: Database): void {
  const state = stateOf({ config: config.cloud, credentials, record: readSyncRecord(db) });
  if (state.kind === "ACTIVE" || state.kind === "DEGRADED") return;
  throw new MeterError("bad_input", `Cannot sync: ${describeState(state)}`, { hint: adviceFor(state) ?? "" });
}

function backfill(db: Database, sure: boolean): void {
  const question =
    "This shares the calls recorded before this machine was paired: their counts, costs and projects, no " +
    "prompts. It cannot be taken back from here. Go on?";
  if (!sure && !confirm(question, false)) {
    throw new MeterError("failed", "Nothing was sent: sharing calls from before the pairing was not confirmed", {
      hint: "Give --yes to confirm it on the command line",
    });
  }
  allowBackfill(db, Date.now());
}

/** Waits for the daemon's pass, and tries again what may pass. */
async function untilDone(options: PassOptions, progress: (text: string | null) => void): Promise<PassResult> {
  const sum = { rows: 0, bodies: 0, parked: 0 };
  for (let tries = 1;;) {
    const result = await runPass(options);
    sum.rows += result.rows;
    sum.bodies += result.bodies;
    sum.parked += result.parked;
    const { kind } = result;
    const gone = options.source.record()?.disconnectedAt !== null;
    if ((kind !== "busy" && kind !== "failed") || options.stop.aborted || gone) return { ...result, ...sum };
    if (kind === "failed" && ++tries > MOST_TRIES) return { ...result, ...sum };
    const wait = kind === "busy" ? BUSY_MS : Math.max(0, (result.nextTryAt ?? 0) - Date.now());
    progress(kind === "busy" ? "waiting for the daemon's pass to end" : `trying again in ${Math.ceil(wait / 1_000)} s`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, wait);
      options.stop.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      }, { once: true });
    });
  }
}

function report({ process }: MeterContext, result: PassResult): void {
  const { rows, bodies, parked } = result;
  process.stdout.write(
    `${rows} rows and ${bodies} bodies sent${parked === 0 ? "" : `, ${parked} refused by the server`}\n`,
  );
  switch (result.kind) {
    case "done":
      return;
    case "stopped":
      process.stdout.write("Interrupted: the next pass goes on from here\n");
      process.exitCode = 1;
      return;
    case "paused": {
      const state = { kind: "PAUSED", reason: result.reason } as const;
      throw cannot("sync", describeState(state), adviceFor(state) ?? "");
    }
    case "busy":
      throw cannot("sync", "the pairing was ended meanwhile");
    case "failed":
      throw cannot("sync", result.error, "A running daemon tries again by itself; see: halton-meter cloud status");
  }
}
