/**
 * Finds top-level members of a JSON object of which only the beginning or the end is at hand.
 *
 * A name that merely occurs in model text is never taken for a member: inside a JSON string its quotes are escaped, and a
 * member found near the end must, with all that follows it, close the document.
 *
 * Imports: ./json.ts.
 *
 * @module
 */

import { isObject, type JsonObject, parseJson, parseObject } from "./json.ts";

/** Occurrences of one name that are tried, from the last one backwards. A try costs a parse of the rest of the text. */
const MAX_TRIES = 8;

/** A document that is wrapped in the envelope of Code Assist, told by its beginning. */
const ENVELOPE = /^\s*\{\s*(?:"traceId"\s*:\s*"[^"]*"\s*,\s*)?"response"\s*:\s*\{/;

/**
 * The members that `text`, the beginning of a JSON object, holds as a whole, up to the first one that it does not.
 * Objects and arrays are members as well as scalars.
 */
export function membersAtHead(text: string): JsonObject {
  const members = new Map<string, unknown>();
  let at = skipSpace(text, 0);
  if (text[at] !== "{") return {};
  do {
    const keyStart = skipSpace(text, at + 1);
    const keyEnd = valueEnd(text, keyStart);
    const colon = skipSpace(text, keyEnd);
    if (text[keyStart] !== '"' || text[colon] !== ":") break;
    const start = skipSpace(text, colon + 1);
    const end = valueEnd(text, start);
    at = skipSpace(text, end);
    // A value that reaches the end of the text may go on after it.
    if (at >= text.length) break;
    const key = parseJson(text.slice(keyStart, keyEnd));
    const value = parseJson(text.slice(start, end));
    if (typeof key !== "string" || value === undefined) break;
    members.set(key, value);
  } while (text[at] === ",");
  return Object.fromEntries(members);
}

/**
 * Those of `names` that are top-level members of the JSON object that begins with `head` and ends with `text`. Where the head
 * shows an envelope, members of its `response` come under `response`.
 */
export function membersAtTail(head: string, text: string, names: readonly string[]): JsonObject {
  const openings = ENVELOPE.test(head) ? ['{"response":{', "{"] : ["{"];
  const members = new Map<string, unknown>();
  const inner = new Map<string, unknown>();
  for (const name of names) {
    const found = memberAtTail(text, name, openings);
    if (found === null) continue;
    const response = found["response"];
    if (isObject(response) && Object.hasOwn(response, name)) inner.set(name, response[name]);
    else members.set(name, found[name]);
  }
  if (inner.size > 0) members.set("response", Object.fromEntries(inner));
  return Object.fromEntries(members);
}

function memberAtTail(text: string, name: string, openings: readonly string[]): JsonObject | null {
  const key = JSON.stringify(name);
  let at = text.length;
  for (let tries = 0; tries < MAX_TRIES && at > 0; tries++) {
    at = text.lastIndexOf(key, at - 1);
    if (at < 0) return null;
    const rest = text.slice(at);
    for (const opening of openings) {
      const value = parseObject(opening + rest);
      if (value !== null) return value;
    }
  }
  return null;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && " \t\r\n".includes(text.charAt(at))) at++;
  return at;
}

/** Where the JSON value that begins at `from` ends; the length of the text when it does not end in it. */
function valueEnd(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return stringEnd(text, from);
  if (first !== "{" && first !== "[") return scalarEnd(text, from);
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = stringEnd(text, at) - 1;
    else if (character === "{" || character === "[") depth++;
    else if ((character === "}" || character === "]") && --depth === 0) return at + 1;
  }
  return text.length;
}

function stringEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const character = text[at];
    if (character === "\\") at++;
    else if (character === '"') return at + 1;
  }
  return text.length;
}

function scalarEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !",}] \t\r\n".includes(text.charAt(at))) at++;
  return at;
}
