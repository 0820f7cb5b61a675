/**
 * What must not be found, and a way to look for it that does not depend on how it is written down.
 *
 * A secret counts as found when ten characters in a row of it are, in any of the forms of {@link formsOf} and in either case.
 * Stretches that all secrets of a kind have in common, such as a prefix, tell nothing and are left out.
 *
 * @module
 */

/** Characters in a row that give a secret away. */
const LENGTH = 10;

/** Something that was planted. */
export interface Needle {
  /** Names it in messages, which must not repeat it. */
  readonly label: string;
  readonly text: string;
  /** Texts of the same kind, whose stretches are public. */
  readonly others?: readonly string[];
}

/** Forms in which a text may rest somewhere: as it is, escaped, encoded, or folded into a name. */
export function formsOf(text: string): string[] {
  const bytes = new TextEncoder().encode(text);
  const escaped = JSON.stringify(text).slice(1, -1);
  const forms = [
    text,
    escaped,
    JSON.stringify(escaped).slice(1, -1),
    encodeURIComponent(text),
    encodeURIComponent(text).replaceAll("%20", "+"),
    text.toLowerCase().replaceAll(/[^-_:\/a-z0-9]+/g, "-"),
    Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),
  ];
  for (let shift = 0; shift < 3; shift++) {
    const shifted = new Uint8Array(shift + bytes.length);
    shifted.set(bytes, shift);
    // The first and last characters also tell of what stands around the text.
    const inner = btoa(String.fromCharCode(...shifted)).slice(Math.ceil(shift * 4 / 3), -4);
    forms.push(inner, inner.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return forms;
}

function* stretches(text: string): Generator<string> {
  for (const form of formsOf(text)) {
    const folded = form.toLowerCase();
    for (let at = 0; at + LENGTH <= folded.length; at++) yield folded.slice(at, at + LENGTH);
  }
}

/** Looks for all needles at once. */
export class Needles {
  readonly #labels = new Map<string, string>();
  /** One bit per hash of the first four characters of a stretch. */
  readonly #begins = new Uint8Array(1 << 16);

  constructor(needles: readonly Needle[]) {
    for (const { label, text, others = [] } of needles) {
      const common = new Set(others.flatMap((other) => [...stretches(other)]));
      let own = 0;
      for (const stretch of stretches(text)) {
        // Lines of dashes are alike in all PEM files, and so is the end of the Base64 before them.
        if (common.has(stretch) || /---|n-/.test(stretch)) continue;
        own++;
        this.#labels.set(stretch, label);
        this.#begins[hash(stretch, 0)] = 1;
      }
      if (own === 0) throw new Error(`Nothing of ${label} tells it from others of its kind`);
    }
  }

  /** Labels of what `text` holds. */
  in(text: string): Set<string> {
    const folded = text.toLowerCase();
    const found = new Set<string>();
    for (let at = 0; at + LENGTH <= folded.length; at++) {
      if (this.#begins[hash(folded, at)] === 0) continue;
      const label = this.#labels.get(folded.slice(at, at + LENGTH));
      if (label !== undefined) found.add(label);
    }
    return found;
  }
}

function hash(text: string, at: number): number {
  const word = text.charCodeAt(at) | text.charCodeAt(at + 1) << 8 | text.charCodeAt(at + 2) << 16 |
    text.charCodeAt(at + 3) << 24;
  return Math.imul(word, 0x9e3779b1) >>> 16;
}
