/**
 * Errors of the API as problem+json (RFC 9457): a code for programs, a sentence, and one thing to do next.
 *
 * Imports: domain, zod.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { type ErrorCode, MeterError } from "../domain/errors.ts";

/** Statuses in use. */
export type ProblemStatus = 400 | 403 | 404 | 405 | 408 | 409 | 413 | 414 | 415 | 421 | 429 | 431 | 500 | 503;

/** What every error answers with. */
export const Problem = z.object({
  status: z.int().describe("The HTTP status, repeated"),
  code: z.string().describe("For programs; does not change"),
  title: z.string().describe("What went wrong, as a sentence"),
  next: z.string().describe("One thing to do"),
}).openapi("Problem");

/** Builds the answer. */
export function problem(
  status: ProblemStatus,
  code: string,
  title: string,
  next: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify({ status, code, title, next }), {
    status,
    headers: { ...headers, "content-type": "application/problem+json" },
  });
}

/** A refusal that a handler throws. The texts quote nothing of the request. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: ProblemStatus;
  readonly code: string;
  readonly next: string;

  constructor(status: ProblemStatus, code: string, title: string, next: string) {
    super(title);
    this.status = status;
    this.code = code;
    this.next = next;
  }
}

const STATUS: Readonly<Record<ErrorCode, ProblemStatus>> = {
  bad_config: 409,
  bad_input: 400,
  ca_unusable: 500,
  daemon_not_running: 503,
  database_newer: 503,
  database_unusable: 503,
  failed: 500,
  port_in_use: 500,
  wrong_usage: 400,
};

/** What SQLite says when another connection holds a lock for too long (https://www.sqlite.org/rescode.html#busy). */
const BUSY = [5, 6];

/** The answer to a failure. What nobody foresaw is told without its text, which may quote what was being read. */
export function problemOf(error: unknown): Response {
  if (error instanceof Refusal) return problem(error.status, error.code, error.message, error.next);
  if (error instanceof MeterError) {
    const status = Object.hasOwn(STATUS, error.code) ? STATUS[error.code] : 500;
    return problem(status, error.code, error.message, error.hint ?? "Run halton-meter status");
  }
  const code = sqliteCode(error);
  if (code === null) return problem(500, "failed", "The answer could not be made", "Run halton-meter logs");
  return BUSY.includes(code & 0xff)
    ? problem(503, "database_busy", "The database is busy right now", "Try again in a few seconds", {
      "retry-after": "2",
    })
    : problem(503, "database_unusable", "The database cannot be read right now", "Run halton-meter status");
}

/** SQLite's result code; `null` for an error that is not SQLite's. */
function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !("errcode" in error)) return null;
  return typeof error.errcode === "number" ? error.errcode : null;
}
