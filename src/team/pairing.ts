/**
 * Pairing a machine: it asks for a code, a signed-in member approves the code, the machine collects its token, once.
 *
 * A code has 40 bits and lives ten minutes; the machine holds 256 bits beside it, without which the code gives nothing away.
 * The token is made when it is collected, so that it is never stored. Who approves is told which machine asks, the machine
 * which workspace and member approved it.
 *
 * Imports: ./audit.ts, ./database.ts, ./devices.ts, ./problem.ts, ./secrets.ts.
 *
 * @module
 */

import { writeAudit } from "./audit.ts";
import {
  type Database,
  enterWorkspace,
  flagIn,
  presentSecret,
  type Row,
  type Sql,
  textIn,
  textOrNull,
} from "./database.ts";
import { ensureDevice, type Machine } from "./devices.ts";
import { Refusal } from "./problem.ts";
import { formatCode, hashOf, randomCode, randomSecret, readCode, sameHash, TOKEN_PREFIX } from "./secrets.ts";

/** How long a code can be approved and collected. */
export const CODE_LIFE_S = 600;

/** A code that was given out. */
export interface StartedPairing {
  readonly code: string;
  readonly pollToken: string;
  readonly expiresAt: string;
}

/** What a machine is told when it asks whether it was approved. */
export type PollOutcome =
  | { readonly status: "pending" }
  | { readonly status: "unknown" }
  | { readonly status: "gone" }
  | {
    readonly status: "approved";
    readonly token: string;
    readonly workspaceId: string;
    readonly workspaceName: string;
    readonly memberName: string;
    readonly machineId: string;
  };

/** A machine that waits, as its approver sees it. */
export interface WaitingMachine {
  readonly code: string;
  readonly machineId: string;
  readonly hostname: string | null;
  readonly version: string;
}

/** Gives out a code. */
export async function startPairing(db: Database, machine: Machine): Promise<StartedPairing> {
  const pollToken = randomSecret();
  const code = randomCode();
  const hash = hashOf(code);
  const [row] = await db.transaction(async (sql) => {
    await presentSecret(sql, hash);
    return await sql(
      `INSERT INTO pairings (code_hash, poll_hash, machine_id, hostname, version, expires_at)
       VALUES (decode($1::text, 'hex'), decode($2::text, 'hex'), $3::text::uuid, $4::text, $5::text,
         now() + make_interval(secs => $6::int))
       RETURNING to_char(expires_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS expires_at`,
      [hash, hashOf(pollToken), machine.machineId, machine.hostname, machine.version ?? "", CODE_LIFE_S],
    );
  });
  if (row === undefined) throw new TypeError("A pairing was not stored");
  return { code: formatCode(code), pollToken, expiresAt: textIn(row, "expires_at") };
}

/**
 * Looks once whether a code was approved, and collects its token if so. A code that was never given out and a wrong poll token
 * are the same.
 */
export async function pollPairing(db: Database, typed: string, pollToken: string): Promise<PollOutcome> {
  const code = readCode(typed);
  // Goes the whole way also for what cannot be a code.
  const hash = hashOf(code ?? "");
  return await db.transaction(async (sql) => {
    await presentSecret(sql, hash);
    const [row] = await sql(
      `SELECT encode(poll_hash, 'hex') AS poll_hash, state, expires_at <= now() AS expired FROM pairings
       WHERE code_hash = decode($1::text, 'hex') FOR UPDATE`,
      [hash],
    );
    const right = sameHash(hashOf(pollToken), row === undefined ? hashOf("") : textIn(row, "poll_hash"));
    if (row === undefined || !right) return { status: "unknown" };
    const state = textIn(row, "state");
    if (flagIn(row, "expired") || (state !== "pending" && state !== "approved")) return { status: "gone" };
    return state === "pending" ? { status: "pending" } : await collect(sql, hash);
  });
}

async function collect(sql: Sql, hash: string): Promise<PollOutcome> {
  const [pairing] = await sql(
    `UPDATE pairings SET state = 'used' WHERE code_hash = decode($1::text, 'hex')
     RETURNING workspace_id::text, member_id::text, machine_id::text, hostname, version`,
    [hash],
  );
  if (pairing === undefined) return { status: "gone" };
  const [workspaceId, memberId] = [textIn(pairing, "workspace_id"), textIn(pairing, "member_id")];
  await enterWorkspace(sql, workspaceId);
  const [names] = await sql(
    `SELECT w.name AS workspace, m.name AS member FROM workspaces w JOIN members m ON m.workspace_id = w.id
     WHERE m.id = $1::text::uuid AND m.removed_at IS NULL`,
    [memberId],
  );
  if (names === undefined) return { status: "gone" };
  const machine = machineOf(pairing);
  const deviceId = await ensureDevice(sql, workspaceId, memberId, machine);
  await sql("UPDATE tokens SET revoked_at = now() WHERE device_id = $1::text::uuid AND revoked_at IS NULL", [deviceId]);
  const token = await insertToken(sql, { workspaceId, memberId, deviceId, scope: "sync" });
  return {
    status: "approved",
    token,
    workspaceId,
    workspaceName: textIn(names, "workspace"),
    memberName: textIn(names, "member"),
    machineId: machine.machineId,
  };
}

/** Whom a new token is for. */
export interface TokenOwner {
  readonly workspaceId: string;
  readonly memberId: string;
  readonly deviceId: string | null;
  readonly scope: "sync" | "admin";
}

/** Makes a token inside its workspace. @returns the token, of which only the hash is stored. */
export async function insertToken(sql: Sql, owner: TokenOwner): Promise<string> {
  const token = TOKEN_PREFIX + randomSecret();
  await sql(
    `INSERT INTO tokens (workspace_id, id, secret_hash, scope, member_id, device_id)
     VALUES ($1::text::uuid, $2::text::uuid, decode($3::text, 'hex'), $4::text, $5::text::uuid, $6::text::uuid)`,
    [owner.workspaceId, crypto.randomUUID(), hashOf(token), owner.scope, owner.memberId, owner.deviceId],
  );
  return token;
}

/** The machine that waits with a code; null for a code that cannot be approved (any more). */
export async function findWaiting(db: Database, typed: string): Promise<WaitingMachine | null> {
  const code = readCode(typed);
  if (code === null) return null;
  return await db.transaction(async (sql) => {
    const row = await waitingRow(sql, code);
    return row === undefined ? null : { code: formatCode(code), ...machineOf(row), version: textIn(row, "version") };
  });
}

/**
 * Approves or denies a code in the name of a member.
 *
 * @returns false for a code that cannot be approved (any more).
 */
export async function decidePairing(
  db: Database,
  typed: string,
  member: { readonly workspaceId: string; readonly memberId: string },
  approve: boolean,
): Promise<boolean> {
  const code = readCode(typed);
  if (code === null) return false;
  return await db.transaction(async (sql) => {
    const row = await waitingRow(sql, code);
    if (row === undefined) return false;
    await sql(
      `UPDATE pairings SET state = $2::text, workspace_id = $3::text::uuid, member_id = $4::text::uuid
       WHERE code_hash = decode($1::text, 'hex')`,
      [
        hashOf(code),
        approve ? "approved" : "denied",
        approve ? member.workspaceId : null,
        approve ? member.memberId : null,
      ],
    );
    if (approve) {
      await enterWorkspace(sql, member.workspaceId);
      const { machineId, hostname } = machineOf(row);
      await writeAudit(sql, { ...member, event: "device.approved", details: { machine: machineId, hostname } });
    }
    return true;
  });
}

async function waitingRow(sql: Sql, code: string): Promise<Row | undefined> {
  const hash = hashOf(code);
  await presentSecret(sql, hash);
  const [row] = await sql(
    `SELECT machine_id::text, hostname, version FROM pairings
     WHERE code_hash = decode($1::text, 'hex') AND state = 'pending' AND expires_at > now() FOR UPDATE`,
    [hash],
  );
  return row;
}

function machineOf(row: Row): Machine & { readonly version: string } {
  return {
    machineId: textIn(row, "machine_id"),
    hostname: textOrNull(row, "hostname"),
    version: textIn(row, "version"),
  };
}

/** The answer for a code that nobody gave out, or not to this machine. */
export function unknownCode(): Refusal {
  return new Refusal(404, "unknown_code", "This code is not known", "Start pairing again");
}

/** The answer for a code that expired, was used or was denied. */
export function codeGone(): Refusal {
  return new Refusal(410, "code_expired", "This code is no longer valid", "Start pairing again");
}
