import { match, rejects, strictEqual as equal } from "node:assert/strict";
import { MeterError } from "../../../src/domain/errors.ts";
import { runForOutput } from "../../../src/os/run.ts";
import {
  addTrustedRoot,
  deleteCertificate,
  removeTrustSettings,
  SECURITY,
  SYSTEM_KEYCHAIN,
} from "../../../src/os/trust/keychain_rights_darwin.ts";
import type { Interaction } from "../../../src/os/trust/options.ts";
import { type Recorded, recordedRunner } from "../recorded_runner.ts";
import { trustMachine } from "./trust_machine.ts";

const ASKING = { timeoutMs: 300_000 };
const PROMPT = 'with prompt "halton-meter changes which certificates this Mac trusts."';
const SHA1 = "0123456789ABCDEF0123456789ABCDEF01234567";
const DELETE = ["delete-certificate", "-Z", SHA1, SYSTEM_KEYCHAIN];

/** What macOS says when a command that `osascript` runs as root would have to show a dialog of its own. */
const COULD_NOT_ASK =
  "0:220: execution error: SecTrustSettingsSetTrustSettings: The authorization was denied since no user " +
  "interaction was possible. (1)\n";

async function mac(script: readonly Recorded[], uid = 501) {
  const runner = recordedRunner(script, { ordered: true });
  const test = await trustMachine({ platform: "darwin", uid, run: runner.run });
  return { ...test, ...runner };
}

function failureOf(result: Promise<void>): Promise<MeterError> {
  return result.then(() => {
    throw new Error("It did not fail");
  }, (error) => {
    if (error instanceof MeterError) return error;
    throw error;
  });
}

Deno.test("deleteCertificate asks on the terminal by sudo, once and with time to type", async () => {
  const options = { interactive: true, ...ASKING };
  await using test = await mac([{ run: ["sudo", SECURITY, ...DELETE], options }]);
  await deleteCertificate(test.machine, "terminal", SHA1);
  test.finish();
});

Deno.test("deleteCertificate asks by a dialog where there is no terminal", async () => {
  const script = `do shell script "${SECURITY} ${DELETE.join(" ")}" ${PROMPT} with administrator privileges`;
  await using test = await mac([{ run: ["osascript", "-e", script], options: ASKING }]);
  await deleteCertificate(test.machine, "dialog", SHA1);
  test.finish();
});

Deno.test("deleteCertificate asks nobody when it is root, or may not ask", async () => {
  await using root = await mac([{ run: [SECURITY, ...DELETE], times: 3 }], 0);
  for (const way of ["terminal", "dialog", "never"] as const) await deleteCertificate(root.machine, way, SHA1);
  root.finish();
  await using never = await mac([{ run: ["sudo", "-n", SECURITY, ...DELETE] }]);
  await deleteCertificate(never.machine, "never", SHA1);
  never.finish();
});

Deno.test("addTrustedRoot quotes a path with spaces and quotes for AppleScript and for the shell in it", async () => {
  const file = `/Users/o'neil "x" \\ $HOME/ca.pem`;
  await using test = await mac([]);
  const scripts: string[] = [];
  const run = (_: string, args: readonly string[]) => {
    scripts.push(args[1] ?? "");
    return Promise.resolve({ code: 0, stdout: "", stderr: "" });
  };
  await addTrustedRoot({ ...test.machine, run }, "dialog", file);
  const literal = /^do shell script "((?:[^"\\]|\\.)*)" with prompt/s.exec(scripts[0] ?? "")?.[1] ?? "";
  const shell = literal.replaceAll(/\\(.)/gs, "$1"); // As AppleScript reads a literal.
  const { stdout } = await runForOutput("sh", ["-c", `show() { printf '%s\\n' "$@"; }; show ${shell}`]);
  equal(
    stdout,
    [SECURITY, "add-trusted-cert", "-d", "-r", "trustRoot", "-k", SYSTEM_KEYCHAIN, file, ""].join("\n"),
  );
});

Deno.test("addTrustedRoot lets macOS ask in the user's own session where root's cannot show a dialog", async () => {
  const args = ["add-trusted-cert", "-d", "-r", "trustRoot", "-k", SYSTEM_KEYCHAIN, "/ca.pem"];
  const script = `do shell script "${SECURITY} ${args.join(" ")}" ${PROMPT} with administrator privileges`;
  await using test = await mac([
    { run: ["osascript", "-e", script], gives: { code: 1, stderr: COULD_NOT_ASK } },
    { run: [SECURITY, ...args], options: ASKING },
  ]);
  await addTrustedRoot(test.machine, "dialog", "/ca.pem");
  test.finish();
});

Deno.test("removeTrustSettings is content where nothing was trusted", async () => {
  const args = ["remove-trusted-cert", "-d", "/ca.pem"];
  const says = "SecTrustSettingsRemoveTrustSettings: ";
  await using test = await mac([
    {
      run: [SECURITY, ...args],
      gives: { code: 1, stderr: `${says}The specified item could not be found in the keychain.\n` },
    },
    { run: ["sudo", "-n", SECURITY, ...args], gives: { code: 1, stderr: `${says}No Trust Settings were found.\n` } },
    { run: [SECURITY, ...args], gives: { code: 1, stderr: `${says}The authorization was canceled by the user.\n` } },
  ]);
  await removeTrustSettings(test.machine, "dialog", "/ca.pem");
  await removeTrustSettings(test.machine, "never", "/ca.pem");
  const refused = await failureOf(removeTrustSettings(test.machine, "dialog", "/ca.pem"));
  equal(
    refused.message,
    "Cannot withdraw the trust in the certificate in the System keychain: the request was cancelled",
  );
  test.finish();
});

const REFUSALS: readonly [string, Interaction, string, RegExp, RegExp][] = [
  ["cancelled", "dialog", "0:123: execution error: User canceled. (-128)\n", /the request was cancelled$/, /again/],
  ["wrong password", "never", "sudo: 3 incorrect password attempts\n", /the password was not accepted$/, /again/],
  [
    "refused keychain",
    "never",
    "security: SecKeychainItemDelete: errSecAuthFailed (-25293)\n",
    /not accepted$/,
    /again/,
  ],
  ["no password", "never", "sudo: a password is required\n", /sudo needs a password$/, /^Type in a terminal/],
  ["no desktop", "never", COULD_NOT_ASK, /macOS could not ask for a password$/, /^Type in a terminal/],
  ["no administrator", "never", "u is not in the sudoers file.\n", /this account is no administrator$/, /^Type/],
  ["no session", "never", "SecTrustSettingsSetTrustSettings: errSecInternalComponent\n", /in this session$/, /^Type/],
  ["read-only", "never", "security: SecKeychainItemDelete: Write permissions error.\n", /may not be written$/, /^Type/],
];

for (const [name, interactive, stderr, message, hint] of REFUSALS) {
  Deno.test(`deleteCertificate says why the keychain was refused: ${name}`, async () => {
    await using test = await mac([]);
    const run = () => Promise.resolve({ code: 1, stdout: "", stderr });
    const error = await failureOf(deleteCertificate({ ...test.machine, run }, interactive, SHA1));
    match(error.message, /^Cannot remove the certificate from the System keychain: /);
    match(error.message, message);
    match(error.hint ?? "", hint);
  });
}

Deno.test("deleteCertificate keeps everything that an unknown failure said", async () => {
  await using test = await mac([]);
  const run = () => Promise.resolve({ code: 51, stdout: "out\n", stderr: "odd\n" });
  await rejects(deleteCertificate({ ...test.machine, run }, "never", SHA1), {
    message:
      "Cannot remove the certificate from the System keychain: sudo security delete-certificate ended with code 51\n" +
      "    odd\n    out",
    hint: `Type in a terminal of the desktop: sudo security delete-certificate -Z ${SHA1} ${SYSTEM_KEYCHAIN}`,
  });
});
