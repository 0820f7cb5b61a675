/**
 * Lets go of stored bodies, oldest first, and gives their space back. The calls themselves stay: they are money.
 *
 * Works in steps that are one short transaction each, so that the recorder is never kept waiting and a process that is
 * killed leaves whole steps. What a removal has done so far stands in the audit trail at any time, since each step updates its
 * event in the same transaction.
 *
 * Imports: node:sqlite (types), ./settings.ts, ./transaction.ts.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { audit, type AuditDetails, reviseAudit } from "./settings.ts";
import { inTransaction } from "./transaction.ts";

/** Which bodies go. */
export interface RemovalScope {
  /** UTC epoch ms; bodies of calls made before it. */
  readonly before: number;
  /** One project only; `null` = all. */
  readonly projectId: number | null;
  /** Stops once so many stored bytes are gone; `null` = when no body is left in the scope. */
  readonly enoughBytes: number | null;
}

/** How much. */
export interface BodySum {
  readonly bodies: number;
  /** Stored, thus compressed. */
  readonly bytes: number;
}

/** The audit event of a removal; `bodies` and `bytes` are added to its details. */
export interface RemovalNote {
  readonly event: string;
  readonly details: AuditDetails;
}

/** Bounds of one step. Overwriting a megabyte of old pages takes a few milliseconds; see secure_delete in database.ts. */
const STEP_BODIES = 64;
const STEP_BYTES = 512 * 1024;

/** Pages given back in one transaction: 1 MiB. */
const SHRINK_PAGES = 256;

const IN_SCOPE = `request_bodies.created_at < :before AND (:project IS NULL OR EXISTS (
  SELECT 1 FROM requests WHERE requests.id = request_bodies.request_id AND requests.project_id = :project))`;

// length() of a blob is read from the row's header, not from the pages that hold the blob.
const OLDEST = `SELECT rowid AS row, created_at, length(body) AS bytes FROM request_bodies
  WHERE (created_at, rowid) > (:after_time, :after_row) AND ${IN_SCOPE} ORDER BY created_at, rowid LIMIT ${STEP_BODIES}`;

/** What a removal of that scope would take, `enoughBytes` left aside. */
export function bodiesInScope(db: DatabaseSync, scope: Omit<RemovalScope, "enoughBytes">): BodySum {
  const sum = db.prepare(
    `SELECT count(*) AS bodies, coalesce(sum(length(body)), 0) AS bytes FROM request_bodies WHERE ${IN_SCOPE}`,
  ).get({ before: scope.before, project: scope.projectId });
  return { bodies: Number(sum?.["bodies"]), bytes: Number(sum?.["bytes"]) };
}

/** One removal, step by step. */
export class BodyRemoval {
  readonly #db: DatabaseSync;
  readonly #scope: RemovalScope;
  readonly #note: RemovalNote;
  readonly #now: number;
  readonly #oldest: ReturnType<DatabaseSync["prepare"]>;
  readonly #remove: ReturnType<DatabaseSync["prepare"]>;
  #after = { time: Number.MIN_SAFE_INTEGER, row: 0 };
  #event: number | null = null;
  #bodies = 0;
  #bytes = 0;

  /** @param now UTC epoch ms, for the audit event. */
  constructor(db: DatabaseSync, scope: RemovalScope, note: RemovalNote, now: number) {
    this.#db = db;
    this.#scope = scope;
    this.#note = note;
    this.#now = now;
    this.#oldest = db.prepare(OLDEST);
    this.#remove = db.prepare("DELETE FROM request_bodies WHERE rowid = ?");
  }

  /** What is gone so far. */
  get removed(): BodySum {
    return { bodies: this.#bodies, bytes: this.#bytes };
  }

  /** Removes a few bodies. @returns whether there may be more. Throws what SQLite throws, with the step undone. */
  step(): boolean {
    const chosen = this.#choose();
    const last = chosen.at(-1);
    if (last === undefined) return false;
    let removed = 0;
    let bytes = 0;
    inTransaction(this.#db, () => {
      for (const body of chosen) {
        // Another process may have removed it since it was chosen.
        if (Number(this.#remove.run(body.row).changes) === 0) continue;
        removed += 1;
        bytes += body.bytes;
      }
      this.#record({ bodies: this.#bodies + removed, bytes: this.#bytes + bytes });
    });
    this.#bodies += removed;
    this.#bytes += bytes;
    this.#after = { time: last.time, row: last.row };
    return !this.#isEnough(0);
  }

  #choose(): { readonly row: number; readonly time: number; readonly bytes: number }[] {
    if (this.#isEnough(0)) return [];
    const rows = this.#oldest.all({
      before: this.#scope.before,
      project: this.#scope.projectId,
      after_time: this.#after.time,
      after_row: this.#after.row,
    });
    const chosen = [];
    let sum = 0;
    for (const row of rows) {
      const bytes = Number(row["bytes"]);
      chosen.push({ row: Number(row["row"]), time: Number(row["created_at"]), bytes });
      sum += bytes;
      if (sum >= STEP_BYTES || this.#isEnough(sum)) break;
    }
    return chosen;
  }

  #isEnough(more: number): boolean {
    return this.#scope.enoughBytes !== null && this.#bytes + more >= this.#scope.enoughBytes;
  }

  #record(sum: BodySum): void {
    const details = { ...this.#note.details, bodies: sum.bodies, bytes: sum.bytes };
    if (this.#event === null) this.#event = audit(this.#db, this.#note.event, details, this.#now);
    else reviseAudit(this.#db, this.#event, details);
  }
}

/** Pages of the file that hold nothing. */
export function freePages(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA freelist_count").get()?.["freelist_count"]);
}

/**
 * Gives free pages back, a megabyte at most. Works in place: VACUUM would need a second copy of every prompt, and a permission
 * that the recorder does not have.
 *
 * @returns Free pages that are left.
 */
export function shrinkStep(db: DatabaseSync): number {
  // Read to the end, since it gives one page back for each row that is asked for, and exec() asks for one.
  db.prepare(`PRAGMA incremental_vacuum(${SHRINK_PAGES})`).all();
  return freePages(db);
}

/**
 * Folds the log into the file, which makes both as small as they can be. Until then a removed body still stands in the log as it
 * was written, and in the file, since the overwritten page is in the log only.
 *
 * @param waitMs How long somebody who reads or writes is waited for; absent = as the connection does.
 * @returns False when somebody is reading, so that it has to wait until the next fold.
 */
export function foldLog(db: DatabaseSync, waitMs?: number): boolean {
  const usual = Number(db.prepare("PRAGMA busy_timeout").get()?.["timeout"]);
  db.exec(`PRAGMA busy_timeout = ${waitMs ?? usual}`);
  try {
    return db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.["busy"] === 0;
  } finally {
    db.exec(`PRAGMA busy_timeout = ${usual}`);
  }
}
