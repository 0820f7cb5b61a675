/**
 * The built-in rules and a user's own, made ready once and applied to everything that is kept.
 *
 * A user's pattern runs over the text as it stands and, in streams, over the joined text of deltas. Text that was JSON stays
 * JSON whatever a pattern matches: of a match that spans several strings, each string's part is masked for itself, and what
 * stands between strings is left.
 *
 * Imports: domain (config types, errors, pattern_cost), ./characters.ts, ./cut.ts, ./header_lines.ts, ./json_place.ts,
 * ./names.ts, ./redact.ts, ./scan.ts, ./target.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { judgePattern } from "../domain/pattern_cost.ts";
import { builtInRuleNames } from "../domain/redaction_categories.ts";
import { afterEscape, BACKSLASH } from "./characters.ts";
import { type Cut, redactAndCut } from "./cut.ts";
import { redactFields } from "./header_lines.ts";
import { StringTracker } from "./json_place.ts";
import { redactName, redactNamesIn } from "./names.ts";
import { redactText } from "./redact.ts";
import { type Ending, type Find, findSecrets, type Found, mergeFound } from "./scan.ts";
import { redactTarget } from "./target.ts";

/** A rule of `[[redaction.rules]]`. */
export interface UserRule {
  readonly name: string;
  /** A regular expression, read with flag `u`. */
  readonly pattern: string;
}

/** Redacts with the built-in rules and with those that it was made with. */
export interface Redactor {
  /** As `redactAndCut`. */
  readonly body: (text: string, contentType: string | null, maxBytes: number) => Cut;
  /** As `redactTarget`. */
  readonly target: (target: string) => string;
  /** As `redactFields`. */
  readonly fields: (fields: readonly string[]) => string[];
  /** As `redactName`. */
  readonly name: (name: string) => string;
  /** As `redactNamesIn`. */
  readonly namesIn: (json: string) => string;
  /** As `redactText`, for one line that is whole. */
  readonly line: (text: string) => string;
}

/** Texts that are known to be clean: how many, and up to how many UTF-16 units. */
const MOST_REMEMBERED = 1_024;
const LONGEST_REMEMBERED = 256;

interface CompiledRule {
  readonly name: string;
  readonly pattern: RegExp;
}

/**
 * Makes a redactor.
 *
 * @throws {MeterError} `bad_config` naming the rule whose pattern does not compile, matches nothing, or can be made slow,
 *   or whose name is taken.
 */
export function createRedactor(userRules: readonly UserRule[]): Redactor {
  const taken = new Set(builtInRuleNames());
  const rules = userRules.map((rule) => compiled(rule, taken));
  const find: Find = rules.length === 0 ? findSecrets : (text, ending) => findAll(text, ending, rules);
  const name = rememberingClean((text) => redactName(text, find));
  return {
    body: (text, contentType, maxBytes) => redactAndCut(text, contentType, maxBytes, find),
    target: rememberingClean((target) => redactTarget(target, find)),
    fields: (fields) => redactFields(fields, find),
    name,
    namesIn: (json) => redactNamesIn(json, name),
    line: (text) => redactText(text, "whole", find).text,
  };
}

/** Names and paths come again with every call. Only those in which nothing was masked are kept, so that no secret is. */
function rememberingClean(redact: (text: string) => string): (text: string) => string {
  const clean = new Set<string>();
  return (text) => {
    if (clean.has(text)) return text;
    const redacted = redact(text);
    if (redacted === text && text.length <= LONGEST_REMEMBERED) {
      if (clean.size === MOST_REMEMBERED) clean.clear();
      clean.add(text);
    }
    return redacted;
  };
}

function compiled({ name, pattern }: UserRule, taken: Set<string>): CompiledRule {
  if (taken.has(name) || !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) {
    throw refused(name, "its name is taken or not in kebab case", "Give the rule a name of its own");
  }
  taken.add(name);
  if (!compiles(pattern)) throw refused(name, "it does not compile or matches nothing", "Correct the pattern");
  const judged = judgePattern(pattern);
  if (!judged.ok) throw refused(name, `the pattern has ${judged.reason}`, "Bound what repeats, as in {1,64}");
  return { name, pattern: new RegExp(judged.source, "gu") };
}

function compiles(pattern: string): boolean {
  try {
    return !new RegExp(pattern, "u").test("");
  } catch {
    return false;
  }
}

function refused(name: string, state: string, hint: string): MeterError {
  return new MeterError("bad_config", `Cannot use redaction rule ${name}: ${state}`, { hint });
}

/** The built-in rules name what both find. */
function findAll(text: string, ending: Ending, rules: readonly CompiledRule[]): Found[] {
  return mergeFound([...findSecrets(text, ending), ...rules.flatMap((rule) => matchesOf(text, rule))]);
}

function matchesOf(text: string, { name, pattern }: CompiledRule): Found[] {
  const found: Found[] = [];
  const strings = new StringTracker(text);
  for (const match of text.matchAll(pattern)) {
    for (const piece of piecesOf(text, match.index, match.index + match[0].length)) {
      // Between the strings of JSON stand names of literals, numbers and signs; only whole numbers can be masked there.
      const between = strings.isJson && !strings.inside(piece.start);
      if (!between || isWholeNumber(text, piece)) found.push({ ...piece, rule: name });
    }
  }
  return found;
}

function isWholeNumber(text: string, { start, end }: { start: number; end: number }): boolean {
  return /^\d+$/.test(text.slice(start, end)) && /[:,[]\s{0,32}$/.test(text.slice(Math.max(0, start - 33), start)) &&
    /^\s{0,32}[,}\]]/.test(text.slice(end, end + 33));
}

/** The parts of `[start, end)` between quotes and line breaks that hold a letter or a digit, without halves of escapes. */
function piecesOf(text: string, start: number, end: number): { start: number; end: number }[] {
  const pieces: { start: number; end: number }[] = [];
  for (const { 0: source, index } of text.slice(start, end).matchAll(/[^"\r\n]+/g)) {
    const from = behindEscape(text, start + index);
    const to = beforeEscape(text, from, start + index + source.length);
    if (from < to && /[\p{L}\p{N}]/u.test(text.slice(from, to))) pieces.push({ start: from, end: to });
  }
  return pieces;
}

/** The first position from `start` on that lies in no escape sequence begun before it. */
function behindEscape(text: string, start: number): number {
  let backslashes = 0;
  while (text.charCodeAt(start - 1 - backslashes) === BACKSLASH) backslashes++;
  if (backslashes % 2 === 0) return afterEscape(text, start);
  return start + (text[start] === "u" ? 5 : 1);
}

/** The last position up to `end` that lies in no escape sequence begun before it. */
function beforeEscape(text: string, start: number, end: number): number {
  const unicode = /\\u[0-9a-fA-F]{0,3}$/.exec(text.slice(Math.max(start, end - 5), end));
  let to = unicode === null ? end : end - unicode[0].length;
  while (to > start && text.charCodeAt(to - 1) === BACKSLASH) to--;
  return to;
}
