/**
 * The sentinels that say which mode is installed, as a place. They vouch for everything else, and are therefore written when
 * all of it is in place.
 *
 * Imports: os.
 *
 * @module
 */

import { type InstallMode, readInstallState, writeInstallState } from "../os/install_state.ts";
import type { Paths } from "../os/paths.ts";
import type { Place, PlaceState } from "../os/place.ts";

/** The sentinels of `mode`. @param shellRc Whether the start-up files of shells are set up in it. */
export function modePlace(paths: Paths, mode: InstallMode, shellRc = true): Place {
  async function check(): Promise<PlaceState> {
    const found = await readInstallState(paths);
    if (found.mode === null) return { state: "absent", detail: "not installed", hint: null };
    if (found.mode !== mode) return { state: "differs", detail: `installed as ${found.mode}`, hint: null };
    if (found.shellRc !== shellRc) {
      const state = found.shellRc ? "with" : "without";
      return { state: "differs", detail: `installed ${state} the start-up files of shells`, hint: null };
    }
    return found.consistent
      ? { state: "present", detail: mode, hint: null }
      : { state: "differs", detail: `the files that mark ${mode} do not agree with each other`, hint: null };
  }
  return {
    id: "service.mode",
    label: "note the mode",
    check,
    async apply() {
      await writeInstallState(paths, mode, { shellRc });
      return await check();
    },
    async remove() {
      await writeInstallState(paths, null);
      return await check();
    },
  };
}
