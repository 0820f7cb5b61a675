/**
 * Sorts failures into the seven classes. A pure table: the HTTP status decides, the provider's own words refine it or stand
 * in for it.
 *
 * Sources: error types in the vendors' SDKs and error pages; the classes are the documented, locked set.
 *
 * Imports: domain.
 *
 * @module
 */

import type { ErrorClass, Provider, ProviderError } from "../domain/exchange.ts";

/** Words that outrank the status they come with. Both types and codes, since providers differ in where they put them. */
const WORDS_ABOVE_STATUS: Readonly<Record<string, ErrorClass>> = {
  // OpenAI and xAI answer 429 when the account is out of money: backing off does not help.
  insufficient_quota: "auth",
  billing_hard_limit_reached: "auth",
  billing_not_active: "auth",
  // Gemini answers 400 to a key that it does not know.
  API_KEY_INVALID: "auth",
  invalid_api_key: "auth",
  // OpenAI answers 403 to a region that it does not serve: the key is fine.
  unsupported_country_region_territory: "bad_request",
};

/** Words for failures without a telling status, such as those in the middle of a stream. */
const WORDS: Readonly<Record<string, ErrorClass>> = {
  // Anthropic
  invalid_request_error: "bad_request",
  not_found_error: "bad_request",
  conflict_error: "bad_request",
  request_too_large: "bad_request",
  authentication_error: "auth",
  permission_error: "auth",
  billing_error: "auth",
  rate_limit_error: "rate_limit",
  timeout_error: "timeout",
  api_error: "server_error",
  overloaded_error: "server_error",
  // OpenAI, xAI, Codex
  rate_limit_exceeded: "rate_limit",
  too_many_requests: "rate_limit",
  usage_limit_reached: "rate_limit",
  usage_not_included: "auth",
  requests: "rate_limit",
  tokens: "rate_limit",
  server_error: "server_error",
  internal_error: "server_error",
  internal_server_error: "server_error",
  server_is_overloaded: "server_error",
  slow_down: "server_error",
  context_length_exceeded: "bad_request",
  invalid_prompt: "bad_request",
  invalid_image: "bad_request",
  model_not_found: "bad_request",
  previous_response_not_found: "bad_request",
  unknown_parameter: "bad_request",
  vector_store_timeout: "timeout",
  // Close frames of sockets
  close_1002: "bad_request",
  close_1003: "bad_request",
  close_1007: "bad_request",
  close_1008: "bad_request",
  close_1009: "bad_request",
  close_1011: "server_error",
  close_1012: "server_error",
  close_1013: "server_error",
  close_1014: "server_error",
  close_3000: "auth",
  close_3003: "auth",
  close_3008: "timeout",
  // Google
  INVALID_ARGUMENT: "bad_request",
  FAILED_PRECONDITION: "bad_request",
  OUT_OF_RANGE: "bad_request",
  NOT_FOUND: "bad_request",
  ALREADY_EXISTS: "bad_request",
  UNIMPLEMENTED: "bad_request",
  UNAUTHENTICATED: "auth",
  PERMISSION_DENIED: "auth",
  RESOURCE_EXHAUSTED: "rate_limit",
  DEADLINE_EXCEEDED: "timeout",
  INTERNAL: "server_error",
  UNAVAILABLE: "server_error",
  ABORTED: "server_error",
  DATA_LOSS: "server_error",
};

/** Words that mean something else at one provider. */
const WORDS_OF_PROVIDER: Readonly<Partial<Record<Provider, Readonly<Record<string, ErrorClass>>>>> = {
  // The Interactions API writes Google's statuses in lower case.
  gemini: {
    deadline_exceeded: "timeout",
    resource_exhausted: "rate_limit",
    unavailable: "server_error",
    internal: "server_error",
  },
};

/**
 * Sorts one failed call.
 *
 * @param httpStatus Status of the response head; `null` when none came. A status below 400 says nothing: the call failed
 *   in its stream.
 * @param transport What became of the connection, when that is what failed.
 * @returns `unknown` when nothing here matches.
 */
export function classifyError(
  provider: Provider,
  httpStatus: number | null,
  providerError: ProviderError | null,
  transport: "network" | "timeout" | null,
): ErrorClass {
  if (httpStatus !== null && httpStatus >= 400) {
    return byWords(WORDS_ABOVE_STATUS, providerError) ?? byStatus(httpStatus);
  }
  const own = WORDS_OF_PROVIDER[provider] ?? {};
  const named = byWords(WORDS_ABOVE_STATUS, providerError) ?? byWords(own, providerError) ??
    byWords(WORDS, providerError);
  if (named !== null) return named;
  const status = providerError?.status ?? null;
  if (status !== null && status >= 400) return byStatus(status);
  return transport ?? "unknown";
}

/** The code is tried first: OpenAI's types are broader than its codes. */
function byWords(words: Readonly<Record<string, ErrorClass>>, error: ProviderError | null): ErrorClass | null {
  for (const word of [error?.code, error?.type]) {
    if (typeof word === "string" && Object.hasOwn(words, word)) return words[word] ?? null;
  }
  return null;
}

function byStatus(status: number): ErrorClass {
  switch (status) {
    case 401:
    case 402:
    case 403:
    case 407:
      return "auth";
    case 408:
    case 504:
    case 522: // Cloudflare: no connection in time
    case 524: // Cloudflare: no answer in time
      return "timeout";
    case 429:
      return "rate_limit";
    case 499: // Google: the caller cancelled
      return "unknown";
  }
  if (status >= 400 && status < 500) return "bad_request";
  return status >= 500 && status < 600 ? "server_error" : "unknown";
}
