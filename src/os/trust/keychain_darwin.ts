/**
 * The System keychain of macOS, by `/usr/bin/security`.
 *
 * Certificates are told apart by their SHA-256, never by their name: anyone may have a CA called "mitmproxy". What was put
 * in is noted in the data folder, so that a CA that was made anew takes the place of the one before it and somebody else's
 * is left alone. Whether a certificate is trusted is asked of the system itself, without network: one that lies in a
 * keychain need not be.
 *
 * Imports: domain, os/machine.ts, os/place.ts (types), os/run.ts, os/trust.
 *
 * @module
 */

import { MeterError } from "../../domain/errors.ts";
import type { Machine } from "../machine.ts";
import type { Place, PlaceState } from "../place.ts";
import { commandFailure, type CommandOutput } from "../run.ts";
import { type AddedCertificate, addedCertificates, forgetAdded, noteAdded } from "./added_certificates.ts";
import { certificateAt, requiredCertificate } from "./fingerprint.ts";
import {
  addTrustedRoot,
  deleteCertificate,
  removeTrustSettings,
  SECURITY,
  SYSTEM_KEYCHAIN,
} from "./keychain_rights_darwin.ts";
import type { TrustOptions } from "./options.ts";
import { commandLine } from "./shell_words.ts";

/** The name that the documented commands look for. */
const NAME = "mitmproxy";

/** What `security` exits with when nothing matches: the low byte of errSecItemNotFound, -25300. */
const NOT_FOUND = 44;

/** A certificate as `find-certificate` prints it. */
interface Listed {
  readonly sha256: string;
  readonly name: string;
}

/** The meter's certificate, those it put in before, and what the keychain holds. */
interface Found {
  readonly own: boolean;
  readonly earlier: readonly AddedCertificate[];
  /** Others of the same name. */
  readonly foreign: number;
}

/** The keychain as a place. */
export function systemKeychain(machine: Machine, options: TrustOptions): Place {
  const { paths } = machine;
  const file = options.certificateFile;
  const read = async (): Promise<AddedCertificate> => ({ ...await certificateAt(file), file });
  return {
    id: "trust.keychain",
    label: "trust the certificate in the System keychain",
    check: async () => await check(machine, await read()),
    async apply() {
      const own = { ...await requiredCertificate(file), file };
      const before = await check(machine, own);
      if (before.state === "present" || before.state === "unavailable") return before;
      await noteAdded(paths, own);
      await addTrustedRoot(machine, options.interactive, own.file);
      for (const certificate of (await find(machine, own))?.earlier ?? []) await takeOut(machine, options, certificate);
      const after = await check(machine, own);
      if (after.state === "present") return after;
      throw new MeterError(
        "failed",
        `Cannot trust the certificate in the System keychain: afterwards ${after.detail}`,
        {
          hint: `Open Keychain Access, find "${NAME}" under System and set it to "Always Trust"`,
        },
      );
    },
    async remove() {
      const own = await read();
      const found = await find(machine, own);
      if (found === null) return await check(machine, own);
      for (const certificate of found.earlier) await takeOut(machine, options, certificate);
      if (found.own) await takeOut(machine, options, own);
      // Those that somebody else has taken out are noted still.
      for (const gone of [own, ...await addedCertificates(paths)]) await forgetAdded(paths, gone);
      return await check(machine, own);
    },
  };
}

async function check(machine: Machine, own: AddedCertificate): Promise<PlaceState> {
  let found: Found | null;
  try {
    found = await find(machine, own);
  } catch (error) {
    if (!(error instanceof MeterError)) throw error;
    return { state: "unavailable", detail: error.message, hint: null };
  }
  if (found === null) return { state: "unavailable", detail: "there is no security command", hint: null };
  const others = found.foreign === 0 ? "" : `; another CA named ${NAME} is there and is left alone`;
  if (!found.own) {
    if (found.earlier.length === 0) return { state: "absent", detail: `not there${others}`, hint: null };
    return { state: "differs", detail: `there is an earlier certificate of the meter${others}`, hint: null };
  }
  if (!await isTrusted(machine, own)) return { state: "differs", detail: `there and not trusted${others}`, hint: null };
  if (found.earlier.length > 0) {
    return { state: "differs", detail: `there is an earlier certificate of the meter too${others}`, hint: null };
  }
  return { state: "present", detail: `trusted for every account${others}`, hint: null };
}

/** Sorts out what the keychain holds; `null` where there is no `security`. @throws {MeterError} as {@link list} does. */
async function find(machine: Machine, own: AddedCertificate): Promise<Found | null> {
  const listed = await list(machine);
  if (listed === null) return null;
  const added = (await addedCertificates(machine.paths)).filter(({ sha256 }) => sha256 !== own.sha256);
  const isThere = ({ sha256 }: { readonly sha256: string }) => listed.some((other) => other.sha256 === sha256);
  const ours = [own, ...added].map(({ sha256 }) => sha256);
  const foreign = listed.filter(({ sha256, name }) => name === NAME && !ours.includes(sha256)).length;
  return { own: isThere(own), earlier: added.filter(isThere), foreign };
}

/** @throws {MeterError} `failed` when the keychain cannot be read, which is not the same as empty. */
async function list(machine: Machine): Promise<Listed[] | null> {
  let output: CommandOutput;
  try {
    output = await machine.run(SECURITY, ["find-certificate", "-a", "-Z", SYSTEM_KEYCHAIN]);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw new MeterError("failed", "Cannot read the System keychain: security gave no answer", { cause: error });
  }
  if (output.code === NOT_FOUND) return [];
  if (output.code !== 0) {
    throw commandFailure("Cannot read the System keychain", "security find-certificate", output);
  }
  return output.stdout.split(/^(?=SHA-256 hash: )/m).flatMap((entry): Listed[] => {
    const sha256 = /^SHA-256 hash: ([0-9A-F]{64})$/mi.exec(entry)?.[1];
    if (sha256 === undefined) return [];
    return [{ sha256: sha256.toUpperCase(), name: /"labl"<blob>="(.*)"$/m.exec(entry)?.[1] ?? "" }];
  });
}

/**
 * Whether the system accepts the certificate as a root. The basic policy is asked for, since the one for TLS would hold
 * against a root that it is not a server's certificate; `-L` keeps it from asking the network.
 */
async function isTrusted(machine: Machine, { file }: AddedCertificate): Promise<boolean> {
  return (await machine.run(SECURITY, ["verify-cert", "-c", file, "-l", "-L", "-p", "basic"])).code === 0;
}

/** Deletes one certificate and the trust in it. @throws {MeterError} `failed` when it is still there. */
async function takeOut(machine: Machine, options: TrustOptions, certificate: AddedCertificate): Promise<void> {
  // Trust settings would outlive the certificate that they are for.
  if (await isTrusted(machine, certificate)) await removeTrustSettings(machine, options.interactive, certificate.file);
  await deleteCertificate(machine, options.interactive, certificate.sha1);
  const left = await list(machine) ?? [];
  if (left.some(({ sha256 }) => sha256 === certificate.sha256)) {
    const byHand = commandLine(["sudo", "security", "delete-certificate", "-Z", certificate.sha1, SYSTEM_KEYCHAIN]);
    throw new MeterError("failed", "Cannot remove the certificate from the System keychain: it is still there", {
      hint: `Type: ${byHand}`,
    });
  }
  await forgetAdded(machine.paths, certificate);
}
