/**
 * Reads `name = value` around a name that was found in a text.
 *
 * Understands JSON at any depth of escaping, JavaScript and Python objects, YAML, TOML, shell variables and flags, header
 * lines and queries. Looks at one line only. Never leaves a value's quotes: an escaped quote inside a value is told from
 * the closing one by the count of backslashes.
 *
 * Imports: ./characters.ts, types of ./rule.ts.
 *
 * @module
 */

import { BACKSLASH, isBareCode, isTokenCode, QUOTE } from "./characters.ts";
import type { AssignedValue } from "./rule.ts";

/** A value and where its source stands. */
export interface Assignment extends AssignedValue {
  readonly start: number;
  readonly end: number;
}

/** Bounds the cost of a try that fails; a value that is accepted is followed to its end. */
const MAX_BLANKS = 8;
const MAX_BACKSLASHES = 31;
const MAX_BARE = 96;
/** Colons and equal signs in a value without quotes: Base64 ends in two, an address has three. */
const MAX_SIGNS = 4;

interface Quote {
  readonly code: number;
  /** Backslashes before it: 0, 1, 3 or 7 in JSON that was escaped 0 to 3 times. */
  readonly level: number;
}

function quoteAt(text: string, at: number): Quote | null {
  let level = 0;
  while (level < MAX_BACKSLASHES && text.charCodeAt(at + level) === BACKSLASH) level++;
  const code = text.charCodeAt(at + level);
  // Any other count is that of a quote which ends a string around this one.
  if ((level & (level + 1)) !== 0) return null;
  return code === QUOTE || code === 0x27 || code === 0x60 ? { code, level } : null;
}

function skipBlanks(text: string, at: number): number {
  let end = at;
  while (end - at < MAX_BLANKS && (text[end] === " " || text[end] === "\t")) end++;
  return end;
}

/** The position after `:`, `=`, `:=`, `=>`, `?:` and the like; `at` itself when there is none. */
function skipSign(text: string, at: number): number {
  let end = text[at] === "?" && text[at + 1] === ":" ? at + 1 : at;
  if (text[end] !== ":" && text[end] !== "=") return at;
  while (end - at < 4 && (text[end] === ":" || text[end] === "=" || text[end] === ">")) end++;
  return end;
}

/** Whether the name is, or ends, a long option such as `--api-key`. */
function isOption(text: string, nameStart: number): boolean {
  let start = nameStart;
  while (start > 0 && nameStart - start < 40 && isTokenCode(text.charCodeAt(start - 1))) start--;
  return text.startsWith("--", start);
}

/**
 * The level of the outermost string that a quote after `run` backslashes closes, out of `level` and those around it; null
 * for a quote inside the value. At each level a string ends where whole escaped pairs precede its own kind of quote.
 */
function closedLevel(run: number, level: number): number | null {
  for (let outer = 0; outer <= level; outer = 2 * outer + 1) {
    if (run % (2 * (outer + 1)) === outer) return outer;
  }
  return null;
}

/** Where a quoted value ends, its closing quote left out; null when the line or the surrounding string ends first. */
function quotedEnd(text: string, from: number, quote: Quote): { end: number; open: boolean } | null {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x0a || code === 0x0d || code === 0x20) return null;
    if (code !== BACKSLASH && code !== QUOTE && code !== quote.code) {
      at++;
      continue;
    }
    let run = 0;
    while (text.charCodeAt(at + run) === BACKSLASH) run++;
    const next = text.charCodeAt(at + run);
    if (next === quote.code) {
      const closed = closedLevel(run, quote.level);
      if (closed !== null) return { end: closed === quote.level ? at + run - closed : at, open: false };
    } else if (next === QUOTE) {
      return null;
    }
    at += run + 1;
  }
  return { end: text.length, open: true };
}

/** Where a value without quotes ends; null when what follows shows that it is code, or that names follow each other. */
function bareEnd(text: string, from: number): { end: number; open: boolean } | null {
  let end = from;
  let signs = 0;
  for (; end - from < MAX_BARE; end++) {
    const code = text.charCodeAt(end);
    if (!isBareCode(code)) break;
    if ((code === 0x3a || code === 0x3d) && ++signs > MAX_SIGNS) return null;
  }
  if (end >= text.length) return { end, open: true };
  if ("([{".includes(text.charAt(end))) return null;
  while (end > from && ".:!?".includes(text.charAt(end - 1))) end--;
  return { end, open: false };
}

/** Characters between two JSON strings, or of code; a value beside a name without quotes may not hold them. */
const STRUCTURE = /[,;:{}[\]()<>]/;

/**
 * Reads the assignment whose name stands at `[nameStart, nameEnd)`; null when the name is not assigned a text here.
 * In `"name": value` with double quotes, as in JSON, a value without quotes is a number or a word and is never read.
 */
export function readAssignment(text: string, nameStart: number, nameEnd: number): Assignment | null {
  let at = nameEnd;
  const nameQuote = quoteAt(text, at);
  if (nameQuote !== null) at += nameQuote.level + 1;
  const indexed = nameQuote !== null && text[at] === "]";
  if (indexed) at++;
  const signStart = skipBlanks(text, at);
  const signEnd = skipSign(text, signStart);
  if (signEnd === signStart && (nameQuote !== null || signStart === at || !isOption(text, nameStart))) return null;
  at = skipBlanks(text, signEnd);
  const valueQuote = quoteAt(text, at);
  let found: { end: number; open: boolean } | null;
  if (valueQuote !== null) {
    if (nameQuote !== null && nameQuote.level !== valueQuote.level) return null;
    at += valueQuote.level + 1;
    found = quotedEnd(text, at, valueQuote);
    const ambiguous = nameQuote?.code !== valueQuote.code && found !== null &&
      STRUCTURE.test(text.slice(at, Math.min(found.end, at + MAX_BARE)));
    if (ambiguous) return null;
  } else {
    if (nameQuote?.code === QUOTE && !indexed) return null;
    found = bareEnd(text, at);
  }
  if (found === null || found.end <= at) return null;
  const name = text.slice(nameStart, nameEnd);
  return {
    field: name.toLowerCase().replaceAll(/[_-]/g, ""),
    prefix: text.slice(Math.max(0, nameStart - 16), nameStart),
    value: text.slice(at, found.end),
    quoted: valueQuote !== null,
    shouting: at === nameEnd + 1 && text[nameEnd] === "=" && name === name.toUpperCase(),
    open: found.open,
    start: at,
    end: found.end,
  };
}
