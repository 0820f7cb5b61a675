/**
 * What SQLite says when the disk, a lock or the file is at fault, and what a person can do about it. Told by the text, since a
 * failure of `exec` carries no result code; the texts are those of sqlite3_errstr (https://www.sqlite.org/c3ref/errcode.html).
 *
 * Imports: nothing.
 *
 * @module
 */

/** A failure that is nobody's bug. */
export interface DatabaseFailure {
  /** The state found, in SQLite's own words. */
  readonly found: string;
  /** One thing to do next. */
  readonly hint: string;
}

const HINTS: ReadonlyMap<string, string> = new Map([
  ["database or disk is full", "Free some space on its disk, then try again"],
  ["disk I/O error", "Check the disk that it is on, and its free space, then try again"],
  ["database is locked", "Another program is writing to it: try again in a moment"],
  [
    "database disk image is malformed",
    "Stop the daemon and restore the file from a backup, or move it away to start anew",
  ],
  ["file is not a database", "Restore the file from a backup, or move it away to start anew"],
  ["attempt to write a readonly database", "Check the owner and the mode of the file and of its folder"],
  ["unable to open database file", "Check the owner and the mode of the file and of its folder"],
]);

/** What failed, when `error` is SQLite's and foreseen; `null` for anything else. */
export function databaseFailure(error: unknown): DatabaseFailure | null {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "ERR_SQLITE_ERROR") return null;
  for (const [found, hint] of HINTS) {
    if (error.message.startsWith(found)) return { found, hint };
  }
  return null;
}
