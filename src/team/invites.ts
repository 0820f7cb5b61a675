/**
 * Links that are still good: which there are, and withdrawing one that went astray. The links themselves are not known here,
 * only hashes of them.
 *
 * Imports: ./audit.ts, ./database.ts, ./members.ts.
 *
 * @module
 */

import { writeAudit } from "./audit.ts";
import { type Sql, textIn, textOrNull } from "./database.ts";
import { mayManage, readRole, type Role, type Session } from "./members.ts";

/** A link that can still be used. */
export interface OpenLink {
  readonly id: string;
  /** What a newcomer will be, or the role of the member that can choose a new passphrase. */
  readonly role: Role;
  /** Name of the member that can choose a new passphrase; null = an invite. */
  readonly member: string | null;
  /** Who made it; null = the operator. */
  readonly createdBy: string | null;
  readonly expiresAt: string;
}

/** Links that can still be used, those that end first first. */
export async function listOpenLinks(sql: Sql): Promise<OpenLink[]> {
  const rows = await sql(
    `SELECT i.id::text, coalesce(m.role, i.role) AS role, m.name AS member, c.name AS created_by,
       to_json(i.expires_at) #>> '{}' AS expires_at
     FROM invites i
     LEFT JOIN members m ON m.workspace_id = i.workspace_id AND m.id = i.member_id
     LEFT JOIN members c ON c.workspace_id = i.workspace_id AND c.id = i.created_by
     WHERE i.used_at IS NULL AND i.expires_at > now() AND (i.member_id IS NULL OR m.removed_at IS NULL)
     ORDER BY i.expires_at, i.id LIMIT 1000`,
  );
  return rows.map((row) => ({
    id: textIn(row, "id"),
    role: readRole(textIn(row, "role")) ?? "member",
    member: textOrNull(row, "member"),
    createdBy: textOrNull(row, "created_by"),
    expiresAt: textIn(row, "expires_at"),
  }));
}

/** Withdraws a link. @returns false when there is no such link that `actor` may withdraw. */
export async function withdrawLink(sql: Sql, actor: Session, id: string): Promise<boolean> {
  const link = (await listOpenLinks(sql)).find((one) => one.id === id);
  if (link === undefined || !mayManage(actor.role, link.role)) return false;
  await sql("UPDATE invites SET expires_at = now() WHERE id = $1::text::uuid", [id]);
  const { workspaceId, memberId } = actor;
  await writeAudit(sql, { workspaceId, memberId, event: "invite.withdrawn", details: { invite: id, role: link.role } });
  return true;
}
