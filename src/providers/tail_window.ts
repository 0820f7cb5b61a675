/**
 * Keeps the last bytes of a stream in constant memory.
 *
 * Imports: nothing.
 *
 * @module
 */

/** The last `size` bytes of what was fed. */
export class TailWindow {
  readonly #size: number;
  readonly #buffer: Uint8Array;
  #length = 0;

  /** @param size Bytes to keep; twice as much is allocated, so that moving costs a copy per byte at most. */
  constructor(size: number) {
    this.#size = size;
    this.#buffer = new Uint8Array(2 * size);
  }

  /** Takes the next bytes. */
  read(bytes: Uint8Array): void {
    const kept = bytes.length > this.#size ? bytes.subarray(bytes.length - this.#size) : bytes;
    if (this.#length + kept.length > this.#buffer.length) {
      const from = Math.max(0, this.#length - this.#size);
      this.#buffer.copyWithin(0, from, this.#length);
      this.#length -= from;
    }
    this.#buffer.set(kept, this.#length);
    this.#length += kept.length;
  }

  /** A view of the bytes kept, valid until the next {@link TailWindow.read}. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(Math.max(0, this.#length - this.#size), this.#length);
  }
}
