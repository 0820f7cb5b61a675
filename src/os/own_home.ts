/**
 * Whose home folder a command of root works in. `sudo` may keep the caller's `HOME`, and what root makes there the owner could
 * neither read nor remove.
 *
 * Imports: domain, os/paths.ts (types).
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import type { Environment } from "./paths.ts";

/**
 * Refuses root by `sudo` in a home that is not root's. Root that was not reached that way, as in a container whose home is
 * mounted, may have a home of any owner.
 *
 * @throws {MeterError} `failed`.
 */
export function requireOwnHome(env: Environment, uid: number | null, ownerOf: (path: string) => number | null): void {
  const home = env.get("HOME") ?? "";
  if (uid !== 0 || home === "" || (env.get("SUDO_UID") ?? "0") === "0") return;
  const owner = ownerOf(home);
  if (owner === null || owner === 0) return;
  throw new MeterError("failed", `Cannot install as root into ${home}: it is the home of another user`, {
    hint: "Run it without sudo; for root's own account: sudo -H",
  });
}

/** Uid of the owner; null where there is nothing. */
export function ownerOf(path: string): number | null {
  try {
    return Deno.statSync(path).uid;
  } catch {
    return null;
  }
}
