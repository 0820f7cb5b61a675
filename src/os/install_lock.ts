/**
 * One command at a time changes an installation: a lock on a file in the data folder, which the system takes back from a
 * process that ends in whatever way.
 *
 * Imports: domain, os/paths.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { isThere } from "./is_there.ts";
import { ensureHome, type Paths } from "./paths.ts";

/** After which the user is told what is waited for. */
const TELL_MS = 500;
/** As long as an administrator's password is waited for. */
const WAIT_MS = 300_000;

/** How long the other command is waited for, and who hears of it. */
export interface LockOptions {
  /** Is called once when there is another command to wait for. */
  readonly waiting: () => void;
  readonly waitMs?: number;
}

/**
 * Calls `body` while no other command changes the installation in this data folder. A folder that is missing is made, and
 * removed again where nothing was put into it.
 *
 * @throws {MeterError} `failed` when another command does not end, or the folder cannot be used; and what `body` throws.
 */
export async function whileLocked<T>(paths: Paths, options: LockOptions, body: () => Promise<T>): Promise<T> {
  const made = !isThere(paths.home);
  using file = await locked(paths, options);
  try {
    return await body();
  } finally {
    removeIfSame(paths.installLock, file);
    if (made) removeIfEmpty(paths.home);
  }
}

async function locked(paths: Paths, { waiting, waitMs = WAIT_MS }: LockOptions): Promise<Deno.FsFile> {
  const path = paths.installLock;
  const until = Date.now() + waitMs;
  for (;;) {
    const file = await opened(paths);
    if (file === null) continue;
    const taken = file.lock(true).then(() => true);
    let got = await orElse(taken, TELL_MS);
    if (!got) {
      waiting();
      got = await orElse(taken, Math.max(until - Date.now(), 0));
    }
    if (!got) {
      // A lock cannot be waited for no longer: one that comes late is given back.
      taken.catch(() => {}).then(() => file.close());
      throw new MeterError("failed", "Cannot change the installation: another halton-meter command is changing it", {
        hint: "Wait until it has ended, then run this again",
      });
    }
    if (isSame(path, file)) return file;
    file.close(); // Its holder has removed it: whoever comes next locks another.
  }
}

/** Null where the holder of the lock, who had made the folder, has removed it in this very moment. */
async function opened(paths: Paths): Promise<Deno.FsFile | null> {
  ensureHome(paths);
  try {
    return await Deno.open(paths.installLock, { create: true, write: true, mode: 0o600 });
  } catch (error) {
    if (isThere(paths.home)) throw error;
    return null;
  }
}

/** False when `taken` is not there after `ms`. */
async function orElse(taken: Promise<boolean>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(false), ms));
  try {
    return await Promise.race([taken, late]);
  } finally {
    clearTimeout(timer);
  }
}

function isSame(path: string, file: Deno.FsFile): boolean {
  try {
    const [there, held] = [Deno.lstatSync(path), file.statSync()];
    return there.ino === held.ino && there.dev === held.dev;
  } catch {
    return false; // There is none at that path any more.
  }
}

function removeIfEmpty(folder: string): void {
  try {
    Deno.removeSync(folder);
  } catch {
    // Something was put into it, or it is gone already.
  }
}

function removeIfSame(path: string, file: Deno.FsFile): void {
  try {
    if (isSame(path, file)) Deno.removeSync(path);
  } catch {
    // An empty file that stays does no harm, and the next command removes it.
  }
}
