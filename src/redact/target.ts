/**
 * Redacts request targets and other addresses.
 *
 * Names of query parameters decide first: what a provider or an identity service takes as a credential there is masked
 * whatever it looks like. Values and path segments are then searched, percent-encoded and decoded.
 *
 * Imports: ./redact.ts.
 *
 * @module
 */

import { addCounts, placeholder, type Redacted, type RedactionCounts, redactText } from "./redact.ts";

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

/** Decodings of one value that are looked at: as sent, decoded, decoded twice. */
const MAX_DECODINGS = 2;

/**
 * Masks secrets in a request target, or in any URL. Names and the shape of the query stay; a sensitive value
 * becomes `[REDACTED:query]`.
 */
export function redactTarget(target: string): string {
  const { text } = redactText(target);
  const hash = text.indexOf("#");
  const fragmentStart = hash < 0 ? text.length : hash;
  const mark = text.slice(0, fragmentStart).indexOf("?");
  const queryStart = mark < 0 ? fragmentStart : mark;
  const path = text.slice(0, queryStart).split("/").map((segment) => redactPart(segment).text).join("/");
  return path + redactQuery(text.slice(queryStart, fragmentStart)).text + redactQuery(text.slice(fragmentStart)).text;
}

/** A semicolon parts two pairs only where a second pair follows; else it belongs to the value. */
const PAIR = /([?#&;]|^)([^=&;?#]*)=([^&;]*(?:;[^&;=]*(?=[&;]|$))*)/g;

/** Masks secrets in `name=value` pairs joined by `&` or `;`, with or without a leading `?` or `#`. */
export function redactQuery(query: string): Redacted {
  let counts: RedactionCounts = {};
  const text = query.replaceAll(
    PAIR,
    (pair, joint: string, name: string, value: string) => {
      if (value === "") return pair;
      const part = isSensitive(name) ? { text: placeholder("query"), counts: { query: 1 } } : redactPart(value);
      counts = addCounts(counts, part.counts);
      return `${joint}${name}=${part.text}`;
    },
  );
  return { text, counts };
}

function isSensitive(name: string): boolean {
  const plain = decodings(name).at(-1) ?? name;
  const key = plain.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  if (HARMLESS_NAMES.has(key)) return false;
  return SENSITIVE_NAMES.has(key) || SENSITIVE_ENDINGS.some((ending) => key.endsWith(ending));
}

/** A part that hides a secret behind percent signs is masked as a whole; one that shows it is masked in place. */
function redactPart(part: string): Redacted {
  const shown = redactText(part);
  for (const decoded of decodings(shown.text).slice(1)) {
    const { counts } = redactText(decoded);
    const [rule] = Object.keys(counts);
    if (rule !== undefined) return { text: placeholder(rule), counts: addCounts(shown.counts, counts) };
  }
  return shown;
}

function decodings(part: string): string[] {
  const found = [part];
  for (let round = 0; round < MAX_DECODINGS; round++) {
    const last = found.at(-1) ?? "";
    const next = last.replaceAll(/%([0-9a-fA-F]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
    if (next === last) break;
    found.push(next);
  }
  return found;
}
