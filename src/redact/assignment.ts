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

/** Where the word begins that the name ends: `--api` of `--api-key`. */
function wordStart(text: string, nameStart: number): number {
  let start = nameStart;
  while (start > 0 && nameStart - start < 40 && isTokenCode(text.charCodeAt(start - 1))) start--;
  return start;
}

/** Whether a blank parts the name from its value: after a long option, and in a Dockerfile. */
function isBlankSign(text: string, nameStart: number): boolean {
  const start = wordStart(text, nameStart);
  return text.startsWith("--", start) || /(?:ENV|ARG) $/.test(text.slice(Math.max(0, start - 4), start));
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
const STRUCTURE = /[,;:{}[\]<>]/;

/** A prompt shows what is set: `Secret Access Key [None]:`. */
const PROMPT = /[ \t]\[[^\]\r\n"\\]{0,32}\](?=:)/y;
/** The name is a value of its own: `{"name":"API_KEY","value":…}`, `<add key="ApiKey" value=…>`, `variable "token" { default = …`. */
const MEMBER =
  /\\{0,31}["']?(?:[ \t,{]|\\{1,8}[nr]|\r?\n){1,12}\\{0,31}["']?(?:value|default)\\{0,31}["']?[ \t]{0,4}[:=](?=[ \t"'\\])/y;
const SPOKEN = /[ \t]is:?(?=[ \t])/y;

function matchEnd(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** What stands between a name and its value. */
interface Sign {
  /** Behind the sign. */
  readonly end: number;
  readonly nameQuote: Quote | null;
  /** `env["NAME"]`: what follows is code, not JSON. */
  readonly indexed: boolean;
  readonly spoken: boolean;
}

/** Signs that are words. */
function readFurther(text: string, nameEnd: number, nameQuote: Quote | null): Sign | null {
  const member = matchEnd(MEMBER, text, nameEnd);
  if (member > nameEnd) return { end: member, nameQuote, indexed: false, spoken: false };
  const spoken = matchEnd(SPOKEN, text, nameEnd);
  return spoken > nameEnd ? { end: spoken, nameQuote: null, indexed: false, spoken: true } : null;
}

function readSign(text: string, nameStart: number, nameEnd: number): Sign | null {
  // Most names that are found are followed by a sign, or are part of a longer word.
  const plain = isBareCode(text.charCodeAt(nameEnd));
  const nameQuote = plain ? null : quoteAt(text, nameEnd);
  const blank = text[nameEnd] === " " || text[nameEnd] === "\t";
  const further = plain || (blank && "=:".includes(text.charAt(nameEnd + 1)))
    ? null
    : readFurther(text, nameEnd, nameQuote);
  if (further !== null) return further;
  let at = nameQuote === null ? (blank ? matchEnd(PROMPT, text, nameEnd) : nameEnd) : nameEnd + nameQuote.level + 1;
  const indexed = nameQuote !== null && text[at] === "]";
  if (indexed) at++;
  const start = skipBlanks(text, at);
  const end = skipSign(text, start);
  if (end === start && (nameQuote !== null || start === at || !isBlankSign(text, nameStart))) return null;
  return { end, nameQuote, indexed, spoken: false };
}

/** In `https://name:value@host` the name is a user's, and another rule knows the value's end. */
function isUserInfo(text: string, nameStart: number, value: string): boolean {
  return value.includes("@") && text.startsWith("//", wordStart(text, nameStart) - 2);
}

/** Reads the content of `<name>value</name>`. */
function elementEnd(text: string, nameStart: number, from: number): { end: number; open: boolean } | null {
  const before = text.charAt(wordStart(text, nameStart) - 1);
  if (before !== "<" && before !== ":") return null;
  let end = from;
  while (end < text.length && end - from < MAX_BARE && !/[\s"'\\<>]/.test(text.charAt(end))) end++;
  return text[end] === "<" && text[end + 1] === "/" ? { end, open: false } : null;
}

/**
 * Reads the assignment whose name stands at `[nameStart, nameEnd)`; null when the name is not assigned a text here.
 * In `"name": value` with double quotes, as in JSON, a value without quotes is a number or a word and is never read.
 */
export function readAssignment(text: string, nameStart: number, nameEnd: number): Assignment | null {
  const isElement = text[nameEnd] === ">";
  const sign = isElement ? null : readSign(text, nameStart, nameEnd);
  if (sign === null && !isElement) return null;
  let at = sign === null ? nameEnd + 1 : skipBlanks(text, sign.end);
  const valueQuote = sign === null ? null : quoteAt(text, at);
  let found: { end: number; open: boolean } | null;
  if (sign === null) {
    found = elementEnd(text, nameStart, at);
  } else if (valueQuote !== null) {
    if (sign.nameQuote !== null && sign.nameQuote.level !== valueQuote.level) return null;
    at += valueQuote.level + 1;
    found = quotedEnd(text, at, valueQuote);
    const ambiguous = sign.nameQuote?.code !== valueQuote.code && found !== null &&
      STRUCTURE.test(text.slice(at, Math.min(found.end, at + MAX_BARE)));
    if (ambiguous) return null;
  } else {
    if (sign.nameQuote?.code === QUOTE && !sign.indexed) return null;
    found = bareEnd(text, at);
    if (found !== null && isUserInfo(text, nameStart, text.slice(at, found.end))) return null;
  }
  if (found === null || found.end <= at) return null;
  const name = text.slice(nameStart, nameEnd);
  return {
    field: name.toLowerCase().replaceAll(/[_-]/g, ""),
    prefix: text.slice(Math.max(0, nameStart - 16), nameStart),
    value: text.slice(at, found.end),
    quoted: valueQuote !== null || isElement,
    shouting: at === nameEnd + 1 && text[nameEnd] === "=" && name === name.toUpperCase(),
    spoken: sign?.spoken ?? false,
    open: found.open,
    start: at,
    end: found.end,
  };
}
