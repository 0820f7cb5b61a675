/**
 * Every place through which tools come to use the meter, in the order in which they are set up.
 *
 * Imports: os/machine.ts (types), os/place.ts (types), os/environment.
 *
 * @module
 */

import type { Machine } from "../machine.ts";
import type { Place } from "../place.ts";
import { environmentD } from "./environment_d.ts";
import { launchctlEnvironment } from "./launchctl_env_darwin.ts";
import type { EnvironmentOptions } from "./options.ts";
import { fishFile, shellFile } from "./shell_file.ts";
import { shellRcPlaces } from "./shell_rc.ts";
import { systemProxy } from "./system_proxy_darwin.ts";

/** Every place of this platform; `install/modes.ts` says which mode fills which. */
export function everyEnvironmentPlace(machine: Machine, options: EnvironmentOptions = {}): readonly Place[] {
  return [
    ...shellPlaces(machine, options),
    sessionPlace(machine, options),
    ...(machine.platform === "darwin" ? [systemProxy(machine)] : []),
  ];
}

/** The code comes first: a start-up file must not point at nothing. */
function shellPlaces(machine: Machine, options: EnvironmentOptions): readonly Place[] {
  return [shellFile(machine, options), ...shellRcPlaces(machine), fishFile(machine, options)];
}

function sessionPlace(machine: Machine, options: EnvironmentOptions): Place {
  return machine.platform === "darwin" ? launchctlEnvironment(machine, options) : environmentD(machine, options);
}
