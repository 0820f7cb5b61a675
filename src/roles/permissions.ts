/**
 * What each role may touch: the whole security table on one screen. There is no switch that turns it off.
 *
 * Enforced by the runtime through worker permissions; tests/roles/permissions_test.ts spawns a probe with each row and
 * tries what must be refused. Deno's network permission does not tell listening from connecting.
 *
 * Imports: domain, ./dial.ts.
 *
 * @module
 */

import { INTERCEPTED_HOSTS } from "../domain/hosts.ts";
import type { Address, UpstreamSettings } from "../domain/upstream.ts";
import { isLoopback } from "./dial.ts";

/** Roles that run in a worker. The supervisor is the main thread. */
export type Role = "edge" | "interceptor" | "recorder" | "api" | "sync";

/** A worker that makes certificates and ends. */
export type OneShot = "minter";

/** What the rows depend on. All paths absolute. */
export interface RowInputs {
  readonly home: string;
  readonly portsFile: string;
  readonly controlSocket: string;
  readonly edgeLog: string;
  /** Ports that the local API may take, in the order in which they are tried. */
  readonly apiPorts: readonly number[];
  readonly upstream: UpstreamSettings;
  /** Where a self-test's stand-in provider listens on 127.0.0.1; 0 = nowhere. */
  readonly selfTestPort: number;
  /** The server that this machine is paired with; null or absent = none. */
  readonly cloudServer?: Address | null;
}

/** Names that the `ws` package reads when it is imported. */
const WS_ENVIRONMENT = ["WS_NO_BUFFER_UTIL", "WS_NO_UTF_8_VALIDATE"];

const NOTHING = {
  net: false,
  read: false,
  write: false,
  env: false,
  run: false,
  sys: false,
  ffi: false,
  import: false,
} as const satisfies Deno.PermissionOptionsObject;

/** Addresses that the interceptor dials: each provider on 443, or what the configuration put in its place. */
export function dialTargets(upstream: UpstreamSettings): string[] {
  if (upstream.proxy !== null) return [`${bracket(upstream.proxy.host)}:${upstream.proxy.port}`];
  return INTERCEPTED_HOSTS.map((host) => {
    const mapped = upstream.map[host];
    return mapped === undefined ? `${host}:443` : `${bracket(mapped.host)}:${mapped.port}`;
  });
}

/** The permission row of one role. */
export function permissionsOf(role: OneShot, inputs: null): Deno.PermissionOptionsObject;
export function permissionsOf(role: Role, inputs: RowInputs): Deno.PermissionOptionsObject;
export function permissionsOf(role: Role | OneShot, inputs: RowInputs | null): Deno.PermissionOptionsObject {
  if (role === "minter" || inputs === null) return NOTHING; // Sees the CA key; touches nothing.
  switch (role) {
    case "edge": // Sees ciphertext only, and goes wherever a client asks to go.
      return {
        ...NOTHING,
        net: true,
        read: [inputs.portsFile, inputs.controlSocket],
        write: [inputs.edgeLog, inputs.controlSocket],
      };
    case "interceptor": // Sees plaintext and leaf keys; reaches the providers and nothing else.
      return { ...NOTHING, net: ["127.0.0.1:0", ...selfTestTarget(inputs), ...dialTargets(inputs.upstream)] };
    case "recorder": // Keeps copies of exchanges; can open no socket.
      return { ...NOTHING, read: [inputs.home], write: [inputs.home], env: WS_ENVIRONMENT };
    case "api": // Shows what was kept; cannot change it.
      return { ...NOTHING, net: inputs.apiPorts.map((port) => `127.0.0.1:${port}`), read: [inputs.home] };
    case "sync": // Sends what the user shares to the paired server; reads what was kept and cannot change it.
      return { ...NOTHING, net: cloudTargets(inputs), read: [inputs.home] };
  }
}

/** Never an empty list, which would mean every address. */
function cloudTargets({ cloudServer = null, upstream }: RowInputs): string[] | false {
  if (cloudServer === null) return false;
  const { host, port } = upstream.proxy === null || isLoopback(cloudServer.host) ? cloudServer : upstream.proxy;
  return [`${bracket(host)}:${port}`];
}

function selfTestTarget({ selfTestPort }: RowInputs): string[] {
  return selfTestPort === 0 ? [] : [`127.0.0.1:${selfTestPort}`];
}

function bracket(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
