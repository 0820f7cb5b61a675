/**
 * The program's own file: looked at, replaced as a whole while it runs, and put back.
 *
 * Imports: domain, os.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { removeLeftovers } from "../os/leftovers.ts";
import type { Runner } from "../os/run.ts";

/** A program says its version within this; a first start from a slow disk is included. */
const VERSION_MS = 30_000;

/** What a file said of itself. */
export interface ProgramFacts {
  readonly version: string;
}

/** Replaced and not yet settled. */
export interface Replacement {
  /** Puts the earlier program back, in one step. */
  undo(): Promise<void>;
  /** Forgets the earlier program. */
  keep(): Promise<void>;
}

/**
 * Asks the program in `file` what it is.
 *
 * @param platform What it must be made for, as `--version` tells it, e.g. `linux-x86_64`.
 * @throws {MeterError} `bad_input` when it is anything else than this program for this platform.
 */
export async function inspectProgram(run: Runner, file: string, platform: string): Promise<ProgramFacts> {
  const refuse = (state: string, hint: string) => new MeterError("bad_input", `Cannot use ${file}: ${state}`, { hint });
  const another = `Give the file of a release for ${platform}`;
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(file);
  } catch {
    throw refuse("there is no such file", another);
  }
  if (!info.isFile) throw refuse("it is not a file", another);
  if (await isArchive(file)) {
    throw refuse("it is an archive", `Unpack it: tar -xzf ${file}, and give the program in it`);
  }
  if (((info.mode ?? 0) & 0o111) === 0) throw refuse("it may not be executed", `Run: chmod +x ${file}`);
  let said: string;
  try {
    const { code, stdout } = await run(file, ["--version"], { timeoutMs: VERSION_MS });
    said = code === 0 ? stdout : "";
  } catch {
    throw refuse("it does not run on this machine", another);
  }
  const [, version, made] = /^halton-meter (\S+) \(Deno \S+, (\S+)\)\n$/.exec(said) ?? [];
  if (version === undefined) throw refuse("it does not say that it is halton-meter", another);
  if (made !== platform) throw refuse(`it is made for ${made}`, another);
  return { version };
}

/** What a release is downloaded as: gzip (RFC 1952 section 2.3.1). */
async function isArchive(file: string): Promise<boolean> {
  const start = new Uint8Array(2);
  try {
    using opened = await Deno.open(file);
    return await opened.read(start) === 2 && start[0] === 0x1f && start[1] === 0x8b;
  } catch {
    return false; // May not be read, which need not keep it from being executed.
  }
}

/**
 * Puts a copy of `from` in the place of `target` by a rename: who runs `target` goes on with the earlier program. That one
 * stays beside it, named `.previous`, until the replacement is settled.
 *
 * @throws {MeterError} `bad_input` for the same file, else `failed`; `target` is then unchanged.
 */
export async function replaceProgram(from: string, target: string): Promise<Replacement> {
  const previous = `${target}.previous`;
  const temporary = `${target}.${crypto.randomUUID()}.tmp`;
  if (await isSame(from, target)) {
    const hint = "Give the file of another release, or end the services with `halton-meter stop` and start them again";
    throw new MeterError("bad_input", `Cannot replace ${target}: it is that file already`, { hint });
  }
  try {
    await removeLeftovers(target); // A copy of a run that was killed is as large as the program.
    await Deno.copyFile(from, temporary);
    await Deno.chmod(temporary, 0o755);
    await flush(temporary);
    await removeIfThere(previous);
    await keepAs(target, previous);
    await Deno.rename(temporary, target);
    await flush(folderOf(target));
  } catch (cause) {
    await removeIfThere(temporary).catch(() => {}); // The first failure is the one to tell.
    throw new MeterError("failed", `Cannot replace ${target}: ${stateOf(cause)}`, {
      hint: "Nothing was changed. Check the owner of the folder and the space on its disk",
      cause,
    });
  }
  return {
    undo: () => Deno.rename(previous, target),
    keep: () => removeIfThere(previous),
  };
}

async function isSame(one: string, other: string): Promise<boolean> {
  try {
    return await Deno.realPath(one) === await Deno.realPath(other);
  } catch {
    return false;
  }
}

/** A second name for the same file; a copy where the file system has no such thing. */
async function keepAs(path: string, second: string): Promise<void> {
  try {
    await Deno.link(path, second);
  } catch {
    await Deno.copyFile(path, second);
    await flush(second);
  }
}

/** So that a loss of power finds either the old program or the new one. */
async function flush(path: string): Promise<void> {
  using file = await Deno.open(path, { read: true });
  await file.sync();
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function stateOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "unknown error";
  return cause.name === "Error" ? cause.message : cause.name;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
