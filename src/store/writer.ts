/**
 * The queue between metering and the disk. Rows wait in memory until the caller's timer flushes them in one transaction;
 * a disk that is full or busy keeps them waiting, up to a bound, and what the bound costs is counted.
 *
 * Bounds: MAX_QUEUED_ROWS rows, MAX_QUEUED_BODY_BYTES of packed bodies. Bodies go first, then the oldest rows: money
 * outlives text. Not safe for use from two threads; a database has one writer.
 *
 * Imports: node:sqlite (types), domain, ./checkpoints.ts, ./exchange_insert.ts, ./project_rows.ts, ./rollups.ts.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { constants, gzipSync } from "node:zlib";
import type { BodyRow, ExchangeRow } from "../domain/exchange.ts";
import { prepareCheckpoints } from "./checkpoints.ts";
import { type PackedBody, prepareExchangeInsert } from "./exchange_insert.ts";
import { prepareEnsureProject } from "./project_rows.ts";
import { HOUR_SPAN, prepareFold, prepareRebuildHour } from "./rollups.ts";

/** Rows that wait for a disk that refuses them. */
export const MAX_QUEUED_ROWS = 10_000;
/** Packed bytes of bodies that wait, 64 MiB. */
export const MAX_QUEUED_BODY_BYTES = 64 * 1024 * 1024;
/** Smaller bodies fit a database page or little more: compressing them costs more than a tenth of a row's work. */
const MIN_GZIP_BYTES = 4096;
/** Rows in one transaction, so that a long queue does not hold the write lock for seconds. */
const MAX_BATCH = 2_000;

/** How the writer fares. All counts are since it was made. */
export interface WriterStats {
  /** Rows in memory. */
  readonly queued: number;
  /** Rows on disk. */
  readonly written: number;
  readonly failedFlushes: number;
  /** Rows given up: pushed out by newer ones, or refused by the schema. */
  readonly droppedRows: number;
  readonly droppedBodies: number;
  /** Why the latest flush failed, as an SQLite result name such as `SQLITE_FULL`; `null` after one that did not. */
  readonly lastError: string | null;
}

/** What a {@link Writer} is given beside the database. */
export interface WriterOptions {
  /** Makes the UUID of a project's row. */
  readonly newId: () => string;
  /** Called after rows were written. Must not throw. */
  readonly written?: () => void;
}

interface Queued {
  readonly row: ExchangeRow;
  bodies: readonly PackedBody[];
}

/** Writes exchanges in batches. */
export class Writer {
  readonly #insert: (row: ExchangeRow, bodies: readonly PackedBody[]) => number | null;
  readonly #fold: (afterSeq: number) => void;
  readonly #rebuildHour: (hour: number) => void;
  readonly #statements: ReturnType<typeof prepareTransactions>;
  readonly #tellWritten: () => void;
  readonly #checkpoint: () => void;
  #queue: Queued[] = [];
  #queuedBodyBytes = 0;
  #written = 0;
  #failedFlushes = 0;
  #droppedRows = 0;
  #droppedBodies = 0;
  #lastError: string | null = null;

  constructor(db: DatabaseSync, options: WriterOptions) {
    this.#insert = prepareExchangeInsert(db, prepareEnsureProject(db, options.newId));
    this.#fold = prepareFold(db);
    this.#rebuildHour = prepareRebuildHour(db);
    this.#statements = prepareTransactions(db);
    this.#checkpoint = prepareCheckpoints(db);
    this.#tellWritten = options.written ?? (() => {});
  }

  /** Queues one exchange. Never throws for the state of the disk, and writes nothing yet. */
  record(row: ExchangeRow, bodies: readonly BodyRow[]): void {
    const packed = bodies.map(packBody);
    this.#queue.push({ row, bodies: packed });
    this.#queuedBodyBytes += byteSum(packed);
    this.#keepBounds();
  }

  /** Writes what is queued. On failure the rows stay queued, {@link stats} says why, and the next call tries again. */
  flush(): void {
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, MAX_BATCH);
      try {
        this.#writeBatch(batch);
      } catch (error) {
        this.#failedFlushes += 1;
        this.#lastError = resultName(error);
        return;
      }
      this.#queue = this.#queue.slice(batch.length);
      for (const { bodies } of batch) this.#queuedBodyBytes -= byteSum(bodies);
      this.#tellWritten();
      this.#checkpoint();
    }
    this.#lastError = null;
  }

  /** Flushes for the last time. Rows that cannot be written now are lost and counted. The database stays open. */
  close(): void {
    this.flush();
    this.#droppedRows += this.#queue.length;
    for (const { bodies } of this.#queue) this.#droppedBodies += bodies.length;
    this.#queue = [];
    this.#queuedBodyBytes = 0;
  }

  stats(): WriterStats {
    return {
      queued: this.#queue.length,
      written: this.#written,
      failedFlushes: this.#failedFlushes,
      droppedRows: this.#droppedRows,
      droppedBodies: this.#droppedBodies,
      lastError: this.#lastError,
    };
  }

  #writeBatch(batch: readonly Queued[]): void {
    try {
      this.#inTransaction(() => this.#write(batch));
      this.#written += batch.length;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#writeOneByOne(batch);
    }
  }

  #write(batch: readonly Queued[]): void {
    const before = this.#statements.lastSeq();
    const changed = new Set<number>();
    for (const { row, bodies } of batch) {
      const time = this.#insert(row, bodies);
      if (time !== null) changed.add(Math.floor(time / HOUR_SPAN) * HOUR_SPAN);
    }
    this.#fold(before);
    for (const hour of changed) this.#rebuildHour(hour);
  }

  /** For a batch with a row that the schema refuses: that row is left out and counted, so that it cannot hold up the others. */
  #writeOneByOne(batch: readonly Queued[]): void {
    const refused: Queued[] = [];
    this.#inTransaction(() => {
      for (const queued of batch) {
        this.#statements.savepoint.run();
        try {
          this.#write([queued]);
        } catch (error) {
          if (!isRefusal(error)) throw error;
          this.#statements.rollbackToSavepoint.run();
          refused.push(queued);
        }
        this.#statements.release.run();
      }
    });
    this.#written += batch.length - refused.length;
    this.#droppedRows += refused.length;
    for (const { bodies } of refused) this.#droppedBodies += bodies.length;
  }

  #inTransaction(work: () => void): void {
    this.#statements.begin.run();
    try {
      work();
      this.#statements.commit.run();
    } catch (error) {
      this.#statements.rollback();
      throw error;
    }
  }

  #keepBounds(): void {
    if (this.#queuedBodyBytes > MAX_QUEUED_BODY_BYTES) {
      for (const queued of this.#queue) {
        if (this.#queuedBodyBytes <= MAX_QUEUED_BODY_BYTES) break;
        this.#queuedBodyBytes -= byteSum(queued.bodies);
        this.#droppedBodies += queued.bodies.length;
        queued.bodies = [];
      }
    }
    if (this.#queue.length > MAX_QUEUED_ROWS) {
      const oldest = this.#queue.shift();
      if (oldest === undefined) return;
      this.#queuedBodyBytes -= byteSum(oldest.bodies);
      this.#droppedBodies += oldest.bodies.length;
      this.#droppedRows += 1;
    }
  }
}

/** Statements rather than `exec`, since only a statement's error carries SQLite's result code. */
function prepareTransactions(db: DatabaseSync) {
  const newest = db.prepare("SELECT coalesce(max(seq), 0) AS seq FROM requests");
  return {
    begin: db.prepare("BEGIN IMMEDIATE"),
    commit: db.prepare("COMMIT"),
    savepoint: db.prepare("SAVEPOINT one_row"),
    rollbackToSavepoint: db.prepare("ROLLBACK TO one_row"),
    release: db.prepare("RELEASE one_row"),
    lastSeq: (): number => Number(newest.get()?.["seq"]),
    rollback(): void {
      try {
        db.exec("ROLLBACK");
      } catch {
        // After a full disk or an I/O error SQLite has often rolled back by itself, and says that there is nothing to do.
      }
    },
  };
}

/** Compresses on arrival, so that the queue holds little and the transaction stays short. */
function packBody(row: BodyRow): PackedBody {
  const text = new TextEncoder().encode(row.text);
  const packed = text.byteLength < MIN_GZIP_BYTES ? text : gzipSync(text, { level: constants.Z_BEST_SPEED });
  const smaller = packed.byteLength < text.byteLength;
  return {
    direction: row.direction,
    contentType: row.contentType,
    encoding: smaller ? "gzip" : "identity",
    body: smaller ? packed : text,
    textBytes: text.byteLength,
    originalSize: row.originalSize,
    truncated: row.truncated,
    redactions: JSON.stringify(row.redactions),
  };
}

function byteSum(bodies: readonly PackedBody[]): number {
  return bodies.reduce((sum, packed) => sum + packed.body.byteLength, 0);
}

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html). */
const RESULT_NAMES: ReadonlyMap<number, string> = new Map([
  [3, "SQLITE_PERM"],
  [5, "SQLITE_BUSY"],
  [6, "SQLITE_LOCKED"],
  [7, "SQLITE_NOMEM"],
  [8, "SQLITE_READONLY"],
  [10, "SQLITE_IOERR"],
  [11, "SQLITE_CORRUPT"],
  [13, "SQLITE_FULL"],
  [14, "SQLITE_CANTOPEN"],
  [15, "SQLITE_PROTOCOL"],
  [26, "SQLITE_NOTADB"],
]);

/** Primary result code of an SQLite error; `null` for any other error, such as a value that cannot be bound. */
function resultCode(error: unknown): number | null {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return null;
  return error.errcode & 0xff;
}

function resultName(error: unknown): string {
  const code = resultCode(error);
  return code === null ? "UNKNOWN" : RESULT_NAMES.get(code) ?? `SQLITE_${code}`;
}

/** Whether the row is at fault rather than the disk, the lock or the memory: then trying again cannot help. */
function isRefusal(error: unknown): boolean {
  const code = resultCode(error);
  return code === null || !RESULT_NAMES.has(code);
}
