/**
 * Opens an address in the user's browser.
 *
 * Imports: os/machine.ts (types), os/run.ts (types).
 *
 * @module
 */

import type { Environment } from "./paths.ts";
import type { Platform } from "./machine.ts";
import type { Runner } from "./run.ts";

/** Launchers hand over to a browser at once; one that waits for it is left to itself. */
const LAUNCH_MS = 10_000;

/** Variables that a graphical session on Linux has one of; without, a launcher may start a browser in the terminal. */
const SESSION = ["DISPLAY", "WAYLAND_DISPLAY"];

/** Whether something took it. */
export async function openInBrowser(url: string, platform: Platform, env: Environment, run: Runner): Promise<boolean> {
  if (platform === "linux" && SESSION.every((name) => (env.get(name) ?? "") === "")) return false;
  try {
    return (await run(platform === "darwin" ? "open" : "xdg-open", [url], { timeoutMs: LAUNCH_MS })).code === 0;
  } catch (error) {
    return error instanceof Deno.errors.TimedOut;
  }
}
