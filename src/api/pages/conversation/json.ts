/**
 * Reads JSON that may have been cut in the middle, and looks into values of unknown shape.
 *
 * Imports nothing.
 *
 * @module
 */

/** A JSON object of unknown shape. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The value as an object, or `null`. */
export function objectOf(value: unknown): JsonObject | null {
  return isObject(value) ? value : null;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as a list; empty when it is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The objects of a list. */
export function objectsOf(value: unknown): JsonObject[] {
  return listOf(value).filter(isObject);
}

/** The value as text, or `null`. */
export function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** The value of JSON text; `undefined` when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The value of JSON text that ends early: open strings, lists and objects are closed, a half-written name or word is left
 * out. `undefined` when it is not JSON up to its end.
 */
export function parseCutJson(text: string): unknown {
  const whole = parseJson(text);
  if (whole !== undefined) return whole;
  const { open, inString, keep } = scan(text);
  if (open === "") return undefined;
  if (!inString) {
    const closed = parseJson(text + open);
    if (closed !== undefined) return closed;
  } else {
    const closed = parseJson(`${text.replace(/\\(?:u[0-9a-fA-F]{0,3})?$/, "")}"${open}`);
    if (closed !== undefined) return closed;
  }
  return parseJson(text.slice(0, keep.at) + keep.open);
}

interface Scan {
  /** What closes everything that is open at the end. */
  readonly open: string;
  readonly inString: boolean;
  /** The last place behind which the text could stop, and what closes it there. */
  readonly keep: { readonly at: number; readonly open: string };
}

function scan(text: string): Scan {
  const closers: string[] = [];
  let inString = false;
  let keep = { at: 0, open: "" };
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inString) {
      if (character === "\\") at++;
      else if (character === '"') inString = false;
      continue;
    }
    if (character === '"') inString = true;
    else if (character === "{") closers.unshift("}");
    else if (character === "[") closers.unshift("]");
    else if (character === "}" || character === "]") closers.shift();
    else if (character !== ",") continue;
    else {
      keep = { at, open: closers.join("") };
      continue;
    }
    if (!inString) keep = { at: at + 1, open: closers.join("") };
  }
  return { open: closers.join(""), inString, keep };
}

/** JSON text indented; other text as it is. */
export function indented(text: string): string {
  const value = parseJson(text);
  return typeof value === "object" && value !== null ? JSON.stringify(value, null, 2) : text;
}
