/**
 * A byte buffer that grows by doubling, so that a body in many small pieces costs no more than one in few.
 *
 * Imports: nothing.
 *
 * @module
 */

const FIRST_CAPACITY = 4 * 1024;

/** Bytes collected in order. */
export class GrowingBytes {
  #buffer = new Uint8Array(0);
  #length = 0;

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  /** Copies `bytes` to the end. */
  append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#buffer.length, FIRST_CAPACITY));
      larger.set(this.bytes());
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = needed;
  }

  /** A view of what is held, valid until the next change. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Forgets everything and gives the memory back. */
  clear(): void {
    if (this.#length === 0) return;
    this.#buffer = new Uint8Array(0);
    this.#length = 0;
  }
}
