/**
 * Searches every byte below a folder: files as they are, whatever in them is compressed, and every value of a database.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { brotliDecompressSync, constants, gunzipSync, inflateSync } from "node:zlib";
import { text } from "./bytes.ts";
import type { Needles } from "./needles.ts";

/** One needle in one place. */
export interface Finding {
  /** File from the folder, or `file:table.column`. */
  readonly place: string;
  readonly label: string;
}

const WAL_HEADER = 32;
const WAL_FRAME_HEADER = 24;
const WAL_MAGIC = [0x377f0682, 0x377f0683];
const MAGIC = "SQLite format 3\0";

/** Copies a folder with everything that is a file, as it is at this moment. */
export async function snapshot(folder: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    if (isDirectory) await snapshot(`${folder}/${name}`, `${to}/${name}`);
    else if (isFile) await Deno.copyFile(`${folder}/${name}`, `${to}/${name}`).catch(ignoreGone);
  }
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/**
 * Everything found below `folder`, which must be a copy, since databases in it are opened.
 *
 * @param leaveOut Names of files that the test itself wrote.
 */
export function searchFolder(folder: string, needles: Needles, leaveOut: readonly string[] = []): Finding[] {
  const findings: Finding[] = [];
  const note = (place: string, held: string) => {
    for (const label of needles.in(held)) findings.push({ place, label });
  };
  for (const path of filesBelow(folder)) {
    const place = path.slice(folder.length + 1);
    if (leaveOut.includes(place)) continue;
    const bytes = Deno.readFileSync(path);
    note(place, text(bytes));
    for (const page of pagesOf(bytes)) for (const plain of packedIn(page)) note(place, text(plain));
    if (text(bytes.subarray(0, 16)) === MAGIC) searchDatabase(path, (column, held) => note(`${place}:${column}`, held));
  }
  return findings;
}

function filesBelow(folder: string): string[] {
  const found: string[] = [];
  for (const { name, isDirectory, isFile } of Deno.readDirSync(folder)) {
    if (isDirectory) found.push(...filesBelow(`${folder}/${name}`));
    else if (isFile) found.push(`${folder}/${name}`);
  }
  return found;
}

/** Pages of a database or of its log; any other file is one page. */
function pagesOf(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (text(bytes.subarray(0, 16)) === MAGIC) return pieces(bytes, 0, view.getUint16(16) || 65_536);
  if (bytes.length > WAL_HEADER && WAL_MAGIC.includes(view.getUint32(0))) {
    return pieces(bytes, WAL_HEADER, WAL_FRAME_HEADER + view.getUint32(8));
  }
  return [bytes];
}

function pieces(bytes: Uint8Array, from: number, size: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = from; at < bytes.length; at += size) found.push(bytes.subarray(at, at + size));
  return found;
}

/** What begins like gzip, as far as it can be read within its page. */
function packedIn(page: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = page.indexOf(0x1f); at >= 0; at = page.indexOf(0x1f, at + 1)) {
    if (page[at + 1] !== 0x8b || page[at + 2] !== 8) continue;
    const plain = asFarAsItGoes(page.subarray(at));
    if (plain !== null) found.push(plain);
  }
  return found;
}

/** Of a stream that was cut or is followed by something else, the longest start that can be read. */
function asFarAsItGoes(packed: Uint8Array): Uint8Array | null {
  for (let length = packed.length; length > 32; length = Math.floor(length * 0.75)) {
    const plain = read(() => gunzipSync(packed.subarray(0, length), { finishFlush: constants.Z_SYNC_FLUSH }));
    if (plain !== null) return plain;
  }
  return null;
}

function read(unpack: () => Uint8Array): Uint8Array | null {
  try {
    return unpack();
  } catch {
    return null;
  }
}

/** Gives each value of each table with its column, unpacked where it is packed. */
function searchDatabase(path: string, note: (column: string, held: string) => void): void {
  const db = new DatabaseSync(path);
  try {
    for (const { name } of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()) {
      // Integers are read as text, since costs are longer than a number of this language.
      const columns = db.prepare("SELECT name FROM pragma_table_info(?)").all(String(name)).map((row) => row["name"]);
      const list = columns.map((column) => `iif(typeof("${column}") = 'integer', NULL, "${column}") AS "${column}"`);
      for (const row of db.prepare(`SELECT ${list.join(", ")} FROM "${name}"`).iterate()) {
        for (const [column, value] of Object.entries(row)) {
          if (typeof value === "string") note(`${name}.${column}`, value);
          else if (value instanceof Uint8Array) { for (const held of readings(value)) note(`${name}.${column}`, held); }
        }
      }
    }
  } finally {
    db.close();
  }
}

function readings(value: Uint8Array): string[] {
  const unpacked = [gunzipSync, inflateSync, brotliDecompressSync].map((unpack) => read(() => unpack(value)));
  return [value, ...unpacked].flatMap((bytes) => bytes === null ? [] : [text(bytes)]);
}
