/**
 * Where the meter has written outside its data folder: `<home>/written-paths.json`, mode 0600. Variables such as
 * `XDG_CONFIG_HOME` and `ZDOTDIR` choose some of those places, and `uninstall` may be run where they are not set.
 *
 * A path is noted before it is written, so that an interruption between the two loses nothing.
 *
 * Imports: os/ca_files.ts, os/paths.ts.
 *
 * @module
 */

import { replaceFile } from "./ca_files.ts";
import { ensureHome, type Paths } from "./paths.ts";

/** Notes a file that is about to be written. Those of the data folder are found without. */
export async function noteWritten(paths: Paths, path: string): Promise<void> {
  if (path.startsWith(`${paths.home}/`)) return;
  const before = await read(paths);
  if (!before.includes(path)) await write(paths, [...before, path]);
}

/** Noted files in other folders with the name of the one at `path`. */
export async function writtenElsewhere(paths: Paths, path: string): Promise<readonly string[]> {
  return (await read(paths)).filter((other) => other !== path && nameOf(other) === nameOf(path));
}

/** Forgets a file in which nothing of the meter is any more. */
export async function forgetWritten(paths: Paths, path: string): Promise<void> {
  const before = await read(paths);
  if (before.includes(path)) await write(paths, before.filter((other) => other !== path));
}

/** A record that cannot be read is an empty one. */
async function read(paths: Paths): Promise<readonly string[]> {
  try {
    const record: unknown = JSON.parse(await Deno.readTextFile(fileOf(paths)));
    return Array.isArray(record) ? record.filter((path): path is string => typeof path === "string") : [];
  } catch {
    return [];
  }
}

async function write(paths: Paths, written: readonly string[]): Promise<void> {
  if (written.length === 0) return await Deno.remove(fileOf(paths));
  ensureHome(paths);
  await replaceFile(fileOf(paths), `${JSON.stringify(written, null, 2)}\n`, 0o600);
}

function fileOf({ home }: Paths): string {
  return `${home}/written-paths.json`;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
