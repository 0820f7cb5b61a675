/**
 * What the commands about stored calls, bodies and projects start from: an open database, a project that exists, a limit.
 *
 * Imports: domain, os, store, cli.
 *
 * @module
 */

import { nearest } from "../domain/config_tables.ts";
import { MeterError } from "../domain/errors.ts";
import { paths } from "../os/paths.ts";
import { type Database, openForWriting, openReadOnly } from "../store/database.ts";
import { findProject, listProjects, type Project } from "../store/project_rows.ts";
import { parseSince } from "./report_period.ts";

/** Longest list that is built in memory. */
const MAX_LIMIT = 100_000;

/**
 * Opens the database for reading.
 *
 * @throws {MeterError} `bad_input` when there is none, beside what `openReadOnly` throws.
 */
export function openStored(path: string = paths().database): Database {
  const db = openReadOnly(path);
  if (db === null) throw nothingStored(path);
  return db;
}

/** Opens the database for changes to what is stored. @throws as {@link openStored}. */
export function openStoredForWriting(path: string = paths().database): Database {
  // An empty file would be filled by the next line, and a missing one made.
  openStored(path).close();
  return openForWriting(path, { now: Date.now(), uid: Deno.uid() ?? undefined });
}

/** Runs `work` on the database and closes it. */
export async function withStored<T>(work: (db: Database) => T | Promise<T>): Promise<T> {
  const db = openStored();
  try {
    return await work(db);
  } finally {
    db.close();
  }
}

/** The project of that slug. @throws {MeterError} `bad_input`, with the slug that was probably meant. */
export function requireProject(db: Database, slug: string): Project {
  const found = findProject(db, slug);
  if (found !== null) return found;
  // Two letters that changed places count as two, and are what happens most.
  const limit = Math.max(slug.length < 4 ? 1 : 2, Math.floor(slug.length / 3));
  const meant = nearest(slug, listProjects(db).map((project) => project.slug), limit);
  throw new MeterError("bad_input", `Cannot find project ${JSON.stringify(slug)}: no call of it was recorded`, {
    hint: meant === null ? 'Run "halton-meter project list" to see the projects' : `Did you mean ${meant}?`,
  });
}

/** Flags that narrow a list. */
export interface FilterFlags {
  readonly since?: string;
  readonly project?: string;
}

/** What {@link FilterFlags} say. @throws {MeterError} `wrong_usage`, `bad_input`. */
export function filterOf(db: Database, flags: FilterFlags): { projectId?: number; from?: number } {
  return {
    ...(flags.project !== undefined && { projectId: requireProject(db, flags.project).id }),
    ...(flags.since !== undefined && { from: parseSince(flags.since, Date.now()) }),
  };
}

/** A whole number of 1 or more. @throws {MeterError} `wrong_usage`. */
export function limitOf(text: string | undefined, fallback: number, flag = "--limit"): number {
  if (text === undefined) return fallback;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new MeterError("wrong_usage", `Cannot read ${flag} ${JSON.stringify(text)}: it is not a number of lines`, {
    hint: `Give a whole number from 1 to ${MAX_LIMIT}`,
  });
}

function nothingStored(path: string): MeterError {
  return new MeterError("bad_input", `Cannot read ${path}: nothing was recorded yet`, {
    hint: 'Run "halton-meter daemon", make a call, and try again',
  });
}
