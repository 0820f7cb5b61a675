/**
 * Finds every literal of every rule in one pass over a text, so that the cost does not grow with the table.
 *
 * Three neighbouring characters select the few literals that can begin there; the rest of each is compared in place.
 *
 * Imports: types of ./rule.ts.
 *
 * @module
 */

import type { FieldRule, Rule, TokenRule } from "./rule.ts";

/** A literal and the rule that asked for it. */
export interface Probe {
  /** In lower case when `fold` is set. */
  readonly literal: string;
  readonly fold: boolean;
  /** The rule, under the kind that it is of. */
  readonly token: TokenRule | null;
  readonly field: FieldRule | null;
  /** Position of the rule in the table. */
  readonly order: number;
  /** Codes of the literal, and the bit to set in a text's code before it is compared: 0x20 where case does not count. */
  readonly codes: Uint8Array;
  readonly bits: Uint8Array;
}

/** 128 × 128 pairs of ASCII characters. */
const PAIRS = 1 << 14;

function fieldLiterals(rule: FieldRule): string[] {
  return rule.fields.flatMap((field) => ["_", "-", "", " "].map((joint) => field.replaceAll(" ", joint)));
}

function probesOf(rule: Rule, order: number): Probe[] {
  const field = "fields" in rule ? rule : null;
  const token = "fields" in rule ? null : rule;
  const literals = field === null ? token?.literals ?? [] : fieldLiterals(field);
  const fold = field !== null || token?.ignoreCase === true;
  return [...new Set(literals)].map((literal) => {
    const codes = Uint8Array.from(literal, (character) => character.charCodeAt(0));
    const bits = codes.map((code) => fold && isLetter(code) ? 0x20 : 0);
    return { literal, fold, token, field, order, codes, bits };
  });
}

/** Both cases of a letter when `fold` is set; every ASCII code where a short literal has no character any more. */
function codesAt(probe: Probe, position: number): number[] {
  const character = probe.literal[position];
  if (character === undefined) return Array.from({ length: 128 }, (_, code) => code);
  const forms = probe.fold ? [character, character.toUpperCase()] : [character];
  return [...new Set(forms)].map((form) => form.charCodeAt(0));
}

function isLetter(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}

/** Compares from the last character, because literals that share a bucket mostly share their beginning. */
function standsAt(text: string, at: number, { codes, bits }: Probe): boolean {
  for (let index = codes.length - 1; index >= 0; index--) {
    if ((text.charCodeAt(at + index) | (bits[index] ?? 0)) !== codes[index]) return false;
  }
  return true;
}

/** The literals of a table, ready to be looked for. */
export class LiteralIndex {
  /** First two characters → bucket; 0 = no literal begins so. */
  readonly #bucketOf = new Uint16Array(PAIRS);
  /** Bucket → third character → probes. */
  readonly #buckets: Probe[][][] = [[]];

  constructor(rules: readonly Rule[]) {
    for (const probe of rules.flatMap(probesOf)) {
      for (const first of codesAt(probe, 0)) {
        for (const second of codesAt(probe, 1)) {
          const bucket = this.#bucket((first << 7) | second);
          for (const third of codesAt(probe, 2)) bucket[third]?.push(probe);
        }
      }
    }
  }

  #bucket(pair: number): Probe[][] {
    if (this.#bucketOf[pair] === 0) {
      this.#bucketOf[pair] = this.#buckets.push(Array.from({ length: 128 }, () => [])) - 1;
    }
    return this.#buckets[this.#bucketOf[pair] ?? 0] ?? [];
  }

  /** Calls `visit` for each place where a literal stands, from left to right. */
  each(text: string, visit: (at: number, probe: Probe) => void): void {
    const bucketOf = this.#bucketOf;
    let second = text.charCodeAt(0);
    for (let at = 0; at < text.length; at++) {
      const first = second;
      second = text.charCodeAt(at + 1);
      if (first > 127) continue;
      // A character beyond ASCII shares a bucket with some ASCII one; the comparison then refuses it.
      const bucket = bucketOf[(first << 7) | (second & 127)] ?? 0;
      if (bucket === 0) continue;
      const probes = this.#buckets[bucket]?.[text.charCodeAt(at + 2) & 127] ?? [];
      for (const probe of probes) if (standsAt(text, at, probe)) visit(at, probe);
    }
  }
}

/** Literals of a rule for a token that are long enough for a part of them to be a tell-tale at the end of a text. */
export function longLiterals(rule: TokenRule, shortest: number): string[] {
  return rule.open === false || rule.ignoreCase === true ? [] : rule.literals.filter((text) => text.length > shortest);
}
