/**
 * Reading a log file: its last lines, those that are added, and how a line looks to a person. Follows a file that is rotated,
 * since log_file.ts renames it to `.1` and begins anew.
 *
 * Imports: ./quantities.ts, ./table.ts.
 *
 * @module
 */

import { momentLabel } from "./quantities.ts";
import { showable } from "./table.ts";

const CHUNK_BYTES = 64 * 1024;
const LINE_FEED = 0x0a;

/** How often a file that is followed is looked at. */
const LOOK_MS = 200;

/** The last lines of a log, and where to go on. */
export interface LogTail {
  readonly lines: readonly string[];
  /** Bytes of the current file that these lines cover. */
  readonly offset: number;
}

/**
 * The last `count` lines of a log and of the files it was rotated to.
 *
 * @param files The current file first, then older ones.
 * @returns `null` when there is no such file.
 */
export function tailOf(files: readonly string[], count: number): LogTail | null {
  const [current, ...older] = files;
  const newest = current === undefined ? null : lastLines(current, count);
  if (newest === null) return null;
  let { lines } = newest;
  for (const path of older) {
    if (lines.length >= count) break;
    lines = [...lastLines(path, count - lines.length)?.lines ?? [], ...lines];
  }
  return { lines, offset: newest.offset };
}

/** Reads backwards, as a file may have 100 MB. An unfinished last line is left for later. */
function lastLines(path: string, count: number): LogTail | null {
  const file = openOrNull(path);
  if (file === null) return null;
  try {
    const { size } = file.statSync();
    const chunks: Uint8Array[] = [];
    let feeds = 0;
    let start = size;
    while (start > 0 && feeds <= count) {
      const length = Math.min(CHUNK_BYTES, start);
      start -= length;
      const chunk = readAt(file, start, length);
      feeds += chunk.filter((byte) => byte === LINE_FEED).length;
      chunks.unshift(chunk);
    }
    const bytes = joined(chunks);
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    const lines = new TextDecoder().decode(bytes.subarray(0, end)).split("\n").slice(0, -1);
    return { lines: lines.slice(-count), offset: start + end };
  } finally {
    file.close();
  }
}

/** Lines as they are added, from `offset` of the current file on, until `stop`. A file that is not there yet is waited for. */
export async function* followedLines(path: string, offset: number, stop: AbortSignal): AsyncGenerator<string> {
  let file = openOrNull(path);
  file?.seekSync(offset, Deno.SeekMode.Start);
  const decoder = new TextDecoder();
  let pending = "";
  try {
    while (!stop.aborted) {
      // Looked at first: what is written to the old file after that moment belongs to nobody.
      const replaced = file === null || isReplaced(file, path);
      for (const chunk of file === null ? [] : readOn(file)) {
        const lines = (pending + decoder.decode(chunk, { stream: true })).split("\n");
        pending = lines.pop() ?? "";
        yield* lines;
      }
      if (replaced) {
        file?.close();
        file = openOrNull(path);
        if (file !== null) continue;
      }
      await pause(LOOK_MS, stop);
    }
  } finally {
    file?.close();
  }
}

/** What is left of a file. A file that was cut short is read from its beginning. */
function* readOn(file: Deno.FsFile): Generator<Uint8Array> {
  if (file.statSync().size < file.seekSync(0, Deno.SeekMode.Current)) file.seekSync(0, Deno.SeekMode.Start);
  for (;;) {
    const buffer = new Uint8Array(CHUNK_BYTES);
    const count = file.readSync(buffer);
    if (count === null || count === 0) return;
    yield buffer.subarray(0, count);
  }
}

function isReplaced(file: Deno.FsFile, path: string): boolean {
  try {
    return Deno.statSync(path).ino !== file.statSync().ino;
  } catch {
    return true;
  }
}

function openOrNull(path: string): Deno.FsFile | null {
  try {
    return Deno.openSync(path, { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function readAt(file: Deno.FsFile, start: number, length: number): Uint8Array {
  file.seekSync(start, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  let got = 0;
  while (got < length) {
    const count = file.readSync(bytes.subarray(got));
    if (count === null) break;
    got += count;
  }
  return bytes.subarray(0, got);
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      stop.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    stop.addEventListener("abort", end);
  });
}

/** `2026-04-15 13:07:21  event.name  key=value`; a line that is no event stays as it is. */
export function readableLine(line: string): string {
  const event = parsed(line);
  if (event === null) return showable(line);
  const { timestamp, event: name, ...fields } = event;
  const at = typeof timestamp === "string" ? Date.parse(timestamp) : NaN;
  if (Number.isNaN(at) || typeof name !== "string") return showable(line);
  const named = Object.entries(fields).map(([key, value]) => `${key}=${fieldLabel(value)}`);
  return showable([momentLabel(at), name, ...named].join("  "));
}

function fieldLabel(value: unknown): string {
  if (value === null) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function parsed(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
