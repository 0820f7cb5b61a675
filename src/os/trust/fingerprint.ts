/**
 * Certificates in PEM text and what identifies them: the digests of their DER bytes. Nothing inside a certificate is read.
 *
 * Imports: domain; node:buffer, node:crypto.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { MeterError } from "../../domain/errors.ts";

/** One certificate. Digests are upper-case hexadecimal digits without separators, as `security` prints them. */
export interface Certificate {
  /** In lines of 64 characters with a line end after the last, so that equal ones compare equal. */
  readonly pem: string;
  readonly sha256: string;
  readonly sha1: string;
}

/** Every certificate in `text`, in order. Whatever stands around them, such as a key, is passed over. */
export function certificatesIn(text: string): Certificate[] {
  const blocks = text.matchAll(/-----BEGIN CERTIFICATE-----([\sA-Za-z0-9+/=]+)-----END CERTIFICATE-----/g);
  return Array.from(blocks, ([, body = ""]) => {
    const base64 = body.replaceAll(/\s/g, "");
    const der = Buffer.from(base64, "base64");
    const lines = base64.match(/.{1,64}/g) ?? [];
    return {
      pem: ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
      sha256: digest("sha256", der),
      sha1: digest("sha1", der),
    };
  });
}

/** Equals no certificate, so that what an earlier one left can be found where there is none any more. */
export const NO_CERTIFICATE: Certificate = { pem: "", sha256: "", sha1: "" };

/** The first certificate in the file; {@link NO_CERTIFICATE} where there is none. */
export async function certificateAt(file: string): Promise<Certificate> {
  return certificatesIn(await Deno.readTextFile(file).catch(() => ""))[0] ?? NO_CERTIFICATE;
}

/** The first certificate in the file, to put it somewhere. @throws {MeterError} `ca_unusable` when there is none. */
export async function requiredCertificate(file: string): Promise<Certificate> {
  const certificate = await certificateAt(file);
  if (certificate !== NO_CERTIFICATE) return certificate;
  throw new MeterError("ca_unusable", `Cannot read the meter's certificate: there is none in ${file}`, {
    hint: "Run: halton-meter init",
  });
}

/** Whether the file at `path` holds the certificate; false where there is no such file or it cannot be read. */
export async function fileHolds(path: string, { sha256 }: Pick<Certificate, "sha256">): Promise<boolean> {
  try {
    return certificatesIn(await Deno.readTextFile(path)).some((other) => other.sha256 === sha256);
  } catch {
    return false;
  }
}

function digest(algorithm: "sha256" | "sha1", der: Uint8Array): string {
  return createHash(algorithm).update(der).digest("hex").toUpperCase();
}
