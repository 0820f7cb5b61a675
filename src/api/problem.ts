/**
 * Errors of the API as problem+json (RFC 9457) with a code, a sentence and a next step.
 *
 * Imports: hono (types).
 *
 * @module
 */

import type { Context } from "hono";

/** Statuses in use. */
export type ProblemStatus = 400 | 403 | 404 | 405 | 421 | 500 | 503;

/** Builds the answer. */
export function problem(context: Context, status: ProblemStatus, code: string, title: string, next: string): Response {
  return context.body(JSON.stringify({ status, code, title, next }), status, {
    "content-type": "application/problem+json",
  });
}
