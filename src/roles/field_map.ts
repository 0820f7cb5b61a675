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
