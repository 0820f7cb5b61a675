/**
 * Variables for everything that the user's systemd manager starts: desktop programs and other services.
 *
 * These are read once and no port can be tried then. That is right only here: the manager that reads this file is the one that
 * keeps the edge running, and the edge outlives the daemon. Without such a manager there is nothing to set.
 *
 * A file of environment.d(5), and the same variables for the manager that runs now. In the file `$` begins a reference, which
 * is how a user's own `NO_PROXY` is kept.
 *
 * Imports: domain, os/client_variables.ts, os/machine.ts, os/own_file.ts, os/place.ts, os/run.ts, os/services/systemctl.ts,
 * os/environment.
 *
 * @module
 */

import { NO_PROXY_VARIABLES } from "../client_variables.ts";
import type { Machine } from "../machine.ts";
import { checkOwnFile, type OwnFile, putOwnFile, removeOwnFile } from "../own_file.ts";
import type { Place, PlaceState } from "../place.ts";
import { commandFailure } from "../run.ts";
import { systemctl, userManagerProblem } from "../services/systemctl.ts";
import { type EnvironmentOptions, fixedVariables, foreignProxy, foreignProxyHint, plainPath } from "./options.ts";

/** The file's text. */
export function environmentDText(machine: Machine): string {
  const lines = Array.from(fixedVariables(machine), ([name, value]) => {
    const keeps = (NO_PROXY_VARIABLES as readonly string[]).includes(name);
    return `${name}="${keeps ? `\${${name}:+$${name},}` : ""}${escaped(plainPath(value))}"`;
  });
  return ['# Written by halton-meter; "halton-meter uninstall" removes it.', ...lines, ""].join("\n");
}

/** Variables of the user's systemd manager. */
export function environmentD(machine: Machine, options: EnvironmentOptions): Place {
  const folder = machine.env.get("XDG_CONFIG_HOME") ?? "";
  const config = folder.startsWith("/") ? folder : `${machine.paths.userHome}/.config`;
  const path = `${config}/environment.d/60-halton-meter.conf`;
  const file = (): OwnFile => ({ path, text: environmentDText(machine), mode: 0o644 });

  async function check(): Promise<PlaceState> {
    const found = await checkOwnFile(file());
    if (found === "present") return { state: "present", detail: path, hint: null };
    if (found === "differs") {
      return { state: "differs", detail: "of another version", hint: 'Run "halton-meter init" again' };
    }
    const problem = await userManagerProblem(machine);
    if (problem !== null) return { state: "unavailable", detail: problem, hint: null };
    const proxy = foreignProxy(machine, options);
    if (proxy === null) return { state: "absent", detail: "not written", hint: null };
    return { state: "unavailable", detail: `the proxy ${proxy} is in use`, hint: foreignProxyHint(proxy) };
  }

  return {
    id: "environment.session",
    label: "set the variables for desktop programs",
    check,
    async apply() {
      const found = await check();
      if (found.state === "unavailable") return found;
      if (await putOwnFile(machine.paths, file())) await tellManager(machine, ["daemon-reload"]);
      return await check();
    },
    async remove() {
      if (await removeOwnFile(machine.paths, path)) {
        await tellManager(machine, ["unset-environment", ...fixedVariables(machine).keys()]);
        // Sets what other files of the user say under the same names.
        await tellManager(machine, ["daemon-reload"]);
      }
      // Not by `check`, which fails for a folder that no file of this kind can name.
      const problem = await userManagerProblem(machine);
      return problem === null
        ? { state: "absent", detail: "not written", hint: null }
        : { state: "unavailable", detail: problem, hint: null };
    },
  };
}

/**
 * The manager reads its environment again at `daemon-reload`; what has vanished from the files stays with it until it is unset.
 * Without a manager there is none to tell: the file decides at the next login.
 */
async function tellManager(machine: Machine, args: readonly string[]): Promise<void> {
  if (await userManagerProblem(machine) !== null) return;
  const output = await systemctl(machine, args);
  if (output.code !== 0) {
    throw commandFailure("Cannot set the session's variables", `systemctl --user ${args[0]}`, output);
  }
}

/**
 * Inside double quotes `"` and `\` take a backslash. References are resolved after that, so a dollar sign is doubled (tried
 * with systemd's own generator, version 252).
 */
function escaped(value: string): string {
  return value.replaceAll(/["\\]/g, "\\$&").replaceAll("$", "$$$$");
}
