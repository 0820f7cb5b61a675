/**
 * `halton-meter uninstall`: takes out what `init` put in, and only that.
 *
 * Imports: domain, install, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { removalOrder } from "../install/modes.ts";
import { removeAll, type StepReport } from "../install/plan.ts";
import { purgeHome } from "../install/purge.ts";
import type { MeterContext } from "./app.ts";
import { type Installation, openInstallation } from "./installation.ts";
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
  const { stdout } = this.process;
  if (flags.includeLogs && !flags.purge) {
    throw new MeterError("wrong_usage", "Cannot use --include-logs alone: it says what --purge deletes", {
      hint: "Give --purge --include-logs to delete the recorded calls as well",
    });
  }
  const everything = flags.purge && flags.includeLogs;
  const installation = await openInstallation({ interactive: !flags.yes, lenient: true });
  if (everything && !flags.yes) mustBeSure(installation);
  stdout.write(`halton-meter v${VERSION} · uninstall\n\n`);
  const parts = installation.partsFor(installation.installed ?? "full");
  const places = removalOrder(parts, { keepEdge: flags.graceful, authority: everything, keychain: flags.purge });
  const reports = await removeAll(places, stepLines(stdout));
  const failed = reports.filter(({ outcome }) => outcome === "failed");
  if (failed.length === 0 && flags.purge) deleteFiles(this, installation, everything);
  stdout.write(closing(installation, flags, failed));
  if (failed.length > 0) this.process.exitCode = 1;
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
  const { removed, left, folderGone } = purgeHome(home, { database });
  const { stdout } = context.process;
  stdout.write(`\nDeleted ${removed.length} files in ${home}${folderGone ? ", and the folder" : ""}\n`);
  const strange = left.filter((name) => !name.startsWith("db.sqlite"));
  if (strange.length > 0) stdout.write(`  Left alone, since the meter did not write them: ${strange.join(", ")}\n`);
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

function closing(installation: Installation, flags: UninstallFlags, failed: readonly StepReport[]): string {
  const { machine, session: { paths } } = installation;
  if (failed.length > 0) {
    return `\nuninstall incomplete   still there: ${failed.map(({ label }) => label).join(", ")}\n` +
      "  Mend what stands behind the arrows and run it again\n";
  }
  const lines = ["", "uninstall complete"];
  if (!flags.purge && isThere(paths.home)) lines.push(`  Recorded calls and settings stay in ${paths.home}`);
  if (flags.graceful) lines.push("  The edge stays until this machine restarts, and tunnels everything unmetered");
  if (!(flags.purge && flags.includeLogs) && isThere(paths.caKey)) {
    lines.push(`  The certificate authority stays in ${paths.caFolder}`);
    if (machine.platform === "darwin" && !flags.purge) {
      lines.push("  To remove it from the keychain:");
      lines.push("    sudo security delete-certificate -c mitmproxy /Library/Keychains/System.keychain");
    }
  }
  lines.push("  Terminals that are open keep their settings: close them");
  return `${lines.join("\n")}\n`;
}
