/**
 * `halton-meter cloud sync` and `cloud preview`: one pass in the foreground, a line for each POST, and what the next batch
 * would send.
 *
 * Imports: domain, os, roles, store, sync, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { isAlive } from "../os/alive.ts";
import type { Credentials } from "../os/cloud_credentials.ts";
import type { Paths } from "../os/paths.ts";
import { supervisorAnswers } from "../roles/control_client.ts";
import { pendingBodies, pendingRows, syncCounts, syncSource } from "../store/cloud_pending.ts";
import { unparkAll } from "../store/cloud_again.ts";
import {
  allowBackfill,
  carryOutSync,
  freeLease,
  isPairing,
  leaseHolder,
  noteBodySync,
  readSyncRecord,
} from "../store/cloud_record.ts";
import { type Database, openForWriting } from "../store/database.ts";
import { delayAfter, FOREGROUND } from "../sync/backoff.ts";
import { batchOf, type EnvelopeOptions, MOST_ROWS } from "../sync/envelope.ts";
import { type PassOptions, type PassResult, runPass } from "../sync/pass.ts";
import { allowedFor } from "../sync/privacy.ts";
import { adviceFor, describeState, stateOf } from "../sync/state.ts";
import type { MeterContext } from "./app.ts";
import { cannot, type CloudSession, lineTo, openCloudSession, requirePaired } from "./cloud_session.ts";
import { progressOn } from "./progress.ts";
import { countLabel, momentLabel } from "./quantities.ts";
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

/** Somebody waits: longer than this, and the command says when and ends. A server may ask for an hour. */
const MOST_PATIENCE_MS = 30_000;

/** Between two looks whether another pass is over. */
const BUSY_MS = 250;

/** Sends what waits, then ends. */
export async function cloudSyncCommand(this: MeterContext, flags: SyncFlags): Promise<void> {
  const { stdout, stderr } = this.process;
  const session = await openCloudSession();
  const paired = requirePaired(session, "sync");
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
    if (flags.parked) {
      stdout.write(`Trying again what was refused: ${countLabel(unparkAll(db), "row or body", "rows and bodies")}\n`);
    }
    const options: PassOptions = {
      holder: `command ${Deno.pid} ${crypto.randomUUID()}`,
      pairing: paired,
      source: syncSource(() => db, paired),
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
    report(this, await untilDone(options, progress, () => freeDeadLease(db, session.paths)));
  } finally {
    progress(null);
    line.close();
    db.close();
  }
}

/** Flags of `preview`. */
export interface PreviewFlags {
  readonly raw: boolean;
}

/** Prints the next batch, as it would be sent now. What a person should know beside it goes to standard error. */
export async function cloudPreviewCommand(this: MeterContext, { raw }: PreviewFlags): Promise<void> {
  const { stdout, stderr } = this.process;
  const session = await openCloudSession();
  const paired = requirePaired(session, "preview");
  const db = openStored(session.paths.database);
  try {
    const state = stateOf({ config: session.config.cloud, credentials: paired, record: readSyncRecord(db) });
    const waiting = pendingRows(db, MOST_ROWS);
    const { text, count } = batchOf(waiting?.rows ?? [], envelopeOf(session, paired));
    stdout.write(raw ? `${text}\n` : `${JSON.stringify(JSON.parse(text), null, 2)}\n`);
    const more = syncCounts(db).waiting - count;
    stderr.write(
      count === 0
        ? "Nothing waits, so nothing is sent\n"
        : `${countLabel(count, "row")}${more > 0 ? `; ${more} more wait for batches after it` : ""}\n`,
    );
    if (state.kind === "PAUSED" || state.kind === "NOT-CONFIGURED") stderr.write(`Not now: ${describeState(state)}\n`);
    const bodies = session.config.cloud.bodySync
      ? pendingBodies(db) === null ? "none waits of calls that were sent" : "those of calls that were sent follow"
      : "none is sent: body sync is off";
    stderr.write(`Bodies: ${bodies}\n`);
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
  const { notShared } = syncCounts(db);
  const question =
    `This shares ${countLabel(notShared, "call")} recorded before this machine was paired: counts, costs ` +
    "and projects, no prompts. It cannot be taken back from here. Go on?";
  if (!sure && !confirm(question, false)) {
    throw new MeterError("failed", "Nothing was sent: sharing calls from before the pairing was not confirmed", {
      hint: "Give --yes to confirm it on the command line",
    });
  }
  allowBackfill(db, Date.now());
}

/** Waits for a pass that is at work, and tries again what may pass. */
async function untilDone(
  options: PassOptions,
  progress: (text: string | null) => void,
  freeDead: () => Promise<void>,
): Promise<PassResult> {
  const sum = { rows: 0, bodies: 0, parked: 0 };
  for (let tries = 1;;) {
    const result = await runPass(options);
    sum.rows += result.rows;
    sum.bodies += result.bodies;
    sum.parked += result.parked;
    const { kind } = result;
    if (options.stop.aborted) return { kind: kind === "done" ? kind : "stopped", ...sum };
    if ((kind !== "busy" && kind !== "failed") || isOver(options)) return { ...result, ...sum };
    if (kind === "busy") await freeDead();
    else if (++tries > MOST_TRIES) return { ...result, ...sum };
    const wait = kind === "busy" ? BUSY_MS : Math.max(0, (result.nextTryAt ?? 0) - Date.now());
    if (wait > MOST_PATIENCE_MS) return { ...result, ...sum };
    progress(kind === "busy" ? "waiting for another pass to end" : `trying again in ${Math.ceil(wait / 1_000)} s`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, wait);
      options.stop.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      }, { once: true });
    });
  }
}

/** Whether the pairing was ended, or replaced by another one. */
function isOver({ source, pairing }: PassOptions): boolean {
  const record = source.record();
  return record === null || record.disconnectedAt !== null || !isPairing(record, pairing);
}

/**
 * Frees the lease of a pass whose process was killed, which it would hold for another minute. A judgement that is wrong does no
 * harm: the pass that lost its lease keeps nothing more, and what both have sent the server tells by its id.
 */
async function freeDeadLease(db: Database, { socket }: Pick<Paths, "socket">): Promise<void> {
  const holder = leaseHolder(db);
  if (holder === null) return;
  const pid = /^command (\d+) /.exec(holder)?.[1];
  const alive = pid === undefined ? await supervisorAnswers(socket) : isAlive(Number(pid));
  if (!alive) freeLease(db, holder);
}

function report({ process }: MeterContext, result: PassResult): void {
  const { rows, bodies, parked } = result;
  process.stdout.write(
    `${countLabel(rows, "row")} and ${countLabel(bodies, "body", "bodies")} sent${
      parked === 0 ? "" : `, ${parked} refused by the server`
    }\n`,
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
      throw cannot(
        "sync",
        `${result.error}${laterText(result.nextTryAt)}`,
        "A running daemon tries again by itself; see: halton-meter cloud status",
      );
  }
}

/** When the server asked for more patience than a person has. */
function laterText(at: number | null): string {
  if (at === null || at - Date.now() < MOST_PATIENCE_MS) return "";
  return `, and asked not to be tried again before ${momentLabel(at)}`;
}
