/**
 * Which `halton-meter` a new terminal would start: another one than the services start is a version that nobody sees change.
 *
 * Imports: os (types), install/findings.ts (types).
 *
 * @module
 */

import type { Runner } from "../os/run.ts";
import type { Finding } from "./findings.ts";

/** Prints each program of the name on the PATH, as what it really is, in the order in which a shell looks. */
const LOOK = `IFS=:
for folder in $PATH; do
  if [ -f "$folder/halton-meter" ] && [ -x "$folder/halton-meter" ]; then
    readlink -f "$folder/halton-meter" 2>/dev/null || printf '%s\\n' "$folder/halton-meter"
  fi
done`;

/**
 * Compares them with the program that is running.
 *
 * @param path PATH of a new terminal.
 * @param binary Absolute path of this program.
 */
export async function programFinding(run: Runner, path: string, binary: string): Promise<Finding> {
  const base = { id: "configuration.program", group: "configuration", label: "one version is installed" } as const;
  let found: string[];
  try {
    const { stdout } = await run("/bin/sh", ["-c", LOOK], { env: { PATH: path } });
    found = [...new Set(stdout.split("\n").filter((line) => line !== ""))];
  } catch {
    return { ...base, state: "skipped", detail: "the PATH cannot be looked through", hint: null };
  }
  const [first] = found;
  const others = found.filter((program) => program !== binary);
  if (first === undefined) {
    return { ...base, state: "ok", detail: `${binary}, which is not on the PATH of a new terminal`, hint: null };
  }
  if (others.length === 0) return { ...base, state: "ok", detail: binary, hint: null };
  const detail = first === binary
    ? `${binary}; there is also ${others.join(", ")}`
    : `a new terminal starts ${first}, and this is ${binary}`;
  return { ...base, state: "warning", detail, hint: `Keep one of them, and run its "init" again` };
}
