/**
 * From facts about a client to the project that owns its calls.
 *
 * Owns the precedence and nothing else: who gathers the facts, and from which system, is not known here.
 *
 * Imports: domain.
 *
 * @module
 */

import type { Attribution } from "../domain/exchange.ts";
import { isSlug, normalizeSlug } from "../domain/slug.ts";

/** What was found out about a client. Null = no such fact. */
export interface AttributionFacts {
  /** Project given to `run --project`, for the client or its nearest registered ancestor. */
  readonly registered: string | null;
  /** `HALTON_PROJECT` of the client. */
  readonly variable: string | null;
  /** `project` of the nearest `.haltonrc` that names one. */
  readonly rcfile: string | null;
  /** Name of the folder of the Git repository around the working directory. */
  readonly gitFolder: string | null;
  /** `tagging.default_project`. */
  readonly defaultProject: string;
}

/** Layers whose slug a person wrote, so that it can be malformed. */
export type WrittenLayer = "run" | "env" | "rcfile";

/** The owner, and which layers were passed over because their slug is malformed, to be counted. */
export interface Attributed extends Attribution {
  readonly malformed: readonly WrittenLayer[];
}

/** Names the owner. The first layer with a well-formed slug wins; the default always answers. */
export function attribute(facts: AttributionFacts): Attributed {
  const malformed: WrittenLayer[] = [];
  const written: [WrittenLayer, string | null][] = [
    ["run", facts.registered],
    ["env", facts.variable],
    ["rcfile", facts.rcfile],
  ];
  for (const [layer, slug] of written) {
    if (slug === null || slug === "") continue;
    if (isSlug(slug)) return { slug, layer, malformed };
    malformed.push(layer);
  }
  const git = facts.gitFolder === null ? null : normalizeSlug(facts.gitFolder);
  if (git !== null) return { slug: git, layer: "git", malformed };
  return { slug: facts.defaultProject, layer: "smart_default", malformed };
}

/**
 * The project registered for a process or its nearest registered ancestor.
 *
 * @param parents Ancestors, nearest first.
 * @param registrations Pid → slug of every `run --project` that is still running.
 */
export function registeredProject(
  pid: number,
  parents: readonly number[],
  registrations: ReadonlyMap<number, string>,
): string | null {
  for (const candidate of [pid, ...parents]) {
    const slug = registrations.get(candidate);
    if (slug !== undefined) return slug;
  }
  return null;
}
