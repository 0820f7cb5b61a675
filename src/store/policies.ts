/**
 * Policies and what they noticed. A policy watches and never blocks a call.
 *
 * Imports: ./database.ts (types).
 *
 * @module
 */

import type { Database } from "./database.ts";

/** A JSON object as it is stored. */
type Stored = Readonly<Record<string, unknown>>;

/** One policy. Times are UTC epoch ms. */
export interface StoredPolicy {
  /** UUID. */
  readonly id: string;
  /** Slug; `null` = all projects. */
  readonly project: string | null;
  readonly kind: string;
  readonly settings: Stored;
  readonly enabled: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** One thing that a policy noticed. */
export interface PolicyEvent {
  readonly policyId: string;
  readonly occurredAt: number;
  readonly event: string;
  readonly details: Stored;
}

/** All policies, the oldest first. */
export function listPolicies(db: Database): StoredPolicy[] {
  const rows = db.prepare(
    `SELECT policies.public_id, slug, kind, settings, enabled, policies.created_at, updated_at
     FROM policies LEFT JOIN projects ON projects.id = policies.project_id ORDER BY policies.id`,
  ).all();
  return rows.map((row) => ({
    id: String(row["public_id"]),
    project: typeof row["slug"] === "string" ? row["slug"] : null,
    kind: String(row["kind"]),
    settings: objectIn(row["settings"]),
    enabled: row["enabled"] === 1,
    createdAt: Number(row["created_at"]),
    updatedAt: Number(row["updated_at"]),
  }));
}

/** The latest events, newest first. */
export function policyEvents(db: Database, limit: number): PolicyEvent[] {
  const rows = db.prepare(
    `SELECT policies.public_id, occurred_at, event, details FROM policy_events
     JOIN policies ON policies.id = policy_id ORDER BY policy_events.id DESC LIMIT ?`,
  ).all(limit);
  return rows.map((row) => ({
    policyId: String(row["public_id"]),
    occurredAt: Number(row["occurred_at"]),
    event: String(row["event"]),
    details: objectIn(row["details"]),
  }));
}

function objectIn(text: unknown): Stored {
  const value: unknown = JSON.parse(String(text));
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
