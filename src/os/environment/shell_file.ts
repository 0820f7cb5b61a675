/**
 * Places for the code that shells read: `env.sh` in the data folder for bash, zsh and `sh`, and a file of fish's own.
 *
 * Putting the first in also builds the certificate bundles, since they must hold what the user's own variables name now.
 *
 * Imports: domain, os/client_env.ts, os/machine.ts, os/own_file.ts, os/place.ts, os/environment.
 *
 * @module
 */

import { clientEnvironment } from "../client_env.ts";
import type { Machine } from "../machine.ts";
import { checkOwnFile, type OwnFile, putOwnFile, removeOwnFile } from "../own_file.ts";
import type { Place, PlaceState } from "../place.ts";
import { fishCode } from "./fish_code.ts";
import { type EnvironmentOptions, foreignProxy, foreignProxyHint } from "./options.ts";
import { shellCode } from "./shell_code.ts";

const MODE = 0o600;
/** What should be there is not asked for: it cannot be named for every folder. */
const GONE: PlaceState = { state: "absent", detail: "not written", hint: null };
const RUN_INIT = 'Run "halton-meter init" again';

/** `env.sh`, and the bundles that it points at. */
export function shellFile(machine: Machine, options: EnvironmentOptions): Place {
  const { paths } = machine;
  const file = (): OwnFile => ({ path: paths.shellEnvironment, text: shellCode(machine, options), mode: MODE });
  let noBundle: string | null = null;

  async function check(): Promise<PlaceState> {
    const found = await checkOwnFile(file());
    if (found === "absent") return { state: "absent", detail: "not written", hint: null };
    if (found === "differs") return { state: "differs", detail: "of another version", hint: RUN_INIT };
    if (noBundle !== null) {
      return { state: "unavailable", detail: noBundle, hint: "Install the system's CA certificates" };
    }
    if (await readOrNull(paths.caBundle) === null) {
      return {
        state: "differs",
        detail: "the certificate bundle is missing, so shells are left alone",
        hint: RUN_INIT,
      };
    }
    const proxy = foreignProxy(machine, options);
    if (proxy === null) return { state: "present", detail: paths.shellEnvironment, hint: null };
    return {
      state: "differs",
      detail: `shells that use the proxy ${proxy} are left alone`,
      hint: foreignProxyHint(proxy),
    };
  }

  return {
    id: "environment.shell",
    label: "write what shells read to be metered",
    check,
    async apply() {
      await putOwnFile(paths, file());
      noBundle = await buildBundles(machine);
      return await check();
    },
    async remove() {
      await removeOwnFile(paths, paths.shellEnvironment);
      return GONE;
    },
  };
}

/** fish reads every file of this folder at its start. */
export function fishFile(machine: Machine, options: EnvironmentOptions): Place {
  const { paths, env } = machine;
  const folder = fishFolder(machine);
  const path = `${folder}/conf.d/halton-meter.fish`;
  const file = (): OwnFile => ({ path, text: fishCode(machine, options), mode: 0o644 });

  async function check(): Promise<PlaceState> {
    const found = await checkOwnFile(file());
    if (found === "present") return { state: "present", detail: path, hint: null };
    if (found === "differs") return { state: "differs", detail: "of another version", hint: RUN_INIT };
    if (isFish(env.get("SHELL")) || await isFolder(folder)) {
      return { state: "absent", detail: "not written", hint: null };
    }
    return { state: "unavailable", detail: "fish is not used here", hint: null };
  }

  return {
    id: "environment.fish",
    label: "set up fish",
    check,
    async apply() {
      const found = await check();
      if (found.state === "unavailable") return found;
      await putOwnFile(paths, file());
      return await check();
    },
    async remove() {
      await removeOwnFile(paths, path);
      return GONE;
    },
  };
}

/** @returns why there is no bundle; null when there is one, or no certificate yet that could be in it. */
async function buildBundles(machine: Machine): Promise<string | null> {
  const { paths, edgePort, env } = machine;
  const caCertPem = await readOrNull(paths.caCertificate);
  if (caCertPem === null) return null;
  const { variables, warnings } = await clientEnvironment({ paths, caCertPem, edgePort, project: null, env });
  return variables["SSL_CERT_FILE"] === undefined ? warnings[0] ?? "no bundle could be built" : null;
}

function fishFolder({ env, paths }: Machine): string {
  const folder = env.get("XDG_CONFIG_HOME") ?? "";
  return `${folder.startsWith("/") ? folder : `${paths.userHome}/.config`}/fish`;
}

function isFish(shell: string | undefined): boolean {
  return shell?.endsWith("/fish") ?? false;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch {
    return false;
  }
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return null;
  }
}
