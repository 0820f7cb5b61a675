/**
 * Certificate bundles for clients that take their trust from a file.
 *
 * `SSL_CERT_FILE` and its relatives replace a client's roots, so the bundle for
 * them holds the system's roots, what the user had set before, and this
 * program's CA. `NODE_EXTRA_CA_CERTS` adds to the client's roots, so its file
 * holds only the latter two. Both are rebuilt when a source has changed.
 *
 * Only certificates are copied: a source may hold a private key beside them, and
 * a bundle is readable by all. On macOS the system's file lacks what an
 * administrator added to the keychain.
 *
 * Imports: domain/errors.ts; ./ca_files.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { replaceFile } from "./ca_files.ts";

const BUNDLE_FILE = "ca-bundle.pem";
const NODE_FILE = "node-extra-ca.pem";
const BUNDLE_MODE = 0o644;

/** Where systems keep their roots as one file; the first that holds a certificate is taken. */
export const SYSTEM_ROOT_FILES: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Arch, Alpine
  "/etc/pki/tls/certs/ca-bundle.crt", // Fedora, RHEL
  "/etc/ssl/ca-bundle.pem", // openSUSE
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL, CentOS
  "/etc/ssl/cert.pem", // macOS, Alpine
];

/** What became of a bundle. */
export interface TrustBundle {
  /** The file to point clients at; `null` where there is none, and the variable must stay as it is. */
  readonly path: string | null;
  /** Why there is no file, as a sentence without a full stop; `null` where there is one. */
  readonly reason: string | null;
  /** The system's file that was taken; `null` if none was found or wanted. */
  readonly systemRoots: string | null;
  /** Files named by the caller that hold no readable certificate. */
  readonly skipped: readonly string[];
  /** Whether the file was written by this call. */
  readonly rebuilt: boolean;
}

/** Sources of a bundle, recorded in its first line. */
interface Sources {
  readonly system: string | null;
  readonly base: readonly string[];
}

/**
 * Brings `<home>/ca-bundle.pem` up to date, for variables that replace a client's roots.
 *
 * Without a single root besides this program's own there is no bundle: a client pointed at it could reach nothing else.
 *
 * @param options.home This program's data folder; made with mode 0700 if absent.
 * @param options.base Files that the user had in such variables. The bundle itself stands for the files it was built from.
 * @param options.systemRootFiles Candidates for the system's roots.
 * @param options.onlyLook Writes nothing; `rebuilt` then says whether it would have been written.
 * @throws {MeterError} `failed` if the bundle cannot be written.
 */
export async function ensureBundle(options: {
  readonly home: string;
  readonly caCertPem: string;
  readonly base?: readonly string[];
  readonly systemRootFiles?: readonly string[];
  readonly onlyLook?: boolean;
}): Promise<TrustBundle> {
  const { home, caCertPem, base = [], systemRootFiles = SYSTEM_ROOT_FILES, onlyLook = false } = options;
  const path = `${home}/${BUNDLE_FILE}`;
  let system: string | null = null;
  let systemCertificates: string[] = [];
  for (const candidate of systemRootFiles) {
    systemCertificates = await certificatesOf(candidate);
    if (systemCertificates.length === 0) continue;
    system = candidate;
    break;
  }
  const user = await readBase(base, path);
  const own = certificatesIn(caCertPem);
  const roots = [...systemCertificates, ...user.certificates];
  if (roots.every((root) => own.includes(root))) {
    const reason = "This system keeps no file of root certificates in a known place";
    return { path: null, reason, systemRoots: null, skipped: user.skipped, rebuilt: false };
  }
  const text = await bundleText({ system, base: user.files }, [...roots, ...own]);
  const rebuilt = onlyLook ? await readOrEmpty(path) !== text : await refresh(home, path, text);
  return { path, reason: null, systemRoots: system, skipped: user.skipped, rebuilt };
}

/**
 * Brings `<home>/node-extra-ca.pem` up to date, for a user who already has `NODE_EXTRA_CA_CERTS` set.
 *
 * @param options.existing The file it names. The bundle itself stands for the file it was built from.
 * @returns `path: null` if `existing` holds no certificate; the variable can then name the CA's own public file.
 * @throws {MeterError} `failed` if the file cannot be written.
 */
export async function ensureNodeExtra(
  options: { readonly home: string; readonly caCertPem: string; readonly existing: string },
): Promise<TrustBundle> {
  const { home, caCertPem, existing } = options;
  const path = `${home}/${NODE_FILE}`;
  const user = await readBase([existing], path);
  if (user.certificates.length === 0) {
    const reason = "The file that NODE_EXTRA_CA_CERTS names holds no readable certificate";
    return { path: null, reason, systemRoots: null, skipped: user.skipped, rebuilt: false };
  }
  const sources = { system: null, base: user.files };
  const text = await bundleText(sources, [...user.certificates, ...certificatesIn(caCertPem)]);
  return { path, reason: null, systemRoots: null, skipped: user.skipped, rebuilt: await refresh(home, path, text) };
}

/** Reads the user's files. `own`, the bundle being built, is replaced by the files its first line names. */
async function readBase(
  named: readonly string[],
  own: string,
): Promise<{ files: string[]; certificates: string[]; skipped: string[] }> {
  const files = new Set<string>();
  for (const file of named) {
    if (await isSameFile(file, own)) { for (const source of await recordedBase(own)) files.add(source); }
    else files.add(file);
  }
  const certificates: string[] = [];
  const skipped: string[] = [];
  for (const file of files) {
    const found = await certificatesOf(file);
    if (found.length === 0) skipped.push(file);
    certificates.push(...found);
  }
  return { files: [...files], certificates, skipped };
}

/** Each certificate once, under a first line that names the sources and the digest of what was taken from them. */
async function bundleText(sources: Sources, certificates: readonly string[]): Promise<string> {
  const body = [...new Set(certificates)].join("");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(body)));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `# halton-meter ${JSON.stringify({ ...sources, sha256 })}\n${body}`;
}

/** Whole texts are compared, so that a damaged bundle is stale too. Returns whether the file was written. */
async function refresh(home: string, path: string, text: string): Promise<boolean> {
  if (await readOrEmpty(path) === text) return false;
  try {
    await Deno.mkdir(home, { recursive: true, mode: 0o700 });
    await replaceFile(path, text, BUNDLE_MODE);
    return true;
  } catch (cause) {
    throw new MeterError("failed", `Cannot write the certificate bundle at ${path}`, {
      hint: "Check the folder's owner and the free space",
      cause,
    });
  }
}

async function recordedBase(path: string): Promise<readonly string[]> {
  const record = /^# halton-meter (.*)\n/.exec(await readOrEmpty(path))?.[1];
  if (record === undefined) return [];
  try {
    const { base } = JSON.parse(record) as { base?: unknown };
    return Array.isArray(base) ? base.filter((file) => typeof file === "string") : [];
  } catch {
    return []; // Edited by hand: its sources are no longer known.
  }
}

async function isSameFile(file: string, other: string): Promise<boolean> {
  if (file === other) return true;
  try {
    return await Deno.realPath(file) === await Deno.realPath(other);
  } catch {
    return false; // One of them does not exist.
  }
}

async function certificatesOf(file: string): Promise<string[]> {
  return certificatesIn(await readOrEmpty(file));
}

/** Certificates in a uniform spelling, so that equal ones compare equal. */
function certificatesIn(text: string): string[] {
  const blocks = text.matchAll(/-----BEGIN CERTIFICATE-----([\sA-Za-z0-9+/=]+)-----END CERTIFICATE-----/g);
  return Array.from(blocks, ([, body = ""]) => {
    const lines = body.replaceAll(/\s/g, "").match(/.{1,64}/g) ?? [];
    return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
  });
}

async function readOrEmpty(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch {
    return ""; // Absent or not readable by this user: either way it can add nothing.
  }
}
