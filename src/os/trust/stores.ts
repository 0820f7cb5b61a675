/**
 * The trust stores of this platform, in the order in which they are filled.
 *
 * Imports: os/machine.ts, os/place.ts (types), os/trust.
 *
 * @module
 */

import type { Machine } from "../machine.ts";
import type { Place } from "../place.ts";
import { systemAnchors } from "./anchors_linux.ts";
import { bundleFile } from "./bundle.ts";
import { certifiTrust } from "./certifi.ts";
import { systemKeychain } from "./keychain_darwin.ts";
import { browserTrust } from "./nss.ts";
import type { Interaction, TrustOptions } from "./options.ts";

/** What the stores are told. */
export interface StoreOptions extends Omit<TrustOptions, "interactive"> {
  /** Whether a password may be asked for: on the terminal where there is one, else by a dialog of the desktop. */
  readonly interactive: boolean;
}

/** Every store of the platform. None is looked at, and no certificate read, before a place is asked to. */
export function trustStores(machine: Machine, options: StoreOptions): readonly Place[] {
  const told: TrustOptions = { ...options, interactive: interactionOf(options.interactive) };
  const ofTheSystem = machine.platform === "darwin"
    ? [systemKeychain(machine, told)]
    : [systemAnchors(machine, told), browserTrust("firefox", machine, told), browserTrust("chromium", machine, told)];
  // The bundle holds the system's roots, so that it comes after them.
  return [...ofTheSystem, bundleFile(machine, told), certifiTrust(machine, told)];
}

function interactionOf(interactive: boolean): Interaction {
  if (!interactive) return "never";
  return hasTerminal() ? "terminal" : "dialog";
}

/** `sudo` asks on the terminal itself, wherever standard input comes from. */
function hasTerminal(): boolean {
  try {
    Deno.openSync("/dev/tty", { read: true, write: true }).close();
    return true;
  } catch {
    return false;
  }
}
