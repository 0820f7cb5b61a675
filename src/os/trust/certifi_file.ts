/**
 * A certifi bundle on disk: whether it may be changed, and its replacement.
 *
 * It is replaced by a rename with the same mode and owner, never written over: package managers give several environments
 * and their cache one file by hard links, and an interpreter may be reading it. For the same reason a bundle that is a link,
 * or lies outside its interpreter's folders, is refused: it is the system's bundle (Debian, Fedora, Homebrew) or a cache's.
 *
 * Imports: domain; node:buffer.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { MeterError } from "../../domain/errors.ts";

/** A bundle that can be changed, or why it cannot, as a phrase without a subject. */
export type BundleFile =
  | { readonly kind: "file"; readonly text: string }
  | { readonly kind: "refused"; readonly reason: string; readonly text: string | null }
  | { readonly kind: "missing" };

/** Beside the bundle, so that the rename is one; one name, so that a leftover of an interruption is found again. */
const TEMPORARY = ".halton-meter.tmp";

/** Reads a bundle. @param roots Folders that it must lie in; `null` for one that was changed before. */
export async function readBundle(path: string, roots: readonly string[] | null): Promise<BundleFile> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return { kind: "missing" };
    return { kind: "refused", reason: "cannot be read", text: null };
  }
  if (info.isSymlink) return { kind: "refused", reason: "is a link to a bundle that others use too", text: null };
  if (!info.isFile) return { kind: "refused", reason: "is not a file", text: null };
  if (roots !== null && !await liesIn(path, roots)) {
    return { kind: "refused", reason: "lies outside the interpreter's folders", text: null };
  }
  let text: string;
  try {
    text = Buffer.from(await Deno.readFile(path)).toString("latin1");
  } catch {
    return { kind: "refused", reason: "cannot be read", text: null };
  }
  const reason = await whyNotWritable(path, info);
  return reason === null ? { kind: "file", text } : { kind: "refused", reason, text };
}

/** Replaces the bundle. @throws {MeterError} `failed` when that is refused; it is then as it was. */
export async function replaceBundle(path: string, text: string): Promise<void> {
  const temporary = path + TEMPORARY;
  try {
    const { mode, uid, gid } = await Deno.stat(path);
    await clearLeftover(path);
    await Deno.writeFile(temporary, Buffer.from(text, "latin1"), { createNew: true, mode: 0o600 });
    const made = await Deno.stat(temporary);
    if (made.uid !== uid || made.gid !== gid) await Deno.chown(temporary, uid, gid);
    await Deno.chmod(temporary, (mode ?? 0o644) & 0o7777);
    using file = await Deno.open(temporary);
    await file.sync();
    await Deno.rename(temporary, path);
  } catch (cause) {
    const state = cause instanceof Error ? cause.name : "unknown error";
    throw new MeterError("failed", `Cannot change ${path}: ${state}`, {
      hint: "Check the owner and the free space of its folder",
      cause,
    });
  } finally {
    await clearLeftover(path).catch(() => {}); // What refused the change refuses this too, and was reported.
  }
}

/** Removes what an interrupted replacement left beside the bundle. */
export async function clearLeftover(path: string): Promise<void> {
  try {
    await Deno.remove(path + TEMPORARY);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
  }
}

async function liesIn(path: string, roots: readonly string[]): Promise<boolean> {
  const real = await Deno.realPath(path).catch(() => null);
  if (real === null) return false;
  for (const root of roots) {
    const folder = await Deno.realPath(root).catch(() => null);
    if (folder !== null && folder !== "/" && real.startsWith(`${folder}/`)) return true;
  }
  return false;
}

/** Root may write anything; a file without any write permission was made so on purpose. */
async function whyNotWritable(path: string, info: Deno.FileInfo): Promise<string | null> {
  if (((info.mode ?? 0o200) & 0o222) === 0) return "is read-only";
  const uid = Deno.uid();
  if (uid !== 0 && info.uid !== uid) return "belongs to another user";
  try {
    (await Deno.open(path, { write: true })).close();
    return null;
  } catch {
    return "may not be written";
  }
}
