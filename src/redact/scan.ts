/**
 * Finds secrets in a text: where they stand and which rule knew them.
 *
 * Where the end of the text is a cut, a secret that is begun there and not finished is found as far as it goes, because
 * streams break off and kept copies are bounded. Only rules with a tell-tale prefix do so; a half card number cannot
 * be told from a number.
 *
 * Cost is linear in the text for any input; see rule.ts for what rules must keep to.
 *
 * Imports: ./assignment.ts, ./base64.ts, ./characters.ts, ./checks.ts, ./literal_index.ts, ./rules.ts.
 *
 * @module
 */

import { readAssignment } from "./assignment.ts";
import { encodedSecrets } from "./base64.ts";
import { afterEscape, endsEscape, isAlnumCode, isBareCode, isTokenCode, tokenRunEnd } from "./characters.ts";
import { isBlanked } from "./checks.ts";
import { LiteralIndex, longLiterals, type Probe } from "./literal_index.ts";
import type { TokenRule } from "./rule.ts";
import { RULES } from "./rules.ts";

/** Whether a text goes on to its own end, or may have been cut anywhere. */
export type Ending = "whole" | "cut";

/** A secret at `[start, end)`, in UTF-16 units. */
export interface Found {
  readonly start: number;
  readonly end: number;
  /** Name of the rule. */
  readonly rule: string;
}

/** A way to find secrets: in order, apart from each other. */
export type Find = (text: string, ending: Ending) => Found[];

interface Candidate extends Found {
  readonly order: number;
}

/** An unfinished secret is looked for in this many units before the end of the text; a private key may be longer. */
const OPEN_WINDOW = 20 * 1024;
/** Up to this many characters of a known prefix may stand unmasked at the end of a text: they tell nothing. */
const HARMLESS_PREFIX = 8;

/** What a rule's check sees of the text before the literal. */
const CONTEXT = 160;

const INDEX = new LiteralIndex(RULES);

const LONG_LITERALS = RULES.flatMap((rule, order) =>
  "fields" in rule ? [] : longLiterals(rule, HARMLESS_PREFIX).map((literal) => ({ literal, order, rule: rule.name }))
);

/**
 * All secrets of `text`, in order and apart from each other. Overlapping finds are one, under the name of the one that
 * begins first; of those that begin together the longest names it, then the earlier rule of the table.
 */
export function findSecrets(text: string, ending: Ending): Found[] {
  const shown = findShown(text, ending);
  const encoded = encodedSecrets(text, ending, findShown);
  return encoded.length === 0 ? shown : mergeFound([...shown, ...encoded]);
}

/** Secrets that stand in the text as they are. */
function findShown(text: string, ending: Ending): Found[] {
  const candidates: Candidate[] = [];
  const resumeAt = new Int32Array(RULES.length);
  INDEX.each(text, (at, probe) => {
    if (at < (resumeAt[probe.order] ?? 0)) return;
    const found = probe.token === null
      ? findField(text, at, probe, ending)
      : findToken(text, at, probe, probe.token, ending);
    if (found === null || found.end <= found.start) return;
    resumeAt[probe.order] = found.end;
    candidates.push({ ...found, order: probe.order });
  });
  const begun = ending === "cut" ? begunLiteral(text) : null;
  if (begun !== null) candidates.push(begun);
  candidates.sort((a, b) => a.start - b.start || b.end - a.end || a.order - b.order);
  return mergeSorted(candidates);
}

/** Puts finds in order and joins those that overlap; of those that begin together the longest gives the name. */
export function mergeFound(found: readonly Found[]): Found[] {
  return mergeSorted(found.toSorted((a, b) => a.start - b.start || b.end - a.end));
}

function mergeSorted(candidates: readonly Found[]): Found[] {
  const merged: { start: number; end: number; rule: string }[] = [];
  for (const { start, end, rule } of candidates) {
    const last = merged.at(-1);
    if (last !== undefined && start < last.end) {
      last.end = Math.max(last.end, end);
    } else {
      merged.push({ start, end, rule });
    }
  }
  return merged;
}

function mayBegin(text: string, at: number, boundary: "alnum" | "word" | "none"): boolean {
  if (boundary === "none" || at === 0) return true;
  const before = text.charCodeAt(at - 1);
  if (boundary === "word" ? !isTokenCode(before) : !isAlnumCode(before)) return true;
  return isAlnumCode(before) && endsEscape(text, at);
}

function findToken(text: string, at: number, probe: Probe, rule: TokenRule, ending: Ending): Found | null {
  if (!mayBegin(text, at, rule.boundary ?? "alnum")) return null;
  const whole = matchAt(text, at, rule, rule.pattern);
  if (whole !== null && isValid(text, at, rule, whole) && !isBlanked(text.slice(whole.start, whole.end))) {
    return rule.extend === false ? whole : { ...whole, end: tokenRunEnd(text, whole.end) };
  }
  if (ending === "whole" || rule.open === false || text.length - at > OPEN_WINDOW) return null;
  const begun = rule.open === undefined
    ? { start: at, end: tokenRunEnd(text, at + probe.literal.length), rule: rule.name }
    : matchAt(text, at, rule, rule.open);
  return begun?.end === text.length ? begun : null;
}

function matchAt(text: string, at: number, rule: TokenRule, pattern: RegExp): Found | null {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  if (match === null) return null;
  const end = at + match[0].length;
  const secret = match.groups?.["secret"] ?? match[0];
  const lead = match.groups?.["lead"] ?? "";
  return { start: afterEscape(text, end - secret.length - lead.length), end, rule: rule.name };
}

function isValid(text: string, at: number, rule: TokenRule, { start, end }: Found): boolean {
  if (rule.validate === undefined) return true;
  return rule.validate(text.slice(start, end), text.slice(Math.max(0, at - CONTEXT), at), text.slice(at, end));
}

function findField(text: string, at: number, { literal, field }: Probe, ending: Ending): Found | null {
  const assigned = readAssignment(text, at, at + literal.length);
  if (assigned === null || field === null || (assigned.open && assigned.quoted && ending === "whole")) return null;
  if (!field.accepts(ending === "cut" ? assigned : { ...assigned, open: false })) return null;
  let end = assigned.end;
  if (!assigned.quoted) { while (end < text.length && isBareCode(text.charCodeAt(end))) end++; }
  return { start: assigned.start, end, rule: field.name };
}

/** A prefix that the end of the text cut through, such as `github_pa`. */
function begunLiteral(text: string): Candidate | null {
  for (const { literal, order, rule } of LONG_LITERALS) {
    for (let length = literal.length - 1; length > HARMLESS_PREFIX; length--) {
      if (text.endsWith(literal.slice(0, length))) {
        return { start: text.length - length, end: text.length, rule, order };
      }
    }
  }
  return null;
}
