/**
 * Arithmetic that tells secrets from text of the same shape. Pure functions of one string; imports nothing.
 *
 * @module
 */

/** Characters that entropy is taken over. */
const ENTROPY_LENGTH = 64;
/** n → n · log2 n. */
const WEIGHTS = Float64Array.from(
  { length: ENTROPY_LENGTH + 1 },
  (_, count) => count === 0 ? 0 : count * Math.log2(count),
);
const COUNTS = new Uint8Array(128);

/** Shannon entropy of the characters in bits per character, taken over the first 64; 0 for an empty string. ASCII. */
export function entropy(value: string): number {
  const length = Math.min(value.length, ENTROPY_LENGTH);
  if (length === 0) return 0;
  COUNTS.fill(0);
  let weight = 0;
  for (let index = 0; index < length; index++) {
    const code = value.charCodeAt(index) & 127;
    const count = COUNTS[code] ?? 0;
    COUNTS[code] = count + 1;
    weight += (WEIGHTS[count + 1] ?? 0) - (WEIGHTS[count] ?? 0);
  }
  return Math.log2(length) - weight / length;
}

/** Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B). Other characters are passed over. */
export function luhn(text: string): boolean {
  let sum = 0;
  let digits = 0;
  for (let index = text.length - 1; index >= 0; index--) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) continue;
    const doubled = digits % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
    digits++;
  }
  return digits > 0 && sum % 10 === 0;
}

/** Whether an IBAN without blanks has the remainder 1 that ISO 13616 asks for. Capitals and digits only. */
export function mod97(iban: string): boolean {
  let remainder = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = parseInt(character, 36);
    if (Number.isNaN(value)) return false;
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}

/** Lengths and leading digits that card networks issue; anything else is some other number. */
const CARD_RANGES: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^4/, [13, 16, 19]],
  [/^(?:5[1-5]|2[2-7]|35)/, [16]],
  [/^3[47]/, [15]],
  [/^3[068]/, [14]],
  [/^6[0245]/, [16, 17, 18, 19]],
];

/** Whether digits, blanks and hyphens make a payment card number. */
export function isCardNumber(text: string): boolean {
  if (!luhn(text)) return false;
  const digits = text.replaceAll(/[ -]/g, "");
  if (new Set(digits).size < 2) return false;
  return CARD_RANGES.some(([start, lengths]) => start.test(digits) && lengths.includes(digits.length));
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Whether the Base64 text is `user:password` as in RFC 7617, in printable ASCII. Stops at the first byte that is not. */
export function isBasicCredential(base64: string): boolean {
  let bits = 0;
  let held = 0;
  let colon = false;
  for (const character of base64) {
    if (character === "=") break;
    held = ((held << 6) | BASE64.indexOf(character)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    const byte = (held >> bits) & 0xff;
    if (byte < 0x20 || byte > 0x7e) return false;
    colon ||= byte === 0x3a;
  }
  return colon;
}

/** Templates and stand-ins that mark where a secret would be written. */
const STAND_IN =
  /^[$<{%[*]|\[REDACTED:|^your?[-_ ]|^(?:change|replace)[-_ ]?(?:me|it|this|with)|^(?:x{4}|\.{3}|\*{3})/i;

/** A name of the thing rather than the thing: `app_password`, `db-token`. */
const OWN_NAME = /^[a-z]{1,24}(?:[_-][a-z]{1,24}){0,4}[_-](?:password|passwd|secret|token|key)$/i;

/** What people write where the rest of a key would be; no issuer draws it twelve times in a row. */
const BLANKED = /([xX])\1{11}/;

/** Whether a token's body was written over. */
export function isBlanked(token: string): boolean {
  return BLANKED.test(token);
}

/** Words that documentation and schemas put where a secret would be. */
const VALUE_WORDS = new Set(
  ("string password passwd passphrase secret token required optional boolean number integer object undefined hidden " +
    "current-password new-password textfield access_token refresh_token id_token api_key apikey authorization " +
    "client_secret password_hash bearer disabled enabled unknown default example redacted none null true false nil")
    .split(" "),
);

/** Whether the value cannot be a secret, however it is named: a template, a stand-in, a type name, several words. */
export function isStandIn(value: string): boolean {
  return STAND_IN.test(value) || OWN_NAME.test(value) || VALUE_WORDS.has(value.toLowerCase()) ||
    /\s|\\[nrt]/.test(value);
}

/** Paths, addresses, dates and versions: letters and digits, yet no secret. */
const ORDINARY = /^(?:~|\.{1,2})?\/[\w.-]{0,64}\/|^\w{2,8}:\/\/|^\d{4}-\d{2}-\d{2}|^v?\d{1,5}\.\d{1,5}\.\d/;

/** Names joined by dots, underscores or hyphens, each with two digits at most. */
const IDENTIFIER = /^[A-Za-z$]*\d{0,2}(?:[._-][A-Za-z$]*\d{0,2})*$/;

/**
 * Whether a value looks drawn at random rather than written: letters and digits, eight characters or more, and about
 * as many different characters as that length allows.
 */
export function looksRandom(value: string): boolean {
  if (value.length < 8 || !/\d/.test(value) || !/[A-Za-z]/.test(value)) return false;
  if (isStandIn(value) || ORDINARY.test(value) || IDENTIFIER.test(value)) return false;
  return entropy(value) >= (value.length < 16 ? 2.5 : 3);
}
