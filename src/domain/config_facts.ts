/**
 * A configuration as a flat list of facts, to tell what changed between two of them without keeping what may be a secret.
 *
 * Imports: ./config.ts (types).
 *
 * @module
 */

import type { Config } from "./config.ts";

/** `bodies.retention_days` → its value: a number or a flag as it is, anything else as JSON. */
export type ConfigFacts = ReadonlyMap<string, number | boolean | { readonly json: string }>;

/** Every setting under its key in the file. */
export function configFacts(config: Config): ConfigFacts {
  const facts = new Map<string, number | boolean | { readonly json: string }>();
  for (const [section, members] of Object.entries(config)) {
    for (const [name, value] of Object.entries(members)) {
      const plain = typeof value === "number" || typeof value === "boolean";
      facts.set(`${section}.${snakeCase(name)}`, plain ? value : { json: JSON.stringify(value) });
    }
  }
  return facts;
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
