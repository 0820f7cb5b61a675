/**
 * When the write-ahead log is folded into the database file, by the one writer.
 *
 * SQLite's own way tries after every commit once the log is long. While somebody reads, the log cannot start anew, so that
 * every commit then pays for a try, two syncs of the disk each, and readers slow the writer down. Here a try is made each
 * time that the log has grown by a certain length, whoever reads, and costs the same with readers as without.
 *
 * A log that readers keep from starting anew grows. From LONG_FRAMES on the writer waits for them, for a moment, and after
 * each wait in vain only at twice the length.
 *
 * Imports: node:sqlite (types).
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";

/** Frames after which the log is folded in, 4 MiB. */
export const FOLD_FRAMES = 1_000;

/** A log so long, 64 MiB, is waited for. */
export const LONG_FRAMES = 16_000;

/** How long the writer waits for readers then, ms; a slow page of the dashboard takes as long. */
const WAIT_MS = 250;

/** Header of the log and of each frame, and a page (https://www.sqlite.org/fileformat2.html section 4.1). */
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/**
 * Takes over from SQLite for this connection.
 *
 * @returns What to call after commits. It never throws: a disk that refuses is told of by the next write.
 */
export function prepareCheckpoints(db: DatabaseSync): () => void {
  const log = logOf(db);
  if (log === null) return () => {};
  // The log's length tells how many frames it holds only if it is cut when it starts anew.
  db.exec("PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 0");
  const frameBytes = Number(db.prepare("PRAGMA page_size").get()?.["page_size"]) + FRAME_HEADER_BYTES;
  const busyMs = Number(db.prepare("PRAGMA busy_timeout").get()?.["timeout"]);
  let [tried, waitFrom] = [0, LONG_FRAMES];
  return () => {
    const frames = framesIn(log, frameBytes);
    if (frames < tried) [tried, waitFrom] = [0, LONG_FRAMES];
    if (frames < tried + FOLD_FRAMES) return;
    tried = frames;
    if (frames < waitFrom) fold(db, "PASSIVE");
    else if (!foldWaiting(db, busyMs)) waitFrom *= 2;
  };
}

/** @returns whether the log will start anew. */
function foldWaiting(db: DatabaseSync, busyMs: number): boolean {
  db.exec(`PRAGMA busy_timeout = ${WAIT_MS}`);
  try {
    return fold(db, "RESTART");
  } finally {
    db.exec(`PRAGMA busy_timeout = ${busyMs}`);
  }
}

function fold(db: DatabaseSync, how: "PASSIVE" | "RESTART"): boolean {
  try {
    return db.prepare(`PRAGMA wal_checkpoint(${how})`).get()?.["busy"] === 0;
  } catch {
    return false;
  }
}

/** Path of the log; `null` for a database without one. */
function logOf(db: DatabaseSync): string | null {
  const file = db.prepare("SELECT file FROM pragma_database_list WHERE name = 'main'").get()?.["file"];
  const mode = db.prepare("PRAGMA journal_mode").get()?.["journal_mode"];
  return typeof file === "string" && file !== "" && mode === "wal" ? `${file}-wal` : null;
}

function framesIn(log: string, frameBytes: number): number {
  try {
    return Math.max(0, Math.floor((Deno.lstatSync(log).size - LOG_HEADER_BYTES) / frameBytes));
  } catch {
    return 0;
  }
}
