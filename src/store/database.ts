/**
 * Opens the database file. Owns its modes (file 0600, folder 0700), its pragmas and the refusal of files that are not
 * ours to touch. Leaves the schema to migrations.ts.
 *
 * A file is never opened by hand while SQLite may have it open in this process: closing such a handle would drop the
 * locks that SQLite holds on it (https://www.sqlite.org/howtocorrupt.html, POSIX advisory locks).
 *
 * Imports: node:sqlite, domain, ./database_failures.ts, ./migrations.ts.
 *
 * @module
 */

import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MeterError } from "../domain/errors.ts";
import { databaseFailure } from "./database_failures.ts";
import { APPLICATION_ID, appliedMigration, migrate, NEWEST_MIGRATION } from "./migrations.ts";

/** An open database. Named here so that callers need not import node:sqlite. */
export type Database = DatabaseSync;

/** What {@link openForWriting} needs to know. */
export interface OpenOptions {
  /** UTC epoch ms. */
  readonly now: number;
  /** User that must own file and folder. Absent = only that both have the same owner (asking needs a permission). */
  readonly uid?: number | undefined;
  /** Is told of each path whose mode gave more than it should. */
  readonly onTightened?: (path: string) => void;
}

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** Bytes 0–15 of every SQLite database, and where two of its numbers stand (https://www.sqlite.org/fileformat2.html). */
const MAGIC = "SQLite format 3\0";
const USER_VERSION_OFFSET = 60;
const APPLICATION_ID_OFFSET = 68;
const HEADER_BYTES = 100;

/** For a new file, before its first table. Incremental, since VACUUM attaches a database, which sandboxed roles may not. */
const NEW_FILE_PRAGMAS = "PRAGMA auto_vacuum = INCREMENTAL";

const WRITER_PRAGMAS = [
  // Readers go on while a batch is written, and a commit is one append.
  "PRAGMA journal_mode = WAL",
  // A commit survives the death of the process; only a power cut can take the latest ones, and never the file's health.
  "PRAGMA synchronous = NORMAL",
  // Long enough for another process that settles a migration or a sweep step.
  "PRAGMA busy_timeout = 5000",
  "PRAGMA foreign_keys = ON",
  // 4 MiB of pages; with the next line, what a burst leaves behind is given back at the following checkpoint.
  "PRAGMA wal_autocheckpoint = 1000",
  "PRAGMA journal_size_limit = 4194304",
  // Sorting must not spill prompt text into a folder that is not ours.
  "PRAGMA temp_store = MEMORY",
  // A purged body is overwritten, not only unlinked; deletes are rare, so the extra writes do not count.
  "PRAGMA secure_delete = ON",
  "PRAGMA cache_size = -8192",
].join(";");

const READER_PRAGMAS = "PRAGMA busy_timeout = 5000; PRAGMA query_only = ON; PRAGMA temp_store = MEMORY";

/**
 * Opens the database for its one writer: makes folder and file when they are missing, tightens their modes, runs the
 * migrations that are due.
 *
 * @throws {MeterError} `database_newer` for a file of a later version, which is left as it is; `database_unusable` for a
 *   symbolic link, another user's file, something that is no database, or a folder that cannot be written.
 */
export function openForWriting(path: string, options: OpenOptions): Database {
  return explained(path, "open", () => {
    const fresh = prepareFile(path, options);
    if (!fresh) refuseNewer(path);
    const db = new DatabaseSync(path);
    let usable = false;
    try {
      // Seen again on the open file: the header may lag behind a log that was not yet folded in.
      const applied = fresh ? 0 : appliedOrRefuse(path, db);
      if (applied === 0) db.exec(NEW_FILE_PRAGMAS);
      db.exec(WRITER_PRAGMAS);
      if (applied < NEWEST_MIGRATION) migrate(db, options.now);
      tightenCompanions(path, options);
      usable = true;
      return db;
    } finally {
      if (!usable) db.close();
    }
  });
}

/**
 * Opens the database for reading, also while the daemon writes. Changes nothing in it.
 *
 * @returns `null` when there is no database yet, or one without tables.
 * @throws {MeterError} `database_newer`, `database_unusable`; also for a file that an update has still to bring up to date.
 */
export function openReadOnly(path: string): Database | null {
  return explained(path, "read", () => {
    const info = lstatOrNull(path);
    if (info === null || info.size === 0 && lstatOrNull(`${path}-wal`) === null) return null;
    refuseNewer(path);
    const db = new DatabaseSync(path, { readOnly: true });
    let usable = false;
    try {
      db.exec(READER_PRAGMAS);
      const applied = appliedOrRefuse(path, db);
      if (applied === 0) return null;
      if (applied < NEWEST_MIGRATION) {
        throw unusable(path, "read", "an older halton-meter wrote it last", 'Run "halton-meter start" to update it');
      }
      usable = true;
      return db;
    } finally {
      if (!usable) db.close();
    }
  });
}

/** Makes or checks folder and file. Returns whether the file was made. */
function prepareFile(path: string, options: OpenOptions): boolean {
  const { uid } = options;
  const folder = dirname(path);
  Deno.mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  const owner = Deno.statSync(folder);
  if (uid !== undefined && owner.uid !== null && owner.uid !== uid) {
    throw unusable(path, "open", "its folder belongs to another user", `Move ${folder} away`);
  }
  tighten(folder, owner, FOLDER_MODE, options);

  for (const name of [path, `${path}-wal`, `${path}-shm`, `${path}-journal`]) checkFile(name, owner.uid);
  const info = lstatOrNull(path);
  if (info === null) {
    // Made here with its mode, so that there is no moment at which SQLite's default mode shows.
    Deno.openSync(path, { write: true, createNew: true, mode: FILE_MODE }).close();
    Deno.chmodSync(path, FILE_MODE);
    return true;
  }
  tightenCompanions(path, options);
  tighten(path, info, FILE_MODE, options);
  return false;
}

/** Refuses what somebody else may have planted under one of the database's names. */
function checkFile(path: string, owner: number | null): void {
  const info = lstatOrNull(path);
  if (info === null) return;
  const found = info.isSymlink
    ? "it is a symbolic link"
    : !info.isFile
    ? "it is not a file"
    : info.uid !== owner
    ? "it belongs to another user"
    : null;
  if (found !== null) throw unusable(path, "open", found, `Move ${path} away`);
}

/** SQLite gives log and index the database's mode, but may find ones that an earlier program left wider. */
function tightenCompanions(path: string, options: OpenOptions): void {
  for (const name of [`${path}-wal`, `${path}-shm`]) {
    const info = lstatOrNull(name);
    if (info !== null) tighten(name, info, FILE_MODE, options);
  }
}

function tighten(path: string, info: Deno.FileInfo, mode: number, { onTightened }: OpenOptions): void {
  if (info.mode === null || (info.mode & 0o777 & ~mode) === 0) return;
  Deno.chmodSync(path, mode);
  onTightened?.(path);
}

/**
 * Throws for a newer or foreign database before anything could write to it. Without a log nobody has the file open, so its
 * header may be read by hand and no log gets made; with one, SQLite looks, read-only.
 */
function refuseNewer(path: string): void {
  if (lstatOrNull(`${path}-wal`) === null) {
    const header = readHeader(path);
    if (header.length === 0) return;
    if (header.length < HEADER_BYTES || new TextDecoder("latin1").decode(header.subarray(0, 16)) !== MAGIC) {
      throw unusable(path, "open", "it is not a database", `Move ${path} away`);
    }
    const numbers = new DataView(header.buffer, header.byteOffset);
    const version = numbers.getUint32(USER_VERSION_OFFSET);
    const ours = numbers.getUint32(APPLICATION_ID_OFFSET) === APPLICATION_ID;
    if (ours && version > NEWEST_MIGRATION) throw newer(path, version);
    return;
  }
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    db.exec(READER_PRAGMAS);
    appliedOrRefuse(path, db);
  } finally {
    db.close();
  }
}

function appliedOrRefuse(path: string, db: Database): number {
  // Deno 2.4 says only of exec() why it failed, not of prepare().
  db.exec("SELECT name FROM sqlite_schema");
  const applied = appliedMigration(db);
  if (applied === null) throw unusable(path, "open", "another program made it", `Move ${path} away`);
  if (applied > NEWEST_MIGRATION) throw newer(path, applied);
  return applied;
}

function readHeader(path: string): Uint8Array {
  const file = Deno.openSync(path, { read: true });
  try {
    const bytes = new Uint8Array(HEADER_BYTES);
    return bytes.subarray(0, file.readSync(bytes) ?? 0);
  } finally {
    file.close();
  }
}

function lstatOrNull(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Runs `open` and turns what the system or SQLite said into a foreseen failure. */
function explained<T>(path: string, action: "open" | "read", open: () => T): T {
  try {
    return open();
  } catch (cause) {
    if (cause instanceof MeterError) throw cause;
    const failure = databaseFailure(cause) ?? {
      found: cause instanceof Error ? cause.message : "unknown failure",
      hint: `Check that ${path} is a healthy file of yours, or move it away`,
    };
    throw unusable(path, action, failure.found, failure.hint, cause);
  }
}

function unusable(path: string, action: "open" | "read", found: string, hint: string, cause?: unknown): MeterError {
  return new MeterError("database_unusable", `Cannot ${action} ${path}: ${found}`, { hint, cause });
}

function newer(path: string, found: number): MeterError {
  return new MeterError(
    "database_newer",
    `Cannot use ${path}: a newer halton-meter wrote it (schema ${found}, known up to ${NEWEST_MIGRATION})`,
    { hint: "Install the newest halton-meter" },
  );
}
