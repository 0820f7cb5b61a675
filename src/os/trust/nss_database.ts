/**
 * One NSS database, by `certutil`.
 *
 * An entry is found by its nickname and checked by its contents and its trust flags: in a database with a password, `certutil`
 * reports a failure and yet leaves the certificate behind, without trust. A certificate that is there under another nickname
 * is somebody else's entry, which adding ours would change.
 *
 * Imports: os/run.ts (types), os/trust/fingerprint.ts.
 *
 * @module
 */

import type { CommandOutput, Runner } from "../run.ts";
import { type Certificate, certificatesIn } from "./fingerprint.ts";

/** What a database holds. `blocked`: it cannot be read or changed; why, as a phrase without a subject. */
export type DatabaseState =
  | { readonly state: "present" | "absent" | "differs" }
  | { readonly state: "elsewhere"; readonly nickname: string }
  | { readonly state: "blocked"; readonly reason: string };

/** A line of `certutil -L`. */
interface Entry {
  readonly nickname: string;
  /** For servers, S/MIME and code, e.g. `C,,`. */
  readonly trust: string;
}

const NICKNAME = "halton-meter";
/** The name that other programs make of the certificate's subject. */
const SUBJECT = /mitmproxy/i;
/** Answers a question for the database's password at once, on a terminal too. */
const NO_PASSWORD = ["-f", "/dev/null"];
/** Each removal takes one entry of the nickname. */
const MAX_ENTRIES = 16;

/** Looks at a database without changing it. */
export async function lookAtDatabase(run: Runner, folder: string, own: Certificate): Promise<DatabaseState> {
  const entries = await entriesOf(run, folder);
  if (!Array.isArray(entries)) return entries;
  const ours = entries.filter(({ nickname }) => nickname === NICKNAME);
  if (ours.length === 0) {
    for (const nickname of new Set(entries.map((entry) => entry.nickname).filter((name) => SUBJECT.test(name)))) {
      if (await holds(run, folder, nickname, own)) return { state: "elsewhere", nickname };
    }
    return { state: "absent" };
  }
  const trusted = ours.length === 1 && ours.every(({ trust }) => trust.split(",")[0]?.includes("C"));
  return { state: trusted && await holds(run, folder, NICKNAME, own) ? "present" : "differs" };
}

/** Puts the certificate in, in place of an earlier one. What it could not trust it takes out again. */
export async function putIntoDatabase(
  run: Runner,
  folder: string,
  own: Certificate,
  certificateFile: string,
): Promise<DatabaseState> {
  const before = await lookAtDatabase(run, folder, own);
  if (before.state !== "absent" && before.state !== "differs") return before;
  const cleared = before.state === "differs" ? await takeFromDatabase(run, folder, own) : before;
  if (cleared.state !== "absent") return cleared;
  const args = ["-A", "-d", `sql:${folder}`, "-n", NICKNAME, "-t", "C,,", "-i", certificateFile, ...NO_PASSWORD];
  const added = await run("certutil", args);
  const after = await lookAtDatabase(run, folder, own);
  if (after.state === "present") return after;
  if (after.state !== "blocked") await takeFromDatabase(run, folder, own);
  return blocked(added);
}

/** Takes out every entry of our nickname, and looks again. */
export async function takeFromDatabase(run: Runner, folder: string, own: Certificate): Promise<DatabaseState> {
  let said: CommandOutput | null = null;
  for (let left = MAX_ENTRIES; left > 0; left--) {
    const state = await lookAtDatabase(run, folder, own);
    if (state.state !== "present" && state.state !== "differs") return state;
    said = await run("certutil", ["-D", "-d", `sql:${folder}`, "-n", NICKNAME, ...NO_PASSWORD]);
    if (said.code !== 0) return blocked(said);
  }
  return said === null ? { state: "absent" } : blocked(said);
}

async function entriesOf(run: Runner, folder: string): Promise<Entry[] | DatabaseState> {
  const output = await run("certutil", ["-L", "-d", `sql:${folder}`]);
  if (output.code !== 0) return blocked(output);
  return output.stdout.split("\n").flatMap((line): Entry[] => {
    const [, nickname, trust] = /^(\S.*?) +([a-zA-Z]*,[a-zA-Z]*,[a-zA-Z]*) *$/.exec(line) ?? [];
    return nickname === undefined || trust === undefined ? [] : [{ nickname, trust }];
  });
}

/** Whether the certificate is among those that go by `nickname`, or have the same subject as one that does. */
async function holds(run: Runner, folder: string, nickname: string, { sha256 }: Certificate): Promise<boolean> {
  const { stdout } = await run("certutil", ["-L", "-d", `sql:${folder}`, "-n", nickname, "-a"]);
  return certificatesIn(stdout).some((certificate) => certificate.sha256 === sha256);
}

function blocked({ stderr, stdout }: CommandOutput): DatabaseState {
  const text = `${stderr}\n${stdout}`;
  if (/SEC_ERROR_BAD_PASSWORD|SEC_ERROR_TOKEN_NOT_LOGGED_IN/.test(text)) {
    return { state: "blocked", reason: "is protected by a password" };
  }
  if (/SEC_ERROR_READ_ONLY/.test(text)) return { state: "blocked", reason: "may not be written" };
  if (/SEC_ERROR_BAD_DATABASE|SEC_ERROR_PKCS11_GENERAL_ERROR|SEC_ERROR_LEGACY_DATABASE/.test(text)) {
    return { state: "blocked", reason: "is locked or damaged" };
  }
  return {
    state: "blocked",
    reason: `refused (${/[SP][A-Z]+_ERROR_\w+|PR_\w+_ERROR/.exec(text)?.[0] ?? "no reason given"})`,
  };
}
