/**
 * Appends log lines to a file of mode 0600, and begins a new file when that one is full: the old one becomes `.1`, what was `.1`
 * becomes `.2`, up to BACKUPS.
 *
 * A disk that is full or broken costs lines, never the process: they are counted, and the first line that can be written again
 * is preceded by one that says how many are missing. Two processes may write to one log, as two edges do while the port changes
 * hands: lines stay whole, and only one of them begins the new file.
 *
 * Imports: domain, log.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { formatLogLine } from "../log.ts";
import { isThere } from "../os/is_there.ts";

/** A sink for log lines. */
export interface LogFile {
  /** Never throws. */
  write(line: string): void;
  close(): void;
  /** Lines that could not be written, since the file was opened. */
  readonly lost: number;
  /** Whether others could read the file that was there. */
  readonly tightened: boolean;
}

/** Size of a full file, 100 MiB, and how many full ones are kept. */
const MAX_BYTES = 100 * 1024 * 1024;
const BACKUPS = 5;
const MODE = 0o600;
const LINE_FEED = 0x0a;

/** How often it is looked whether the file is still the one under its name. */
const LOOK_MS = 1_000;

/** Where the lines of earlier times are, newest first. */
export function rotatedNames(path: string): string[] {
  return Array.from({ length: BACKUPS }, (_, index) => `${path}.${index + 1}`);
}

/**
 * Opens `path` for appending. On a disk that is full or read-only lines are lost, and counted, until it can be opened.
 *
 * @throws {MeterError} `failed` for a link or what is no file of the user; also when the folder is not there or not the user's.
 */
export function openLogFile(path: string, maxBytes: number = MAX_BYTES): LogFile {
  return new RotatedFile(path, maxBytes);
}

class RotatedFile implements LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  /** `null` when it could not be opened, so that it is tried again. */
  #file: Deno.FsFile | null = null;
  #size = 0;
  /** Size at which a new file begins. */
  #fullAt: number;
  /** The last line was written in part. */
  #torn = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #lost = 0;
  #untold = 0;
  #tightened = false;

  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#fullAt = maxBytes;
    try {
      this.#open();
    } catch (error) {
      if (!isDiskAtFault(error)) throw error;
    }
  }

  get lost(): number {
    return this.#lost;
  }

  get tightened(): boolean {
    return this.#tightened;
  }

  write(line: string): void {
    try {
      this.#lookNowAndThen();
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
    if (this.#size > 0 && this.#size + rest.length > this.#fullAt) this.#rotate();
    const file = this.#file ?? this.#open();
    if (this.#torn) rest = new TextEncoder().encode(`\n${line}\n`);
    while (rest.length > 0) {
      const written = file.writeSync(rest);
      this.#size += written;
      rest = rest.subarray(written);
      this.#torn = rest.length > 0;
    }
  }

  #open(): Deno.FsFile {
    const { file, tightened } = openForAppending(this.#path);
    this.#file = file;
    this.#tightened ||= tightened;
    this.#size = file.statSync().size;
    this.#fullAt = this.#maxBytes;
    this.#torn = !endsWithLine(this.#path);
    return file;
  }

  /** A log that its user removed or moved begins anew, and another writer's lines count toward a full file. */
  #lookNowAndThen(): void {
    const now = performance.now();
    if (now - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now;
    if (this.#isReplaced()) this.close();
    else this.#size = this.#file?.statSync().size ?? 0;
  }

  #isReplaced(): boolean {
    if (this.#file === null) return false;
    try {
      const [own, there] = [this.#file.statSync(), Deno.lstatSync(this.#path)];
      return own.ino !== there.ino || own.dev !== there.dev;
    } catch {
      return true;
    }
  }

  /**
   * Up to the first name that is free, which a process that was killed in the middle of this may have left. Where the files
   * cannot be renamed, the current one goes on, and as much again is written before the next try.
   */
  #rotate(): void {
    if (this.#isReplaced()) return this.close(); // Another writer has done it.
    const names = [this.#path, ...rotatedNames(this.#path)];
    const free = names.findIndex((name) => !isThere(name));
    for (let index = free < 0 ? names.length - 1 : free; index > 0; index--) {
      const [from, to] = [names[index - 1], names[index]];
      if (from === undefined || to === undefined || moved(from, to)) continue;
      this.#fullAt = this.#size + this.#maxBytes;
      return;
    }
    this.close();
  }
}

/** Whether a reader finds a whole line at the end; so of an empty file. */
function endsWithLine(path: string): boolean {
  try {
    using file = Deno.openSync(path, { read: true });
    if (file.statSync().size === 0) return true;
    file.seekSync(-1, Deno.SeekMode.End);
    const last = new Uint8Array(1);
    return file.readSync(last) === 1 && last[0] === LINE_FEED;
  } catch {
    return true;
  }
}

/** What passes, or is for the system's owner to mend; the program has more important things to do than its log. */
const DISK_AT_FAULT = ["ENOSPC", "EDQUOT", "EROFS", "EIO", "EMFILE", "ENFILE"];

function isDiskAtFault(error: unknown): boolean {
  const cause = error instanceof MeterError ? error.cause : error;
  return cause instanceof Error && "code" in cause && DISK_AT_FAULT.includes(String(cause.code));
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

function openForAppending(path: string): { readonly file: Deno.FsFile; readonly tightened: boolean } {
  refuseOther(path);
  try {
    const file = Deno.openSync(path, { append: true, create: true, mode: MODE });
    const tightened = ((file.statSync().mode ?? MODE) & 0o777 & ~MODE) !== 0;
    Deno.chmodSync(path, MODE);
    return { file, tightened };
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
