/**
 * Which settings config.toml sets, so that a command can say where a value comes from. Checks nothing; see config_file.ts.
 *
 * Imports: nothing of this program.
 *
 * @module
 */

import { parse } from "smol-toml";

/** Where a value of the configuration comes from. */
export type ConfigSource = "config.toml" | "default";

/** Answers for a setting's key, such as `bodies.enabled`. A file that is missing or no TOML sets nothing. */
export function readConfigSources(path: string): (key: string) => ConfigSource {
  const file = readTable(path);
  return (key) => {
    let value: unknown = file;
    for (const part of key.split(".")) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return "default";
      value = Reflect.get(value, part);
    }
    return "config.toml";
  };
}

function readTable(path: string): unknown {
  try {
    return parse(Deno.readTextFileSync(path));
  } catch {
    return {};
  }
}
