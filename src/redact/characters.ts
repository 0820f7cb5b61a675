/**
 * Character classes and escape sequences, as the scanner needs them. Imports nothing.
 *
 * @module
 */

/** UTF-16 code of `\`. */
export const BACKSLASH = 0x5c;
/** UTF-16 code of `"`. */
export const QUOTE = 0x22;
const PERCENT = 0x25;
const SMALL_M = 0x6d;
const SMALL_U = 0x75;

function classOf(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 128 }, (_, code) => pattern.test(String.fromCharCode(code)) ? 1 : 0);
}

const TOKEN = classOf(/[A-Za-z0-9_-]/);
const ALNUM = classOf(/[A-Za-z0-9]/);
const BARE = classOf(/[A-Za-z0-9_\-./+=~!@#$%^*?:]/);

/** `[A-Za-z0-9_-]`, what most tokens are made of. */
export function isTokenCode(code: number): boolean {
  return code < 128 && TOKEN[code] === 1;
}

/** `[A-Za-z0-9]`. */
export function isAlnumCode(code: number): boolean {
  return code < 128 && ALNUM[code] === 1;
}

/** What a value without quotes may hold in a shell, YAML, a query or a header. */
export function isBareCode(code: number): boolean {
  return code < 128 && BARE[code] === 1;
}

/** The end of the run of token characters that starts at `from`. */
export function tokenRunEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && isTokenCode(text.charCodeAt(end))) end++;
  return end;
}

/** A terminal colour sequence at the end of a text. */
const COLOUR_END = /\[[0-9;]{0,8}m$/;
const HEX = /^[0-9a-fA-F]+$/;

/**
 * Whether an escape sequence of JSON, a percent escape or a terminal colour ends right before `at`: its last letter is no
 * part of the word that follows.
 */
export function endsEscape(text: string, at: number): boolean {
  if (text.charCodeAt(at - 2) === BACKSLASH) return "bfnrt".includes(text.charAt(at - 1));
  if (text.charCodeAt(at - 6) === BACKSLASH && text.charCodeAt(at - 5) === SMALL_U) {
    return HEX.test(text.slice(at - 4, at));
  }
  if (text.charCodeAt(at - 3) === PERCENT) return HEX.test(text.slice(at - 2, at));
  return text.charCodeAt(at - 1) === SMALL_M && COLOUR_END.test(text.slice(Math.max(0, at - 10), at));
}

/**
 * The first position at or after `start` that does not lie inside an escape sequence begun before it, so that a mask
 * leaves no half of `\n`, `\u003c` or `%3C` behind.
 */
export function afterEscape(text: string, start: number): number {
  for (let percent = start - 1; percent >= start - 2; percent--) {
    if (text.charCodeAt(percent) === PERCENT && /^[0-9a-fA-F]{2}$/.test(text.slice(percent + 1, percent + 3))) {
      return percent + 3;
    }
  }
  if (text.charCodeAt(start - 1) === BACKSLASH && "bfnrt".includes(text.charAt(start) || "-")) return start + 1;
  for (let escape = start - 1; escape >= 0 && start - escape < 6; escape--) {
    if (text.charCodeAt(escape) !== BACKSLASH) continue;
    return /^u[0-9a-fA-F]{4}/.test(text.slice(escape + 1, escape + 6)) ? escape + 6 : start;
  }
  return start;
}
