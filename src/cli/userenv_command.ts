/**
 * `halton-meter userenv`: sets the variables of the login session again, which macOS forgets at every restart. Started by launchd.
 *
 * Imports: os, cli.
 *
 * @module
 */

import { applyUserEnvironment } from "../os/environment/launchctl_env_darwin.ts";
import type { MeterContext } from "./app.ts";
import { openInstallation } from "./installation.ts";

/** Sets them, once. */
export async function userenvCommand(this: MeterContext): Promise<void> {
  const { machine, session } = await openInstallation({ interactive: false, lenient: true });
  const set = await applyUserEnvironment(machine, { upstreamProxy: session.config.upstream.proxy });
  this.process.stdout.write(set.length === 0 ? "Nothing to set\n" : `Set ${set.join(", ")}\n`);
}
