/**
 * Small facts about this installation and its projects, and the audit trail of what was done to the store.
 *
 * Imports: node:sqlite (types), domain, ./project_rows.ts.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { MeterError } from "../domain/errors.ts";
import { prepareEnsureProject } from "./project_rows.ts";

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

/** Sets or, with `null`, removes a project's choice, and notes the change in the audit trail. */
export function setBodyCapture(db: DatabaseSync, slug: string, choice: BodyCapture, options: SettingOptions): void {
  const projectId = prepareEnsureProject(db, options.newId)(slug, options.now);
  if (choice === null) {
    db.prepare("DELETE FROM project_settings WHERE project_id = ? AND key = 'body_capture'").run(projectId);
  } else {
    db.prepare(
      `INSERT INTO project_settings (project_id, key, value, updated_at) VALUES (?, 'body_capture', ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
    ).run(projectId, choice, options.now);
  }
  audit(db, "project.body_capture_set", { project: slug, choice }, options.now);
}

/** Every project's choice by slug; projects without one are absent. */
export function bodyCaptureBySlug(db: DatabaseSync): Map<string, "on" | "off"> {
  const rows = db.prepare(
    `SELECT slug, value FROM project_settings JOIN projects ON projects.id = project_settings.project_id
     WHERE key = 'body_capture'`,
  ).all();
  return new Map(rows.map((row) => [String(row["slug"]), row["value"] === "on" ? "on" : "off"]));
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

/** Notes something done to the store or its settings. */
export function audit(db: DatabaseSync, event: string, details: AuditDetails, now: number): void {
  db.prepare("INSERT INTO audit_events (occurred_at, event, details) VALUES (?, ?, ?)")
    .run(now, event, JSON.stringify(details));
}

/** The latest events, newest first. */
export function auditTrail(db: DatabaseSync, limit: number): AuditEvent[] {
  const rows = db.prepare("SELECT occurred_at, event, details FROM audit_events ORDER BY id DESC LIMIT ?").all(limit);
  return rows.map((row) => ({
    occurredAt: Number(row["occurred_at"]),
    event: String(row["event"]),
    details: JSON.parse(String(row["details"])),
  }));
}
