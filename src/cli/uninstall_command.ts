/**
 * `halton-meter uninstall`: takes out what `init` put in, and only that.
 *
 * Imports: domain, install, os, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { madeAuthority } from "../install/authority_place.ts";
import { removalOrder } from "../install/modes.ts";
import { removeAll, type StepReport } from "../install/plan.ts";
import { purgeHome } from "../install/purge.ts";
import { isThere } from "../os/is_there.ts";
import { paths } from "../os/paths.ts";
import { ownProcesses } from "../os/services/own_processes.ts";
import type { MeterContext } from "./app.ts";
import { changing, type Installation, openInstallation } from "./installation.ts";
import { confirm, stepLines } from "./step_lines.ts";
import { VERSION } from "./version.ts";

/** Flags of `uninstall`. */
export interface UninstallFlags {
  readonly purge: boolean;
  readonly includeLogs: boolean;
  readonly yes: boolean;
  readonly graceful: boolean;
}

/** Takes everything out. Captured calls and settings stay unless asked otherwise. */
export async function uninstallCommand(this: MeterContext, flags: UninstallFlags): Promise<void> {
  if (flags.includeLogs && !flags.purge) {
    throw new MeterError("wrong_usage", "Cannot use --include-logs alone: it says what --purge deletes", {
      hint: "Give --purge --include-logs to delete the recorded calls as well",
    });
  }
  const found = paths();
  // A folder that is not there, or not this user's, holds nothing that another command could be changing.
  if (isOwnFolder(found.home)) await changing(this, found, () => uninstall(this, flags));
  else await uninstall(this, flags);
}

async function uninstall(context: MeterContext, flags: UninstallFlags): Promise<void> {
  const { stdout } = context.process;
  const everything = flags.purge && flags.includeLogs;
  const installation = await openInstallation({ interactive: !flags.yes, lenient: true });
  if (everything && !flags.yes) mustBeSure(installation);
  stdout.write(`halton-meter v${VERSION} · uninstall\n\n`);
  const parts = installation.partsFor(installation.installed ?? "full");
  // One that was there before, or of which there is no record, stays and is named at the end.
  const authority = everything && await madeAuthority(installation.session.paths);
  const places = removalOrder(parts, { keepEdge: flags.graceful, authority, keychain: flags.purge });
  const reports = await removeAll(places, stepLines(stdout));
  const failed = reports.filter(({ outcome }) => outcome === "failed");
  const left = await stillRunning(installation, flags);
  if (left.length > 0) {
    stdout.write(
      `\nuninstall incomplete   still running, though not as a service: ${processes(left)}\n` +
        `  Run: kill ${left.join(" ")}\n  and then this again\n`,
    );
    context.process.exitCode = 1;
    return;
  }
  if (failed.length === 0 && flags.purge) deleteFiles(context, installation, everything);
  const edge = flags.graceful && (await installation.manager.service("edge")?.state())?.running === true;
  stdout.write(closing(installation, flags, edge, failed));
  if (failed.length > 0) context.process.exitCode = 1;
}

/** Daemons and edges that were started by hand, or by a manager that is no more. Not looked for on macOS. */
async function stillRunning({ machine }: Installation, { graceful }: UninstallFlags): Promise<readonly number[]> {
  if (machine.platform !== "linux") return [];
  const names = graceful ? ["daemon"] as const : ["daemon", "edge"] as const;
  return (await Promise.all(names.map((name) => ownProcesses(machine, name)))).flat();
}

function processes(pids: readonly number[]): string {
  return `${pids.length === 1 ? "process" : "processes"} ${pids.join(" and ")}`;
}

function mustBeSure({ session }: Installation): void {
  const question = `This deletes every recorded call in ${session.paths.home}. Go on?`;
  if (confirm(question, false)) return;
  throw new MeterError("failed", "Nothing was changed: deleting the recorded calls was not confirmed", {
    hint: "Give --yes to confirm it on the command line",
  });
}

function deleteFiles(context: MeterContext, { session }: Installation, database: boolean): void {
  const { home } = session.paths;
  const there = isThere(home);
  const { removed, left } = purgeHome(home, { database });
  const { stdout } = context.process;
  const files = removed.length === 1 ? "1 file" : `${removed.length} files`;
  const folder = there && !isThere(home) ? ", and the folder" : "";
  if (removed.length > 0 || folder !== "") stdout.write(`\nDeleted ${files} in ${home}${folder}\n`);
  const strange = left.filter((name) => !name.startsWith("db.sqlite") && name !== "made-paths.json");
  if (strange.length > 0) stdout.write(`  Left alone, since the meter did not write them: ${strange.join(", ")}\n`);
}

function isOwnFolder(path: string): boolean {
  try {
    const { isDirectory, uid } = Deno.lstatSync(path);
    return isDirectory && uid === Deno.uid();
  } catch {
    return false;
  }
}

/** @param edge Whether it was to stay, and is running. */
function closing(
  installation: Installation,
  flags: UninstallFlags,
  edge: boolean,
  failed: readonly StepReport[],
): string {
  const { machine, session: { paths } } = installation;
  if (failed.length > 0) {
    return `\nuninstall incomplete   still there: ${failed.map(({ label }) => label).join(", ")}\n` +
      "  Mend what stands behind the arrows and run it again\n";
  }
  const lines = ["", "uninstall complete"];
  if (!flags.purge && isThere(paths.home)) lines.push(`  Recorded calls and settings stay in ${paths.home}`);
  if (flags.graceful) {
    lines.push(
      edge
        ? "  The edge stays until this machine restarts, and tunnels everything unmetered"
        : "  No edge is running that could stay",
    );
  }
  if (isThere(paths.caKey)) {
    const why = flags.purge && flags.includeLogs ? ": the meter has no record of having made it" : "";
    lines.push(`  The certificate authority stays in ${paths.caFolder}${why}`);
    if (machine.platform === "darwin" && !flags.purge) {
      lines.push("  To remove it from the keychain:");
      lines.push("    sudo security delete-certificate -c mitmproxy /Library/Keychains/System.keychain");
    }
  }
  lines.push("  Terminals that are open keep their settings: close them");
  return `${lines.join("\n")}\n`;
}
