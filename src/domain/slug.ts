/**
 * What a project's slug looks like. Imports nothing.
 *
 * @module
 */

/** Longest slug. The form has no documented limit; this one keeps a broken variable out of every table. */
const MAX_SLUG_LENGTH = 128;

/** Whether `text` is a slug: lower-case letters, digits, `-`, `_`, `:`, `/`, at least one of them a letter or digit. */
export function isSlug(text: string): boolean {
  return text.length <= MAX_SLUG_LENGTH && /^[-_:\/]*[a-z0-9][-_:\/a-z0-9]*$/.test(text);
}

/**
 * Makes a slug of a folder name: lower case, every run of other characters one `-`, none at either end. Null when
 * nothing is left.
 */
export function normalizeSlug(name: string): string | null {
  const slug = name.toLowerCase().replace(/[^-_:\/a-z0-9]+/g, "-").slice(0, MAX_SLUG_LENGTH).replace(/^-+|-+$/g, "");
  return isSlug(slug) ? slug : null;
}
