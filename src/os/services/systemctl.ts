/**
 * The user's systemd manager, as `systemctl --user` reaches it.
 *
 * A shell that was not opened by a login (`su`, `cron`, `sudo -u`) lacks `XDG_RUNTIME_DIR` though the manager may run; the
 * folder has a fixed name then (pam_systemd(8)).
 *
 * Imports: os/machine.ts, os/run.ts (types).
 *
 * @module
 */

import type { Machine } from "../machine.ts";
import type { CommandOutput } from "../run.ts";

/** Stopping the daemon waits for calls that are under way. */
const TIMEOUT_MS = 60_000;

/** Runs `systemctl --user`. @throws {Deno.errors.NotFound} where there is none. */
export async function systemctl(machine: Machine, args: readonly string[]): Promise<CommandOutput> {
  const runtime = machine.env.get("XDG_RUNTIME_DIR") ?? "";
  const env = runtime === "" ? { XDG_RUNTIME_DIR: `${machine.root}/run/user/${machine.uid}` } : {};
  return await machine.run("systemctl", ["--user", ...args], { timeoutMs: TIMEOUT_MS, env });
}

/** Why this user has no manager, as a phrase; null when one answers. */
export async function userManagerProblem(machine: Machine): Promise<string | null> {
  if (machine.platform !== "linux") return "this system has no systemd";
  try {
    const output = await systemctl(machine, ["show", "--property=Version", "--value"]);
    if (output.code === 0 && output.stdout.trim() !== "") return null;
    return "no systemd manager runs for this user";
  } catch {
    return "this system has no systemd";
  }
}
