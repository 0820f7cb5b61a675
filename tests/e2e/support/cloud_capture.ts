/**
 * Everything that a text may hide in on the line to a team server: as it was sent, unpacked, and out of Base64.
 *
 * @module
 */

import { gunzipSync, inflateSync } from "node:zlib";
import { text } from "./bytes.ts";
import type { SeenRequest } from "./flaky_link.ts";
import { drawFrom } from "../../redaction/secret_shapes.ts";
import { type Needle, Needles } from "./needles.ts";

/** Base64 in Base64, or packed in it, is followed so far down. */
const MOST_LAYERS = 4;

/**
 * Sentences to plant. Their words are drawn letter by letter, so that the few letters that ten characters of Base64 stand for
 * still tell one sentence from all others.
 */
export class Planted {
  readonly #seed: string;
  readonly #needles: Needle[] = [];

  constructor(seed: string) {
    this.#seed = seed;
  }

  get labels(): string[] {
    return [...new Set(this.#needles.map(({ label }) => label))].toSorted();
  }

  get needles(): Needles {
    return new Needles(this.#needles);
  }

  /** A new sentence. @param label Names it in what is found. */
  sentence(label: string): string {
    const draw = drawFrom(`${this.#seed} ${label}`);
    const syllable = () => `${"bdfgklmnprstvz"[draw(14)]}${"aeiou"[draw(5)]}`;
    const words = [0, 1, 2].map(() => Array.from({ length: 9 }, syllable).join(""));
    for (const text of words) this.#needles.push({ label, text });
    return `Ask ${words[0]} whether the ${words[1]} of "${words[2]}" still sings`;
  }
}

/** Labels of what these requests hold, in paths, header fields and bodies, in order. */
export function foundIn(seen: readonly SeenRequest[], needles: Needles): string[] {
  const found = new Set<string>();
  for (const { method, path, fields, body } of seen) {
    const head = [`${method} ${path}`, ...Array.from(fields, ([name, value]) => `${name}: ${value}`)].join("\r\n");
    for (const bytes of [new TextEncoder().encode(head), body]) {
      for (const reading of readingsOf(bytes, MOST_LAYERS)) for (const label of needles.in(reading)) found.add(label);
    }
  }
  return [...found].toSorted();
}

function* readingsOf(bytes: Uint8Array, layers: number): Generator<string> {
  const raw = text(bytes);
  yield raw;
  if (layers === 0) return;
  for (const unpack of [gunzipSync, inflateSync]) {
    try {
      yield* readingsOf(unpack(bytes), layers - 1);
    } catch {
      // Not packed in this way.
    }
  }
  for (const [run] of raw.matchAll(/[A-Za-z0-9+\/_-]{16,}/g)) {
    const whole = run.replaceAll("-", "+").replaceAll("_", "/").slice(0, run.length - (run.length % 4 === 1 ? 1 : 0));
    yield* readingsOf(Uint8Array.from(atob(whole), (character) => character.charCodeAt(0)), layers - 1);
  }
}
