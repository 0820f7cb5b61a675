/**
 * Bytes and text, as the end-to-end tests compare them.
 *
 * @module
 */

/** UTF-8. */
export function utf8(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(value);
}

/** One character per byte, so that a difference can be read and none is lost. */
export function text(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** All parts in order. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Where `wanted` begins, or -1. */
export function indexOfBytes(bytes: Uint8Array, wanted: Uint8Array): number {
  const first = wanted[0];
  if (first === undefined) return 0;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}
