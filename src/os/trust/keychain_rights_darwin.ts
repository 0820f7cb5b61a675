/**
 * The changes to the System keychain that need an administrator, and how one is asked.
 *
 * Two rights are needed. Writing the keychain's file is root's. Changing what is trusted also wants an administrator's
 * password, entered in a dialog of macOS, even from root (since macOS 11, by Apple's release notes); a command that
 * `osascript` runs as root cannot show that dialog and ends with "no user interaction was possible", while the same command
 * run as the user can.
 *
 * Imports: domain, os/machine.ts (types), os/run.ts, os/trust.
 *
 * @module
 */

import { MeterError } from "../../domain/errors.ts";
import type { Machine } from "../machine.ts";
import { commandFailure, type CommandOutput } from "../run.ts";
import type { Interaction } from "./options.ts";
import { appleScriptString, commandLine } from "./shell_words.ts";

/** Where certificates lie that every account trusts. */
export const SYSTEM_KEYCHAIN = "/Library/Keychains/System.keychain";

/** By its path, since a root shell must not take another one from the PATH. */
export const SECURITY = "/usr/bin/security";

/** A person has to find and type a password. */
const ASKING_MS = 300_000;

/** Adds the certificate in `file` and trusts it as a root. @throws {MeterError} `failed` when that is refused. */
export async function addTrustedRoot(machine: Machine, interactive: Interaction, file: string): Promise<void> {
  const args = ["add-trusted-cert", "-d", "-r", "trustRoot", "-k", SYSTEM_KEYCHAIN, file];
  let output = await asRoot(machine, interactive, args);
  // By now the certificate is in the keychain; the trust in it remains, and the user's own session can show the dialog.
  if (interactive === "dialog" && couldNotAsk(output)) output = await asUser(machine, args);
  if (output.code !== 0) throw refusal("add the certificate to", args, output, interactive);
}

/** Withdraws the trust in the certificate in `file`; it need not be trusted. @throws {MeterError} `failed` when refused. */
export async function removeTrustSettings(machine: Machine, interactive: Interaction, file: string): Promise<void> {
  const args = ["remove-trusted-cert", "-d", file];
  const output = interactive === "dialog" && machine.uid !== 0
    ? await asUser(machine, args)
    : await asRoot(machine, interactive, args);
  const nothingThere = /could not be found in the keychain|No Trust Settings were found/.test(said(output));
  // On a terminal the reason is seen by the user alone; what is left is found by looking afterwards.
  const unseen = interactive === "terminal" && said(output) === "" && machine.uid !== 0;
  if (output.code !== 0 && !nothingThere && !unseen) {
    throw refusal("withdraw the trust in the certificate in", args, output, interactive);
  }
}

/** Deletes the certificate with this digest. @throws {MeterError} `failed` when that is refused. */
export async function deleteCertificate(machine: Machine, interactive: Interaction, sha1: string): Promise<void> {
  const args = ["delete-certificate", "-Z", sha1, SYSTEM_KEYCHAIN];
  const output = await asRoot(machine, interactive, args);
  if (output.code !== 0) throw refusal("remove the certificate from", args, output, interactive);
}

/** Runs `security` as root, asking for a password in the way that the user can be asked. */
async function asRoot(machine: Machine, interactive: Interaction, args: readonly string[]): Promise<CommandOutput> {
  if (machine.uid === 0) return await asUser(machine, args);
  const security = [SECURITY, ...args];
  if (interactive === "never") return await machine.run("sudo", ["-n", ...security]);
  if (interactive === "terminal") {
    return await machine.run("sudo", security, { interactive: true, timeoutMs: ASKING_MS });
  }
  const prompt = appleScriptString("halton-meter changes which certificates this Mac trusts.");
  const script = `do shell script ${
    appleScriptString(commandLine(security))
  } with prompt ${prompt} with administrator privileges`;
  return await machine.run("osascript", ["-e", script], { timeoutMs: ASKING_MS });
}

async function asUser(machine: Machine, args: readonly string[]): Promise<CommandOutput> {
  return await machine.run(SECURITY, args, { timeoutMs: ASKING_MS });
}

/** An error that says who refused. */
function refusal(
  what: string,
  args: readonly string[],
  output: CommandOutput,
  interactive: Interaction,
): MeterError {
  const text = said(output);
  const action = `Cannot ${what} the System keychain`;
  const byHand = `Type in a terminal of the desktop: ${commandLine(["sudo", "security", ...args])}`;
  const reason = REASONS.find(({ pattern }) => pattern.test(text));
  if (reason !== undefined) {
    const hint = reason.again ? "Run it again and enter the password of an administrator" : byHand;
    return new MeterError("failed", `${action}: ${reason.state}`, { hint, cause: text });
  }
  const runner = interactive === "never" || interactive === "terminal" ? "sudo security" : "security";
  return commandFailure(action, `${runner} ${args[0] ?? ""}`, output, byHand);
}

/** What `security`, `sudo` and `osascript` say when they are not allowed to. */
const REASONS: readonly { readonly pattern: RegExp; readonly state: string; readonly again: boolean }[] = [
  {
    pattern: /User cancell?ed\.? \(-128\)|was cancell?ed by the user/,
    state: "the request was cancelled",
    again: true,
  },
  {
    pattern: /no user interaction was possible|-25308|-60007/,
    state: "macOS could not ask for a password",
    again: false,
  },
  {
    pattern: /errSecAuthFailed|-25293|passphrase you entered is not correct|incorrect password attempt/,
    state: "the password was not accepted",
    again: true,
  },
  { pattern: /a password is required|a terminal is required/, state: "sudo needs a password", again: false },
  { pattern: /is not in the sudoers file|may not run sudo/, state: "this account is no administrator", again: false },
  { pattern: /errSecInternalComponent/, state: "macOS does not allow it in this session", again: false },
  { pattern: /errSecWrPerm|Write permissions error|-61\b/, state: "it may not be written", again: false },
];

function couldNotAsk(output: CommandOutput): boolean {
  return output.code !== 0 && /no user interaction was possible/.test(said(output));
}

function said({ stdout, stderr }: CommandOutput): string {
  return `${stderr}\n${stdout}`.trim();
}
