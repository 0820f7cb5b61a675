/**
 * What the commands of `cloud` start from: settings, credentials, the way to the server, and how the daemon is told.
 *
 * Imports: domain, os, roles, store, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { changeCloud, type CloudChange } from "../os/config_cloud.ts";
import { readConfigText, replaceConfigText } from "../os/config_edit.ts";
import { type Credentials, readCredentials } from "../os/cloud_credentials.ts";
import { loadConfig } from "../os/config_file.ts";
import type { Paths } from "../os/paths.ts";
import { type CloudLine, cloudLine } from "../roles/cloud_line.ts";
import { askSupervisor } from "../roles/control_client.ts";
import { type Database, openForWriting } from "../store/database.ts";
import { openSession, type Session, upstreamOf } from "./session.ts";
import { VERSION } from "./version.ts";

/** A session, and what it is paired with. */
export interface CloudSession extends Session {
  readonly credentials: Credentials | null;
}

/** The daemon replaces its sync role before it answers. */
const TELL_MS = 8_000;

/** Reads settings and credentials. @throws {MeterError} */
export async function openCloudSession(): Promise<CloudSession> {
  const session = await openSession();
  return { ...session, credentials: readCredentials(session.paths) };
}

/** A session to which credentials that cannot be read are none: they are about to be replaced or removed. */
export async function openLenientSession(): Promise<CloudSession & { readonly unreadable: boolean }> {
  const session = await openSession();
  try {
    return { ...session, credentials: readCredentials(session.paths), unreadable: false };
  } catch {
    return { ...session, credentials: null, unreadable: true };
  }
}

/** The pairing. @param action Follows "Cannot". @throws {MeterError} `bad_input` when there is none. */
export function requirePaired({ credentials }: CloudSession, action: string): Credentials {
  if (credentials !== null) return credentials;
  throw new MeterError("bad_input", `Cannot ${action}: this machine is not paired with a server`, {
    hint: "Run: halton-meter cloud connect",
  });
}

/** The way to a server, with the token if there is one. To be closed. @throws {MeterError} `wrong_usage` for an unsafe address. */
export function lineTo(session: Session, baseUrl: string, token: string | null): CloudLine {
  return cloudLine({ baseUrl, token, upstream: upstreamOf(session.config), version: VERSION });
}

/** Tells a running daemon that the pairing has changed. Without a daemon there is nobody to tell. */
export async function tellDaemon(paths: Paths): Promise<void> {
  await askSupervisor(paths.socket, { t: "cloud" }, TELL_MS);
}

/** config.toml with `[cloud]` changed, and as it is. @throws {MeterError} `bad_config` when it cannot be changed like that. */
export function cloudSettingsText(
  { config }: Paths,
  changes: readonly CloudChange[],
): { edited: string; text: string } {
  const text = readConfigText(config);
  return { edited: changeCloud(config, text, changes), text };
}

/** Changes `[cloud]` of config.toml, if that changes anything. @throws {MeterError} `bad_config`, `failed`. */
export async function writeCloudSettings(paths: Paths, changes: readonly CloudChange[]): Promise<void> {
  const { config } = paths;
  const { edited, text } = cloudSettingsText(paths, changes);
  if (edited !== text) replaceConfigText(config, text, edited);
  await loadConfig(config);
}

/** Runs `work` with the database open for changes, made if there is none. */
export function withDatabase<T>({ database }: Paths, work: (db: Database) => T): T {
  const db = openForWriting(database, { now: Date.now(), uid: Deno.uid() ?? undefined });
  try {
    return work(db);
  } finally {
    db.close();
  }
}

/** A failure of the server as a command's own. `action` follows "Cannot". */
export function cannot(action: string, state: string, hint?: string): MeterError {
  return new MeterError("failed", `Cannot ${action}: ${state}`, hint === undefined ? {} : { hint });
}
