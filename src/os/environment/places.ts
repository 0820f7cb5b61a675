/**
 * Every place through which tools come to use the meter, in the order in which they are set up.
 *
 * Imports: os/install_state.ts (types), os/machine.ts (types), os/place.ts (types), os/environment.
 *
 * @module
 */

import type { InstallMode } from "../install_state.ts";
import type { Machine } from "../machine.ts";
import type { Place } from "../place.ts";
import { environmentD } from "./environment_d.ts";
import { launchctlEnvironment } from "./launchctl_env_darwin.ts";
import type { EnvironmentOptions } from "./options.ts";
import { fishFile, shellFile } from "./shell_file.ts";
import { shellRcPlaces } from "./shell_rc.ts";
import { systemProxy } from "./system_proxy_darwin.ts";

/** What is to be set up. */
export interface EnvironmentChoice extends EnvironmentOptions {
  readonly mode: InstallMode;
  /** False leaves the start-up files of shells alone. */
  readonly shellRc: boolean;
}

/** Places that this choice wants. */
export function environmentPlaces(machine: Machine, choice: EnvironmentChoice): readonly Place[] {
  if (choice.mode === "env-only") return [];
  const full = choice.mode === "full" && machine.platform === "darwin";
  return [
    ...(choice.shellRc ? shellPlaces(machine, choice) : []),
    sessionPlace(machine, choice),
    ...(full ? [systemProxy(machine)] : []),
  ];
}

/** Places that it does not want, to be cleared of what an earlier choice put there. In the order in which to remove. */
export function unwantedPlaces(machine: Machine, choice: EnvironmentChoice): readonly Place[] {
  const wanted = new Set(environmentPlaces(machine, choice).map(({ id }) => id));
  return everyEnvironmentPlace(machine, choice).filter(({ id }) => !wanted.has(id)).reverse();
}

/** Places of all choices, as `uninstall` and `doctor` go through them. */
export function everyEnvironmentPlace(machine: Machine, options: EnvironmentOptions = {}): readonly Place[] {
  return environmentPlaces(machine, { ...options, mode: "full", shellRc: true });
}

/** The code comes first: a start-up file must not point at nothing. */
function shellPlaces(machine: Machine, options: EnvironmentOptions): readonly Place[] {
  return [shellFile(machine, options), ...shellRcPlaces(machine), fishFile(machine, options)];
}

function sessionPlace(machine: Machine, options: EnvironmentOptions): Place {
  return machine.platform === "darwin" ? launchctlEnvironment(machine, options) : environmentD(machine, options);
}
