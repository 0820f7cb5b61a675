/**
 * Small facts about this installation and its projects, and the audit trail of what was done to the store.
 *
 * Imports: node:sqlite (types), domain, ./project_rows.ts, ./transaction.ts.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { MeterError } from "../domain/errors.ts";
import { prepareEnsureProject } from "./project_rows.ts";
import { inTransaction } from "./transaction.ts";

/** A project's own choice; `null` = the daemon-wide setting holds. */
export type BodyCapture = "on" | "off" | null;

/** One line of the audit trail. */
export interface AuditEvent {
  /** UTC epoch ms. */
  readonly occurredAt: number;
  /** Dotted lower case, e.g. `bodies.purged`. */
  readonly event: string;
  readonly details: AuditDetails;
}

/** Numbers, flags and names; never prompt content, never a secret. */
export type AuditDetails = Readonly<Record<string, string | number | boolean | null>>;

/** What {@link setBodyCapture} is given beside the choice. */
export interface SettingOptions {
  /** UTC epoch ms. */
  readonly now: number;
  /** Makes the UUID of the project's row, which is made when the project has not called anything yet. */
  readonly newId: () => string;
}

/**
 * Sets or, with `null`, removes a project's choice, and notes the change in the audit trail. The recorder follows with the
 * next call.
 */
export function setBodyCapture(db: DatabaseSync, slug: string, choice: BodyCapture, options: SettingOptions): void {
  inTransaction(db, () => {
    writeBodyCapture(db, prepareEnsureProject(db, options.newId)(slug, options.now), choice, options.now);
    audit(db, "project.body_capture_set", { project: slug, choice: choice ?? "default" }, options.now);
  });
}

/** Writes a project's choice. Call inside a transaction that notes it. */
export function writeBodyCapture(db: DatabaseSync, projectId: number, choice: BodyCapture, now: number): void {
  if (choice === null) {
    db.prepare("DELETE FROM project_settings WHERE project_id = ? AND key = 'body_capture'").run(projectId);
    return;
  }
  db.prepare(
    `INSERT INTO project_settings (project_id, key, value, updated_at) VALUES (?, 'body_capture', ?, ?)
     ON CONFLICT DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
  ).run(projectId, choice, now);
}

/** A project's choice and when it was made. */
export interface ProjectChoice {
  readonly slug: string;
  readonly bodyCapture: "on" | "off";
  /** UTC epoch ms. */
  readonly updatedAt: number;
}

/** Every project that has a choice, by slug. */
export function bodyCaptureChoices(db: DatabaseSync): ProjectChoice[] {
  const rows = db.prepare(
    `SELECT slug, value, updated_at FROM project_settings JOIN projects ON projects.id = project_settings.project_id
     WHERE key = 'body_capture' ORDER BY slug`,
  ).all();
  return rows.map((row) => ({
    slug: String(row["slug"]),
    bodyCapture: row["value"] === "on" ? "on" : "off",
    updatedAt: Number(row["updated_at"]),
  }));
}

/** Every project's choice by slug; projects without one are absent. */
export function bodyCaptureBySlug(db: DatabaseSync): Map<string, "on" | "off"> {
  return new Map(bodyCaptureChoices(db).map(({ slug, bodyCapture }) => [slug, bodyCapture]));
}

/** One project's choice. */
export function getBodyCapture(db: DatabaseSync, slug: string): BodyCapture {
  return bodyCaptureBySlug(db).get(slug) ?? null;
}

/**
 * Key of `prompt_hash`: 32 random bytes as 64 hex digits, made once with the database.
 *
 * @throws {MeterError} `database_unusable` if somebody removed it; a new key would make old hashes incomparable unnoticed.
 */
export function promptHashKey(db: DatabaseSync): string {
  const key = readInstallation(db, "prompt_hash_key");
  if (key !== null && /^[0-9a-f]{64}$/.test(key)) return key;
  throw new MeterError("database_unusable", "Cannot hash prompts: the database has lost its key", {
    hint: "Restore the database from a backup, or move it away",
  });
}

/** A value of `installation`, or `null`. */
export function readInstallation(db: DatabaseSync, key: string): string | null {
  const value = db.prepare("SELECT value FROM installation WHERE key = ?").get(key)?.["value"];
  return typeof value === "string" ? value : null;
}

/** Sets a value of `installation`. */
export function writeInstallation(db: DatabaseSync, key: string, value: string): void {
  db.prepare("INSERT INTO installation (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value")
    .run(key, value);
}

/** Notes something done to the store or its settings. @returns the event's number, for {@link reviseAudit}. */
export function audit(db: DatabaseSync, event: string, details: AuditDetails, now: number): number {
  const { lastInsertRowid } = db.prepare("INSERT INTO audit_events (occurred_at, event, details) VALUES (?, ?, ?)")
    .run(now, event, JSON.stringify(details));
  return Number(lastInsertRowid);
}

/** Brings the details of an event up to date while what it tells of goes on. */
export function reviseAudit(db: DatabaseSync, id: number, details: AuditDetails): void {
  db.prepare("UPDATE audit_events SET details = ? WHERE id = ?").run(JSON.stringify(details), id);
}

/** The latest events, newest first. `from`: UTC epoch ms. */
export function auditTrail(db: DatabaseSync, limit: number, from = Number.MIN_SAFE_INTEGER): AuditEvent[] {
  const rows = db.prepare(
    "SELECT occurred_at, event, details FROM audit_events WHERE occurred_at >= ? ORDER BY id DESC LIMIT ?",
  ).all(from, limit);
  return rows.map((row) => ({
    occurredAt: Number(row["occurred_at"]),
    event: String(row["event"]),
    details: JSON.parse(String(row["details"])),
  }));
}
