/**
 * The version of this build of the team server. A test holds it equal to deno.json.
 *
 * @module
 */

/** Semantic version. */
export const VERSION = "0.1.0";
