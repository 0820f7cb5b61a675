/**
 * `halton-meter pricing reprice`: brings the costs of recorded calls up to the current price table, each call at the prices
 * in force when it was made. May run beside a daemon, be interrupted, and be repeated.
 *
 * Imports: domain, meter, os, store, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { formatFraction, formatUsd, PICO_PER_USD } from "../domain/money.ts";
import { costOf } from "../meter/cost.ts";
import { createRateTable } from "../meter/rates.ts";
import { loadConfig } from "../os/config_file.ts";
import { paths } from "../os/paths.ts";
import { type Database, openForWriting, openReadOnly } from "../store/database.ts";
import { findProject } from "../store/project_rows.ts";
import type { TimeRange } from "../store/queries.ts";
import {
  addRepriced,
  hoursWithCalls,
  NOTHING_REPRICED,
  prepareRepriceHour,
  type Pricer,
  type Repriced,
} from "../store/repricing.ts";
import { audit } from "../store/settings.ts";
import type { MeterContext } from "./app.ts";
import type { Output } from "./output.ts";
import { periodLabel, periodOf } from "./report_period.ts";
import { untilStopped } from "./signals.ts";
import { VERSION } from "./version.ts";

/** Flags of the command. */
export interface RepriceFlags {
  readonly since?: string;
  readonly project?: string;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** What to price again. */
export interface RepriceRequest {
  readonly range: TimeRange;
  /** Slug; absent = all projects. */
  readonly project?: string | undefined;
  readonly write: boolean;
}

/** What was done. */
export interface RepriceResult extends Repriced {
  readonly interrupted: boolean;
}

/** Between two transactions, so that the recorder gets its turn at the lock. */
const PAUSE_MS = 2;

/** Prices again and prints the sums. */
export async function pricingRepriceCommand(this: MeterContext, flags: RepriceFlags): Promise<void> {
  const { stdout, stderr } = this.process;
  const files = paths();
  const request = {
    range: periodOf({ since: flags.since }, Date.now()),
    project: flags.project,
    write: !flags.dryRun,
  };
  const table = createRateTable((await loadConfig(files.config)).pricing.overrides);
  const db = openExisting(files.database, request.write);
  const stop = new AbortController();
  untilStopped().then(() => stop.abort());
  const progress = progressOn(stderr);
  try {
    const price: Pricer = (reading, atMs) => costOf(reading, table, atMs);
    const result = db === null
      ? { ...NOTHING_REPRICED, interrupted: false }
      : await reprice(db, request, price, { now: Date.now, stop: stop.signal, progress });
    progress(null);
    stdout.write(flags.json ? renderJson(request, result) : renderText(request, result));
    if (result.interrupted) this.process.exitCode = 1;
  } finally {
    db?.close();
  }
}

/** Told how many calls of how many are done; `null` at the end. */
export type Progress = (done: { readonly calls: number; readonly of: number } | null) => void;

/** What {@link reprice} gets from outside. */
export interface RepriceTools {
  /** UTC epoch ms. */
  readonly now: () => number;
  /** Asks to stop after the hour at hand. */
  readonly stop: AbortSignal;
  readonly progress: Progress;
}

/**
 * Prices the calls of a range again, an hour at a time, and notes it in the audit trail.
 *
 * @throws {MeterError} `bad_input` for a project that the database does not know.
 */
export async function reprice(
  db: Database,
  request: RepriceRequest,
  price: Pricer,
  tools: RepriceTools,
): Promise<RepriceResult> {
  const { range, project, write } = request;
  const projectId = project === undefined ? null : findProject(db, project)?.id;
  if (projectId === undefined) {
    throw new MeterError("bad_input", `Cannot price project ${JSON.stringify(project)}: no call of it was recorded`, {
      hint: 'Run "halton-meter report --by project" to see the projects',
    });
  }
  const hours = hoursWithCalls(db, range, projectId);
  const of = hours.reduce((sum, { calls }) => sum + calls, 0);
  const repriceHour = prepareRepriceHour(db, range, projectId, price, write);
  let sum = NOTHING_REPRICED;
  let seen = 0;
  let interrupted = false;
  for (const { hour, calls } of hours) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    interrupted = tools.stop.aborted;
    if (interrupted) break;
    sum = addRepriced(sum, repriceHour(hour));
    seen += calls;
    tools.progress({ calls: seen, of });
  }
  if (write && sum.changed > 0) {
    audit(db, "pricing.repriced", {
      from: range.from,
      to: range.to,
      project: project ?? null,
      calls: sum.calls,
      changed: sum.changed,
      old_pico: String(sum.oldPico),
      new_pico: String(sum.newPico),
      interrupted,
    }, tools.now());
  }
  return { ...sum, interrupted };
}

/** `null` when nothing was recorded yet; the database is not made for that. */
function openExisting(path: string, write: boolean): Database | null {
  if (!write) return openReadOnly(path);
  try {
    Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  return openForWriting(path, { now: Date.now() });
}

/** A line that is written over, on a terminal only. */
function progressOn(stderr: Output): Progress {
  if (stderr.columns === null) return () => {};
  let shown = false;
  return (done) => {
    if (done === null) {
      if (shown) stderr.write("\r\x1b[K");
      return;
    }
    shown = true;
    stderr.write(`\r\x1b[Kpricing call ${done.calls} of ${done.of}`);
  };
}

function renderText({ range, project, write }: RepriceRequest, result: RepriceResult): string {
  const { calls, changed, nowPriced, nowUnpriced, kept, oldPico, newPico, interrupted } = result;
  const of = project === undefined ? "" : ` of ${project}`;
  const lines = [
    `${calls} calls${of} in ${periodLabel(range)}: ${changed} ${write ? "changed" : "would change"}`,
    `cost before  ${formatUsd(oldPico)}`,
    `cost now     ${formatUsd(newPico)}`,
    ...(nowPriced > 0 ? [`${nowPriced} without a price before ${write ? "got" : "would get"} one`] : []),
    ...(nowUnpriced > 0 ? [`${nowUnpriced} with a price before ${write ? "lost" : "would lose"} it`] : []),
    ...(kept > 0
      ? [`${kept} keep their cost: an older version recorded them without what their price depends on`]
      : []),
    ...(interrupted ? ["Interrupted: the hours before are done; run it again for the rest"] : []),
    ...(write ? [] : ["Nothing was written; leave --dry-run out to write it"]),
  ];
  return `${lines.join("\n")}\n`;
}

/** `{version, from, to, project, dry_run, interrupted, calls, changed, now_priced, now_unpriced, kept, old_cost_usd, new_cost_usd}`. */
function renderJson({ range, project, write }: RepriceRequest, result: RepriceResult): string {
  const value = {
    version: VERSION,
    from: new Date(range.from).toISOString(),
    to: new Date(range.to).toISOString(),
    project: project ?? null,
    dry_run: !write,
    interrupted: result.interrupted,
    calls: result.calls,
    changed: result.changed,
    now_priced: result.nowPriced,
    now_unpriced: result.nowUnpriced,
    kept: result.kept,
    old_cost_usd: formatFraction({ num: result.oldPico, den: PICO_PER_USD }),
    new_cost_usd: formatFraction({ num: result.newPico, den: PICO_PER_USD }),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
