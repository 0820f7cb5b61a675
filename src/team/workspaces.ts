/**
 * Workspaces and their settings.
 *
 * Imports: domain, ./audit.ts, ./database.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { writeAudit } from "./audit.ts";
import { type Database, flagIn, inWorkspace, numberIn, type Sql, sqlState, textIn } from "./database.ts";

/** What an owner may set. */
export interface WorkspaceSettings {
  readonly storePromptContent: boolean;
  readonly retentionDays: number;
  readonly bodyRetentionDays: number;
  readonly auditRetentionDays: number;
}

/** A workspace and its settings. */
export interface Workspace extends WorkspaceSettings {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
}

/** What the columns of the settings may hold, days. */
export const LIMITS_OF_DAYS = {
  retentionDays: [7, 1825],
  bodyRetentionDays: [1, 1825],
  auditRetentionDays: [30, 1825],
} as const;

/** Whether a text can be a workspace's short name. */
export function isWorkspaceSlug(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text);
}

/** Makes a workspace. @throws {MeterError} `bad_input` if its short name cannot be used or is taken. */
export async function createWorkspace(db: Database, slug: string, name: string): Promise<string> {
  if (!isWorkspaceSlug(slug)) {
    throw new MeterError("bad_input", "Cannot make the workspace: its short name is not one", {
      hint: "Use lower-case letters, digits and hyphens, at most 63",
    });
  }
  if (name.trim() === "" || name.length > 100) {
    throw new MeterError("bad_input", "Cannot make the workspace: its name is empty or longer than 100 characters", {
      hint: "Choose another one with --name",
    });
  }
  const id = crypto.randomUUID();
  try {
    await inWorkspace(db, id, async (sql) => {
      await sql("INSERT INTO workspaces (id, slug, name) VALUES ($1::text::uuid, $2::text, $3::text)", [
        id,
        slug,
        name,
      ]);
      await writeAudit(sql, { workspaceId: id, memberId: null, event: "workspace.created", details: { slug } });
    });
  } catch (cause) {
    if (sqlState(cause) !== "23505") throw cause;
    throw new MeterError("bad_input", `Cannot make the workspace: there is one with the short name ${slug}`, {
      hint: "Choose another short name, or invite people into this one",
      cause,
    });
  }
  return id;
}

/** The workspace that the transaction is in. */
export async function readWorkspace(sql: Sql): Promise<Workspace> {
  const [row] = await sql(
    `SELECT id::text, slug, name, store_prompt_content, retention_days, body_retention_days, audit_retention_days
     FROM workspaces`,
  );
  if (row === undefined) throw new TypeError("The transaction is in no workspace");
  return {
    id: textIn(row, "id"),
    slug: textIn(row, "slug"),
    name: textIn(row, "name"),
    storePromptContent: flagIn(row, "store_prompt_content"),
    retentionDays: numberIn(row, "retention_days"),
    bodyRetentionDays: numberIn(row, "body_retention_days"),
    auditRetentionDays: numberIn(row, "audit_retention_days"),
  };
}

/** Changes the settings and writes down what they are now. The values are known to be within their limits. */
export async function changeSettings(
  sql: Sql,
  workspaceId: string,
  memberId: string | null,
  settings: WorkspaceSettings,
): Promise<void> {
  await sql(
    `UPDATE workspaces SET store_prompt_content = $2::boolean, retention_days = $3::int, body_retention_days = $4::int,
       audit_retention_days = $5::int WHERE id = $1::text::uuid`,
    [
      workspaceId,
      settings.storePromptContent,
      settings.retentionDays,
      settings.bodyRetentionDays,
      settings.auditRetentionDays,
    ],
  );
  await writeAudit(sql, {
    workspaceId,
    memberId,
    event: "settings.changed",
    details: {
      store_prompt_content: settings.storePromptContent,
      retention_days: settings.retentionDays,
      body_retention_days: settings.bodyRetentionDays,
      audit_retention_days: settings.auditRetentionDays,
    },
  });
}
