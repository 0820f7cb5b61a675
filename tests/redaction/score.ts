/**
 * Scores the redaction of the corpus.
 *
 * A listed secret is missed when eight or more of its characters in a row are left. A mask is false when it covers no
 * listed secret, or eight or more characters that belong to none. Precision and recall follow from these counts; a mask
 * under another rule's name than the listed one is right, and counted beside them.
 *
 * @module
 */

import { bodyEdits } from "../../src/redact/body.ts";
import type { Edit } from "../../src/redact/redact.ts";
import type { Case } from "./corpus.ts";

/** Characters of a secret that may stand, and of other text that may go. */
const PIECE = 8;

/** Counts of one rule: secrets listed under it, masks made by it. */
export interface RuleScore {
  readonly rule: string;
  readonly secrets: number;
  readonly missed: number;
  readonly masks: number;
  readonly falseMasks: number;
  /** Secrets that were masked under another rule's name. */
  readonly renamed: number;
}

/** One fault, for people who mend rules. */
export interface Fault {
  readonly id: string;
  readonly kind: "missed" | "false";
  readonly rule: string;
  /** What was left or masked, at most 60 characters. */
  readonly text: string;
}

/** The outcome for a whole corpus. */
export interface Score {
  readonly cases: number;
  readonly rules: readonly RuleScore[];
  readonly total: RuleScore;
  readonly recall: number;
  readonly precision: number;
  readonly faults: readonly Fault[];
}

/** A mask and everything that it took away: one stretch, or the pieces of a secret that deltas split. */
interface Mask {
  readonly rule: string;
  readonly stretches: { start: number; end: number }[];
}

/** Scores every case. */
export function scoreOf(cases: readonly Case[]): Score {
  const counts = new Map<string, { -readonly [Key in keyof RuleScore]: RuleScore[Key] }>();
  const faults: Fault[] = [];
  const countOf = (rule: string) => {
    const known = counts.get(rule) ?? { rule, secrets: 0, missed: 0, masks: 0, falseMasks: 0, renamed: 0 };
    counts.set(rule, known);
    return known;
  };
  for (const item of cases) {
    const masks = masksOf(bodyEdits(item.body, item.contentType));
    const nameOf = masked(item, masks);
    for (const mask of masks) {
      const count = countOf(mask.rule);
      count.masks++;
      if (!isFalse(item, mask)) continue;
      count.falseMasks++;
      faults.push({ id: item.id, kind: "false", rule: mask.rule, text: textOf(item, mask) });
    }
    for (const [secret, rule] of item.rules.entries()) {
      const count = countOf(rule);
      count.secrets++;
      const left = leftOf(item, secret, nameOf);
      if (left.length >= PIECE) {
        count.missed++;
        faults.push({ id: item.id, kind: "missed", rule, text: left.slice(0, 60) });
      } else if (!namesOf(item, secret, nameOf).has(rule)) count.renamed++;
    }
  }
  const rules = [...counts.values()].toSorted((a, b) => a.rule < b.rule ? -1 : 1);
  const sum = (key: "secrets" | "missed" | "masks" | "falseMasks" | "renamed") =>
    rules.reduce((total, rule) => total + rule[key], 0);
  const total: RuleScore = {
    rule: "all",
    secrets: sum("secrets"),
    missed: sum("missed"),
    masks: sum("masks"),
    falseMasks: sum("falseMasks"),
    renamed: sum("renamed"),
  };
  return {
    cases: cases.length,
    rules,
    total,
    recall: ratio(total.secrets - total.missed, total.secrets),
    precision: ratio(total.masks - total.falseMasks, total.masks),
    faults,
  };
}

/** 1 when there was nothing to get wrong. */
export function ratio(right: number, all: number): number {
  return all === 0 ? 1 : right / all;
}

/** Joins overlapping edits, and puts the emptied pieces of a split secret with its mask. */
function masksOf(edits: readonly Edit[]): Mask[] {
  const masks: Mask[] = [];
  let end = -1;
  for (const edit of [...edits].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = masks.at(-1);
    const stretch = last?.stretches.at(-1);
    if (last !== undefined && stretch !== undefined && edit.start < end) {
      stretch.end = Math.max(stretch.end, edit.end);
    } else if (last !== undefined && edit.mask === "") {
      last.stretches.push({ start: edit.start, end: edit.end });
    } else {
      masks.push({ rule: edit.rule, stretches: [{ start: edit.start, end: edit.end }] });
    }
    end = Math.max(end, edit.end);
  }
  return masks;
}

/** For each unit of the body, the rule that masked it. */
function masked({ body }: Case, masks: readonly Mask[]): (string | undefined)[] {
  const names: (string | undefined)[] = new Array(body.length);
  for (const { rule, stretches } of masks) for (const { start, end } of stretches) names.fill(rule, start, end);
  return names;
}

function isFalse({ owner }: Case, { stretches }: Mask): boolean {
  let right = 0;
  let wrong = 0;
  for (const { start, end } of stretches) {
    for (let at = start; at < end; at++) {
      if (owner[at] === -1) wrong++;
      else right++;
    }
  }
  return right === 0 || wrong >= PIECE;
}

/** The longest row of characters of a secret that is left. */
function leftOf({ body, owner }: Case, secret: number, names: readonly (string | undefined)[]): string {
  let longest = "";
  let row = "";
  for (let at = 0; at < owner.length; at++) {
    if (owner[at] !== secret) continue;
    row = names[at] === undefined ? row + body.charAt(at) : "";
    if (row.length > longest.length) longest = row;
  }
  return longest;
}

function namesOf({ owner }: Case, secret: number, names: readonly (string | undefined)[]): Set<string | undefined> {
  return new Set(names.filter((_, at) => owner[at] === secret));
}

function textOf({ body }: Case, { stretches }: Mask): string {
  return stretches.map(({ start, end }) => body.slice(start, end)).join("").slice(0, 60);
}
