/**
 * Addresses of pages. Every figure links to the rows behind it, and the filters of those rows are in the address.
 *
 * Imports nothing.
 *
 * @module
 */

/** Filters of the list of calls, as they stand in its address. Days are `YYYY-MM-DD`, both included; empty = none. */
export interface CallFilters {
  readonly project?: string | undefined;
  readonly provider?: string | undefined;
  /** `-` = calls that named none. */
  readonly model?: string | undefined;
  readonly status?: string | undefined;
  /** `unpriced` or `incomplete`. */
  readonly show?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly q?: string | undefined;
}

/** Stands for "no model was named" in an address, where an empty value means that the filter is off. */
export const NO_MODEL = "-";

/** The list of calls. */
export function callsPath(filters: CallFilters = {}, cursor: string | null = null): string {
  return withQuery("/requests", { ...filters, cursor });
}

/** One call. */
export function callPath(id: string): string {
  return `/requests/${encodeURIComponent(id)}`;
}

/** A project's page, for a number of days. */
export function projectPath(slug: string, days?: number): string {
  return withQuery(`/projects/${encodeURIComponent(slug)}`, { days });
}

/** A project's report for its client. */
export function reportPath(slug: string, from?: string, to?: string): string {
  return withQuery(`/projects/${encodeURIComponent(slug)}/report`, { from, to });
}

/** A path with those parameters that have a value. */
export function withQuery(path: string, values: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
  }
  return query.size === 0 ? path : `${path}?${query}`;
}
