/**
 * What stands at the end of a text that certainly was cut: perhaps the beginning of a secret, too short to be known by its shape.
 *
 * The last word of such a text says little and is masked, whatever it is, together with groups of digits or capitals before
 * it, as card and account numbers are written.
 *
 * Imports: ./characters.ts, types of ./scan.ts.
 *
 * @module
 */

import { afterEscape } from "./characters.ts";
import type { Found } from "./scan.ts";

/** The longest word that is looked at, in UTF-16 units; the rules know longer beginnings. */
const WINDOW = 1_024;

/** Shorter words tell nothing that could be used. */
const LEAST = 8;

const ENDS_WORD = /[\s"'`<>()[\]{},;\\]/;

/** Groups before the last word, at most eight. */
const GROUPS = /(?:(?<![A-Za-z0-9])[A-Z0-9]{2,8}[ -]){1,8}$/;
const GROUPS_WINDOW = 73;

/** The last word of a text that was cut; null when it is short or complete. */
export function unfinishedWord(text: string): Found | null {
  const least = Math.max(0, text.length - WINDOW);
  let start = text.length;
  while (start > least && !ENDS_WORD.test(text.charAt(start - 1))) start--;
  start -= GROUPS.exec(text.slice(Math.max(0, start - GROUPS_WINDOW), start))?.[0].length ?? 0;
  if (text.length - start < LEAST) return null;
  return { start: afterEscape(text, start), end: text.length, rule: "unfinished" };
}

/** Whether a text began as JSON and ends where JSON cannot. */
export function isCutJson(text: string): boolean {
  return /^\s{0,64}(?:\{\s{0,64}"|\[\s{0,64}["{[0-9-])/.test(text) && !/[}\]]\s{0,64}$/.test(text.slice(-65));
}

/** Adds the last word to finds that are in order, in place; where they overlap the one that begins first gives the name. */
export function addLastWord(found: Found[], word: Found | null): Found[] {
  if (word === null) return found;
  let { start, rule } = word;
  for (let last = found.at(-1); last !== undefined && last.end > start; last = found.at(-1)) {
    if (last.start <= start) ({ start, rule } = last);
    found.pop();
  }
  found.push({ start, end: word.end, rule });
  return found;
}
