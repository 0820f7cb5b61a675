/**
 * What an installation remembers of itself: its mode, what it manages, and which folders and files it made where there were
 * none. All of it lies in the data folder, mode 0600.
 *
 * A path is noted before it is made, so that an interruption between the two leaves nothing behind that `uninstall` does
 * not know of. Something noted is only ever removed while it is empty.
 *
 * Imports: domain, os/ca_files.ts, os/paths.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { replaceFile } from "./ca_files.ts";
import { ensureHome, type Paths } from "./paths.ts";

/** How much of the machine is pointed at the meter. */
export type InstallMode = "env-only" | "apps" | "full";

/** The modes, each with all that the one before it sets up. */
export const INSTALL_MODES: readonly InstallMode[] = ["env-only", "apps", "full"];

/** What the sentinels say. */
export interface InstallState {
  /** Null: not installed, or a file that says something else. */
  readonly mode: InstallMode | null;
  /** The meter owns the variables of shells and sessions. */
  readonly appsManaged: boolean;
  /** The meter owns the system's proxy setting. */
  readonly proxyManaged: boolean;
  /** Whether the three agree with each other. */
  readonly consistent: boolean;
  /** Whether the start-up files of shells are the meter's to set up. Only ever false of an installation. */
  readonly shellRc: boolean;
}

const MODE = 0o600;

/** Reads the sentinels. What cannot be read counts as not there. */
export async function readInstallState(paths: Paths): Promise<InstallState> {
  const text = (await readOrNull(paths.installMode))?.trim();
  const mode = INSTALL_MODES.find((known) => known === text) ?? null;
  const appsManaged = await readOrNull(paths.appsManaged) !== null;
  const proxyManaged = await readOrNull(paths.proxyManaged) !== null;
  const wanted = sentinelsOf(mode);
  const consistent = wanted.apps === appsManaged && wanted.proxy === proxyManaged;
  const shellRc = mode === null || await readOrNull(paths.noShellRc) === null;
  return { mode, appsManaged, proxyManaged, consistent, shellRc };
}

/** Records a finished installation; `null` that there is none. The mode is written last, since it vouches for the rest. */
export async function writeInstallState(
  paths: Paths,
  mode: InstallMode | null,
  { shellRc = true }: { readonly shellRc?: boolean } = {},
): Promise<void> {
  const wanted = sentinelsOf(mode);
  if (mode === null) await setSentinel(paths, paths.installMode, null);
  await setSentinel(paths, paths.appsManaged, wanted.apps ? "managed\n" : null);
  await setSentinel(paths, paths.proxyManaged, wanted.proxy ? "managed\n" : null);
  await setSentinel(paths, paths.noShellRc, shellRc || mode === null ? null : "left alone\n");
  if (mode !== null) await setSentinel(paths, paths.installMode, `${mode}\n`);
}

/** Makes `folder` with mode 0700 and every folder above it that is missing, and notes those. */
export async function makeFolder(paths: Paths, folder: string): Promise<void> {
  const missing: string[] = [];
  for (let path = folder; path !== "" && !await exists(path); path = parentOf(path)) missing.push(path);
  if (missing.length === 0) return;
  await noteMade(paths, missing);
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
}

/** Notes paths that are about to be made. */
export async function noteMade(paths: Paths, made: readonly string[]): Promise<void> {
  const before = await readMade(paths);
  const after = [...new Set([...before, ...made])];
  if (after.length > before.length) await writeMade(paths, after);
}

/** Notes those of `about` that are not there yet and are about to be made. */
export async function noteMissing(paths: Paths, about: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const path of about) if (!await exists(path)) missing.push(path);
  if (missing.length > 0) await noteMade(paths, missing);
}

/** Whether the installation made the file or folder at `path`. */
export async function isMade(paths: Paths, path: string): Promise<boolean> {
  return (await readMade(paths)).includes(path);
}

/** Removes `path` and the folders above it, from the inside out, as far as this program made them and they are empty. */
export async function unmake(paths: Paths, path: string): Promise<void> {
  let made = await readMade(paths);
  for (let next = path; made.includes(next) && await removedEmpty(next); next = parentOf(next)) {
    made = made.filter((other) => other !== next);
    await writeMade(paths, made);
  }
}

function sentinelsOf(mode: InstallMode | null): { readonly apps: boolean; readonly proxy: boolean } {
  return { apps: mode === "apps" || mode === "full", proxy: mode === "full" };
}

/** @throws {MeterError} `failed` when the system refuses. */
async function setSentinel(paths: Paths, path: string, text: string | null): Promise<void> {
  try {
    if (text === null) return await removeIfThere(path);
    if (await readOrNull(path) === text) return;
    ensureHome(paths);
    await replaceFile(path, text, MODE);
  } catch (cause) {
    if (cause instanceof MeterError) throw cause;
    const state = cause instanceof Error ? cause.name : "unknown error";
    throw new MeterError("failed", `Cannot ${text === null ? "remove" : "write"} ${path}: ${state}`, {
      hint: "Check the owner and the mode of its folder",
      cause,
    });
  }
}

async function readMade(paths: Paths): Promise<readonly string[]> {
  try {
    const list: unknown = JSON.parse(await Deno.readTextFile(paths.madePaths));
    return Array.isArray(list) ? list.filter((path) => typeof path === "string") : [];
  } catch {
    return []; // Then nothing is known to be ours, and nothing is removed.
  }
}

async function writeMade(paths: Paths, made: readonly string[]): Promise<void> {
  if (made.length === 0) return await removeIfThere(paths.madePaths);
  ensureHome(paths);
  await replaceFile(paths.madePaths, `${JSON.stringify(made, null, 2)}\n`, MODE);
}

/** Whether nothing is there any more. A file goes if it holds nothing, a folder if nothing is in it. */
async function removedEmpty(path: string): Promise<boolean> {
  try {
    const info = await Deno.lstat(path);
    if (info.isSymlink || (info.isFile && info.size > 0)) return false;
    await Deno.remove(path);
    return true;
  } catch (error) {
    return isNothing(error);
  }
}

/** Also where a file stands in the place of a folder above it. */
function isNothing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return null;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (isNothing(error)) return false;
    throw error;
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
