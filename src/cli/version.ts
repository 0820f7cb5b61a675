/**
 * The version of this build. `scripts/` and tests hold it equal to deno.json.
 *
 * @module
 */

/** Semantic version. */
export const VERSION = "0.1.0";
