/**
 * Appends log lines to a file of mode 0600, and begins a new file when that one is full: the old one becomes `.1`, what was `.1`
 * becomes `.2`, up to BACKUPS.
 *
 * A disk that is full or broken costs lines, never the process: they are counted, and the first line that can be written again
 * is preceded by one that says how many are missing.
 *
 * Imports: domain, log.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { formatLogLine } from "../log.ts";

/** A sink for log lines. */
export interface LogFile {
  /** Never throws. */
  write(line: string): void;
  close(): void;
  /** Lines that could not be written, since the file was opened. */
  readonly lost: number;
}

/** Size of a full file, 100 MiB, and how many full ones are kept. */
const MAX_BYTES = 100 * 1024 * 1024;
const BACKUPS = 5;
const MODE = 0o600;

/** Where the lines of earlier times are, newest first. */
export function rotatedNames(path: string): string[] {
  return Array.from({ length: BACKUPS }, (_, index) => `${path}.${index + 1}`);
}

/** Opens `path` for appending. @throws {MeterError} `failed` for a link or what is no file of the user; else when it cannot be opened. */
export function openLogFile(path: string, maxBytes: number = MAX_BYTES): LogFile {
  return new RotatedFile(path, maxBytes);
}

class RotatedFile implements LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  /** `null` when it could not be opened again. */
  #file: Deno.FsFile | null;
  #size: number;
  /** The last line was written in part. */
  #torn = false;
  #lost = 0;
  #untold = 0;

  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#file = openForAppending(path);
    this.#size = this.#file.statSync().size;
  }

  get lost(): number {
    return this.#lost;
  }

  write(line: string): void {
    try {
      this.#file ??= openForAppending(this.#path);
      if (this.#untold > 0) {
        this.#append(formatLogLine({ event: "log.lines.lost", lines: this.#untold }, new Date()));
        this.#untold = 0;
      }
      this.#append(line);
    } catch {
      this.#lost++;
      this.#untold++;
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  #append(line: string): void {
    let rest = new TextEncoder().encode(`${line}\n`);
    if (this.#size > 0 && this.#size + rest.length > this.#maxBytes) this.#rotate();
    const file = this.#file ??= openForAppending(this.#path);
    if (this.#torn) rest = new TextEncoder().encode(`\n${line}\n`);
    while (rest.length > 0) {
      const written = file.writeSync(rest);
      this.#size += written;
      rest = rest.subarray(written);
      this.#torn = rest.length > 0;
    }
  }

  /** Where the files cannot be renamed, the current one goes on, and as much again is written before the next try. */
  #rotate(): void {
    this.#size = 0;
    const names = [this.#path, ...rotatedNames(this.#path)];
    for (let index = names.length - 1; index > 0; index--) {
      const [from, to] = [names[index - 1], names[index]];
      if (from !== undefined && to !== undefined && !moved(from, to)) return;
    }
    this.close();
    this.#torn = false;
  }
}

/** Not through a link, which would write and change the mode of another file, nor into a pipe, which would wait for a reader. */
function refuseOther(path: string): void {
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  const found = info.isSymlink
    ? "it is a symbolic link"
    : !info.isFile
    ? "it is not a file"
    : info.uid !== Deno.uid()
    ? "it belongs to another user"
    : (info.nlink ?? 1) > 1
    ? "it has another name as well"
    : null;
  if (found === null) return;
  throw new MeterError("failed", `Cannot write the log ${path}: ${found}`, { hint: `Move ${path} away` });
}

function openForAppending(path: string): Deno.FsFile {
  refuseOther(path);
  try {
    const file = Deno.openSync(path, { append: true, create: true, mode: MODE });
    Deno.chmodSync(path, MODE);
    return file;
  } catch (cause) {
    const state = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
    throw new MeterError("failed", `Cannot write the log ${path}: ${state}`, {
      hint: "Check owner, mode and free space of its folder",
      cause,
    });
  }
}

/** A file that is not there needs no new name. */
function moved(from: string, to: string): boolean {
  try {
    Deno.renameSync(from, to);
    return true;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}
