/**
 * `halton-meter bodies purge`: deletes old bodies for good, and on request gives their space back. May run beside a daemon, be
 * interrupted and be repeated; calls and costs stay.
 *
 * Imports: domain, os, store, cli.
 *
 * @module
 */

import { paths } from "../os/paths.ts";
import {
  bodiesInScope,
  BodyRemoval,
  type BodySum,
  foldLog,
  freePages,
  type RemovalScope,
  shrinkStep,
} from "../store/body_removal.ts";
import type { Database } from "../store/database.ts";
import { audit } from "../store/settings.ts";
import type { MeterContext } from "./app.ts";
import { type Progress, progressOn } from "./progress.ts";
import { bytesLabel, countLabel, momentLabel } from "./quantities.ts";
import { parseSince } from "./report_period.ts";
import { untilStopped } from "./signals.ts";
import { openStored, openStoredForWriting, requireProject } from "./stored.ts";
import { VERSION } from "./version.ts";

/** Flags of the command. */
export interface PurgeFlags {
  readonly olderThan: string;
  readonly project?: string;
  readonly vacuum: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** What was done, or would be. */
export interface PurgeResult extends BodySum {
  readonly interrupted: boolean;
  /** Database and log, in bytes. */
  readonly fileBytesBefore: number;
  readonly fileBytesAfter: number;
  /** False when somebody was reading all the time, so that the log could not be folded in; null when that was not tried. */
  readonly logFolded: boolean | null;
}

/** Between two steps, so that the recorder gets its turn at the lock. */
const PAUSE_MS = 2;
/** How often the log is folded in while somebody reads, how long each try waits, and the pause after it. */
const FOLD_TRIES = 10;
const FOLD_WAIT_MS = 1_000;
const FOLD_PAUSE_MS = 300;

/** Deletes and prints what it did. Ctrl-C stops after the step at hand. */
export async function bodiesPurgeCommand(this: MeterContext, flags: PurgeFlags): Promise<void> {
  const { stdout, stderr } = this.process;
  const now = Date.now();
  // Nothing is younger than 0, so that everything goes.
  const before = /^0+[mhdw]?$/i.test(flags.olderThan) ? now + 1 : parseSince(flags.olderThan, now, "--older-than");
  const { database } = paths();
  const db = flags.dryRun ? openStored(database) : openStoredForWriting(database);
  try {
    const projectId = flags.project === undefined ? null : requireProject(db, flags.project).id;
    const scope = { before, projectId, enoughBytes: null };
    const result = flags.dryRun
      ? rehearse(db, scope, database)
      : await carryOut(db, scope, flags, database, stderr, now);
    stdout.write(flags.json ? purgeJson(flags, before, result) : purgeText(flags, before, result));
    if (result.interrupted) this.process.exitCode = 1;
  } finally {
    db.close();
  }
}

function rehearse(db: Database, scope: RemovalScope, database: string): PurgeResult {
  const bytes = sizeOnDisk(database);
  return {
    ...bodiesInScope(db, scope),
    interrupted: false,
    fileBytesBefore: bytes,
    fileBytesAfter: bytes,
    logFolded: null,
  };
}

function carryOut(
  db: Database,
  scope: RemovalScope,
  flags: PurgeFlags,
  database: string,
  stderr: Parameters<typeof progressOn>[0],
  now: number,
): Promise<PurgeResult> {
  const stop = new AbortController();
  untilStopped().then(() => stop.abort());
  const details = {
    cause: "command",
    before: new Date(scope.before).toISOString(),
    project: flags.project ?? null,
    vacuum: flags.vacuum,
  };
  const progress = progressOn(stderr);
  return purge(db, scope, { details, vacuum: flags.vacuum, database, now, stop: stop.signal, progress })
    .finally(() => progress(null));
}

/** What {@link purge} gets from outside. */
export interface PurgeTools {
  /** For the audit event. */
  readonly details: Readonly<Record<string, string | boolean | null>>;
  readonly vacuum: boolean;
  /** Path, whose size is looked at. */
  readonly database: string;
  /** UTC epoch ms. */
  readonly now: number;
  readonly stop: AbortSignal;
  readonly progress: Progress;
}

/** Deletes step by step, then gives the space back if wanted. */
export async function purge(db: Database, scope: RemovalScope, tools: PurgeTools): Promise<PurgeResult> {
  const { details, stop, progress } = tools;
  const fileBytesBefore = sizeOnDisk(tools.database);
  const of = bodiesInScope(db, scope);
  const removal = new BodyRemoval(db, scope, { event: "bodies.purged", details }, tools.now);
  while (!stop.aborted && removal.step()) {
    progress(`deleted ${removal.removed.bodies} of ${countLabel(of.bodies, "body", "bodies")}`);
    await pause(PAUSE_MS);
  }
  if (removal.removed.bodies === 0) audit(db, "bodies.purged", { ...details, bodies: 0, bytes: 0 }, tools.now);
  if (tools.vacuum) await giveBack(db, stop, progress);
  // Always, also when nothing was deleted: a purge before may have been killed before it came to this.
  const logFolded = stop.aborted ? null : await overwritten(db, stop);
  return {
    ...removal.removed,
    interrupted: stop.aborted,
    fileBytesBefore,
    fileBytesAfter: sizeOnDisk(tools.database),
    logFolded,
  };
}

/** Returns free pages to the file system. The file is shorter once the log is folded in. */
async function giveBack(db: Database, stop: AbortSignal, progress: Progress): Promise<void> {
  const free = freePages(db);
  for (let left = free; left > 0 && !stop.aborted;) {
    const now = shrinkStep(db);
    if (now >= left) break;
    left = now;
    progress(`gave ${free - left} of ${free} pages back`);
    await pause(PAUSE_MS);
  }
}

/** Folds the log in, so that no word of what was deleted is left in either file. */
async function overwritten(db: Database, stop: AbortSignal): Promise<boolean> {
  for (let tries = 1; tries < FOLD_TRIES && !stop.aborted; tries++) {
    if (foldLog(db, FOLD_WAIT_MS)) return true;
    await pause(FOLD_PAUSE_MS);
  }
  return foldLog(db, FOLD_WAIT_MS);
}

const STILL_READ = "Another program reads the database all the time: deleted text may still stand in its log. " +
  "Run this again when that program has ended";

function purgeText(flags: PurgeFlags, before: number, result: PurgeResult): string {
  const { bodies, bytes, fileBytesBefore, fileBytesAfter, logFolded, interrupted } = result;
  const of = flags.project === undefined ? "" : ` of ${flags.project}`;
  const what = `${countLabel(bodies, "body", "bodies")}${of} from before ${momentLabel(before)} (${bytesLabel(bytes)})`;
  if (flags.dryRun) return `Would delete ${what}\nNothing was deleted; leave --dry-run out to delete them\n`;
  const lines = [`Deleted ${what}`];
  if (interrupted) lines.push("Interrupted: run it again for the rest");
  else if (logFolded !== true) lines.push(STILL_READ);
  else if (flags.vacuum) {
    lines.push(`The database went from ${bytesLabel(fileBytesBefore)} to ${bytesLabel(fileBytesAfter)}`);
  } else if (bodies > 0) lines.push("Their space is used for new bodies; --vacuum gives it back");
  return `${lines.join("\n")}\n`;
}

/** The shape is stable: fields may be added, never renamed or removed. */
function purgeJson(flags: PurgeFlags, before: number, result: PurgeResult): string {
  const value = {
    version: VERSION,
    before: new Date(before).toISOString(),
    project: flags.project ?? null,
    dry_run: flags.dryRun,
    vacuum: flags.vacuum,
    interrupted: result.interrupted,
    bodies: result.bodies,
    stored_bytes: result.bytes,
    file_bytes_before: result.fileBytesBefore,
    file_bytes_after: result.fileBytesAfter,
    log_folded: result.logFolded,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Database and log together. */
function sizeOnDisk(database: string): number {
  return [database, `${database}-wal`].reduce((sum, path) => sum + sizeOf(path), 0);
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
