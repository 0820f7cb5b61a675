/**
 * The text that names a place in a list of calls: opaque to readers, good for one list only, refused when it was changed. It
 * carries no right to anything, so that a checksum is enough.
 *
 * Imports nothing.
 *
 * @module
 */

/** After the call of that time (UTC epoch ms) and order of writing. */
export interface Position {
  readonly time: number;
  readonly seq: number;
}

/** @param list What tells the list from others. */
export function writeCursor({ time, seq }: Position, list: string): string {
  const place = `${time.toString(36)}.${seq.toString(36)}`;
  return btoa(`${place}.${checksum(`${place} ${list}`)}`).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
}

/** @returns `null` for a text that {@link writeCursor} did not make for that list. */
export function readCursor(cursor: string, list: string): Position | null {
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(cursor)) return null;
  const [time, seq] = decoded(cursor).split(".");
  const place = { time: parseInt(time ?? "", 36), seq: parseInt(seq ?? "", 36) };
  if (!Number.isSafeInteger(place.time) || !Number.isSafeInteger(place.seq)) return null;
  return writeCursor(place, list) === cursor ? place : null;
}

function decoded(cursor: string): string {
  try {
    return atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return "";
  }
}

/** 64 bits of FNV-1a over UTF-16 units (http://www.isthe.com/chongo/tech/comp/fnv/), base 36. */
function checksum(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  }
  return hash.toString(36);
}
