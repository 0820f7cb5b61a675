/**
 * A file that belongs to this program alone, such as a service file: compared, replaced whole, and removed with the folders
 * that were made for it.
 *
 * Imports: domain, os/ca_files.ts, os/install_state.ts, os/paths.ts (types), os/written_paths.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { replaceFile } from "./ca_files.ts";
import { makeFolder, unmake } from "./install_state.ts";
import { removeLeftovers } from "./leftovers.ts";
import type { Paths } from "./paths.ts";
import { forgetWritten, noteWritten, writtenElsewhere } from "./written_paths.ts";

/** What should be in the file. */
export interface OwnFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** How a file compares with what it should be. */
export type OwnFileState = "present" | "absent" | "differs";

/** Looks at the file. One that cannot be read differs. */
export async function checkOwnFile({ path, text }: OwnFile): Promise<OwnFileState> {
  try {
    return await Deno.readTextFile(path) === text ? "present" : "differs";
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? "absent" : "differs";
  }
}

/**
 * Writes the file unless it is as it should be.
 *
 * @returns whether it was written.
 * @throws {MeterError} `failed` when it cannot be.
 */
export async function putOwnFile(paths: Paths, file: OwnFile): Promise<boolean> {
  if (await checkOwnFile(file) === "present") return false;
  try {
    await noteWritten(paths, file.path);
    await makeFolder(paths, folderOf(file.path));
    await replaceFile(file.path, file.text, file.mode);
  } catch (cause) {
    throw refused("write", file.path, cause);
  }
  return true;
}

/**
 * Removes the file, wherever it was put, and the folders that were made for it.
 *
 * @returns whether there was one.
 * @throws {MeterError} `failed` when it is still there.
 */
export async function removeOwnFile(paths: Paths, path: string): Promise<boolean> {
  let removed = false;
  for (const found of [path, ...await writtenElsewhere(paths, path)]) {
    try {
      await Deno.remove(found);
      removed = true;
    } catch (cause) {
      const gone = cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory;
      if (!gone) throw refused("remove", found, cause);
    }
    await removeLeftovers(found);
    await unmake(paths, folderOf(found));
    await forgetWritten(paths, found);
  }
  return removed;
}

function refused(action: string, path: string, cause: unknown): MeterError {
  if (cause instanceof MeterError) return cause;
  const state = cause instanceof Error ? cause.name : "unknown error";
  return new MeterError("failed", `Cannot ${action} ${path}: ${state}`, {
    hint: "Check the owner and the mode of its folder",
    cause,
  });
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
