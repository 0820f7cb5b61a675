/**
 * A file that belongs to the user, edited in place: same mode, same owner, and through symbolic links, since start-up files
 * are often links into a folder under version control.
 *
 * Replaced by a rename where that keeps what the file is; written over where it has further names (hard links) or its folder
 * may not be written. Texts are bytes as characters U+0000 to U+00FF.
 *
 * Imports nothing.
 *
 * @module
 */

/** What is at a path. */
export type UserFile =
  | { readonly kind: "absent" }
  /** Something that cannot be edited, as a phrase without a subject, e.g. "may not be written". */
  | { readonly kind: "unusable"; readonly reason: string; readonly text: string | null }
  | { readonly kind: "file"; readonly text: string };

const NEW_MODE = 0o644;

/** Reads the file and finds out whether it could be changed, without changing it. */
export async function readUserFile(path: string): Promise<UserFile> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) return { kind: "unusable", reason: "cannot be read", text: null };
    return await isLink(path) ? { kind: "unusable", reason: "is a link to nothing", text: null } : { kind: "absent" };
  }
  if (!info.isFile) return { kind: "unusable", reason: "is not a file", text: null };
  let text: string;
  try {
    text = fromBytes(await Deno.readFile(path));
  } catch {
    return { kind: "unusable", reason: "cannot be read", text: null };
  }
  return await isWritable(path, info)
    ? { kind: "file", text }
    : { kind: "unusable", reason: "may not be written", text };
}

/** Puts `text` into the file, or makes one of mode 0644. @throws {Deno.errors} what the system said. */
export async function writeUserFile(path: string, text: string): Promise<void> {
  const bytes = toBytes(text);
  let target = path;
  let before: Deno.FileInfo | null = null;
  try {
    target = await Deno.realPath(path);
    before = await Deno.stat(target);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  if ((before?.nlink ?? 1) > 1 || !await renamed(target, bytes, before)) await Deno.writeFile(target, bytes);
}

/** Text as this module's strings have it, for what is put into a file. */
export function asBytes(text: string): string {
  return fromBytes(new TextEncoder().encode(text));
}

/** @returns false where a new file beside the old one cannot be made, or would belong to somebody else. */
async function renamed(target: string, bytes: Uint8Array, before: Deno.FileInfo | null): Promise<boolean> {
  const temporary = `${target}.${crypto.randomUUID()}.tmp`;
  const mode = (before?.mode ?? NEW_MODE) & 0o7777;
  try {
    try {
      await Deno.writeFile(temporary, bytes, { createNew: true, mode });
    } catch (error) {
      if (before !== null && error instanceof Deno.errors.PermissionDenied) return false;
      throw error;
    }
    await Deno.chmod(temporary, mode); // The umask took its share.
    const made = await Deno.stat(temporary);
    if (before !== null && (made.uid !== before.uid || made.gid !== before.gid)) return false;
    await Deno.rename(temporary, target);
    return true;
  } finally {
    await Deno.remove(temporary).catch(() => {}); // Renamed away, or never made.
  }
}

/** Root may write anything; a file without any write permission was made so on purpose. */
async function isWritable(path: string, info: Deno.FileInfo): Promise<boolean> {
  if (((info.mode ?? 0o200) & 0o222) === 0) return false;
  try {
    (await Deno.open(path, { write: true })).close();
    return true;
  } catch {
    return false;
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isSymlink;
  } catch {
    return false;
  }
}

function fromBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
