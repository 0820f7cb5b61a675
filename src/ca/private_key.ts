/**
 * The CA's private key, from PEM text to a key that can sign.
 *
 * Takes the forms found in `mitmproxy-ca.pem`: PKCS#8, PKCS#1 (what mitmproxy
 * writes) and SEC 1; RSA, P-256 and P-384. Encrypted keys are refused, since the
 * daemon starts without anyone to type a passphrase.
 *
 * Imports: domain/errors.ts; node:crypto, only while reading a key.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";

/** Parameters for importing a key and for signing with it. */
export interface SigningAlgorithm {
  readonly name: "ECDSA" | "RSASSA-PKCS1-v1_5";
  /** Hash to sign with; as strong as the curve, so that P-384 signs with SHA-384. */
  readonly hash: "SHA-256" | "SHA-384";
  readonly namedCurve?: "P-256" | "P-384";
}

/** A private key that cannot be exported again, with the parameters it signs by. */
export interface SigningKey {
  readonly key: CryptoKey;
  readonly algorithm: SigningAlgorithm;
}

const KEY_BLOCK = /-----BEGIN ((?:RSA |EC |ENCRYPTED )?PRIVATE KEY)-----[\s\S]*?-----END \1-----/;

/**
 * Reads the first private key in `pem`.
 *
 * @throws {MeterError} `ca_unusable` if there is none, or it is encrypted, unreadable or of an unsupported kind.
 */
export async function readSigningKey(pem: string): Promise<SigningKey> {
  const block = KEY_BLOCK.exec(pem)?.[0];
  if (block === undefined) throw unusableCa("there is no private key beside the certificate");
  if (block.includes("ENCRYPTED")) throw unusableCa("its private key is encrypted");
  const { createPrivateKey } = await import("node:crypto");
  let key: ReturnType<typeof createPrivateKey>;
  try {
    key = createPrivateKey(block);
  } catch {
    // The parser's own error could quote key material, so it is not kept as the cause.
    throw unusableCa("its private key cannot be read");
  }
  const algorithm = algorithmOf(key.asymmetricKeyType, key.asymmetricKeyDetails?.namedCurve);
  if (algorithm === null) throw unusableCa("its private key is neither RSA nor on curve P-256 or P-384");
  const pkcs8 = new Uint8Array(key.export({ type: "pkcs8", format: "der" }));
  return { key: await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]), algorithm };
}

function algorithmOf(type: string | undefined, curve: string | undefined): SigningAlgorithm | null {
  if (type === "rsa") return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  if (type !== "ec") return null;
  if (curve === "prime256v1" || curve === "p256") return { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" };
  if (curve === "secp384r1" || curve === "p384") return { name: "ECDSA", hash: "SHA-384", namedCurve: "P-384" };
  return null;
}

/** The error for a CA that has to be replaced; `state` completes the sentence. */
export function unusableCa(state: string, cause?: unknown): MeterError {
  return new MeterError("ca_unusable", `Cannot use the CA: ${state}`, {
    hint: `Move the CA folder away and run "halton-meter init" to create a new CA`,
    cause,
  });
}
