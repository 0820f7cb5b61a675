/**
 * People of a workspace: how they are invited, sign in, and leave.
 *
 * No e-mail: an invite is a link, good once, for seven days; whoever opens it chooses a name and a passphrase. The same kind of
 * link lets a member choose a new passphrase. The first link of a workspace comes from the operator's command line.
 *
 * Imports: ./audit.ts, ./database.ts, ./passphrase.ts, ./problem.ts, ./secrets.ts.
 *
 * @module
 */

import { writeAudit } from "./audit.ts";
import {
  type Database,
  enterWorkspace,
  flagIn,
  inWorkspace,
  presentSecret,
  type Row,
  type Sql,
  sqlState,
  textIn,
  textOrNull,
} from "./database.ts";
import { checkPassphrase, hashPassphrase, MAX_PASSPHRASE, MIN_PASSPHRASE } from "./passphrase.ts";
import { Refusal } from "./problem.ts";
import { hashOf, loginKey, randomSecret } from "./secrets.ts";

/** From most to least. */
export const ROLES = ["owner", "admin", "member"] as const;
/** What somebody may do in a workspace. */
export type Role = typeof ROLES[number];

const INVITE_DAYS = 7;
/** A session ends after so long without a request, and after so long altogether. */
const IDLE_HOURS = 12;
const SESSION_DAYS = 7;

/** Somebody who is signed in. */
export interface Session {
  readonly workspaceId: string;
  readonly workspaceSlug: string;
  readonly workspaceName: string;
  readonly memberId: string;
  readonly memberName: string;
  readonly role: Role;
}

/** A member as the others see it. */
export interface Member {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: string;
}

/** What an open invite is for. */
export interface OpenInvite {
  readonly workspaceId: string;
  readonly workspaceSlug: string;
  readonly workspaceName: string;
  readonly role: Role;
  /** Set for a link that lets a member choose a new passphrase. */
  readonly member: { readonly id: string; readonly name: string } | null;
}

/** Reads a role; null for any other word. */
export function readRole(text: string | undefined): Role | null {
  return ROLES.find((role) => role === text) ?? null;
}

/** Whether somebody of role `actor` may give, take or reset what somebody of role `other` has. */
export function mayManage(actor: Role, other: Role): boolean {
  return actor === "owner" || (actor === "admin" && other !== "owner");
}

/** Makes a link, inside its workspace. `createdBy`: null = the operator. @returns the secret in it. */
export async function createInvite(
  sql: Sql,
  workspaceId: string,
  role: Role,
  createdBy: string | null,
  memberId: string | null = null,
): Promise<string> {
  const secret = randomSecret();
  await sql(
    `INSERT INTO invites (workspace_id, id, secret_hash, role, member_id, created_by, expires_at)
     VALUES ($1::text::uuid, $2::text::uuid, decode($3::text, 'hex'), $4::text, $5::text::uuid, $6::text::uuid,
       now() + make_interval(days => $7::int))`,
    [workspaceId, crypto.randomUUID(), hashOf(secret), role, memberId, createdBy, INVITE_DAYS],
  );
  const details = { role, member: memberId };
  await writeAudit(sql, { workspaceId, memberId: createdBy, event: "member.invited", details });
  return secret;
}

/** What a link is for; null when it was used, has expired, or never was. */
export async function findInvite(db: Database, secret: string): Promise<OpenInvite | null> {
  return await db.transaction((sql) => openInvite(sql, secret));
}

async function openInvite(sql: Sql, secret: string): Promise<OpenInvite | null> {
  await presentSecret(sql, hashOf(secret));
  const [found] = await sql(
    `SELECT workspace_id::text FROM invites
     WHERE secret_hash = decode($1::text, 'hex') AND used_at IS NULL AND expires_at > now()`,
    [hashOf(secret)],
  );
  if (found === undefined) return null;
  await enterWorkspace(sql, textIn(found, "workspace_id"));
  const [row] = await sql(
    `SELECT w.id::text, w.slug, w.name, i.role, m.id::text AS member, m.name AS member_name,
       i.created_by IS NULL AS by_operator, coalesce(m.role, i.role) AS managed,
       CASE WHEN c.removed_at IS NULL THEN c.role END AS creator
     FROM invites i JOIN workspaces w ON w.id = i.workspace_id
     LEFT JOIN members m ON m.workspace_id = i.workspace_id AND m.id = i.member_id
     LEFT JOIN members c ON c.workspace_id = i.workspace_id AND c.id = i.created_by
     WHERE i.secret_hash = decode($1::text, 'hex') AND (i.member_id IS NULL OR m.removed_at IS NULL)`,
    [hashOf(secret)],
  );
  if (row === undefined || !(flagIn(row, "by_operator") || stillMay(row))) return null;
  const memberId = textOrNull(row, "member");
  return {
    workspaceId: textIn(row, "id"),
    workspaceSlug: textIn(row, "slug"),
    workspaceName: textIn(row, "name"),
    role: readRole(textIn(row, "role")) ?? "member",
    member: memberId === null ? null : { id: memberId, name: textIn(row, "member_name") },
  };
}

/**
 * Whether whoever made a link may still give what it gives: one who was removed or has a lesser role now must not come back, or
 * take over somebody who has a greater one now, by a link of former days.
 */
function stillMay(row: Row): boolean {
  const [creator, managed] = [readRole(textOrNull(row, "creator") ?? undefined), readRole(textIn(row, "managed"))];
  return creator !== null && managed !== null && mayManage(creator, managed);
}

/**
 * Uses a link up: makes the member, or gives it its new passphrase and ends its sessions and other links.
 *
 * @returns a new session's secret.
 * @throws {Refusal} 410 for a link that is no longer good, 400 for a name or passphrase that cannot be used, 409 for a taken name.
 */
export async function acceptInvite(db: Database, secret: string, name: string, passphrase: string): Promise<string> {
  const open = await findInvite(db, secret);
  if (open === null) throw inviteGone();
  const chosen = open.member?.name ?? name.trim();
  checkName(chosen);
  checkLength(passphrase);
  const hash = await hashPassphrase(passphrase);
  try {
    return await db.transaction(async (sql) => {
      const invite = await openInvite(sql, secret);
      const used = await sql(
        "UPDATE invites SET used_at = now() WHERE secret_hash = decode($1::text, 'hex') AND used_at IS NULL RETURNING 1 AS one",
        [hashOf(secret)],
      );
      if (invite === null || used.length === 0) throw inviteGone();
      const memberId = invite.member?.id ?? await insertMember(sql, invite, chosen, hash);
      if (invite.member !== null) await resetPassphrase(sql, invite.workspaceId, memberId, hash);
      return await startSession(sql, invite.workspaceId, memberId);
    });
  } catch (error) {
    if (sqlState(error) !== "23505") throw error;
    throw new Refusal(409, "name_taken", "Somebody in this workspace has this name", "Choose another name");
  }
}

async function insertMember(sql: Sql, invite: OpenInvite, name: string, hash: string): Promise<string> {
  const { workspaceId, workspaceSlug, role } = invite;
  const id = crypto.randomUUID();
  await sql(
    `INSERT INTO members (workspace_id, id, name, login_key, role, passphrase)
     VALUES ($1::text::uuid, $2::text::uuid, $3::text, decode($4::text, 'hex'), $5::text, $6::text)`,
    [workspaceId, id, name, loginKey(workspaceSlug, name), role, hash],
  );
  await writeAudit(sql, { workspaceId, memberId: id, event: "member.joined", details: { role } });
  return id;
}

async function resetPassphrase(sql: Sql, workspaceId: string, memberId: string, hash: string): Promise<void> {
  await sql("UPDATE members SET passphrase = $2::text WHERE id = $1::text::uuid", [memberId, hash]);
  await sql("DELETE FROM sessions WHERE member_id = $1::text::uuid", [memberId]);
  await sql("UPDATE invites SET used_at = now() WHERE member_id = $1::text::uuid AND used_at IS NULL", [memberId]);
  await writeAudit(sql, { workspaceId, memberId, event: "passphrase.reset", details: {} });
}

/** Signs somebody in; null for a wrong name or passphrase, between which neither answer nor time tells. */
export async function signIn(
  db: Database,
  workspace: string,
  name: string,
  passphrase: string,
): Promise<string | null> {
  const key = loginKey(workspace.trim(), name.trim());
  const found = await db.transaction(async (sql) => {
    await presentSecret(sql, key);
    const [row] = await sql(
      `SELECT workspace_id::text, id::text, passphrase FROM members
       WHERE login_key = decode($1::text, 'hex') AND removed_at IS NULL`,
      [key],
    );
    return row ?? null;
  });
  const right = await checkPassphrase(
    passphrase.slice(0, MAX_PASSPHRASE + 1),
    found === null ? null : textIn(found, "passphrase"),
  );
  if (found === null || !right) return null;
  const workspaceId = textIn(found, "workspace_id");
  return await inWorkspace(db, workspaceId, (sql) => startSession(sql, workspaceId, textIn(found, "id")));
}

async function startSession(sql: Sql, workspaceId: string, memberId: string): Promise<string> {
  const secret = randomSecret();
  await sql(
    `INSERT INTO sessions (workspace_id, secret_hash, member_id)
     VALUES ($1::text::uuid, decode($2::text, 'hex'), $3::text::uuid)`,
    [workspaceId, hashOf(secret), memberId],
  );
  return secret;
}

/** Runs `work` inside the workspace of a session; null when nobody is signed in with it. */
export async function asMember<T>(
  db: Database,
  secret: string,
  work: (sql: Sql, session: Session) => Promise<T>,
): Promise<{ readonly result: T } | null> {
  return await db.transaction(async (sql) => {
    const session = await sessionOf(sql, secret);
    return session === null ? null : { result: await work(sql, session) };
  });
}

async function sessionOf(sql: Sql, secret: string): Promise<Session | null> {
  const hash = hashOf(secret);
  await presentSecret(sql, hash);
  const [found] = await sql(
    `SELECT workspace_id::text FROM sessions WHERE secret_hash = decode($1::text, 'hex')
       AND seen_at > now() - make_interval(hours => $2::int) AND created_at > now() - make_interval(days => $3::int)`,
    [hash, IDLE_HOURS, SESSION_DAYS],
  );
  if (found === undefined) return null;
  await enterWorkspace(sql, textIn(found, "workspace_id"));
  const [row] = await sql(
    `SELECT w.id::text, w.slug, w.name, m.id::text AS member, m.name AS member_name, m.role,
       s.seen_at < now() - interval '5 minutes' AS stale
     FROM sessions s JOIN workspaces w ON w.id = s.workspace_id
     JOIN members m ON m.workspace_id = s.workspace_id AND m.id = s.member_id
     WHERE s.secret_hash = decode($1::text, 'hex') AND m.removed_at IS NULL`,
    [hash],
  );
  if (row === undefined) return null;
  if (flagIn(row, "stale")) {
    await sql("UPDATE sessions SET seen_at = now() WHERE secret_hash = decode($1::text, 'hex')", [hash]);
  }
  return {
    workspaceId: textIn(row, "id"),
    workspaceSlug: textIn(row, "slug"),
    workspaceName: textIn(row, "name"),
    memberId: textIn(row, "member"),
    memberName: textIn(row, "member_name"),
    role: readRole(textIn(row, "role")) ?? "member",
  };
}

/** Ends a session. */
export async function signOut(sql: Sql, secret: string): Promise<void> {
  await sql("DELETE FROM sessions WHERE secret_hash = decode($1::text, 'hex')", [hashOf(secret)]);
}

/** Everybody who has not left. */
export async function listMembers(sql: Sql): Promise<Member[]> {
  const rows = await sql(
    `SELECT id::text, name, role, to_json(created_at) #>> '{}' AS created_at FROM members WHERE removed_at IS NULL
     ORDER BY array_position(ARRAY['owner', 'admin', 'member'], role), lower(name)`,
  );
  return rows.map((row) => ({
    id: textIn(row, "id"),
    name: textIn(row, "name"),
    role: readRole(textIn(row, "role")) ?? "member",
    createdAt: textIn(row, "created_at"),
  }));
}

/**
 * Gives a member another role, or (`role` null) removes it with its sessions, and its machines are told so.
 *
 * @throws {Refusal} 403 for what the actor may not do, 404 for nobody, 409 for the last owner.
 */
export async function changeMember(sql: Sql, actor: Session, memberId: string, role: Role | null): Promise<void> {
  const members = await sql("SELECT id::text, role FROM members WHERE removed_at IS NULL ORDER BY id FOR UPDATE");
  const row = members.find((member) => textIn(member, "id") === memberId);
  const current = row === undefined ? null : readRole(textIn(row, "role"));
  if (current === null) throw new Refusal(404, "unknown_member", "There is no such member", "Reload the page");
  if (!mayManage(actor.role, current) || (role !== null && !mayManage(actor.role, role))) {
    throw new Refusal(403, "role_missing", "Your role does not allow this", "Ask an owner");
  }
  const owners = members.filter((member) => textIn(member, "role") === "owner").length;
  if (current === "owner" && role !== "owner" && owners === 1) {
    throw new Refusal(409, "last_owner", "A workspace needs an owner", "Make somebody else an owner first");
  }
  const { workspaceId } = actor;
  if (role === null) {
    // The key is freed, so that the name can be used again.
    await sql(
      `UPDATE members SET removed_at = now(), login_key = decode($2::text, 'hex') WHERE id = $1::text::uuid`,
      [memberId, hashOf(randomSecret())],
    );
    await sql("DELETE FROM sessions WHERE member_id = $1::text::uuid", [memberId]);
    await writeAudit(sql, {
      workspaceId,
      memberId: actor.memberId,
      event: "member.removed",
      details: { member: memberId },
    });
    return;
  }
  await sql("UPDATE members SET role = $2::text WHERE id = $1::text::uuid", [memberId, role]);
  const details = { member: memberId, role };
  await writeAudit(sql, { workspaceId, memberId: actor.memberId, event: "member.role_changed", details });
}

function checkName(name: string): void {
  // deno-lint-ignore no-control-regex
  if (name.length >= 1 && name.length <= 80 && !/[\x00-\x1f\x7f]/.test(name)) return;
  throw new Refusal(400, "bad_name", "This name cannot be used", "Choose one of 1 to 80 characters");
}

function checkLength(passphrase: string): void {
  if (passphrase.length >= MIN_PASSPHRASE && passphrase.length <= MAX_PASSPHRASE) return;
  const wanted = `Choose one of ${MIN_PASSPHRASE} to ${MAX_PASSPHRASE} characters`;
  throw new Refusal(400, "bad_passphrase", "This passphrase cannot be used", wanted);
}

function inviteGone(): Refusal {
  return new Refusal(410, "invite_gone", "This link was used before or has expired", "Ask for a new one");
}
