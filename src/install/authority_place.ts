/**
 * The certificate authority as a place: made by `init`, kept by `uninstall`, removed only when everything is to go and the
 * meter made it.
 *
 * Imports: domain, os.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { loadOrCreateCa } from "../os/ca_files.ts";
import { isMade, noteMissing, unmake } from "../os/install_state.ts";
import { removeLeftovers } from "../os/leftovers.ts";
import type { Paths } from "../os/paths.ts";
import type { Place, PlaceState } from "../os/place.ts";

/** Makes a new authority. */
export type CreateAuthority = () => Promise<{ readonly certPem: string; readonly keyPem: string }>;

/** @param changed Hears of an authority that was made and of modes that were tightened, for the audit trail. */
export function authorityPlace(
  paths: Paths,
  create: CreateAuthority,
  changed: (event: { readonly created: boolean; readonly tightened: readonly string[] }) => void,
): Place {
  const check = () => Promise.resolve(look(paths));
  return {
    id: "certificate.authority",
    label: "make the certificate authority",
    check,
    async apply() {
      await noteMissing(paths, [paths.caFolder, paths.caKey, paths.caCertificate]);
      const { created, tightened } = await loadOrCreateCa({ dir: paths.caFolder, create });
      if (created || tightened.length > 0) changed({ created, tightened });
      return look(paths);
    },
    async remove() {
      await removeOwn(paths);
      const after = look(paths);
      if (after.state === "absent") return after;
      return { state: "absent", detail: "it was there before the meter, and stays", hint: null };
    },
  };
}

/** Whether the meter has made the authority, so that it may take it away. */
export async function madeAuthority(paths: Paths): Promise<boolean> {
  for (const path of [paths.caKey, paths.caCertificate, paths.caFolder]) if (await isMade(paths, path)) return true;
  return false;
}

function look({ caFolder, caKey, caCertificate }: Paths): PlaceState {
  const [folder, key, certificate] = [caFolder, caKey, caCertificate].map(modeOf);
  if (key === null || key === undefined) {
    return { state: "absent", detail: `there is none in ${caFolder}`, hint: null };
  }
  if (certificate === null) return { state: "differs", detail: `${caCertificate} is missing`, hint: null };
  // By their sizes: the key is read by nobody but the daemon, and here when it is made.
  if (sizeOf(caKey) <= sizeOf(caCertificate)) {
    return {
      state: "differs",
      detail: `${caKey} does not hold a certificate and its key`,
      hint: 'Move it away, then run "halton-meter init" again to have a new one made',
    };
  }
  if (folder !== 0o700 || key !== 0o600) {
    return { state: "differs", detail: `${caFolder} or its key can be read by others`, hint: null };
  }
  return { state: "present", detail: caKey, hint: null };
}

/** An authority that was there before the meter is somebody else's. */
async function removeOwn(paths: Paths): Promise<void> {
  for (const path of [paths.caKey, paths.caCertificate]) {
    if (!await isMade(paths, path)) continue;
    try {
      Deno.removeSync(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) continue;
      throw new MeterError(
        "failed",
        `Cannot remove ${path}: ${error instanceof Error ? error.name : "unknown error"}`,
        {
          hint: "Check the owner and the mode of its folder",
        },
      );
    }
  }
  for (const path of [paths.caKey, paths.caCertificate]) await removeLeftovers(path);
  for (const path of [paths.caKey, paths.caCertificate, paths.caFolder]) await unmake(paths, path);
}

function sizeOf(path: string): number {
  return Deno.statSync(path).size;
}

function modeOf(path: string): number | null {
  try {
    return (Deno.statSync(path).mode ?? 0) & 0o777;
  } catch {
    return null;
  }
}
