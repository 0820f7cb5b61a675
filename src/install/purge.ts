/**
 * Deletes the meter's own files from its data folder. Only files that the meter is known to write: the folder is named by a
 * variable, and whatever else lies in it is its owner's.
 *
 * Imports: domain.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";

/**
 * Captured calls and bodies; and the list of what the meter has made, which is needed until the certificate authority goes,
 * the last of it.
 */
const LAST: readonly RegExp[] = [/^db\.sqlite(-wal|-shm|-journal)?$/, /^made-paths\.json$/];

/** What the meter writes beside the database. Logs rotate to `.1` … `.5`; a file is written under a name of its own first. */
const OTHERS: readonly RegExp[] = [
  /^(daemon|edge|userenv)\.(out|err)\.log(\.\d)?$/,
  /^config\.toml$/,
  /^effective-ports\.json$/,
  /^(daemon|edge)\.sock$/,
  /^(ca-bundle|node-extra-ca)\.pem$/,
  /^(install-mode|apps-managed|proxy-managed|no-shell-rc|install\.lock)$/,
  /^(system_state|certifi-patched|written-paths|cloud-credentials)\.json$/,
  /^trusted-by-(firefox|chromium)$/,
  /^proxy\.pac$/,
  /^env\.(sh|fish)$/,
  /^.+\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.tmp$/,
];

/** Certificates that were put into a store. */
const TRUSTED = "trusted";
const NOTED = /^[0-9A-F]{64}\.pem(\.[0-9a-f-]{36}\.tmp)?$/;

/** What became of the folder. */
export interface Purged {
  readonly removed: readonly string[];
  /** Names that were left: somebody else's, or kept on purpose. */
  readonly left: readonly string[];
  /** Whether the folder itself is gone. */
  readonly folderGone: boolean;
}

/**
 * Deletes.
 *
 * @param options.database Whether captured calls go as well.
 * @throws {MeterError} `failed` when a file cannot be deleted; what was deleted until then stays deleted.
 */
export function purgeHome(home: string, options: { readonly database: boolean }): Purged {
  const ours = (name: string) => [...OTHERS, ...(options.database ? LAST : [])].some((pattern) => pattern.test(name));
  if (namesIn(home) === null) return { removed: [], left: [], folderGone: true };
  purgeTrusted(`${home}/${TRUSTED}`);
  const names = namesIn(home) ?? [];
  const removed = names.filter(ours);
  for (const name of removed) remove(`${home}/${name}`);
  const left = names.filter((name) => !ours(name));
  if (left.length > 0) return { removed, left, folderGone: false };
  remove(home);
  return { removed, left, folderGone: true };
}

/** Removes the notes, and their folder once nothing else is in it. */
function purgeTrusted(folder: string): void {
  const names = namesIn(folder);
  if (names === null) return;
  for (const name of names.filter((name) => NOTED.test(name))) remove(`${folder}/${name}`);
  if (names.every((name) => NOTED.test(name))) remove(folder);
}

/** Null when there is no folder. A link is not followed: what it points at was not made by the meter. */
function namesIn(home: string): string[] | null {
  try {
    if (!Deno.lstatSync(home).isDirectory) return null;
    return [...Deno.readDirSync(home)].map(({ name, isDirectory }) => isDirectory ? `${name}/` : name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw refusal(home, error);
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw refusal(path, error);
  }
}

function refusal(path: string, error: unknown): MeterError {
  const state = error instanceof Error ? error.name : "unknown error";
  return new MeterError("failed", `Cannot delete ${path}: ${state}`, {
    hint: "Check its owner and its mode",
    cause: error,
  });
}
