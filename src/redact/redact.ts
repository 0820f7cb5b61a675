/**
 * Masks secrets in a text. What was JSON before is JSON after.
 *
 * A mask is `[REDACTED:<rule>]`, without quotes or backslashes, so that it fits into a JSON string at any depth of escaping.
 * The one secret that JSON can hold outside a string is a bare number, whose mask brings its own quotes.
 *
 * Imports: ./json_place.ts, ./scan.ts.
 *
 * @module
 */

import { StringTracker } from "./json_place.ts";
import { type Ending, type Find, findSecrets, type Found } from "./scan.ts";

/** Rule name → times fired. */
export type RedactionCounts = Readonly<Record<string, number>>;

/** A text that may be stored. */
export interface Redacted {
  readonly text: string;
  readonly counts: RedactionCounts;
}

/** A stretch of source `[start, end)` and what stands there afterwards: a mask, or nothing for the rest of a split secret. */
export interface Edit extends Found {
  readonly mask: string;
}

/** Masks every secret of `text`, whatever its form; with ending `cut`, also one that the end of the text cuts through. */
export function redactText(text: string, ending: Ending = "whole", find: Find = findSecrets): Redacted {
  return applyEdits(text, maskEdits(text, find(text, ending)));
}

/** The mask of a rule. */
export function placeholder(rule: string): string {
  return `[REDACTED:${rule}]`;
}

/** Sums counts rule by rule. */
export function addCounts(first: RedactionCounts, second: RedactionCounts): RedactionCounts {
  const sum: Record<string, number> = { ...first };
  for (const [rule, count] of Object.entries(second)) sum[rule] = (sum[rule] ?? 0) + count;
  return sum;
}

/** Gives each find its mask. `found` is in order. */
export function maskEdits(text: string, found: readonly Found[]): Edit[] {
  const strings = new StringTracker(text);
  return found.map((secret) => {
    const quotes = /^\d+$/.test(text.slice(secret.start, secret.end)) ? numberQuotes(text, secret, strings) : "";
    return { ...secret, mask: `${quotes}${placeholder(secret.rule)}${quotes}` };
  });
}

/** Replaces stretches, joining those that overlap under the name of the first; each mask that remains counts once. */
export function applyEdits(text: string, edits: readonly Edit[]): Redacted {
  const counts: Record<string, number> = {};
  const pieces: string[] = [];
  let copied = 0;
  for (const edit of joinOverlaps(edits)) {
    pieces.push(text.slice(copied, edit.start), edit.mask);
    copied = edit.end;
    if (edit.mask !== "") counts[edit.rule] = (counts[edit.rule] ?? 0) + 1;
  }
  if (copied === 0) return { text, counts };
  return { text: pieces.join("") + text.slice(copied), counts };
}

function joinOverlaps(edits: readonly Edit[]): Edit[] {
  const joined: Edit[] = [];
  for (const edit of [...edits].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = joined.at(-1);
    if (last === undefined || edit.start >= last.end) {
      joined.push(edit);
      continue;
    }
    // The rest of a split secret needs no second mask, even where it would be found by itself.
    const named = last.mask !== "" || edit.end <= last.end || edit.rule === last.rule ? last : edit;
    joined[joined.length - 1] = { ...named, start: last.start, end: Math.max(last.end, edit.end) };
  }
  return joined;
}

/** The quotes that a masked number needs: none inside a plain string or text, else those of the JSON it is a value of. */
function numberQuotes(text: string, number: Found, strings: StringTracker): string {
  if (!/^\s{0,64}[,}\]]/.test(text.slice(number.end, number.end + 65))) return "";
  const before = text.slice(Math.max(0, number.start - 64), number.start);
  if (!strings.isJson) return "";
  if (!strings.inside(number.start)) return /[:,[]\s*$/.test(before) ? '"' : "";
  return /(\\+")\s*:\s*$/.exec(before)?.[1] ?? "";
}
