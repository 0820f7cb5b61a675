/**
 * Ways to cut bytes.
 *
 * @module
 */

/** The bytes of `text`. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Up to this length every split into two is tried; above it, splits at a stride. */
const EVERY_SPLIT_BELOW = 1500;

/** Whole, every split into two pieces, byte by byte. */
export function* cuts(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield [bytes];
  const stride = Math.max(1, Math.floor(bytes.length / EVERY_SPLIT_BELOW));
  for (let at = 1; at < bytes.length; at += stride) yield [bytes.subarray(0, at), bytes.subarray(at)];
  yield Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1));
}
