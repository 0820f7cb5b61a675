/**
 * Redacts request targets and other addresses.
 *
 * Names of query parameters decide first: what a provider or an identity service takes as a credential there is masked
 * whatever it looks like. Values and path segments are then searched as they are, decoded, and decoded twice. What is no name
 * once it is decoded (names.ts) is text, perhaps a prompt, and is not kept in a request target.
 *
 * Imports: ./names.ts, ./redact.ts, ./scan.ts.
 *
 * @module
 */

import { isName } from "./names.ts";
import { applyEdits, type Edit, maskEdits, placeholder, type Redacted, redactText } from "./redact.ts";
import { type Find, findSecrets } from "./scan.ts";

/** Parameter names in lower case with `_` and `-` taken out. Sources: RFC 6749, Google, AWS, Azure and Anthropic docs. */
const SENSITIVE_NAMES = new Set(
  ("key apikey xapikey xgoogapikey auth authorization code codeverifier clientassertion assertion password passwd pwd " +
    "secret sig signature session sessionid sid jwt credential ticket otp pin samlresponse xamzcredential xamzsignature " +
    "xgoogcredential xgoogsignature subscriptionkey").split(" "),
);
/** Endings that make any name sensitive. */
const SENSITIVE_ENDINGS = ["token", "secret", "password", "apikey", "signature", "accesskey"];
/** Tokens that mark a place in a list. */
const HARMLESS_NAMES = new Set(["pagetoken", "nextpagetoken", "nexttoken", "continuationtoken", "synctoken"]);

/** Decodings of one value that are looked at besides the value as sent. */
const MAX_DECODINGS = 2;

/**
 * Masks secrets and text in a request target, or in any URL. Names and the shape of the query stay; a sensitive value
 * becomes `[REDACTED:query]`, text `[REDACTED:text]`.
 */
export function redactTarget(target: string, find: Find = findSecrets): string {
  const { text } = redactText(target, "whole", find);
  const hash = text.indexOf("#");
  const fragmentStart = hash < 0 ? text.length : hash;
  const mark = text.slice(0, fragmentStart).indexOf("?");
  const queryStart = mark < 0 ? fragmentStart : mark;
  const path = text.slice(0, queryStart).split("/").map((segment) => onlyName(segment, find)).join("/");
  return path + namesOf(text.slice(queryStart, fragmentStart), find) + namesOf(text.slice(fragmentStart), find);
}

/** A query or a fragment without secrets and text; its separators stay. */
function namesOf(query: string, find: Find): string {
  const { text } = redactQuery(query, find);
  return text.split(/([?#&;=])/).map((part, index) => index % 2 === 0 ? onlyName(part, find) : part).join("");
}

/** A part of an address without secrets, also those that only its decoded form shows, unless it is text. */
function onlyName(part: string, find: Find): string {
  const { text } = applyEdits(part, partEdits(part, 0, find));
  return isName(decodings(text).at(-1)?.text ?? text) ? text : placeholder("text");
}

/** A semicolon parts two pairs only where a second pair follows; else it belongs to the value. */
const PAIR = /([?#&;]|^)([^=&;?#]*)=([^&;]*(?:;[^&;=]*(?=[&;]|$))*)/g;

/** Masks secrets in `name=value` pairs joined by `&` or `;`, with or without a leading `?` or `#`. */
export function redactQuery(query: string, find: Find = findSecrets): Redacted {
  return applyEdits(query, queryEdits(query, find));
}

/** What {@link redactQuery} does, stretch by stretch; `seen` when values as sent are searched elsewhere. */
export function queryEdits(query: string, find: Find, seen = false): Edit[] {
  const edits: Edit[] = [];
  const known = new Map<string, boolean>();
  const isKnown = (name: string) => {
    const sensitive = known.get(name) ?? isSensitive(name);
    known.set(name, sensitive);
    return sensitive;
  };
  for (const match of query.matchAll(PAIR)) {
    const [pair, , name = "", value = ""] = match;
    const end = match.index + pair.length;
    const start = end - value.length;
    if (value === "") continue;
    if (isKnown(name)) edits.push({ start, end, rule: "query", mask: placeholder("query") });
    else for (const edit of partEdits(value, start, find, seen)) edits.push(edit);
  }
  return edits;
}

/** Whether a parameter or a field of a form is known to hold a credential. */
export function isSensitive(name: string): boolean {
  const plain = decodings(name).at(-1)?.text ?? name;
  const key = plain.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  if (HARMLESS_NAMES.has(key)) return false;
  return SENSITIVE_NAMES.has(key) || SENSITIVE_ENDINGS.some((ending) => key.endsWith(ending));
}

/** A part as it would be read, and where in the source each of its characters begins; one more place than characters. */
interface Decoding {
  readonly text: string;
  readonly places: Int32Array;
}

/** Edits for the secrets that a part shows as it is, or after decoding. `offset` is where the part begins. */
function partEdits(part: string, offset: number, find: Find, seen = false): Edit[] {
  const edits = seen ? [] : maskEdits(part, find(part, "whole"));
  for (const { text, places } of decodings(part)) {
    for (const { start, end, rule } of find(text, "whole")) {
      edits.push({ start: places[start] ?? 0, end: places[end] ?? part.length, rule, mask: placeholder(rule) });
    }
  }
  return edits.map((edit) => ({ ...edit, start: edit.start + offset, end: edit.end + offset }));
}

function decodings(part: string): Decoding[] {
  const found: Decoding[] = [];
  let last: Decoding = { text: part, places: new Int32Array(0) };
  while (found.length < MAX_DECODINGS && /%[0-9a-fA-F]{2}|\+/.test(last.text)) {
    last = decoded(last);
    found.push(last);
  }
  return found;
}

/** Undoes percent escapes, and `+` for a blank. Bytes become characters U+0000 to U+00FF. */
function decoded({ text, places }: Decoding): Decoding {
  const starts = new Int32Array(text.length + 1);
  const pieces: string[] = [];
  let length = 0;
  let copied = 0;
  const copy = (end: number) => {
    pieces.push(text.slice(copied, end));
    for (; copied < end; copied++) starts[length++] = places[copied] ?? copied;
  };
  for (const { 0: source, 1: code, index } of text.matchAll(/%([0-9a-fA-F]{2})|\+/g)) {
    copy(index);
    pieces.push(code === undefined ? " " : String.fromCharCode(parseInt(code, 16)));
    starts[length++] = places[index] ?? index;
    copied = index + source.length;
  }
  copy(text.length);
  starts[length] = places[text.length] ?? text.length;
  return { text: pieces.join(""), places: starts.subarray(0, length + 1) };
}
