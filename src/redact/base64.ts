/**
 * Looks into Base64 for secrets: files that tools send encoded, and values of Kubernetes secrets.
 *
 * A run of Base64, on one line or wrapped by MIME's or the shell's line length, that decodes to text is searched; if the text
 * holds a secret, the whole run is masked under the name of the first one. Images and other binary data are told by
 * their first bytes and left alone. Base64 within Base64 is not looked into.
 *
 * Cost is linear: a run of {@link MIN_RUN} characters covers one of every {@link MIN_RUN} places, so only those are
 * looked at, and every run is decoded at most once.
 *
 * Imports: ./characters.ts, types of ./scan.ts.
 *
 * @module
 */

import { afterEscape, BACKSLASH } from "./characters.ts";
import type { Ending, Find, Found } from "./scan.ts";

/** Shorter runs are words and names more often than data; 27 characters and a pad hold the 20 of an AWS key id. */
const MIN_RUN = 27;
/** Lines of just these lengths go on after a line break: `base64` and MIME wrap at 76, PEM at 64, OpenSSH at 70. */
const WRAPPED = new Set([60, 64, 70, 72, 76]);
/** Characters by which binary data is told from text. */
const HEAD = 64;

const LINE_BREAK = /(?:\r?\n|(?:\\{1,16}r)?\\{1,16}n)[ \t]{0,16}(?=[A-Za-z0-9+/])/y;
const RUN_CODES = Uint8Array.from(
  { length: 128 },
  (_, code) => /[A-Za-z0-9+/_-]/.test(String.fromCharCode(code)) ? 1 : 0,
);

/** Runs of Base64 that hide a secret which `find` knows, in order. */
export function encodedSecrets(text: string, ending: Ending, find: Find): Found[] {
  const found: Found[] = [];
  let done = 0;
  for (let at = MIN_RUN - 1; at < text.length;) {
    if (!isRunCode(text, at)) {
      at += MIN_RUN;
      continue;
    }
    const start = runStart(text, at, done);
    const run = readRun(text, start);
    const rule = run.encoded.length < MIN_RUN
      ? null
      : ruleIn(run.encoded, run.end === text.length ? ending : "whole", find);
    if (rule !== null) found.push({ start, end: run.end, rule });
    done = run.end;
    at = Math.max(run.end, at) + MIN_RUN;
  }
  return found;
}

/** A slash may be written `\/` in JSON. */
function isRunCode(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code < 128 ? RUN_CODES[code] === 1 || (code === BACKSLASH && text[at + 1] === "/") : false;
}

/** Behind `at` where `at` lies in an escape sequence, such as the `n` of `\\n`. */
function runStart(text: string, at: number, done: number): number {
  let start = at;
  while (start > done && isRunCode(text, start - 1)) start--;
  return afterEscape(text, start);
}

function runEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && isRunCode(text, end)) end++;
  return end;
}

/** Reads a run with its further lines and its padding. */
function readRun(text: string, start: number): { readonly end: number; readonly encoded: string } {
  let lineStart = start;
  let end = runEnd(text, start);
  let encoded = text.slice(start, end);
  const width = end - start;
  while (WRAPPED.has(width) && end - lineStart === width) {
    LINE_BREAK.lastIndex = end;
    const match = LINE_BREAK.exec(text);
    if (match === null) break;
    lineStart = end + match[0].length;
    end = runEnd(text, lineStart);
    encoded += text.slice(lineStart, end);
  }
  while (text[end] === "=" && end < text.length) end++;
  return { end, encoded };
}

function ruleIn(source: string, ending: Ending, find: Find): string | null {
  const encoded = /[-_\\]/.test(source) ? standard(source) : source;
  if (!isText(decoded(encoded.slice(0, HEAD)))) return null;
  return find(decoded(encoded), ending)[0]?.rule ?? null;
}

/** The alphabet of RFC 4648 section 4 for that of section 5, without JSON's backslashes. */
function standard(source: string): string {
  return source.replaceAll("\\", "").replaceAll("-", "+").replaceAll("_", "/");
}

/** Bytes as characters U+0000 to U+00FF. Secrets are ASCII, so that is enough to find them in UTF-8. */
function decoded(encoded: string): string {
  const whole = encoded.length - (encoded.length % 4 === 1 ? 1 : 0);
  return atob(encoded.slice(0, whole));
}

/** Whether nearly all is printable ASCII or could be UTF-8. Of random bytes, a third is printable. */
function isText(bytes: string): boolean {
  let printable = 0;
  for (let index = 0; index < bytes.length; index++) {
    const code = bytes.charCodeAt(index);
    if (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return false;
    if (code < 0x7f) printable++;
  }
  return printable >= bytes.length * 0.75;
}
