/**
 * Lets go of old bodies while the daemon runs: those past `bodies.retention_days` at start and once a day, the oldest ones
 * whenever all of them outgrow `bodies.max_total_bytes`. Part of the recorder, the only role that writes.
 *
 * Days are told by the wall clock, which goes on while a laptop sleeps. Works in short steps with pauses, so that rows of calls
 * that end meanwhile are written in time.
 *
 * Imports: domain (types), log.ts, store, roles.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import { errorLabel, type LogEvent } from "../log.ts";
import { BodyRemoval, type BodySum, foldLog, freePages, type RemovalScope, shrinkStep } from "../store/body_removal.ts";
import { BodyTotal } from "../store/body_total.ts";
import type { Database } from "../store/database.ts";
import type { Counters } from "./messages.ts";

/** How often the clock and the budget are looked at. */
const CHECK_MS = 5 * 60_000;
/** A daemon that starts has more urgent things to do. */
const FIRST_CHECK_MS = 2_000;
const DAY_MS = 86_400_000;

/** Between two steps, for rows that wait to be written. */
const PAUSE_MS = 5;

/** How long those who read are waited for until the log can be folded in. */
const FOLD_WAIT_MS = 250;

/** Free pages that are kept, since the next bodies will need them: 8 MiB. */
const RESERVED_PAGES = 2_048;

/** What a sweep works with. */
export interface SweepOptions {
  readonly db: Database;
  /** The settings in force. */
  readonly settings: () => Config["bodies"];
  /** UTC epoch ms. */
  readonly now: () => number;
  readonly log: (event: LogEvent) => void;
}

/** Sweeps until it is stopped. */
export class BodySweep {
  readonly #options: SweepOptions;
  readonly #total: BodyTotal;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stopped = false;
  #checking = false;
  /** Whether what was deleted is gone from the log too. An earlier process may have been killed before it came to that. */
  #folded = false;
  #sweptAt: number | null = null;
  #sweptDays: number | null = null;
  #sweeps = 0;
  #failed = 0;
  #bodies = 0;
  #bytes = 0;
  #lastFailure: string | null = null;

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#total = new BodyTotal(options.db);
  }

  /** Checks soon, and then every few minutes. */
  start(): void {
    this.#schedule(FIRST_CHECK_MS);
  }

  /** The database may be closed afterwards, also when a check is under way. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** Removes what has to go now. Never rejects: a failure is counted, shown, and tried again at the next check. */
  async check(): Promise<void> {
    if (this.#checking || this.#stopped) return;
    this.#checking = true;
    try {
      const now = this.#options.now();
      const settings = this.#options.settings();
      let removed = 0;
      if (this.#isDue(now, settings.retentionDays)) removed += await this.#sweepOld(now, settings.retentionDays);
      if (settings.maxTotalBytes > 0) removed += await this.#keepBudget(now, settings.maxTotalBytes);
      if (removed > 0) await this.#shrink();
      if (removed > 0) this.#folded = false;
      if (!this.#folded && !this.#stopped) this.#folded = foldLog(this.#options.db, FOLD_WAIT_MS);
      this.#lastFailure = null;
    } catch (error) {
      if (this.#stopped) return; // The database is closed.
      this.#failed++;
      this.#lastFailure = errorLabel(error);
      this.#options.log({ event: "bodies.sweep.failed", reason: this.#lastFailure });
    } finally {
      this.#checking = false;
    }
  }

  counters(): Counters {
    return {
      sweeps: this.#sweeps,
      sweeps_failed: this.#failed,
      swept_bodies: this.#bodies,
      swept_body_bytes: this.#bytes,
    };
  }

  /** Sentences about what is wrong right now, for `status`. */
  notes(): string[] {
    return this.#lastFailure === null ? [] : [`Old bodies could not be deleted (${this.#lastFailure}): they are kept`];
  }

  #schedule(inMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.check().then(() => this.#schedule(CHECK_MS)), inMs);
  }

  /** Also after a change of the setting, and when the clock was set back by so much that the last time says nothing. */
  #isDue(now: number, days: number): boolean {
    return this.#sweptAt === null || this.#sweptDays !== days || Math.abs(now - this.#sweptAt) >= DAY_MS;
  }

  async #sweepOld(now: number, days: number): Promise<number> {
    const scope = { before: now - days * DAY_MS, projectId: null, enoughBytes: null };
    const { bodies } = await this.#remove(scope, "retention", { retention_days: days }, now);
    if (bodies > 0) this.#total.forget();
    if (this.#stopped) return bodies;
    this.#sweptAt = now;
    this.#sweptDays = days;
    this.#sweeps++;
    return bodies;
  }

  async #keepBudget(now: number, budget: number): Promise<number> {
    const total = await this.#total.measure(() => this.#pause());
    if (total === null || total <= budget || this.#stopped) return 0;
    const scope = { before: Number.MAX_SAFE_INTEGER, projectId: null, enoughBytes: total - budget };
    const { bodies, bytes } = await this.#remove(scope, "budget", { max_total_bytes: budget }, now);
    this.#total.removed(bytes);
    return bodies;
  }

  async #remove(
    scope: RemovalScope,
    cause: "retention" | "budget",
    setting: Readonly<Record<string, number>>,
    now: number,
  ): Promise<BodySum> {
    const started = performance.now();
    const removal = new BodyRemoval(
      this.#options.db,
      scope,
      { event: "bodies.swept", details: { cause, ...setting } },
      now,
    );
    let before: BodySum = removal.removed;
    try {
      while (!this.#stopped && removal.step()) {
        before = this.#count(before, removal.removed);
        await this.#pause();
      }
    } finally {
      this.#count(before, removal.removed);
    }
    const { bodies, bytes } = removal.removed;
    const duration_ms = Math.round(performance.now() - started);
    if (bodies > 0) this.#options.log({ event: "bodies.swept", cause, bodies, bytes, duration_ms });
    return removal.removed;
  }

  #count(before: BodySum, after: BodySum): BodySum {
    this.#bodies += after.bodies - before.bodies;
    this.#bytes += after.bytes - before.bytes;
    return after;
  }

  async #shrink(): Promise<void> {
    while (!this.#stopped) {
      const before = freePages(this.#options.db);
      if (before <= RESERVED_PAGES || shrinkStep(this.#options.db) >= before) return;
      await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
