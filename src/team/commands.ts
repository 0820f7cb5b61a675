/**
 * What the commands do. PostgreSQL and the embedded database are loaded when they are used.
 *
 * Imports: domain, ./command_line.ts (types), ./database.ts, ./database_failure.ts, ./log.ts, ./members.ts, ./migrate.ts,
 * ./secrets.ts, ./server.ts, ./settings.ts, ./workspaces.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import type { DatabaseFlags, ServeCommandFlags, TeamContext } from "./command_line.ts";
import { databaseFailure } from "./database_failure.ts";
import { type Database, enterWorkspace, inWorkspace, presentSecret, type Sql, textIn } from "./database.ts";
import { createTeamLog, type TeamLog } from "./log.ts";
import { createInvite, type Role } from "./members.ts";
import { checkDatabase, loginIn, migrate } from "./migrate.ts";
import { loginKey } from "./secrets.ts";
import { type RunningServer, startServer } from "./server.ts";
import { publicUrlIn, readSettings, type TeamSettings } from "./settings.ts";
import { createWorkspace, isWorkspaceSlug } from "./workspaces.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const satisfies Deno.Signal[];
/** Where links point to unless the environment says otherwise. */
const DEFAULT_URL = "http://127.0.0.1:8790";

/** `serve`. */
export async function serveCommand(this: TeamContext, flags: ServeCommandFlags): Promise<void> {
  const settings = readSettings(flags, readEnvironment);
  const log = createTeamLog((line) => this.process.stderr.write(`${line}\n`));
  const db = await openReady(flags, log);
  const stopped = untilStopped();
  const server = await listen(db, settings, log);
  await server.stop(await stopped);
}

async function listen(db: Database, settings: TeamSettings, log: TeamLog): Promise<RunningServer> {
  try {
    return startServer(db, settings, log);
  } catch (error) {
    await db.close();
    throw listenFailure(error, settings.port);
  }
}

/** `migrate`. */
export async function migrateCommand(this: TeamContext, flags: DatabaseFlags): Promise<void> {
  const { from, to } = flags.dataDir === undefined ? await migratePostgres() : await migrateFolder(flags.dataDir);
  this.process.stdout.write(from === to ? `Schema version ${to}, nothing to do\n` : `Schema version ${from} → ${to}\n`);
}

/** `workspace create`. */
export async function createCommand(
  this: TeamContext,
  flags: DatabaseFlags & { readonly name?: string },
  slug: string,
): Promise<void> {
  await withDatabase(flags, async (db) => {
    const id = await createWorkspace(db, slug, flags.name ?? slug);
    const secret = await inWorkspace(db, id, (sql) => createInvite(sql, id, "owner", null));
    this.process.stdout.write(`Workspace ${slug}\nFirst owner, within 7 days, once: ${inviteLink(secret)}\n`);
  });
}

/** `invite`. */
export async function inviteCommand(
  this: TeamContext,
  flags: DatabaseFlags & { readonly role: Role; readonly reset?: string },
  slug: string,
): Promise<void> {
  await withDatabase(flags, async (db) => {
    const secret = await db.transaction((sql) => inviteBySlug(sql, slug, flags.role, flags.reset ?? null));
    this.process.stdout.write(`Within 7 days, once: ${inviteLink(secret)}\n`);
  });
}

async function inviteBySlug(sql: Sql, slug: string, role: Role, memberName: string | null): Promise<string> {
  const [found] = isWorkspaceSlug(slug) ? await sql("SELECT workspace_by_slug($1::text)::text AS id", [slug]) : [];
  const workspaceId = found === undefined || found["id"] === null ? null : textIn(found, "id");
  if (workspaceId === null) {
    throw new MeterError("bad_input", `Cannot invite: there is no workspace with the short name ${slug}`, {
      hint: "Make it with halton-meter-team workspace create",
    });
  }
  if (memberName === null) {
    await enterWorkspace(sql, workspaceId);
    return await createInvite(sql, workspaceId, role, null);
  }
  const key = loginKey(slug, memberName);
  await presentSecret(sql, key);
  const [member] = await sql("SELECT id::text, role FROM members WHERE login_key = decode($1::text, 'hex')", [key]);
  if (member === undefined) {
    throw new MeterError("bad_input", "Cannot make the link: nobody in this workspace has this name", {
      hint: "Write the name as the member does to sign in",
    });
  }
  await enterWorkspace(sql, workspaceId);
  return await createInvite(sql, workspaceId, "member", null, textIn(member, "id"));
}

function readEnvironment(name: string): string | undefined {
  return Deno.env.get(name);
}

function inviteLink(secret: string): string {
  return `${publicUrlIn(readEnvironment("HALTON_METER_PUBLIC_URL") ?? "") || DEFAULT_URL}/invite/${secret}`;
}

async function withDatabase(flags: DatabaseFlags, work: (db: Database) => Promise<void>): Promise<void> {
  const db = await openReady(flags, () => {});
  try {
    await work(db);
  } finally {
    await db.close();
  }
}

/** The database as the server uses it. The embedded one is brought up to date on the way, PostgreSQL only checked. */
async function openReady({ dataDir }: DatabaseFlags, log: TeamLog): Promise<Database> {
  if (dataDir !== undefined) {
    const { from, to } = await migrateFolder(dataDir);
    if (from !== to) log({ event: "database.migrated", from, to });
    return await (await import("./pglite.ts")).openPglite(dataDir);
  }
  const db = (await import("./postgres.ts")).openPostgres(databaseUrl());
  try {
    await checkDatabase(db);
    return db;
  } catch (error) {
    await db.close();
    throw databaseFailure(error, "DATABASE_URL");
  }
}

async function migrateFolder(dataDir: string): Promise<{ from: number; to: number }> {
  return await migrateAs(await (await import("./pglite.ts")).openPglite(dataDir, true), null);
}

async function migratePostgres(): Promise<{ from: number; to: number }> {
  const owner = readEnvironment("DATABASE_OWNER_URL");
  if (owner === undefined || owner === "") {
    throw new MeterError("bad_config", "Cannot migrate: DATABASE_OWNER_URL is not set", {
      hint: "Set it to the login that owns the database, and DATABASE_URL to the one that the server shall use",
    });
  }
  const login = loginIn(databaseUrl());
  try {
    return await migrateAs((await import("./postgres.ts")).openPostgres(owner, 1), login);
  } catch (error) {
    throw databaseFailure(error, "DATABASE_OWNER_URL");
  }
}

async function migrateAs(db: Database, login: Parameters<typeof migrate>[1]): Promise<{ from: number; to: number }> {
  try {
    return await migrate(db, login);
  } finally {
    await db.close();
  }
}

function databaseUrl(): string {
  const url = readEnvironment("DATABASE_URL");
  if (url !== undefined && url !== "") return url;
  throw new MeterError("bad_config", "Cannot open the database: DATABASE_URL is not set", {
    hint: "Set it, or pass --data-dir for a trial",
  });
}

function listenFailure(error: unknown, port: number): unknown {
  if (!(error instanceof Deno.errors.AddrInUse)) return error;
  return new MeterError("port_in_use", `Cannot serve on port ${port}: another process is listening there`, {
    hint: "Choose another one with --port",
    cause: error,
  });
}

function untilStopped(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of SIGNALS) Deno.addSignalListener(signal, () => resolve(signal));
  });
}
