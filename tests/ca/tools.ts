/**
 * What the certificate tests share: a CA, a signer without the CA's restraint, and other programs to ask for their opinion.
 *
 * @module
 */

import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { type Authority, createAuthority, readAuthority } from "../../src/ca/authority.ts";
import { INTERCEPTED_HOSTS } from "../../src/domain/hosts.ts";

const DAY_MS = 86_400_000;

/** A client that hangs has failed. */
const LONGEST_RUN_MS = 30_000;

/** Outcome of another program. */
export interface Ran {
  readonly ok: boolean;
  /** Standard output, then standard error. */
  readonly text: string;
}

/** Runs a program that the tests rely on; its absence is a failure, since a skipped check would look like a passed one. */
export async function run(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  try {
    const signal = AbortSignal.timeout(LONGEST_RUN_MS);
    const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], env, signal }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { ok: success, text: decode(stdout) + decode(stderr) };
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(`This test needs the program "${program}": install it`, { cause });
  }
}

/** Calls `body` with a new folder that is gone afterwards. */
export async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A fresh CA for the intercepted hosts. */
export async function freshAuthority(now: number): Promise<Authority> {
  const { certPem, keyPem } = await createAuthority({ hosts: INTERCEPTED_HOSTS, now });
  return await readAuthority(keyPem + certPem, { hosts: INTERCEPTED_HOSTS, now });
}

/** What a thief of the key could do: a leaf for any name, flawless but for the CA's constraints. */
export async function signAnything(
  authority: Authority,
  name: { readonly type: "dns" | "ip"; readonly value: string },
  now: number,
): Promise<{ certPem: string; keyPem: string }> {
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const rootId = authority.certificate.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  if (rootId === undefined) throw new Error("The root has no subject key identifier");
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: "01f0e1d2c3b4a5968778695a4b3c2d1e",
    subject: [{ O: ["thief"] }],
    issuer: authority.certificate.subjectName,
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + DAY_MS),
    publicKey: keys.publicKey,
    signingKey: authority.signingKey.key,
    signingAlgorithm: authority.signingKey.algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ ...name }]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      new x509.AuthorityKeyIdentifierExtension(rootId),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certPem: `${certificate.toString("pem")}\n${authority.certPem}`,
    keyPem: x509.PemConverter.encode(pkcs8, x509.PemConverter.PrivateKeyTag),
  };
}
