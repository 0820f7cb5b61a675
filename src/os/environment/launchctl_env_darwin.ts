/**
 * Variables for everything that macOS starts for this user: programs from the Dock, Spotlight and Finder.
 *
 * `launchctl setenv` lasts until the user logs out, hence the `userenv` service, which does the same at every login. No port can
 * be tried when a program is started; the edge is kept alive by launchd. Programs that run already keep what they have.
 *
 * A variable that somebody else has set is left alone, and so is everything while the session has another proxy: half of a
 * foreign setting would break what works.
 *
 * Imports: domain, os/client_variables.ts, os/machine.ts, os/place.ts, os/run.ts, os/system_state.ts,
 * os/environment.
 *
 * @module
 */

import { CLIENT_VARIABLES, PROXY_VARIABLES, REPLACING_VARIABLES } from "../client_variables.ts";
import type { Machine } from "../machine.ts";
import type { Place, PlaceState } from "../place.ts";
import { commandFailure } from "../run.ts";
import { readSystemState, writeSystemState } from "../system_state.ts";
import { type EnvironmentOptions, fixedVariables, foreignProxyHint, hostAndPort } from "./options.ts";

/** What the session has, and what it should have. */
interface Comparison {
  /** Ours by value. */
  readonly set: readonly string[];
  readonly missing: readonly string[];
  /** Of those missing: set by the meter when it had another port. */
  readonly stale: readonly string[];
  /** Names with a value of somebody else. */
  readonly foreign: ReadonlyMap<string, string>;
}

/** Variables of the user's login session. */
export function launchctlEnvironment(machine: Machine, options: EnvironmentOptions): Place {
  async function check(): Promise<PlaceState> {
    let found: Comparison;
    try {
      found = await compare(machine);
    } catch {
      return { state: "unavailable", detail: "launchctl cannot be run", hint: null };
    }
    const proxy = foreignSessionProxy(found, options);
    if (proxy !== null) {
      return { state: "unavailable", detail: `the proxy ${proxy} is in use`, hint: foreignProxyHint(proxy) };
    }
    if (found.set.length === 0) return { state: "absent", detail: "not set", hint: null };
    const kept = [...found.foreign.keys()];
    if (found.missing.length > 0) {
      return { state: "differs", detail: `${found.missing.join(", ")} not set`, hint: 'Run "halton-meter init" again' };
    }
    const detail = kept.length === 0 ? "set for this login" : `set for this login; left as it was: ${kept.join(", ")}`;
    return { state: "present", detail, hint: null };
  }

  return {
    id: "environment.session",
    label: "set the variables for programs from the Dock",
    check,
    async apply() {
      const before = await check();
      if (before.state === "unavailable" || before.state === "present") return before;
      await applyUserEnvironment(machine, options);
      return await check();
    },
    async remove() {
      const { set, stale } = await compare(machine).catch(() => ({ set: [], stale: [] }));
      const { session } = await readSystemState(machine.paths);
      for (const name of [...stale, ...set]) {
        const earlier = session[name];
        await launchctl(machine, earlier === undefined ? ["unsetenv", name] : ["setenv", name, earlier]);
      }
      await writeSystemState(machine.paths, { session: {} });
      return await check();
    },
  };
}

/**
 * Sets every variable that is not set, which is all that the service `userenv` does.
 *
 * @returns names of the variables that it set.
 * @throws {MeterError} `failed` when launchctl refuses.
 */
export async function applyUserEnvironment(machine: Machine, options: EnvironmentOptions): Promise<readonly string[]> {
  const found = await compare(machine);
  if (foreignSessionProxy(found, options) !== null) return [];
  const wanted = fixedVariables(machine);
  const replaced = [...found.foreign.keys()].filter((name) => (PROXY_VARIABLES as readonly string[]).includes(name));
  if (replaced.length > 0) {
    const { session } = await readSystemState(machine.paths);
    const earlier = Object.fromEntries(replaced.map((name) => [name, found.foreign.get(name) ?? ""]));
    await writeSystemState(machine.paths, { session: { ...earlier, ...session } });
  }
  const names = [...found.missing, ...replaced];
  for (const name of names) await launchctl(machine, ["setenv", name, wanted.get(name) ?? ""]);
  return names;
}

async function compare(machine: Machine): Promise<Comparison> {
  const wanted = fixedVariables(machine);
  const set: string[] = [];
  const missing: string[] = [];
  const stale: string[] = [];
  const foreign = new Map<string, string>();
  for (const name of CLIENT_VARIABLES) {
    const value = (await machine.run("launchctl", ["getenv", name])).stdout.replace(/\n$/, "");
    if (value === "") missing.push(name);
    else if (value === wanted.get(name)) set.push(name);
    else foreign.set(name, value);
  }
  // Beside certificates of the meter, an address of this machine is the meter's own, of a time when it had another port.
  if (REPLACING_VARIABLES.some((name) => set.includes(name))) {
    for (const name of PROXY_VARIABLES) {
      if (/^http:\/\/127\.0\.0\.1:\d+$/.test(foreign.get(name) ?? "") && foreign.delete(name)) stale.push(name);
    }
  }
  return { set, missing: [...missing, ...stale], stale, foreign };
}

/** The foreign proxy of the session; null when there is none or the meter itself goes through it. */
function foreignSessionProxy({ foreign }: Comparison, { upstreamProxy = null }: EnvironmentOptions): string | null {
  for (const name of PROXY_VARIABLES) {
    const address = foreign.get(name)?.replace(/^[a-z0-9+.-]+:\/\//i, "").replace(/^[^@/]*@/, "").replace(/\/.*$/, "");
    if (address === undefined) continue;
    if (upstreamProxy === null || address !== hostAndPort(upstreamProxy)) return address;
  }
  return null;
}

async function launchctl(machine: Machine, args: readonly string[]): Promise<void> {
  const output = await machine.run("launchctl", args);
  if (output.code === 0) return;
  throw commandFailure("Cannot set the session's variables", `launchctl ${args[0]} ${args[1]}`, output);
}
