/**
 * Keeps the beginning of one body in memory until it can be redacted and stored.
 *
 * Imports: redact/cut.ts.
 *
 * @module
 */

import { KEEP_BEYOND_CUT } from "../redact/cut.ts";

/** Collects up to a limit and counts the rest. */
export class BodyKeeper {
  readonly #limit: number;
  #chunks: Uint8Array[] = [];
  #kept = 0;
  #total = 0;
  #gap = false;

  /** @param limit Bytes stored in the end; 0 keeps nothing. */
  constructor(limit: number) {
    this.#limit = limit === 0 ? 0 : limit + KEEP_BEYOND_CUT;
  }

  /** Decoded bytes seen. */
  get total(): number {
    return this.#total;
  }

  /** The array may be reused by the caller. */
  add(bytes: Uint8Array): void {
    this.#total += bytes.length;
    const room = this.#gap ? 0 : this.#limit - this.#kept;
    if (room <= 0) return;
    const part = bytes.slice(0, room);
    this.#chunks.push(part);
    this.#kept += part.length;
  }

  /** Bytes are missing here: what follows is not kept, since it would read as if it belonged to what came before. */
  gap(lost: number): void {
    this.#total += lost;
    this.#gap = true;
  }

  /** The kept bytes as text, or null when there is nothing or it is not text. Lets go of them. */
  take(): string | null {
    if (this.#kept === 0) return null;
    const bytes = new Uint8Array(this.#kept);
    let offset = 0;
    for (const chunk of this.#chunks.splice(0)) {
      bytes.set(chunk, offset);
      offset += chunk.length;
    }
    this.#kept = 0;
    return textOf(bytes);
  }
}

/** Text that ends within a character is still text; anything else that is not UTF-8 is not stored. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return null;
  }
}
