/**
 * Who calls with a token: looked up by its hash, in the transaction that does the work, so that a token revoked a moment ago
 * does nothing any more.
 *
 * An unknown token and a revoked one are told apart by nothing. A removed machine or member is told that it is removed.
 *
 * Imports: ./database.ts, ./problem.ts, ./secrets.ts.
 *
 * @module
 */

import { type Database, enterWorkspace, flagIn, presentSecret, type Sql, textIn, textOrNull } from "./database.ts";
import { Refusal } from "./problem.ts";
import { hashOf } from "./secrets.ts";

/** What a token may do. */
export type Scope = "sync" | "admin";

/** The bearer of a token, and its workspace as it is at this moment. */
export interface Caller {
  readonly tokenId: string;
  readonly scope: Scope;
  readonly workspaceId: string;
  readonly workspaceName: string;
  readonly storePromptContent: boolean;
  readonly memberId: string;
  readonly role: string;
  /** The machine that the token is bound to; null for a token of a person. */
  readonly device: { readonly id: string; readonly machineId: string; readonly hostname: string | null } | null;
}

/** The token of a request, or null. */
export function bearerIn(request: Request): string | null {
  return /^Bearer +(\S{1,200})$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? null;
}

/**
 * Runs `work` inside the workspace of the token.
 *
 * @throws {Refusal} 401 for a token that is missing, unknown or revoked; 403 for a removed machine or member, or a scope that
 *   is not enough.
 */
export async function asCaller<T>(
  db: Database,
  bearer: string | null,
  scopes: readonly Scope[],
  work: (sql: Sql, caller: Caller) => Promise<T>,
): Promise<T> {
  if (bearer === null) throw unauthorised();
  return await db.transaction(async (sql) => {
    const caller = await callerOf(sql, bearer);
    if (!scopes.includes(caller.scope)) {
      throw new Refusal(
        403,
        "scope_missing",
        "This token may not do this",
        "Use a token with the scope that is asked for",
      );
    }
    return await work(sql, caller);
  });
}

async function callerOf(sql: Sql, bearer: string): Promise<Caller> {
  const hash = hashOf(bearer);
  await presentSecret(sql, hash);
  const [found] = await sql(
    `SELECT workspace_id::text, id::text FROM tokens
     WHERE secret_hash = decode($1::text, 'hex') AND revoked_at IS NULL`,
    [hash],
  );
  if (found === undefined) throw unauthorised();
  await enterWorkspace(sql, textIn(found, "workspace_id"));
  const [row] = await sql(
    `SELECT t.id::text AS token, t.scope, w.id::text AS workspace, w.name, w.store_prompt_content,
       m.id::text AS member, m.role, m.removed_at IS NOT NULL AS member_removed,
       d.id::text AS device, d.machine_id::text, d.hostname, d.removed_at IS NOT NULL AS device_removed
     FROM tokens t
     JOIN workspaces w ON w.id = t.workspace_id
     JOIN members m ON m.workspace_id = t.workspace_id AND m.id = t.member_id
     LEFT JOIN devices d ON d.workspace_id = t.workspace_id AND d.id = t.device_id
     WHERE t.id = $1::text::uuid AND t.revoked_at IS NULL`,
    [textIn(found, "id")],
  );
  if (row === undefined) throw unauthorised();
  const deviceId = textOrNull(row, "device");
  if (flagIn(row, "member_removed") || (deviceId !== null && flagIn(row, "device_removed"))) {
    throw removedMachine();
  }
  return {
    tokenId: textIn(row, "token"),
    scope: textIn(row, "scope") === "admin" ? "admin" : "sync",
    workspaceId: textIn(row, "workspace"),
    workspaceName: textIn(row, "name"),
    storePromptContent: flagIn(row, "store_prompt_content"),
    memberId: textIn(row, "member"),
    role: textIn(row, "role"),
    device: deviceId === null
      ? null
      : { id: deviceId, machineId: textIn(row, "machine_id"), hostname: textOrNull(row, "hostname") },
  };
}

/** The answer to a machine that was removed, or whose member was. */
export function removedMachine(): Refusal {
  return new Refusal(403, "removed", "This machine was removed from the workspace", "Pair it again");
}

function unauthorised(): Refusal {
  return new Refusal(401, "unauthorised", "This token is not valid", "Pair this machine again");
}
