import { strictEqual as equal } from "node:assert/strict";
import type { ErrorClass, Provider } from "../../src/domain/exchange.ts";
import { classifyError } from "../../src/providers/errors.ts";

type Row = readonly [Provider, number | null, string | null, string | null, ErrorClass];

/** Provider, HTTP status, type, code, class. */
const ROWS: readonly Row[] = [
  ["anthropic", 400, "invalid_request_error", null, "bad_request"],
  ["anthropic", 401, "authentication_error", null, "auth"],
  ["anthropic", 402, "billing_error", null, "auth"],
  ["anthropic", 403, "permission_error", null, "auth"],
  ["anthropic", 404, "not_found_error", null, "bad_request"],
  ["anthropic", 409, "conflict_error", null, "bad_request"],
  ["anthropic", 413, "request_too_large", null, "bad_request"],
  ["anthropic", 429, "rate_limit_error", null, "rate_limit"],
  ["anthropic", 500, "api_error", null, "server_error"],
  ["anthropic", 504, "timeout_error", null, "timeout"],
  ["anthropic", 529, "overloaded_error", null, "server_error"],
  ["anthropic", 529, null, null, "server_error"],
  ["anthropic", 200, "overloaded_error", null, "server_error"],
  ["anthropic", 200, "rate_limit_error", null, "rate_limit"],
  ["openai", 429, "insufficient_quota", "insufficient_quota", "auth"],
  ["openai", 429, "requests", "rate_limit_exceeded", "rate_limit"],
  ["openai", 400, "invalid_request_error", "context_length_exceeded", "bad_request"],
  ["openai", 401, "invalid_request_error", "invalid_api_key", "auth"],
  ["openai", 403, "request_forbidden", "unsupported_country_region_territory", "bad_request"],
  ["openai", 408, null, null, "timeout"],
  ["openai", 503, null, null, "server_error"],
  ["openai", 429, "usage_limit_reached", null, "rate_limit"],
  ["openai", 200, null, "server_error", "server_error"],
  ["openai", 200, "invalid_request_error", "rate_limit_exceeded", "rate_limit"],
  ["xai", 429, null, "insufficient_quota", "auth"],
  ["xai", 403, null, null, "auth"],
  ["xai", 422, null, null, "bad_request"],
  ["gemini", 429, "RESOURCE_EXHAUSTED", null, "rate_limit"],
  ["gemini", 400, "INVALID_ARGUMENT", null, "bad_request"],
  ["gemini", 400, "INVALID_ARGUMENT", "API_KEY_INVALID", "auth"],
  ["gemini", 504, "DEADLINE_EXCEEDED", null, "timeout"],
  ["gemini", 200, "DEADLINE_EXCEEDED", null, "timeout"],
  ["gemini", 200, "UNAVAILABLE", null, "server_error"],
  ["gemini", 200, null, "resource_exhausted", "rate_limit"],
  ["gemini", 499, "CANCELLED", null, "unknown"],
  ["gemini", 524, null, null, "timeout"],
  ["gemini", 200, "SOMETHING_NEW", "constructor", "unknown"],
];

for (const [provider, status, type, code, expected] of ROWS) {
  Deno.test(`classifyError() calls ${provider} ${status} ${type ?? "-"} ${code ?? "-"} ${expected}`, () => {
    equal(classifyError(provider, status, { type, code, status: null }, null), expected);
  });
}

Deno.test("classifyError() falls back to the status in the body, then to the transport, then to unknown", () => {
  equal(classifyError("openai", 200, { type: "new_error", code: null, status: 429 }, "network"), "rate_limit");
  equal(classifyError("openai", null, null, "network"), "network");
  equal(classifyError("openai", 200, null, "timeout"), "timeout");
  equal(classifyError("openai", 500, null, "network"), "server_error");
  equal(classifyError("openai", null, null, null), "unknown");
  equal(classifyError("openai", 302, null, null), "unknown");
});
