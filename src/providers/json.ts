/**
 * Typed looks into JSON that a provider or client sent. Nothing here throws for what it is given.
 *
 * Imports: nothing.
 *
 * @module
 */

/** A parsed JSON object whose members are not known to be there. */
export type JsonObject = { readonly [key: string]: unknown };

/** Longest model name, id or tier that is believed, in UTF-16 units. */
const MAX_NAME_LENGTH = 256;

/** Longest string kept in a raw usage object; the enum words that providers put there are shorter. */
const MAX_RAW_STRING_LENGTH = 64;

/** Longest raw usage text, in UTF-16 units. Recorded ones, iterations included, stay below 4 Ki. */
const MAX_RAW_LENGTH = 16 * 1024;

/** Whether `value` is a JSON object, not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parses any JSON text; `undefined` when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Parses a JSON object; `null` when the text is none. */
export function parseObject(text: string): JsonObject | null {
  const value = parseJson(text);
  return isObject(value) ? value : null;
}

/** The member `key` when it is an object. */
export function objectIn(parent: JsonObject | null, key: string): JsonObject | null {
  const value = parent?.[key];
  return isObject(value) ? value : null;
}

/** The objects in the array `key`; none when it is not an array. */
export function objectsIn(parent: JsonObject | null, key: string): JsonObject[] {
  const value = parent?.[key];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/**
 * A million times the longest prompt that any model takes. A number beyond it counts nothing, and a thousand rows with one of
 * 2^53 would overflow every sum that they stand in.
 */
const MAX_COUNT = 1e12;

/** The member `key` when it is a count: a whole number from 0 to {@link MAX_COUNT}. */
export function countIn(parent: JsonObject | null, key: string): number | null {
  const value = parent?.[key];
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MAX_COUNT ? value : null;
}

/** The member `key` when it is a name: a string of 1 to 256 UTF-16 units without control characters. */
export function nameIn(parent: JsonObject | null, key: string): string | null {
  const value = parent?.[key];
  if (typeof value !== "string" || value === "" || value.length > MAX_NAME_LENGTH) return null;
  // deno-lint-ignore no-control-regex
  return /[\u0000-\u001f\u007f]/.test(value) ? null : value;
}

/** JSON text of a usage object without its longer strings; `null` without usage, or when it is too long or too deep to keep. */
export function rawUsageOf(usage: JsonObject | null): string | null {
  if (usage === null) return null;
  try {
    const text = JSON.stringify(usage, (_key, value: unknown) => {
      return typeof value === "string" && value.length > MAX_RAW_STRING_LENGTH ? undefined : value;
    });
    return text.length > MAX_RAW_LENGTH ? null : text;
  } catch {
    // JSON is parsed at any depth but written by recursion, which ends with the stack.
    return null;
  }
}
