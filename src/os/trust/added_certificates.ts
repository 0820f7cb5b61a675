/**
 * The certificates that this program has put into a store that knows them by their contents only: one file for each in
 * `<home>/trusted/`. A store may hold another certificate of the same name, and a CA that was made anew leaves the one
 * before it behind; without this record nobody could tell which of them are the meter's.
 *
 * A certificate is noted before it is put in, so that an interruption between the two loses nothing.
 *
 * Imports: os/ca_files.ts, os/paths.ts, os/trust/fingerprint.ts.
 *
 * @module
 */

import { replaceFile } from "../ca_files.ts";
import { ensureHome, type Paths } from "../paths.ts";
import { type Certificate, certificatesIn } from "./fingerprint.ts";

const MODE = 0o600;

/** A noted certificate and the file that holds it. */
export interface AddedCertificate extends Certificate {
  readonly file: string;
}

/** Everything that was noted, and not forgotten since. */
export async function addedCertificates(paths: Paths): Promise<AddedCertificate[]> {
  const folder = folderOf(paths);
  const added: AddedCertificate[] = [];
  for (const name of await namesIn(folder)) {
    const file = `${folder}/${name}`;
    const [certificate] = certificatesIn(await Deno.readTextFile(file).catch(() => ""));
    // A name that is not its contents' was not written by this module.
    if (certificate !== undefined && name === `${certificate.sha256}.pem`) added.push({ ...certificate, file });
  }
  return added;
}

/** Notes a certificate that is about to be put in. */
export async function noteAdded(paths: Paths, { pem, sha256 }: Certificate): Promise<void> {
  ensureHome(paths);
  await Deno.mkdir(folderOf(paths), { recursive: true, mode: 0o700 });
  await replaceFile(`${folderOf(paths)}/${sha256}.pem`, pem, MODE);
}

/** Forgets a certificate that is no longer in. */
export async function forgetAdded(paths: Paths, { sha256 }: Pick<Certificate, "sha256">): Promise<void> {
  try {
    await Deno.remove(`${folderOf(paths)}/${sha256}.pem`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await Deno.remove(folderOf(paths)).catch(() => {}); // Not empty, or not there.
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    return names.sort();
  } catch {
    return [];
  }
}

function folderOf({ home }: Paths): string {
  return `${home}/trusted`;
}
