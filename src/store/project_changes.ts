/**
 * Changes of a project that a person makes: its name, whether it is archived, whether its bodies are kept. Each is noted in the
 * audit trail, in the transaction that makes it.
 *
 * Imports: domain, ./database.ts (types), ./project_rows.ts, ./settings.ts, ./transaction.ts.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import type { Database } from "./database.ts";
import { findProject, type Project } from "./project_rows.ts";
import { audit, type BodyCapture, getBodyCapture, writeBodyCapture } from "./settings.ts";
import { inTransaction } from "./transaction.ts";

/** Absent = stays as it is. */
export interface ProjectChange {
  readonly slug: string;
  readonly name?: string;
  readonly archived?: boolean;
  readonly bodyCapture?: BodyCapture;
}

/** Longest name, in characters. */
export const MAX_NAME_LENGTH = 100;

/** Whether a text can be a project's name: one line that is not empty and reads in the order in which it is written. */
export function isProjectName(name: string): boolean {
  return name.trim() === name && name.length > 0 && name.length <= MAX_NAME_LENGTH &&
    !/\p{Cc}|\p{Zl}|\p{Zp}|\p{Bidi_Control}/u.test(name);
}

/**
 * Makes all changes or none. What is already so is not noted again.
 *
 * @param now UTC epoch ms.
 * @throws {MeterError} `bad_input` for a slug that no project has, or a name that {@link isProjectName} refuses.
 */
export function changeProject(db: Database, change: ProjectChange, now: number): void {
  if (change.name !== undefined && !isProjectName(change.name)) {
    throw new MeterError(
      "bad_input",
      "Cannot rename the project: the name is empty, too long, more than one line or holds marks that turn text around",
      {
        hint: `Give one line of at most ${MAX_NAME_LENGTH} characters`,
      },
    );
  }
  inTransaction(db, () => {
    const project = findProject(db, change.slug);
    if (project === null) {
      throw new MeterError("bad_input", "Cannot change the project: no project has this slug", {
        hint: "See /v1/projects for those that there are",
      });
    }
    apply(db, project, change, now);
  });
}

function apply(db: Database, project: Project, { name, archived, bodyCapture }: ProjectChange, now: number): void {
  const { id, slug } = project;
  if (name !== undefined && name !== project.name) {
    db.prepare("UPDATE projects SET name = ? WHERE id = ?").run(name, id);
    audit(db, "project.renamed", { project: slug, name }, now);
  }
  if (archived !== undefined && archived !== (project.archivedAt !== null)) {
    db.prepare("UPDATE projects SET archived_at = ? WHERE id = ?").run(archived ? now : null, id);
    audit(db, archived ? "project.archived" : "project.unarchived", { project: slug }, now);
  }
  if (bodyCapture !== undefined && bodyCapture !== getBodyCapture(db, slug)) {
    writeBodyCapture(db, id, bodyCapture, now);
    audit(db, "project.body_capture_set", { project: slug, choice: bodyCapture ?? "default" }, now);
  }
}
