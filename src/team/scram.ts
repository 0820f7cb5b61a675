/**
 * A password as PostgreSQL stores it: the SCRAM-SHA-256 verifier of RFC 5803, so that the password itself is never sent.
 *
 * Passwords outside of ASCII would need SASLprep (RFC 4013); they are refused.
 *
 * Imports: domain.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";

const ITERATIONS = 4096;

/** The verifier, with a new salt. @throws {MeterError} `bad_config` if the password is not plain ASCII. */
export async function scramVerifier(
  password: string,
  salt: Uint8Array<ArrayBuffer> = crypto.getRandomValues(new Uint8Array(16)),
): Promise<string> {
  if (!/^[\x20-\x7e]+$/.test(password)) {
    throw new MeterError("bad_config", "Cannot set the password in DATABASE_URL: it is not plain ASCII", {
      hint: "Choose one of letters and digits",
    });
  }
  const base = await crypto.subtle.importKey("raw", new TextEncoder().encode(password), "PBKDF2", false, [
    "deriveBits",
  ]);
  const salted = new Uint8Array(
    await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: ITERATIONS }, base, 256),
  );
  const clientKey = await hmac(salted, "Client Key");
  const storedKey = new Uint8Array(await crypto.subtle.digest("SHA-256", clientKey));
  const serverKey = await hmac(salted, "Server Key");
  return `SCRAM-SHA-256$${ITERATIONS}:${base64(salt)}$${base64(storedKey)}:${base64(serverKey)}`;
}

async function hmac(key: Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const made = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", made, new TextEncoder().encode(text)));
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
