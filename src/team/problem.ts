/**
 * Errors as problem+json (RFC 9457): a code for programs, a sentence, and one thing to do next. They quote nothing of the
 * request and nothing of the database.
 *
 * Imports: ./database.ts.
 *
 * @module
 */

import { isUnreachable } from "./database.ts";

/** Statuses in use. */
export type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 408 | 409 | 410 | 413 | 415 | 429 | 500 | 503;

/** A refusal that a handler throws. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: ProblemStatus;
  readonly code: string;
  readonly next: string;
  /** Seconds after which to come back; goes with 429 and 503. */
  readonly retryAfterS: number | null;

  constructor(status: ProblemStatus, code: string, title: string, next: string, retryAfterS: number | null = null) {
    super(title);
    this.status = status;
    this.code = code;
    this.next = next;
    this.retryAfterS = retryAfterS;
  }
}

/** Too many attempts. */
export function tooMany(retryAfterS: number): Refusal {
  return new Refusal(429, "too_many", "Too many attempts", "Wait as long as Retry-After says", retryAfterS);
}

/** What nobody foresaw, or the database being away, as a refusal. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (isUnreachable(error)) {
    return new Refusal(503, "database_unavailable", "The database cannot be reached right now", "Try again soon", 5);
  }
  return new Refusal(500, "failed", "The answer could not be made", "Try again, then look into the server's log");
}

/** The answer to a program. */
export function problemResponse({ status, code, message, next, retryAfterS }: Refusal): Response {
  const headers = new Headers({ "content-type": "application/problem+json" });
  if (retryAfterS !== null) headers.set("retry-after", String(retryAfterS));
  if (status === 401) headers.set("www-authenticate", "Bearer");
  return new Response(JSON.stringify({ type: "about:blank", status, code, title: message, next }), { status, headers });
}
