/**
 * A transaction that takes the write lock at once, so that it never finds half-way that another process was faster.
 *
 * Imports: node:sqlite (types).
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";

/** Runs `work` and commits. When it throws, nothing of it stays, and what it threw is thrown on. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    try {
      db.exec("ROLLBACK");
    } catch {
      // After a full disk SQLite has often rolled back by itself, and says that there is nothing to do.
    }
    throw error;
  }
}
