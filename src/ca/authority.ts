/**
 * The certificate authority: makes it, reads it, and issues leaves with it.
 *
 * Owns what the certificates say. Leaves files and modes to os/ca_files.ts, and
 * trust to the operating system. Signs for nothing but the hosts in
 * domain/hosts.ts. Time is an argument: UTC epoch milliseconds.
 *
 * The X.509 package costs about 100 ms to load, so it is loaded by the first
 * call, never by importing this module.
 *
 * Imports: domain; ./name_constraints.ts, ./private_key.ts; @peculiar/x509.
 *
 * @module
 */

import type { Extension, X509Certificate } from "@peculiar/x509";
import { MeterError } from "../domain/errors.ts";
import { isIntercepted } from "../domain/hosts.ts";
import {
  decodeNameConstraints,
  encodeNameConstraints,
  NAME_CONSTRAINTS_OID,
  type NameConstraints,
  permits,
} from "./name_constraints.ts";
import { readSigningKey, type SigningKey, unusableCa } from "./private_key.ts";

const DAY_MS = 86_400_000;

/** Ten years of 365.25 days: as long as the roots that mitmproxy makes. */
const AUTHORITY_DAYS = 3652;

/** Clocks of clients and containers run behind; a certificate from the future is refused by all of them. */
const AUTHORITY_BACKDATE_DAYS = 2;
const LEAF_BACKDATE_DAYS = 1;

/** Longest life of a leaf, counted from its issue. */
const LEAF_MAX_DAYS = 7;

const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;

/** A new root as PEM text: its certificate, and its key as PKCS#8. */
export interface NewAuthority {
  readonly certPem: string;
  readonly keyPem: string;
}

/** A root that can sign. The key cannot be exported from it. */
export interface Authority {
  /** The certificate alone, as PEM. */
  readonly certPem: string;
  readonly notAfter: number;
  /** Whether the certificate itself limits which DNS names the key can sign for. */
  readonly constrained: boolean;
  /** Those of the hosts asked about that its constraints do not permit. */
  readonly refusedHosts: readonly string[];
  readonly certificate: X509Certificate;
  readonly signingKey: SigningKey;
  readonly constraints: NameConstraints | null;
}

/** A certificate for one host, with its key, for a TLS listener. */
export interface Leaf {
  /** The leaf followed by the root, as PEM. */
  readonly certPem: string;
  /** PKCS#8 as PEM. Kept in memory only. */
  readonly keyPem: string;
  readonly notAfter: number;
}

/**
 * Makes a root on curve P-256 whose key can sign for `hosts` and their subdomains, and for nothing else.
 *
 * @param options.hosts Lower-case DNS names, at least one.
 * @param options.commonName Documented removal commands find the root by this name.
 * @throws {RangeError} If `hosts` is empty or holds something other than a DNS name.
 */
export async function createAuthority(
  options: { readonly hosts: readonly string[]; readonly now: number; readonly commonName?: string },
): Promise<NewAuthority> {
  const { hosts, now, commonName = "mitmproxy" } = options;
  const constraints = encodeNameConstraints(hosts);
  const x509 = await loadX509();
  const keys = await crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: [{ CN: [commonName] }, { O: ["mitmproxy"] }],
    notBefore: new Date(now - AUTHORITY_BACKDATE_DAYS * DAY_MS),
    notAfter: new Date(now + AUTHORITY_DAYS * DAY_MS),
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      new x509.Extension(NAME_CONSTRAINTS_OID, true, constraints),
    ],
  });
  return { certPem: pemOf(certificate), keyPem: await privateKeyPem(keys.privateKey) };
}

/**
 * Reads a root from PEM text that holds its certificate and its key, in either order.
 *
 * @param options.hosts Hosts it is wanted for, lower-case; those it may not sign for are named in the result.
 * @throws {MeterError} `ca_unusable` if a part is missing or unreadable, the two do not belong together, the certificate
 *   is not a CA's, or it is not valid at `now`.
 */
export async function readAuthority(
  pem: string,
  options: { readonly hosts: readonly string[]; readonly now: number },
): Promise<Authority> {
  const x509 = await loadX509();
  const block = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(pem)?.[0];
  if (block === undefined) throw unusableCa("there is no certificate beside its key");
  let certificate: X509Certificate;
  let constraints: NameConstraints | null;
  try {
    certificate = new x509.X509Certificate(block);
    constraints = constraintsOf(certificate);
  } catch (cause) {
    throw unusableCa("its certificate cannot be read", cause);
  }
  const signingKey = await readSigningKey(pem);
  if (!await belongTogether(certificate, signingKey)) throw unusableCa("its key does not belong to its certificate");
  if (!maySign(certificate, x509)) throw unusableCa("its certificate is not one of a CA");
  checkValidity(certificate, options.now);
  return {
    certPem: pemOf(certificate),
    notAfter: certificate.notAfter.getTime(),
    constrained: constraints !== null && constraints.permittedDns !== null && !constraints.permittedDns.includes(""),
    refusedHosts: options.hosts.filter((host) => !permits(constraints, host)),
    certificate,
    signingKey,
    constraints,
  };
}

/**
 * Issues a certificate with a new P-256 key for one host.
 *
 * @param host A host from domain/hosts.ts, normalized.
 * @param days Whole or fractional days of validity from `now`, at most 7. A root that ends earlier ends the leaf with it.
 * @throws {RangeError} If the host may not be decrypted or `days` is out of range: a bug in the caller.
 * @throws {MeterError} `ca_unusable` if the root's constraints do not permit the host: clients would refuse the leaf.
 */
export async function issueLeaf(
  authority: Authority,
  host: string,
  now: number,
  days: number = LEAF_MAX_DAYS,
): Promise<Leaf> {
  if (!isIntercepted(host)) throw new RangeError("Refused to sign: the host is not one that may be decrypted");
  if (!(days > 0 && days <= LEAF_MAX_DAYS)) throw new RangeError(`Leaf lifetime out of range: ${days} days`);
  if (!permits(authority.constraints, host)) throw unusableCa(`its name constraints do not permit ${host}`);
  const x509 = await loadX509();
  const keys = await crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const notAfter = Math.min(now + days * DAY_MS, authority.notAfter);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject: [{ CN: [host] }],
    issuer: authority.certificate.subjectName,
    notBefore: new Date(now - LEAF_BACKDATE_DAYS * DAY_MS),
    notAfter: new Date(notAfter),
    publicKey: keys.publicKey,
    signingKey: authority.signingKey.key,
    signingAlgorithm: authority.signingKey.algorithm,
    extensions: await leafExtensions(authority, keys.publicKey, host),
  });
  return {
    certPem: pemOf(certificate) + authority.certPem,
    keyPem: await privateKeyPem(keys.privateKey),
    notAfter: certificate.notAfter.getTime(),
  };
}

async function leafExtensions(authority: Authority, publicKey: CryptoKey, host: string): Promise<Extension[]> {
  const x509 = await loadX509();
  // Clients match this with the root's own identifier byte by byte, however the root's maker computed it.
  const rootId = authority.certificate.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension([{ type: "dns", value: host }]),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    rootId === undefined
      ? await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey)
      : new x509.AuthorityKeyIdentifierExtension(rootId),
  ];
}

/** The package asks for the metadata polyfill to be loaded before it. */
async function loadX509(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata");
  return await import("@peculiar/x509");
}

function constraintsOf(certificate: X509Certificate): NameConstraints | null {
  const extension = certificate.getExtension(NAME_CONSTRAINTS_OID);
  return extension === null ? null : decodeNameConstraints(new Uint8Array(extension.value));
}

/** Tried by use: equal encodings of a public key are not promised, a signature that verifies is proof. */
async function belongTogether(certificate: X509Certificate, { key, algorithm }: SigningKey): Promise<boolean> {
  const probe = crypto.getRandomValues(new Uint8Array(32));
  const signature = await crypto.subtle.sign(algorithm, key, probe);
  try {
    const publicKey = await certificate.publicKey.export(algorithm, ["verify"]);
    return await crypto.subtle.verify(algorithm, publicKey, signature, probe);
  } catch {
    return false; // The certificate's key is of another kind.
  }
}

function maySign(certificate: X509Certificate, x509: typeof import("@peculiar/x509")): boolean {
  const usage = certificate.getExtension(x509.KeyUsagesExtension);
  const signs = usage === null || (usage.usages & x509.KeyUsageFlags.keyCertSign) !== 0;
  return signs && certificate.getExtension(x509.BasicConstraintsExtension)?.ca === true;
}

function checkValidity(certificate: X509Certificate, now: number): void {
  const { notBefore, notAfter } = certificate;
  if (now > notAfter.getTime()) throw unusableCa(`its certificate expired at ${notAfter.toISOString()}`);
  if (now < notBefore.getTime()) {
    throw new MeterError("ca_unusable", `Cannot use the CA: it is not valid before ${notBefore.toISOString()}`, {
      hint: "Set the clock of this machine",
    });
  }
}

/** 128 random bits behind a 01 byte: positive, 17 octets of the 20 that RFC 5280 section 4.1.2.2 allows, no leading zero. */
function randomSerial(): string {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return "01" + Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString("pem").trimEnd()}\n`;
}

async function privateKeyPem(key: CryptoKey): Promise<string> {
  const { PemConverter } = await loadX509();
  return `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), PemConverter.PrivateKeyTag).trimEnd()}\n`;
}
