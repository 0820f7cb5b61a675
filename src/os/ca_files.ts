/**
 * The CA's files: creates them once, reads them, and keeps their modes tight.
 *
 * Owns the names, modes and owners inside the CA folder, which mitmproxy may
 * share. Leaves what the files say to ca/, through `create` and the returned
 * text. An existing key file is never overwritten or moved, whatever it holds.
 *
 * Imports: domain/errors.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";

const FOLDER_MODE = 0o700;
const KEY_MODE = 0o600;
const CERTIFICATE_MODE = 0o644;

/** Key and certificate in one file; the name is mitmproxy's. */
const KEY_FILE = "mitmproxy-ca.pem";
const CERTIFICATE_FILE = "mitmproxy-ca-cert.pem";

/** Where the CA's files are. */
export interface CaPaths {
  readonly dir: string;
  /** Private; 0600. */
  readonly key: string;
  /** Public; 0644. */
  readonly certificate: string;
}

/** A CA as found on disk. */
export interface CaFiles {
  readonly paths: CaPaths;
  /** Contents of the key file: certificate and private key. Never to be logged. */
  readonly pem: string;
  /** The first certificate in it, as written to the public file. */
  readonly certPem: string;
  /** Whether this call made the CA. */
  readonly created: boolean;
  /** Paths whose modes gave more than they should; they no longer do. */
  readonly tightened: readonly string[];
}

/** Paths of the CA's files in `dir`. */
export function caPaths(dir: string): CaPaths {
  return { dir, key: `${dir}/${KEY_FILE}`, certificate: `${dir}/${CERTIFICATE_FILE}` };
}

/**
 * Reads the CA in `dir`, or makes it where there is none. Of several processes doing so at once, one makes it and all
 * return the same.
 *
 * @param options.create Makes a CA as PEM text; called only if there is no key file.
 * @throws {MeterError} `ca_unusable` as for {@link loadCa}, or if the files cannot be written.
 */
export async function loadOrCreateCa(options: {
  readonly dir: string;
  readonly create: () => Promise<{ readonly certPem: string; readonly keyPem: string }>;
}): Promise<CaFiles> {
  const { dir, create } = options;
  const { key } = caPaths(dir);
  await orUnusable(dir, () => Deno.mkdir(dir, { recursive: true, mode: FOLDER_MODE }));
  const tightened: string[] = [];
  // Tightens the folder too, so that a key never lies in one that others can enter.
  const found = await load(dir, tightened);
  if (found !== null) return found;
  const { certPem, keyPem } = await create();
  const created = await orUnusable(key, () => placeOnce(key, keyPem + certPem));
  const loaded = await load(dir, tightened);
  if (loaded === null) throw unusable(key, "it vanished while being made", "Try again");
  return { ...loaded, created };
}

/**
 * Reads the CA in `dir`: checks owners, tightens modes, and brings the public file in line with the key file.
 *
 * @returns `null` if there is no key file.
 * @throws {MeterError} `ca_unusable` if the folder or the key file belongs to another user, the key file is a symbolic
 *   link or not a plain file, or it cannot be read or holds no certificate.
 */
export async function loadCa(dir: string): Promise<CaFiles | null> {
  return await load(dir, []);
}

async function load(dir: string, tightened: string[]): Promise<CaFiles | null> {
  const paths = caPaths(dir);
  const folder = await statOrNull(Deno.stat, dir);
  if (folder === null) return null;
  if (!folder.isDirectory) throw unusable(dir, "it is not a folder", "Move it away");
  checkOwner(folder, dir);
  if (await tighten(dir, folder, FOLDER_MODE)) tightened.push(dir);
  const key = await statOrNull(Deno.lstat, paths.key);
  if (key === null) return null;
  if (key.isSymlink) throw unusable(paths.key, "it is a symbolic link", "Put the file itself there, with mode 0600");
  if (!key.isFile) throw unusable(paths.key, "it is not a plain file", "Move it away");
  checkOwner(key, paths.key);
  if (await tighten(paths.key, key, KEY_MODE)) tightened.push(paths.key);
  const pem = await orUnusable(paths.key, () => Deno.readTextFile(paths.key));
  const certPem = certificateIn(pem, paths.key);
  if (await publish(paths.certificate, certPem)) tightened.push(paths.certificate);
  return { paths, pem, certPem, created: false, tightened };
}

/** Writes the public file if it does not hold exactly `certPem`. Returns whether an existing file's mode was too loose. */
async function publish(path: string, certPem: string): Promise<boolean> {
  const info = await statOrNull(Deno.lstat, path);
  if (info?.isFile && bodyOf(await orUnusable(path, () => Deno.readTextFile(path))) === bodyOf(certPem)) {
    return await tighten(path, info, CERTIFICATE_MODE);
  }
  await orUnusable(path, () => replaceFile(path, certPem, CERTIFICATE_MODE));
  return false;
}

/**
 * Replaces the file at `path`, or makes it, so that readers see the old text or the new text and nothing between.
 *
 * @param mode Permissions of the new file, whatever the umask or the old file's mode.
 */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  await place(path, text, mode, Deno.rename);
}

/**
 * Puts a new file in place whole, or not at all if one is there already. A hard link is the one way to do both: a rename
 * would replace the CA that another process has just begun to use.
 */
async function placeOnce(path: string, text: string): Promise<boolean> {
  try {
    await place(path, text, KEY_MODE, Deno.link);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) return false;
    throw cause;
  }
}

async function place(path: string, text: string, mode: number, put: typeof Deno.link): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await Deno.writeTextFile(temporary, text, { createNew: true, mode });
    await Deno.chmod(temporary, mode); // The umask took its share of the mode above.
    await sync(temporary);
    await put(temporary, path);
    await sync(path.slice(0, path.lastIndexOf("/")) || "/");
  } finally {
    await Deno.remove(temporary).catch(() => {}); // Renamed away, or never made.
  }
}

/** Makes a file's contents, or the names in a folder, survive a power failure. */
async function sync(path: string): Promise<void> {
  using file = await Deno.open(path);
  await file.sync();
}

/** Removes the permissions beyond `mode`. A stricter mode is the user's choice and stays. */
async function tighten(path: string, info: Deno.FileInfo, mode: number): Promise<boolean> {
  if (info.mode === null) return false;
  const found = info.mode & 0o777;
  if ((found & ~mode) === 0) return false;
  try {
    await Deno.chmod(path, found & mode);
  } catch (cause) {
    throw unusable(path, `its mode ${found.toString(8)} cannot be tightened`, "Check the owner of the file", cause);
  }
  return true;
}

/** A file of another user could be replaced by that user at any time, whatever its mode says. */
function checkOwner(info: Deno.FileInfo, path: string): void {
  const uid = Deno.uid();
  if (uid === null || info.uid === null || info.uid === uid) return;
  const state = `it belongs to another user (uid ${info.uid}, this is ${uid})`;
  throw unusable(path, state, "Run this as the user it belongs to, without sudo, or move it away");
}

/** The first certificate of the key file. Text around the block, such as a key, never reaches the public file. */
function certificateIn(pem: string, path: string): string {
  const block = /-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----/.exec(pem)?.[0];
  if (block === undefined) {
    throw unusable(path, "it holds no certificate", `Move it away and run "halton-meter init" to create a new CA`);
  }
  return `${block}\n`;
}

/** PEM text without white space, so that line ends do not make a difference. */
function bodyOf(pem: string): string {
  return pem.replaceAll(/\s/g, "");
}

/** Turns the system's refusals into an error that names the path. */
async function orUnusable<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    const hint = "Check owner, mode and free space of the folder";
    throw unusable(path, `it cannot be read or written (${nameOf(cause)})`, hint, cause);
  }
}

async function statOrNull(stat: typeof Deno.stat, path: string): Promise<Deno.FileInfo | null> {
  try {
    return await stat(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    throw unusable(
      path,
      `it cannot be examined (${nameOf(cause)})`,
      "Check the owners and modes of its folders",
      cause,
    );
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "unknown failure";
}

function unusable(path: string, state: string, hint: string, cause?: unknown): MeterError {
  return new MeterError("ca_unusable", `Cannot use the CA at ${path}: ${state}`, { hint, cause });
}
