/**
 * What people did: who looked at a body, who changed a setting, who joined. The database lets nobody change an entry, and
 * the server delete none that is younger than 30 days.
 *
 * Imports: ./database.ts.
 *
 * @module
 */

import { type Sql, textIn, textOrNull } from "./database.ts";

/** What is written down. */
export type AuditEventName =
  | "body.viewed"
  | "bodies.deleted"
  | "settings.changed"
  | "member.invited"
  | "invite.withdrawn"
  | "member.joined"
  | "member.role_changed"
  | "member.removed"
  | "passphrase.reset"
  | "device.approved"
  | "device.removed"
  | "token.created"
  | "token.revoked"
  | "workspace.created";

/** One entry to write. `details`: ids, numbers, flags and names. */
export interface AuditEntry {
  readonly workspaceId: string;
  readonly memberId: string | null;
  readonly event: AuditEventName;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}

/** One entry as a page shows it. */
export interface ShownAuditEntry {
  readonly at: string;
  readonly member: string | null;
  readonly event: string;
  readonly details: string;
}

/** Writes an entry in the transaction of what it tells about. */
export async function writeAudit(sql: Sql, { workspaceId, memberId, event, details }: AuditEntry): Promise<void> {
  await sql(
    `INSERT INTO audit_events (workspace_id, id, member_id, event, details)
     VALUES ($1::text::uuid, $2::text::uuid, $3::text::uuid, $4::text, $5::text::jsonb)`,
    [workspaceId, crypto.randomUUID(), memberId, event, JSON.stringify(details)],
  );
}

/** The newest entries first. */
export async function listAudit(sql: Sql, limit: number): Promise<ShownAuditEntry[]> {
  const rows = await sql(
    `SELECT to_json(a.occurred_at) #>> '{}' AS at, m.name AS member, a.event, a.details::text AS details
     FROM audit_events a LEFT JOIN members m ON m.workspace_id = a.workspace_id AND m.id = a.member_id
     ORDER BY a.occurred_at DESC, a.id LIMIT $1::int`,
    [limit],
  );
  return rows.map((row) => ({
    at: textIn(row, "at"),
    member: textOrNull(row, "member"),
    event: textIn(row, "event"),
    details: textIn(row, "details"),
  }));
}
