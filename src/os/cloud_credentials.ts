/**
 * `cloud-credentials.json`: the token of the paired server and what it belongs to. Its owner's alone (0600), replaced whole.
 *
 * The token leaves this file for one place, the `Authorization` field of a request to the server that gave it. Messages never
 * quote the file.
 *
 * Imports: domain, ./ca_files.ts, ./paths.ts.
 *
 * @module
 */

import type { Pairing } from "../domain/cloud.ts";
import { serverUrl } from "../domain/config_checks.ts";
import { MeterError } from "../domain/errors.ts";
import { replaceFile } from "./ca_files.ts";
import { ensureHome, type Paths } from "./paths.ts";

/** A pairing with its token. */
export interface Credentials extends Pairing {
  readonly token: string;
  readonly workspaceName: string;
  /** This machine's name when it was paired; `null` = not known. */
  readonly hostname: string | null;
}

type Places = Pick<Paths, "home" | "socket" | "cloudCredentials">;

const MODE = 0o600;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What a token looks like: no character that could break out of a field of a request. */
export function isToken(text: unknown): text is string {
  return typeof text === "string" && /^hm_sync_[A-Za-z0-9_-]{16,512}$/.test(text);
}

/**
 * Reads the credentials. A file that others may read is made its owner's alone first.
 *
 * @returns `null` when there are none.
 * @throws {MeterError} `bad_input` for a file that is not what {@link writeCredentials} writes.
 */
export function readCredentials({ cloudCredentials: path }: Pick<Paths, "cloudCredentials">): Credentials | null {
  let text: string;
  try {
    const info = Deno.lstatSync(path);
    if (!info.isFile) throw unusable(path, "it is not a file");
    if (info.mode !== null && (info.mode & 0o077) !== 0) Deno.chmodSync(path, MODE);
    text = Deno.readTextFileSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    if (cause instanceof MeterError) throw cause;
    throw unusable(path, cause instanceof Error ? cause.name : "it cannot be read", cause);
  }
  const found = credentialsIn(text);
  if (found === null) throw unusable(path, "it does not hold what it should");
  return found;
}

/** Writes the credentials in place of those before. */
export async function writeCredentials(paths: Places, credentials: Credentials): Promise<void> {
  ensureHome(paths);
  const { token, baseUrl, workspaceId, workspaceName, machineId, hostname } = credentials;
  const text = JSON.stringify({
    base_url: baseUrl,
    workspace_id: workspaceId,
    workspace_name: workspaceName,
    machine_id: machineId,
    hostname,
    token,
  });
  try {
    await replaceFile(paths.cloudCredentials, `${text}\n`, MODE);
  } catch (cause) {
    throw new MeterError("failed", `Cannot write ${paths.cloudCredentials}: ${nameOf(cause)}`, { cause });
  }
}

/** Removes the credentials. @returns whether there were any. */
export function removeCredentials({ cloudCredentials: path }: Pick<Paths, "cloudCredentials">): boolean {
  try {
    Deno.removeSync(path);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw new MeterError("failed", `Cannot remove ${path}: ${nameOf(cause)}`, {
      hint: "Remove the file by hand: it holds the token of the paired server",
      cause,
    });
  }
}

function credentialsIn(text: string): Credentials | null {
  let found: Record<string, unknown>;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    found = { ...value };
  } catch {
    return null;
  }
  const { token, base_url, workspace_id, workspace_name, machine_id, hostname } = found;
  const baseUrl = serverUrl(base_url, { path: [], problems: [] });
  if (!isToken(token) || baseUrl === undefined || typeof workspace_id !== "string") return null;
  if (typeof machine_id !== "string" || !UUID.test(machine_id)) return null;
  return {
    token,
    baseUrl,
    workspaceId: workspace_id,
    workspaceName: typeof workspace_name === "string" ? workspace_name : workspace_id,
    machineId: machine_id,
    hostname: typeof hostname === "string" ? hostname : null,
  };
}

function unusable(path: string, state: string, cause?: unknown): MeterError {
  return new MeterError("bad_input", `Cannot read ${path}: ${state}`, {
    hint: "Run: halton-meter cloud connect",
    cause,
  });
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : "unknown error";
}
