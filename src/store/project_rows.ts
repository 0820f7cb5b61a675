/**
 * Rows of `projects`: made when first needed, found by slug.
 *
 * Imports: node:sqlite (types).
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";

/** Returns the id of a slug's row, which is made if need be. `now`: UTC epoch ms, for `created_at`. */
export type EnsureProject = (slug: string, now: number) => number;

/** A project as the API and the commands show it. */
export interface Project {
  /** Key within this database. */
  readonly id: number;
  /** UUID. */
  readonly publicId: string;
  readonly slug: string;
  readonly name: string;
  readonly createdAt: number;
  readonly archivedAt: number | null;
}

/**
 * @param newId Makes the UUID of a new row.
 */
export function prepareEnsureProject(db: DatabaseSync, newId: () => string): EnsureProject {
  const find = db.prepare("SELECT id FROM projects WHERE slug = ?");
  const insert = db.prepare("INSERT INTO projects (public_id, slug, name, created_at) VALUES (?, ?, ?, ?)");
  return (slug, now) => {
    const id = find.get(slug)?.["id"];
    return typeof id === "number" ? id : Number(insert.run(newId(), slug, slug, now).lastInsertRowid);
  };
}

/** All projects by slug, archived ones included. */
export function listProjects(db: DatabaseSync): Project[] {
  const statement = db.prepare("SELECT id, public_id, slug, name, created_at, archived_at FROM projects ORDER BY slug");
  return statement.all().map(projectOf);
}

/** The project of that slug, or `null`. */
export function findProject(db: DatabaseSync, slug: string): Project | null {
  const row = db.prepare("SELECT id, public_id, slug, name, created_at, archived_at FROM projects WHERE slug = ?").get(
    slug,
  );
  return row === undefined ? null : projectOf(row);
}

function projectOf(row: Record<string, unknown>): Project {
  return {
    id: Number(row["id"]),
    publicId: String(row["public_id"]),
    slug: String(row["slug"]),
    name: String(row["name"]),
    createdAt: Number(row["created_at"]),
    archivedAt: row["archived_at"] === null ? null : Number(row["archived_at"]),
  };
}

/** What a project has done so far. */
export interface ProjectActivity {
  /** Calls, repeated fetches left out. */
  readonly calls: number;
  /** UTC epoch ms. */
  readonly lastCallAt: number;
}

/** Activity by {@link Project.id}; projects without calls are absent. */
export function projectActivity(db: DatabaseSync): Map<number, ProjectActivity> {
  const rows = db.prepare(
    `SELECT project_id, sum(requests) AS calls, max(last_requested_at) AS last FROM usage_spans
     WHERE span = 86400000 GROUP BY project_id`,
  ).all();
  return new Map(
    rows.map((row) => [Number(row["project_id"]), { calls: Number(row["calls"]), lastCallAt: Number(row["last"]) }]),
  );
}
