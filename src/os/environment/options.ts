/**
 * What the places of the environment have in common: their settings, and the variables where no test of the port is possible.
 *
 * Imports: domain, os/client_variables.ts, os/machine.ts (types).
 *
 * @module
 */

import { MeterError } from "../../domain/errors.ts";
import type { Address } from "../../domain/upstream.ts";
import {
  LOOPBACK_NAMES,
  NO_PROXY_VARIABLES,
  NODE_PROXY_VARIABLE,
  NODE_ROOTS_VARIABLE,
  PROXY_VARIABLES,
  REPLACING_VARIABLES,
} from "../client_variables.ts";
import type { Machine } from "../machine.ts";

/** Settings that bear on the environment. */
export interface EnvironmentOptions {
  /** `[upstream] proxy` of the configuration: the one foreign proxy that the meter may stand in front of. */
  readonly upstreamProxy?: Address | null;
}

/** Variables with fixed values, for sessions that are set up before any port could be tried. */
export function fixedVariables({ edgePort, paths }: Machine): ReadonlyMap<string, string> {
  const proxy = `http://127.0.0.1:${edgePort}`;
  return new Map<string, string>([
    ...PROXY_VARIABLES.map((name) => [name, proxy] as const),
    ...NO_PROXY_VARIABLES.map((name) => [name, LOOPBACK_NAMES.join(",")] as const),
    [NODE_PROXY_VARIABLE, "1"],
    [NODE_ROOTS_VARIABLE, paths.caCertificate],
    ...REPLACING_VARIABLES.map((name) => [name, paths.caBundle] as const),
  ]);
}

/**
 * The proxy that the user has set and that the meter may not replace; null when there is none. Never with its password.
 *
 * Only when the meter is told to use that proxy itself do calls that went through it still get there.
 */
export function foreignProxy(machine: Machine, { upstreamProxy = null }: EnvironmentOptions): string | null {
  for (const name of [...PROXY_VARIABLES, "ALL_PROXY", "all_proxy"]) {
    const value = machine.env.get(name)?.trim() ?? "";
    const address = value.replace(/^[a-z0-9+.-]+:\/\//i, "").replace(/^[^@/]*@/, "").replace(/\/.*$/, "");
    if (address === "" || address === `127.0.0.1:${machine.edgePort}`) continue;
    if (upstreamProxy !== null && address === hostAndPort(upstreamProxy)) continue;
    return address;
  }
  return null;
}

/** What to do about a foreign proxy. */
export function foreignProxyHint(address: string): string {
  return `Put proxy = "http://${address}" under [upstream] in config.toml, then run "halton-meter init" again`;
}

/** `host:port` as addresses of proxies have it. */
export function hostAndPort({ host, port }: Address): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Refuses what no start-up or service file can hold. @throws {MeterError} `failed`. */
export function plainPath(path: string): string {
  // deno-lint-ignore no-control-regex
  if (!/[\x00-\x1f\x7f]/.test(path)) return path;
  throw new MeterError("failed", `Cannot set up ${JSON.stringify(path)}: its name holds a control character`, {
    hint: "Move it to a path without line breaks and tabs",
  });
}
