/**
 * One command at a time changes an installation: a lock on a file in the data folder, which the system takes back from a
 * process that ends in whatever way.
 *
 * Imports: domain, os/paths.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
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
 * Calls `body` while no other command changes the installation in this data folder, which is made where it is missing.
 *
 * @throws {MeterError} `failed` when another command does not end, or the folder cannot be used; and what `body` throws.
 */
export async function whileLocked<T>(paths: Paths, options: LockOptions, body: () => Promise<T>): Promise<T> {
  ensureHome(paths);
  using file = await locked(paths.installLock, options);
  try {
    return await body();
  } finally {
    removeIfSame(paths.installLock, file);
  }
}

async function locked(path: string, { waiting, waitMs = WAIT_MS }: LockOptions): Promise<Deno.FsFile> {
  const until = Date.now() + waitMs;
  for (;;) {
    const file = await Deno.open(path, { create: true, write: true, mode: 0o600 });
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

function removeIfSame(path: string, file: Deno.FsFile): void {
  try {
    if (isSame(path, file)) Deno.removeSync(path);
  } catch {
    // An empty file that stays does no harm, and the next command removes it.
  }
}
