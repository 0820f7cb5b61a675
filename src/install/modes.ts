/**
 * What each mode puts where, in the order in which it is put.
 *
 * - `env-only`: certificate, service, nothing else; only what is started with `halton-meter run` is metered.
 * - `apps`: new terminals and programs too, by their environment.
 * - `full`: programs that obey only the system's proxy setting too.
 *
 * Imports: os (types), install/plan.ts (types).
 *
 * @module
 */

import type { InstallMode } from "../os/install_state.ts";
import type { Place } from "../os/place.ts";
import type { PlannedPlace } from "./plan.ts";

/** Every place that any mode uses, in the order in which they are filled. */
export interface InstallParts {
  readonly authority: Place;
  readonly trust: readonly Place[];
  readonly services: readonly Place[];
  /** Waits until the daemon meters. */
  readonly healthy: Place;
  readonly environment: readonly Place[];
  /** One real call to a stand-in. */
  readonly selfTest: Place;
  /** The sentinels, written last. */
  readonly mode: Place;
}

/** Without these no call is metered, so that going on would only hide the reason. */
const REQUIRED = ["certificate.authority", "service.daemon", "service.edge", "service.healthy"];

/** Beginnings of the names of places that a mode has, beside those of the modes before it. */
const OF_APPS = ["environment.", "trust.certifi", "trust.nss", "service.userenv"];
const OF_FULL = ["environment.system-proxy"];

/** Whether `mode` fills the place with this name. */
export function wantedIn(mode: InstallMode, id: string): boolean {
  if (OF_FULL.some((prefix) => id.startsWith(prefix))) return mode === "full";
  if (OF_APPS.some((prefix) => id.startsWith(prefix))) return mode !== "env-only";
  return true;
}

/** The plan of `init`. */
export function installPlan(
  mode: InstallMode,
  parts: InstallParts,
  options: { readonly shellRc: boolean } = { shellRc: true },
): readonly PlannedPlace[] {
  const { authority, trust, services, healthy, environment, selfTest } = parts;
  const places = [authority, ...trust, ...services, healthy, ...environment, parts.mode, selfTest];
  return places
    .filter(({ id }) => options.shellRc || !isShellRc(id))
    .map((place) => ({ place, wanted: wantedIn(mode, place.id), required: REQUIRED.includes(place.id) }));
}

/**
 * Whether it is a start-up file of a shell, which `--no-shell-rc` leaves alone. What those read is written still: a user who
 * keeps such files in other ways has them read it.
 */
export function isShellRc(id: string): boolean {
  return ["zshrc", "bashrc", "bash-login", "fish"].some((name) => id === `environment.${name}`);
}

/**
 * What `uninstall` takes out, in its order: nothing new is pointed at the meter before the meter goes, and what a running
 * program still points at goes last.
 */
export function removalOrder(
  parts: InstallParts,
  options: { readonly keepEdge: boolean; readonly authority: boolean; readonly keychain: boolean },
): readonly Place[] {
  // The daemon first: an edge that is ended while one lives hands its port over and waits for its tunnels.
  const services = parts.services.filter(({ id }) => !(options.keepEdge && id === "service.edge"));
  const trust = parts.trust.toReversed().filter(({ id }) => options.keychain || id !== "trust.keychain");
  return [
    ...parts.environment.toReversed(),
    ...services,
    ...trust,
    parts.mode,
    ...(options.authority ? [parts.authority] : []),
  ];
}
