/**
 * Failures that no single command foresees, since they can befall each of them: a disk that is full, a database that is locked
 * or damaged. They are no bugs, so that nobody is asked to look for one.
 *
 * Imports: store/database_failures.ts.
 *
 * @module
 */

import { databaseFailure } from "../store/database_failures.ts";

const DISK: ReadonlyMap<string, readonly [state: string, hint: string]> = new Map([
  ["ENOSPC", ["the disk is full", "Free some space, then try again"]],
  ["EDQUOT", ["your share of the disk is full", "Free some space, then try again"]],
  ["EROFS", ["its disk may not be written to", "Make the disk writable, then try again"]],
]);

/** One sentence and one thing to do next; `null` for a failure that is not of that kind. */
export function foreseenFailure(error: unknown): { readonly message: string; readonly hint: string } | null {
  const database = databaseFailure(error);
  if (database !== null) return { message: `Cannot use the database: ${database.found}`, hint: database.hint };
  if (!(error instanceof Error) || !("code" in error)) return null;
  const disk = DISK.get(String(error.code));
  if (disk === undefined) return null;
  const [state, hint] = disk;
  // The runtime names the file at the end of its message, in quotes.
  const path = / '(\/[^']+)'$/.exec(error.message)?.[1] ?? "a file";
  return { message: `Cannot write ${path}: ${state}`, hint };
}
