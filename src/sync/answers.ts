/**
 * What an answer of the server means. An answer that is not what was agreed on counts as none: it may come from anything that
 * stands between. Text of the server is never handed on, but for words of `[a-z0-9_]`.
 *
 * Imports: ./backoff.ts, ./wire.ts.
 *
 * @module
 */

import { retryAfterOf } from "./backoff.ts";
import { countOf, objectOf } from "./wire.ts";

/** An answer as it came, whole. Names of fields in lower case. */
export interface Answer {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What every request may come to beside its own success. */
export type Failure =
  /** The token is not known any more. */
  | { readonly kind: "unauthorised" }
  /** The machine was removed, or may not do this. */
  | { readonly kind: "forbidden" }
  /** What was sent is not accepted, however often it is sent. */
  | { readonly kind: "refused"; readonly status: number; readonly code: string }
  /** It may work later. `why` is a sentence's end of this program. */
  | { readonly kind: "transient"; readonly why: string; readonly retryAfterMs: number | null };

/** A batch that was taken. */
export interface Taken {
  readonly kind: "taken";
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly { readonly requestId: string; readonly code: string }[];
}

/** A body that arrived. */
export interface BodyTaken {
  readonly kind: "taken";
  readonly stored: boolean;
  /** Why it was not stored; `null` when it was. */
  readonly reason: string | null;
}

/** What came of `POST /v1/requests/batch` with that many rows. */
export function batchOutcome(answer: Answer, count: number): Taken | Failure {
  if (answer.status !== 200) return failureOf(answer, [400, 413]);
  const body = jsonIn(answer);
  const [accepted, duplicates] = [countOf(body?.["accepted"]), countOf(body?.["duplicates"])];
  const list = body?.["rejected"];
  if (accepted === null || duplicates === null || !Array.isArray(list)) return unexpected(answer);
  const rejected: { requestId: string; code: string }[] = [];
  for (const item of list) {
    const requestId = objectOf(item)?.["request_id"];
    if (typeof requestId !== "string") return unexpected(answer);
    rejected.push({ requestId: requestId.toLowerCase(), code: termOr(objectOf(item)?.["code"], "rejected") });
  }
  if (accepted + duplicates + rejected.length !== count) return unexpected(answer);
  return { kind: "taken", accepted, duplicates, rejected };
}

/** What came of `POST /v1/requests/{id}/body`. */
export function bodyOutcome(answer: Answer): BodyTaken | Failure {
  if (answer.status === 204) return { kind: "taken", stored: true, reason: null };
  if (answer.status !== 200) return failureOf(answer, [400, 404, 413]);
  const body = jsonIn(answer);
  if (body?.["stored"] !== false) return unexpected(answer);
  return { kind: "taken", stored: false, reason: termOr(body["reason"], "not_said") };
}

/** The object that an answer of one of `statuses` holds. */
export function objectOutcome(
  answer: Answer,
  statuses: readonly number[],
  refused: readonly number[] = [],
): { readonly kind: "object"; readonly value: Readonly<Record<string, unknown>> } | Failure {
  if (!statuses.includes(answer.status)) return failureOf(answer, refused);
  if (answer.status === 204) return { kind: "object", value: {} };
  const value = jsonIn(answer);
  return value === null ? unexpected(answer) : { kind: "object", value };
}

/** A failure of the transport. `why`: a few words of this program. */
export function noAnswer(why: string): Extract<Failure, { kind: "transient" }> {
  return { kind: "transient", why, retryAfterMs: null };
}

/** One line of a person's screen and of `last_error`. */
export function describeFailure(failure: Failure): string {
  switch (failure.kind) {
    case "unauthorised":
      return "the server does not accept the token (401)";
    case "forbidden":
      return "the server does not let this machine in (403)";
    case "refused":
      return `the server refused it (${failure.status} ${failure.code})`;
    case "transient":
      return failure.why;
  }
}

function failureOf(answer: Answer, refused: readonly number[]): Failure {
  const { status, fields } = answer;
  if (status === 401) return { kind: "unauthorised" };
  if (status === 403) return { kind: "forbidden" };
  if (refused.includes(status)) return { kind: "refused", status, code: termOr(jsonIn(answer)?.["code"], "not_said") };
  if (status !== 429 && status < 500) return unexpected(answer);
  const retryAfterMs = retryAfterOf(fields["retry-after"] ?? null, fields["date"] ?? null, Date.now());
  return { kind: "transient", why: `the server answered ${status}`, retryAfterMs };
}

/** Also a redirect, which is never followed: the token is for one server only. */
function unexpected({ status }: Answer): Failure {
  const why = status >= 300 && status < 400
    ? `the server answered with a redirect (${status}), which is not followed`
    : `the server answered something else than was agreed on (${status})`;
  return { kind: "transient", why, retryAfterMs: null };
}

function jsonIn({ body }: Answer): Readonly<Record<string, unknown>> | null {
  try {
    return objectOf(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return null;
  }
}

function termOr(value: unknown, otherwise: string): string {
  return typeof value === "string" && /^[a-z0-9_]{1,64}$/.test(value) ? value : otherwise;
}
