/**
 * Random secrets, what is stored of them, and comparing them in constant time.
 *
 * Tokens, links and sessions hold 256 random bits, so a plain SHA-256 is enough to keep. A pairing code holds 40 bits, which
 * are guarded by its ten minutes and by rate limits.
 *
 * Imports: node:crypto.
 *
 * @module
 */

import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** How a sync token begins. */
export const TOKEN_PREFIX = "hm_sync_";

/** Crockford's base 32: no I, L, O or U, so that a code can be read aloud. */
const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH = 8;

/** 256 random bits, base64url. */
export function randomSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** A pairing code without its hyphen: 8 of {@link CROCKFORD}, every one as likely as any other. */
export function randomCode(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(CODE_LENGTH)), (byte) => CROCKFORD[byte % 32]).join("");
}

/** `XXXX-XXXX`. */
export function formatCode(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

/** A code as a person types it: any case, with or without hyphen, O for 0, I and L for 1. Null for anything else. */
export function readCode(text: string): string | null {
  const code = text.toUpperCase().replaceAll(/[-\s]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  return code.length === CODE_LENGTH && [...code].every((letter) => CROCKFORD.includes(letter)) ? code : null;
}

/** SHA-256 as hex digits: what is stored of a secret, and what {@link presentSecret} shows. */
export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** The key by which sign-in finds a member: names are told apart without regard to case. */
export function loginKey(workspace: string, name: string): string {
  return hashOf(`login\n${workspace.toLowerCase()}\n${name.normalize("NFKC").toLowerCase()}`);
}

/** Whether two hashes are the same, in a time that does not tell where they differ. */
export function sameHash(a: string, b: string): boolean {
  const [left, right] = [new TextEncoder().encode(a), new TextEncoder().encode(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** What a form of this session must carry. Whoever cannot read the cookie cannot make it. */
export function formToken(session: string): string {
  return createHmac("sha256", session).update("halton-meter-team form").digest("base64url");
}
