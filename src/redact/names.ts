/**
 * Redacts what is kept of a call beside its bodies: names of models, tiers, ids, errors and projects.
 *
 * A client or a provider may put anything where a name belongs. What holds a secret is masked; what cannot be a name, because
 * it has blanks, other letters than ASCII's, or no end, is taken for text and replaced as a whole, since text is kept in bodies
 * only.
 *
 * Imports: ./redact.ts, ./scan.ts.
 *
 * @module
 */

import { placeholder, redactText } from "./redact.ts";
import { type Find, findSecrets } from "./scan.ts";

/** Longest name, in UTF-16 units; ids of providers stay below 128. */
const MAX_NAME_LENGTH = 256;

/** No rule finds a secret that is shorter. */
const LEAST_SECRET = 8;

/** Whether `text` can be a name. */
export function isName(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && /^[\x21-\x7e]*$/.test(text);
}

/** The name without secrets, or `[REDACTED:text]` for what is none. */
export function redactName(name: string, find: Find = findSecrets): string {
  if (!isName(name)) return placeholder("text");
  return name.length < LEAST_SECRET ? name : redactText(name, "whole", find).text;
}

/**
 * The same for every string and every member's name of a JSON text, such as a usage object, whose numbers stay as they are. A
 * member whose name had to be masked is left out.
 */
export function redactNamesIn(json: string, name: (text: string) => string = redactName): string {
  return JSON.stringify(redacted(JSON.parse(json), name));
}

function redacted(value: unknown, name: (text: string) => string): unknown {
  if (typeof value === "string") return name(value);
  if (Array.isArray(value)) return value.map((element) => redacted(element, name));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([key]) => name(key) === key).map(([key, member]) => [key, redacted(member, name)]),
  );
}
