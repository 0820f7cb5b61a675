/**
 * Decides whether a model name means a listed model. Errs towards "unknown": a wrong price looks like a right one.
 *
 * Three grades, tried in this order over the whole list of a provider:
 *
 * 1. `exact`: the name is a listed id.
 * 2. `alias`: the name is spelled out in a line's rules, or it is such a name or an id followed by one release suffix:
 *    `-20250807`, `-2025-08-07`, `@20250807`, `@2025-08-07`, `-latest`, `-preview-05-20`, for xAI also `-0709`.
 * 3. `pattern`: a line's rule accepts the name, and what the name has beyond the text of the rule consists of release
 *    words only (see RELEASE). A rule such as "starts with claude-sonnet-5" therefore takes `claude-sonnet-5-preview`
 *    and leaves `claude-sonnet-5-5`, `-fast`, `-mini` or `-pro`: version numbers, sizes and unknown words make another
 *    model. Of several lines the one with the longest matching text wins.
 *
 * Imports: domain (types).
 *
 * @module
 */

import type { Provider } from "../domain/exchange.ts";
import type { MatchRule } from "./rate_line.ts";

/** Longest name that is looked up, so that a hostile name costs nothing. Published names stay below 60 characters. */
const MAX_NAME = 120;

const DAY = "20[2-3]\\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])";
const COMPACT_DAY = DAY.replaceAll("-(?:", "(?:");
const MONTH_DAY = "(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])";
const SHORT_DAY = MONTH_DAY.replaceAll("-(?:", "(?:");
const MONTH_YEAR = "(?:0[1-9]|1[0-2])-20[2-3]\\d";

const DATED = new RegExp(`^(.+)(?:[-@](?:${DAY}|${COMPACT_DAY})|-latest|-preview-${MONTH_DAY})$`);
const XAI_DATED = new RegExp(`^(.+)-${SHORT_DAY}$`);

/** What may follow the text of a rule without making another model: stage words, dates and three-digit builds. */
const RELEASE = new RegExp(
  `^(?:[-@](?:(?:preview|exp)(?:-${MONTH_DAY}|-${MONTH_YEAR})?|experimental|beta|latest|stable|00\\d|` +
    `${DAY}|${COMPACT_DAY}|${MONTH_YEAR}))*$`,
);

/** After the base of a fine-tuned model comes its date, then names that the customer chose. */
const FINE_TUNED = new RegExp(`^(?:-${DAY}|-${SHORT_DAY})?(?::.*)?$`);

/** Paths under which resellers and Vertex list the same model. */
const PREFIX = /^(?:publishers\/[a-z-]+\/models\/|(?:anthropic|google|openai|x-ai|xai)\/)?$/;

/** How well a name fits. */
export type Grade = "exact" | "alias" | "pattern";

/** A listed model as far as names go. */
export interface Named {
  readonly id: string;
  readonly match: MatchRule;
}

/** Names of one provider, ready for look-ups. */
export interface NameIndex {
  /** Finds the listed id that `model` means, or null. */
  find(model: string): { readonly id: string; readonly grade: Grade } | null;
}

/** The form in which names are compared: lower case, without Gemini's `models/`. Null when it cannot be a name. */
export function normalizeModel(model: string): string | null {
  const name = model.trim().toLowerCase().replace(/^models\//, "");
  return name === "" || name.length > MAX_NAME ? null : name;
}

/**
 * The name without its release suffix, or null when it has none. "Latest" of a name without a version, such as
 * `gemini-pro-latest`, is whatever is newest and not the model that was once sold under the bare name.
 */
export function withoutDate(provider: Provider, name: string): string | null {
  const base = (DATED.exec(name) ?? (provider === "xai" ? XAI_DATED.exec(name) : null))?.[1] ?? null;
  return base !== null && name.endsWith("-latest") && !/\d/.test(base) ? null : base;
}

/** Indexes the models of one provider. `aliases` maps further names to ids and wins over the rules. */
export function indexNames(
  provider: Provider,
  models: readonly Named[],
  aliases: ReadonlyMap<string, string>,
): NameIndex {
  const ids = new Set(models.map(({ id }) => id));
  const spelled = new Map<string, string>(aliases);
  for (const { id, match } of models) {
    for (const text of textsOf(match)) {
      if (!spelled.has(text)) spelled.set(text, id);
    }
  }
  const listed = (name: string): string | null => ids.has(name) ? name : spelled.get(name) ?? null;

  return {
    find(model) {
      const name = normalizeModel(model);
      if (name === null) return null;
      if (ids.has(name)) return { id: name, grade: "exact" };
      const alias = listed(name) ?? listed(withoutDate(provider, name) ?? "");
      if (alias !== null) return { id: alias, grade: "alias" };
      const id = byPattern(models, name);
      return id === null ? null : { id, grade: "pattern" };
    },
  };
}

function byPattern(models: readonly Named[], name: string): string | null {
  let best: { id: string; length: number } | null = null;
  for (const { id, match } of models) {
    if (!accepts(match, name)) continue;
    for (const text of [id, ...textsOf(match)]) {
      if (text.length > (best?.length ?? 0) && differsByReleaseOnly(name, text)) best = { id, length: text.length };
    }
  }
  return best?.id ?? null;
}

/** Whether `name` is `text` plus a harmless path before it and release words after it. */
function differsByReleaseOnly(name: string, text: string): boolean {
  const at = name.indexOf(text);
  if (at < 0 || text === "") return false;
  const rest = name.slice(at + text.length);
  // A rule may end inside a word ("gemini-2.0-flash-0", "ft:gpt-4o-2024-"): the whole word has to be a release word.
  const inside = /^\d/.test(rest) || /[-@]$/.test(text);
  const begun = inside ? /(?:-20\d\d)?[-@]$|[-@]\d+$/.exec(text)?.[0] : "";
  if (begun === undefined || !PREFIX.test(name.slice(0, at))) return false;
  return (text.startsWith("ft:") ? FINE_TUNED : RELEASE).test(begun + rest);
}

function accepts(rule: MatchRule, name: string): boolean {
  if ("or" in rule) return rule.or.some((inner) => accepts(inner, name));
  if ("and" in rule) return rule.and.every((inner) => accepts(inner, name));
  if ("equals" in rule) return name === rule.equals;
  if ("starts_with" in rule) return name.startsWith(rule.starts_with);
  if ("ends_with" in rule) return name.endsWith(rule.ends_with);
  if ("contains" in rule) return name.includes(rule.contains);
  return new RegExp(rule.regex).test(name);
}

/** Every piece of text that a rule spells out. Regular expressions spell out none. */
function textsOf(rule: MatchRule): string[] {
  if ("or" in rule) return rule.or.flatMap(textsOf);
  if ("and" in rule) return rule.and.flatMap(textsOf);
  if ("equals" in rule) return [rule.equals];
  if ("starts_with" in rule) return [rule.starts_with];
  if ("ends_with" in rule) return [rule.ends_with];
  if ("contains" in rule) return [rule.contains];
  return [];
}
