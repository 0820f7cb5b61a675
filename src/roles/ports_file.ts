/**
 * `effective-ports.json`: the ports in use, the single source of truth for edge, `run`, `status` and `doctor`.
 *
 * Imports: domain, log.ts, roles/messages.ts (types).
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { INTERCEPTED_HOSTS } from "../domain/hosts.ts";
import { errorLabel } from "../log.ts";
import type { InterceptorPorts } from "./messages.ts";

/** Content of the file. The daemon's part is null while no daemon runs, the edge's while no edge does. */
export interface EffectivePorts {
  readonly edge: { readonly port: number; readonly pid: number } | null;
  readonly daemon: {
    readonly pid: number;
    readonly apiPort: number | null;
    readonly interceptor: InterceptorPorts;
    /** UTC epoch ms. */
    readonly startedAt: number;
  } | null;
}

/** Nothing runs. */
export const NO_PORTS: EffectivePorts = { edge: null, daemon: null };

/** Reads the file; missing or unreadable content counts as nothing running. */
export function readPorts(path: string): EffectivePorts {
  try {
    return parsePorts(JSON.parse(Deno.readTextFileSync(path)));
  } catch {
    return NO_PORTS;
  }
}

/**
 * Replaces one process's part, keeping the other's; atomic, mode 0600. On a full disk a shorter text is written over the
 * old one, since a daemon that ends must be able to take itself out: the file must never name a daemon that is gone.
 *
 * @throws {MeterError} `failed` when it cannot.
 */
export function updatePorts(path: string, part: Partial<EffectivePorts>): void {
  const text = JSON.stringify({ ...readPorts(path), ...part }, null, 2) + "\n";
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    Deno.writeTextFileSync(temporary, text, { mode: 0o600, createNew: true });
    Deno.renameSync(temporary, path);
  } catch (cause) {
    removeQuietly(temporary);
    if (isOutOfSpace(cause) && isWrittenOver(path, text)) return;
    throw new MeterError("failed", `Cannot write ${path}: ${errorLabel(cause)}`, {
      hint: "Check what is there, and the owner and the free space of its folder",
      cause,
    });
  }
}

/** Fills the place that the file has, in one write; blanks at the end of JSON mean nothing. False when it does not fit. */
function isWrittenOver(path: string, text: string): boolean {
  try {
    const info = Deno.lstatSync(path);
    if (!info.isFile || info.size < text.length) return false;
    using file = Deno.openSync(path, { write: true });
    return file.writeSync(new TextEncoder().encode(text.padEnd(info.size))) === info.size;
  } catch {
    return false;
  }
}

function isOutOfSpace(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It was never made.
  }
}

/** Ports tried when another program holds the configured one. */
const FALLBACK_PORTS = 16;

/** The ports to try for the local API: the configured one, then free ones near it. */
export function apiPorts(port: number, taken: readonly number[]): number[] {
  return [port, ...fallbackPorts(port, taken).slice(0, 4)];
}

/** The ports to try after `port`, without those that this program uses itself. */
export function fallbackPorts(port: number, taken: readonly number[]): number[] {
  if (port === 0) return [];
  const ports: number[] = [];
  for (let next = port + 1; ports.length < FALLBACK_PORTS && next < 65536; next++) {
    if (!taken.includes(next)) ports.push(next);
  }
  return ports;
}

function parsePorts(value: unknown): EffectivePorts {
  if (!isRecord(value)) return NO_PORTS;
  return { edge: parseEdge(value["edge"]), daemon: parseDaemon(value["daemon"]) };
}

function parseEdge(value: unknown): EffectivePorts["edge"] {
  if (!isRecord(value) || !isPort(value["port"]) || !isCount(value["pid"])) return null;
  return { port: value["port"], pid: value["pid"] };
}

function parseDaemon(value: unknown): EffectivePorts["daemon"] {
  if (!isRecord(value) || !isCount(value["pid"]) || !isRecord(value["interceptor"])) return null;
  const { hosts, health, selfTest, token } = value["interceptor"];
  if (!isRecord(hosts) || !isPort(health) || !isPort(selfTest) || typeof token !== "string" || token === "") {
    return null;
  }
  const ports = INTERCEPTED_HOSTS.map((host) => [host, hosts[host]] as const);
  if (!ports.every(([, port]) => isPort(port))) return null;
  const startedAt = value["startedAt"];
  return {
    pid: value["pid"],
    apiPort: isPort(value["apiPort"]) ? value["apiPort"] : null,
    interceptor: { hosts: Object.fromEntries(ports) as InterceptorPorts["hosts"], health, selfTest, token },
    startedAt: typeof startedAt === "number" ? startedAt : 0,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPort(value: unknown): value is number {
  return isCount(value) && value <= 65535;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0;
}
