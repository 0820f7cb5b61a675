/**
 * Service files, made from the templates in `launchd/` and `systemd/`, which a compiled program carries inside itself.
 *
 * Imports: domain, os/client_variables.ts, os/environment/options.ts, os/machine.ts (types).
 *
 * @module
 */

import { CLIENT_VARIABLES } from "../client_variables.ts";
import { plainPath } from "../environment/options.ts";
import type { Machine } from "../machine.ts";

const LAUNCHD = new URL("../../../launchd/", import.meta.url);
const SYSTEMD = new URL("../../../systemd/", import.meta.url);

/** The property list of one launchd agent. @throws {MeterError} `failed` for a path that none can hold. */
export function plistText(label: string, machine: Machine): string {
  return filled(new URL(`${label}.plist`, LAUNCHD), {
    PROGRAM: xmlEscaped(plainPath(machine.binary)),
    HOME: xmlEscaped(plainPath(machine.paths.home)),
    CA_DIR: xmlEscaped(plainPath(machine.paths.caFolder)),
  });
}

/** The unit file of one systemd service. @throws {MeterError} `failed` for a path that none can hold. */
export function unitText(name: string, machine: Machine): string {
  return filled(new URL(name, SYSTEMD), {
    PROGRAM: programWords(plainPath(machine.binary)),
    HOME_VARIABLE: systemdQuoted(`HALTON_METER_HOME=${plainPath(machine.paths.home)}`),
    CA_DIR_VARIABLE: systemdQuoted(`HALTON_METER_CA_DIR=${plainPath(machine.paths.caFolder)}`),
    CLIENT_VARIABLES: CLIENT_VARIABLES.join(" "),
  });
}

/** Replaces each `@NAME@`. A template and its values go together, so a name without a value is a fault of this program. */
function filled(template: URL, values: Readonly<Record<string, string>>): string {
  return Deno.readTextFileSync(template).replaceAll(/@([A-Z_]+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${template.pathname} wants ${name}`);
    return value;
  });
}

function xmlEscaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}

/**
 * The program, as `ExecStart=` begins. systemd refuses one whose path holds a quote or a backslash, however it is quoted, but not
 * such an argument; a shell that becomes the program takes the path from there. In an argument `$` is doubled.
 */
function programWords(path: string): string {
  if (!/["'\\]/.test(path)) return systemdQuoted(path);
  return `/bin/sh -c 'exec "$$0" "$$@"' ${systemdQuoted(path).replaceAll("$", "$$$$")}`;
}

/**
 * A word of systemd.syntax(7). `%` begins a specifier. `$` has no meaning in the path of a program nor in `Environment=`
 * (systemd.exec(5), systemd.service(5)), and must not be doubled there.
 */
function systemdQuoted(word: string): string {
  return `"${word.replaceAll(/["\\]/g, "\\$&").replaceAll("%", "%%")}"`;
}
