/**
 * Secrets and sentences to plant: each is made once, remembered, and looked for in the end.
 *
 * @module
 */

import { CONTEXTS, GENERAL } from "../../../scripts/redaction_corpus/contexts.ts";
import { drawFrom, ruleOfKind, SECRET_KINDS, secretOf } from "../../redaction/secret_shapes.ts";
import { type Needle, Needles } from "./needles.ts";

/** A key that manuals print is no secret to look for: it is the same for everybody. */
const KINDS = SECRET_KINDS.filter((kind) => kind !== "aws-access-key.documentation");

const SYLLABLES = ["qua", "zor", "vex", "lum", "thri", "plo", "gny", "dax", "wim", "fro", "bru", "skel", "yaf", "nud"];

/** Hands out canaries, each kind of secret in turn. */
export class Canaries {
  readonly #seed: string;
  readonly #secrets: Needle[] = [];
  readonly #sentences: Needle[] = [];
  #next = 0;

  /** @param seed Another seed gives other secrets. */
  constructor(seed: string) {
    this.#seed = seed;
  }

  get secretCount(): number {
    return this.#secrets.length;
  }

  get sentenceCount(): number {
    return this.#sentences.length;
  }

  /** Labels of all sentences so far. */
  get sentenceLabels(): string[] {
    return [...new Set(this.#sentences.map(({ label }) => label))];
  }

  get secrets(): Needles {
    return new Needles(this.#secrets);
  }

  get sentences(): Needles {
    return new Needles(this.#sentences);
  }

  /** A secret of a kind, for a place that says by itself what it is. @param where Names the place in messages. */
  secret(kind: string, where: string): string {
    const seed = `${this.#seed}-${this.#secrets.length}`;
    const text = secretOf(kind, seed);
    const others = ["a", "b", "c"].map((other) => secretOf(kind, `${seed}${other}`));
    this.#secrets.push({ label: `${kind} in ${where}`, text, others });
    return text;
  }

  /** A sentence of a prompt, with three words that nobody else says. */
  sentence(where: string): string {
    const draw = drawFrom(`${this.#seed} sentence ${this.#sentences.length}`);
    const word = () => Array.from({ length: 5 }, () => SYLLABLES[draw(SYLLABLES.length)]).join("");
    const words = [word(), word(), word()] as const;
    for (const text of words) this.#sentences.push({ label: `sentence in ${where}`, text });
    return `Ask ${words[0]} whether the ${words[1]} of "${words[2]}" still sings`;
  }

  /** The next kinds of secrets as people write them down, a sentence before and after. */
  page(count: number, where: string): string {
    const lines = Array.from({ length: count }, () => this.#line(where));
    return [this.sentence(where), ...lines, "That is all."].join("\n\n");
  }

  #line(where: string): string {
    const index = this.#next++;
    const kind = KINDS[index % KINDS.length] ?? "";
    const contexts = CONTEXTS[kind] ?? GENERAL;
    const context = contexts[Math.floor(index / KINDS.length) % contexts.length] ?? "";
    const name = ruleOfKind(kind).toUpperCase().replaceAll("-", "_");
    return context.replaceAll("NAME", name).replaceAll("¤", () => this.secret(kind, where));
  }
}

/** How many kinds {@link Canaries.page} goes through before it begins again. */
export const KIND_COUNT: number = KINDS.length;
