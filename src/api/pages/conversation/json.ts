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
  const kept = text.slice(0, keep);
  return parseJson(kept + scan(kept).open);
}

interface Scan {
  /** What closes everything that is open at the end. */
  readonly open: string;
  readonly inString: boolean;
  /** The last place behind which the text could stop. */
  readonly keep: number;
}

/** Takes time in proportion to the text: half a million brackets may be open at once. */
function scan(text: string): Scan {
  const closers: string[] = [];
  let inString = false;
  let keep = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inString) {
      if (character === "\\") at++;
      else if (character === '"') inString = false;
      continue;
    }
    if (character === '"') inString = true;
    else if (character === "{") closers.push("}");
    else if (character === "[") closers.push("]");
    else if (character === "}" || character === "]") closers.pop();
    else if (character !== ",") continue;
    else {
      keep = at;
      continue;
    }
    if (!inString) keep = at + 1;
  }
  return { open: closers.reverse().join(""), inString, keep };
}

/** JSON text indented; other text as it is, and so is what is nested deeper than the runtime can write. */
export function indented(text: string): string {
  const value = parseJson(text);
  return typeof value === "object" && value !== null ? laidOut(value) ?? text : text;
}

/** Nesting up to this is indented: deeper text would be mostly blanks, which grow with its square. */
const MAX_DEPTH = 100;

/** A value as indented JSON; `null` for one that is nested deeper than anybody reads. */
export function laidOut(value: unknown): string | null {
  return isDeeper(value, MAX_DEPTH) ? null : JSON.stringify(value, null, 2);
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
