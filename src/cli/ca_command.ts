/**
 * `halton-meter ca show|path`.
 *
 * Imports: domain, ca, os, cli.
 *
 * @module
 */

import { readAuthority } from "../ca/authority.ts";
import { MeterError } from "../domain/errors.ts";
import { INTERCEPTED_HOSTS } from "../domain/hosts.ts";
import { caPaths, loadCa } from "../os/ca_files.ts";
import { paths } from "../os/paths.ts";
import type { MeterContext } from "./app.ts";

/** Prints where the public certificate is, whether or not it exists yet. */
export function caPathCommand(this: MeterContext): void {
  this.process.stdout.write(`${caPaths(paths().caFolder).certificate}\n`);
}

/** Prints what the CA may do and how to remove it. */
export async function caShowCommand(this: MeterContext, flags: { readonly json: boolean }): Promise<void> {
  const folder = paths().caFolder;
  const files = await loadCa(folder);
  if (files === null) {
    throw new MeterError("failed", `Cannot show the certificate authority: there is none in ${folder}`, {
      hint: "Run `halton-meter daemon` once; it makes one",
    });
  }
  const authority = await readAuthority(files.pem, { hosts: INTERCEPTED_HOSTS, now: Date.now() });
  const shown = {
    certificate: files.paths.certificate,
    subject: authority.certificate.subject,
    serial: authority.certificate.serialNumber,
    sha256: colons(await crypto.subtle.digest("SHA-256", authority.certificate.rawData)),
    not_before: authority.certificate.notBefore.toISOString(),
    not_after: authority.certificate.notAfter.toISOString(),
    constrained: authority.constrained,
    hosts_it_may_sign_for: INTERCEPTED_HOSTS.filter((host) => !authority.refusedHosts.includes(host)),
  };
  const { stdout } = this.process;
  if (flags.json) return stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
  const limits = shown.constrained
    ? `only for ${shown.hosts_it_may_sign_for.join(", ")}`
    : "for any host: it has no name constraints, since this program did not make it";
  stdout.write(
    `certificate  ${shown.certificate}\nsubject      ${shown.subject}\nsha-256      ${shown.sha256}\n` +
      `valid        ${shown.not_before.slice(0, 10)} to ${shown.not_after.slice(0, 10)}\nsigns        ${limits}\n` +
      `key          ${files.paths.key}, readable by you alone\n`,
  );
}

function colons(digest: ArrayBuffer): string {
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join(":").toUpperCase();
}
