/**
 * Header fields by name. Imports: http1/events.ts (types).
 *
 * @module
 */

import type { FieldLines } from "../http1/events.ts";

/** Lower-cased field name → last value. */
export function fieldMap(fields: FieldLines): Map<string, string> {
  const map = new Map<string, string>();
  for (let i = 0; i + 1 < fields.length; i += 2) map.set((fields[i] ?? "").toLowerCase(), fields[i + 1] ?? "");
  return map;
}

/** The values of all lines of one name, lower-cased, joined by commas; null when there is none. */
export function joinedField(fields: FieldLines, name: string): string | null {
  const values = fields.filter((_, at) => at % 2 === 1 && fields[at - 1]?.toLowerCase() === name);
  return values.length === 0 ? null : values.join(", ");
}

/** Whether a body with this `Content-Encoding` must be decoded from its beginning. */
export function isCoded(contentEncoding: string | undefined): boolean {
  return (contentEncoding ?? "").toLowerCase().split(",").some((name) => !["", "identity"].includes(name.trim()));
}
