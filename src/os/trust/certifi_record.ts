/**
 * Which certifi bundles hold the meter's certificate: `<home>/certifi-patched.json`, mode 0600. It outlives the
 * interpreters, so that `uninstall` finds a bundle whose interpreter is no longer on the PATH.
 *
 * A bundle is noted before it is changed, so that an interruption between the two loses nothing.
 *
 * Imports: os/ca_files.ts, os/paths.ts.
 *
 * @module
 */

import { replaceFile } from "../ca_files.ts";
import { ensureHome, type Paths } from "../paths.ts";

/** Paths of the bundles that were noted. A record that cannot be read is an empty one. */
export async function notedBundles(paths: Paths): Promise<string[]> {
  try {
    const record: unknown = JSON.parse(await Deno.readTextFile(fileOf(paths)));
    return Array.isArray(record) ? record.filter((path): path is string => typeof path === "string") : [];
  } catch {
    return [];
  }
}

/** Adds paths to the record. */
export async function noteBundles(paths: Paths, bundles: readonly string[]): Promise<void> {
  const before = await notedBundles(paths);
  const after = [...new Set([...before, ...bundles])];
  if (after.length > before.length) await write(paths, after);
}

/** Takes paths out of the record, and the record away once it is empty. */
export async function forgetBundles(paths: Paths, bundles: readonly string[]): Promise<void> {
  const before = await notedBundles(paths);
  const after = before.filter((path) => !bundles.includes(path));
  if (after.length < before.length) await write(paths, after);
}

async function write(paths: Paths, bundles: readonly string[]): Promise<void> {
  if (bundles.length === 0) return await Deno.remove(fileOf(paths));
  ensureHome(paths);
  await replaceFile(fileOf(paths), `${JSON.stringify(bundles, null, 2)}\n`, 0o600);
}

function fileOf({ home }: Paths): string {
  return `${home}/certifi-patched.json`;
}
