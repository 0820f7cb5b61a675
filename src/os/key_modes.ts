/**
 * Who may read the certificate authority's key, by its mode and its folder's.
 *
 * Imports: domain (types), os/paths.ts (types).
 *
 * @module
 */

import type { KeyModes } from "../domain/privacy.ts";
import type { Paths } from "./paths.ts";

/** Looks; a link counts as itself. */
export function keyModes({ caFolder, caKey }: Pick<Paths, "caFolder" | "caKey">): KeyModes {
  return { folder: caFolder, folderMode: modeOf(caFolder), key: caKey, keyMode: modeOf(caKey) };
}

function modeOf(path: string): number | null {
  try {
    return (Deno.lstatSync(path).mode ?? 0) & 0o777;
  } catch {
    return null;
  }
}
