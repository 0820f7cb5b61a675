/**
 * What a paired server may learn beside the fields that every preset sends. Bodies are in no preset: they have a switch of their
 * own.
 *
 * Imports: domain (types).
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import type { UploadPreset } from "../domain/config_tables.ts";

/** Fields that a policy may leave out. */
export type OptionalField = "hostname" | "promptHash" | "sourceWorkdir";

/** Whether each is sent. */
export type Allowed = Readonly<Record<OptionalField, boolean>>;

/** Every optional field, with its name on the wire and in config.toml. */
export const OPTIONAL_FIELDS: Readonly<Record<OptionalField, string>> = {
  hostname: "hostname",
  promptHash: "prompt_hash",
  sourceWorkdir: "source_workdir",
};

/** What each preset adds to the fields that are always sent. */
export const PRESETS: Readonly<Record<UploadPreset, Allowed>> = {
  minimal: { hostname: false, promptHash: false, sourceWorkdir: false },
  standard: { hostname: true, promptHash: true, sourceWorkdir: false },
  full: { hostname: true, promptHash: true, sourceWorkdir: true },
};

/**
 * What holds for one project, or with `null` for all that have no rule. The nearer word wins: a project's field, its preset, the
 * field for all, the preset for all.
 */
export function allowedFor({ preset, fields, perProject }: Config["cloud"]["upload"], project: string | null): Allowed {
  const rule = project !== null && Object.hasOwn(perProject, project) ? perProject[project] : undefined;
  const allowed = (field: OptionalField): boolean => {
    const own = rule?.fields[field] ?? null;
    if (own !== null) return own;
    if (rule !== undefined && rule.preset !== null) return PRESETS[rule.preset][field];
    return fields[field] ?? PRESETS[preset][field];
  };
  return { hostname: allowed("hostname"), promptHash: allowed("promptHash"), sourceWorkdir: allowed("sourceWorkdir") };
}
