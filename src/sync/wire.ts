/**
 * Single values as they go on the wire: words, counts, amounts. What is not of its kind becomes `null`, which means not known.
 *
 * Imports nothing.
 *
 * @module
 */

/** A JSON object. */
export type Wire = { readonly [name: string]: WireValue };

/** What a JSON object may hold here. */
export type WireValue = string | number | boolean | null | Wire | readonly WireValue[];

/** The characters of names, beside letters and digits. */
const WORD = /^[\w.:\/@+~=,()\[\]-]+$/;

/** A word without white space, of at most `most` characters. */
export function wordOf(value: unknown, most = 64): string | null {
  return typeof value === "string" && value.length <= most && WORD.test(value) ? value : null;
}

/**
 * A name that somebody else chose, such as a model's: what no word has is replaced by `_` and the rest of a long one left out,
 * so that a strange name does not hold up the counts beside it. A text with blanks is no name.
 */
export function nameOf(value: unknown, most: number): string | null {
  if (typeof value !== "string" || value === "" || /[\s\p{Cc}]/u.test(value)) return null;
  return value.replaceAll(/[^\w.:\/@+~=,()\[\]-]/g, "_").slice(0, most);
}

/** A tier, a region, a speed: `[A-Za-z0-9_.:/-]`, at most 64 characters. */
export function termOf(value: unknown): string | null {
  return typeof value === "string" && /^[A-Za-z0-9_.:/-]{1,64}$/.test(value) ? value : null;
}

/** A whole number of 0 or more that JSON can carry. */
export function countOf(value: unknown): number | null {
  const count = typeof value === "bigint" ? Number(value) : value;
  return typeof count === "number" && Number.isSafeInteger(count) && count >= 0 ? count : null;
}

/** A finite number of 0 or more. */
export function amountOf(value: unknown): number | null {
  const amount = typeof value === "bigint" ? Number(value) : value;
  return typeof amount === "number" && Number.isFinite(amount) && amount >= 0 ? amount : null;
}

/** A duration, to the microsecond. */
export function msOf(value: unknown): number | null {
  const ms = amountOf(value);
  return ms === null ? null : Math.round(ms * 1_000) / 1_000;
}

/** 0 and 1 as flags. */
export function flagOf(value: unknown): boolean | null {
  const flag = typeof value === "bigint" ? Number(value) : value;
  return flag === 0 ? false : flag === 1 ? true : null;
}

/** Pico-dollars, exact. */
export function picoOf(value: unknown): string | null {
  if (typeof value === "bigint") return String(value);
  return typeof value === "number" && Number.isSafeInteger(value) ? String(value) : null;
}

/** An object out of JSON text or out of an object; `null` = neither. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> | null {
  const found = parsed(value);
  return typeof found === "object" && found !== null && !Array.isArray(found)
    ? found as Readonly<Record<string, unknown>>
    : null;
}

/** JSON text as what it says; anything else as it is. */
export function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
}
