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

/** The pairing. @throws {MeterError} `bad_input` when there is none. */
export function requirePaired({ credentials }: CloudSession): Credentials {
  if (credentials !== null) return credentials;
  throw new MeterError("bad_input", "Cannot do this: this machine is not paired with a server", {
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

/** Changes `[cloud]` of config.toml, if that changes anything. @throws {MeterError} `bad_config`, `failed`. */
export async function writeCloudSettings({ config }: Paths, changes: readonly CloudChange[]): Promise<void> {
  const text = readConfigText(config);
  const edited = changeCloud(config, text, changes);
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
