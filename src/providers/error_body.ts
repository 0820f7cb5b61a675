/**
 * Finds the provider's identifiers in an error, in every shape met. Message text is never kept: it may quote the prompt.
 *
 * Imports: domain, ./json.ts.
 *
 * @module
 */

import type { ProviderError } from "../domain/exchange.ts";
import { countIn, isObject, type JsonObject, objectIn, objectsIn } from "./json.ts";

/** An error that names itself nowhere, such as a page of markup from a gateway. */
export const NAMELESS_ERROR: ProviderError = { type: null, code: null, status: null };

/** An identifier; sentences, which some providers send as `code`, have spaces. */
const IDENTIFIER = /^[\w.:/-]{1,64}$/;

/**
 * The error that a response body, a stream event or a socket message tells of; `null` when it tells of none.
 *
 * @param httpStatus Status of the response head; a status in the body is kept only where it differs.
 */
export function errorOf(body: unknown, httpStatus: number | null): ProviderError | null {
  if (Array.isArray(body)) return errorOf(body.find((element) => isObject(element) && "error" in element), httpStatus);
  if (!isObject(body)) return null;
  const nested = objectIn(body, "error");
  if (nested !== null) return withStatus(nested, body, httpStatus);
  const code = identifierIn(body, "code");
  // xAI: `error` is the message itself.
  if (typeof body["error"] === "string") return { type: null, code, status: null };
  if (body["type"] === "error") return { type: null, code, status: differing(countIn(body, "status"), httpStatus) };
  if (httpStatus !== null && httpStatus < 400) return null;
  // ChatGPT's gateway.
  const detail = body["detail"];
  if (isObject(detail)) return { type: null, code: identifierIn(detail, "code"), status: null };
  return typeof detail === "string" ? NAMELESS_ERROR : null;
}

function withStatus(error: JsonObject, body: JsonObject, httpStatus: number | null): ProviderError {
  const status = countIn(error, "code") ?? countIn(body, "status");
  const reason = objectsIn(error, "details").map((detail) => identifierIn(detail, "reason")).find((found) =>
    found !== null
  );
  return {
    type: identifierIn(error, "type") ?? identifierIn(error, "status"),
    code: identifierIn(error, "code") ?? identifierIn(objectIn(error, "details"), "error_code") ?? reason ?? null,
    status: differing(status, httpStatus),
  };
}

function differing(status: number | null, httpStatus: number | null): number | null {
  return status === httpStatus ? null : status;
}

function identifierIn(parent: JsonObject | null, key: string): string | null {
  const value = parent?.[key];
  return typeof value === "string" && IDENTIFIER.test(value) ? value : null;
}
