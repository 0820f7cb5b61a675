/**
 * Machines of a workspace, each of one member.
 *
 * Imports: ./database.ts, ./audit.ts.
 *
 * @module
 */

import { writeAudit } from "./audit.ts";
import { type Row, type Sql, textIn } from "./database.ts";

/** One machine as a page shows it. Times: ISO 8601. */
export interface Device {
  readonly id: string;
  readonly machineId: string;
  readonly hostname: string | null;
  readonly version: string | null;
  readonly member: string;
  readonly memberId: string;
  readonly createdAt: string;
  readonly seenAt: string | null;
  /** `active`, `disconnected` (its tokens are revoked) or `removed`. */
  readonly state: "active" | "disconnected" | "removed";
}

/** A machine that says who it is. */
export interface Machine {
  readonly machineId: string;
  readonly hostname: string | null;
  readonly version: string | null;
}

/** The device of a member's machine, made when it is new; one that was removed is back. @returns its id. */
export async function ensureDevice(sql: Sql, workspaceId: string, memberId: string, machine: Machine): Promise<string> {
  const [row] = await sql(
    `INSERT INTO devices AS d (workspace_id, id, member_id, machine_id, hostname, version)
     VALUES ($1::text::uuid, $2::text::uuid, $3::text::uuid, $4::text::uuid, $5::text, $6::text)
     ON CONFLICT (workspace_id, member_id, machine_id) DO UPDATE SET removed_at = NULL,
       hostname = coalesce(excluded.hostname, d.hostname), version = coalesce(excluded.version, d.version)
     RETURNING id::text`,
    [workspaceId, crypto.randomUUID(), memberId, machine.machineId, machine.hostname, machine.version],
  );
  if (row === undefined) throw new TypeError("A device was neither made nor found");
  return textIn(row, "id");
}

/** Whether somebody removed this machine of the member. */
export async function wasRemoved(sql: Sql, memberId: string, machineId: string): Promise<boolean> {
  const rows = await sql(
    `SELECT 1 AS one FROM devices
     WHERE member_id = $1::text::uuid AND machine_id = $2::text::uuid AND removed_at IS NOT NULL`,
    [memberId, machineId],
  );
  return rows.length > 0;
}

/** Notes that the machine was here; at most once a minute, since every batch says so. */
export async function noteSeen(sql: Sql, deviceId: string): Promise<void> {
  await sql(
    `UPDATE devices SET seen_at = now()
     WHERE id = $1::text::uuid AND (seen_at IS NULL OR seen_at < now() - interval '1 minute')`,
    [deviceId],
  );
}

/** All machines, those in use first. */
export async function listDevices(sql: Sql): Promise<Device[]> {
  const rows = await sql(
    `SELECT d.id::text, d.machine_id::text, d.hostname, d.version, d.member_id::text, m.name AS member,
       to_json(d.created_at) #>> '{}' AS created_at, to_json(d.seen_at) #>> '{}' AS seen_at,
       CASE WHEN d.removed_at IS NOT NULL THEN 'removed'
         WHEN EXISTS (SELECT FROM tokens t WHERE t.workspace_id = d.workspace_id AND t.device_id = d.id
           AND t.revoked_at IS NULL) THEN 'active' ELSE 'disconnected' END AS state
     FROM devices d JOIN members m ON m.workspace_id = d.workspace_id AND m.id = d.member_id
     ORDER BY d.removed_at IS NOT NULL, d.created_at DESC LIMIT 1000`,
  );
  return rows.map(deviceOf);
}

/** Removes a machine: its token is answered with 403 from now on. `byMember`: only if it is this member's. */
export async function removeDevice(
  sql: Sql,
  workspaceId: string,
  actorId: string,
  deviceId: string,
  onlyOwn: boolean,
): Promise<boolean> {
  const rows = await sql(
    `UPDATE devices SET removed_at = now() WHERE id = $1::text::uuid AND removed_at IS NULL
       AND ($2::boolean = false OR member_id = $3::text::uuid) RETURNING id::text`,
    [deviceId, onlyOwn, actorId],
  );
  if (rows.length === 0) return false;
  await writeAudit(sql, { workspaceId, memberId: actorId, event: "device.removed", details: { device: deviceId } });
  return true;
}

function deviceOf(row: Row): Device {
  const state = textIn(row, "state");
  const seen = row["seen_at"];
  const hostname = row["hostname"];
  const version = row["version"];
  return {
    id: textIn(row, "id"),
    machineId: textIn(row, "machine_id"),
    hostname: typeof hostname === "string" ? hostname : null,
    version: typeof version === "string" ? version : null,
    member: textIn(row, "member"),
    memberId: textIn(row, "member_id"),
    createdAt: textIn(row, "created_at"),
    seenAt: typeof seen === "string" ? seen : null,
    state: state === "active" || state === "removed" ? state : "disconnected",
  };
}
