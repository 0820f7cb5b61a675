/**
 * What all stored bodies weigh, for the byte budget. Measured a few hundred rows at a time, then kept up to date by looking at
 * new rows only, until another process changes the database.
 *
 * Imports: node:sqlite (types).
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";

const ROWS_PER_STEP = 1_000;

/** A sum over `request_bodies`. For one connection, the one that writes them. */
export class BodyTotal {
  readonly #rows: StatementSync;
  readonly #newest: StatementSync;
  readonly #version: StatementSync;
  #bytes = 0;
  #upTo = 0;
  #seenVersion: number | null = null;

  constructor(db: DatabaseSync) {
    // length() of a blob is read from the row's header, not from the pages that hold the blob.
    this.#rows = db.prepare(
      `SELECT rowid AS row, length(body) AS bytes FROM request_bodies WHERE rowid > ? ORDER BY rowid LIMIT ${ROWS_PER_STEP}`,
    );
    this.#newest = db.prepare("SELECT coalesce(max(rowid), 0) AS row FROM request_bodies");
    // Changes when another connection has committed something (https://www.sqlite.org/pragma.html#pragma_data_version).
    this.#version = db.prepare("PRAGMA data_version");
  }

  /**
   * The total in stored bytes; `null` when another process was writing meanwhile, so that it cannot be relied on.
   *
   * @param pause Awaited between steps.
   */
  async measure(pause: () => Promise<void>): Promise<number | null> {
    const version = this.#dataVersion();
    // Row numbers are given anew once the newest rows are gone.
    if (version !== this.#seenVersion || Number(this.#newest.get()?.["row"]) < this.#upTo) {
      this.#bytes = 0;
      this.#upTo = 0;
    }
    this.#seenVersion = version;
    for (;;) {
      const rows = this.#rows.all(this.#upTo);
      for (const row of rows) this.#bytes += Number(row["bytes"]);
      this.#upTo = Number(rows.at(-1)?.["row"] ?? this.#upTo);
      if (rows.length < ROWS_PER_STEP) break;
      await pause();
    }
    return this.#dataVersion() === version ? this.#bytes : null;
  }

  /** Bodies that the latest measurement has seen were removed through the same connection. */
  removed(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** Makes the next measurement begin anew. */
  forget(): void {
    this.#seenVersion = null;
  }

  #dataVersion(): number {
    return Number(this.#version.get()?.["data_version"]);
  }
}
