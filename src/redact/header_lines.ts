/**
 * Redacts header fields.
 *
 * Names decide by an exact list: credentials, cookies and what identifies an account or an installation. Other values are
 * searched like any text.
 *
 * Imports: ./redact.ts, ./scan.ts, ./target.ts.
 *
 * @module
 */

import { placeholder, redactText } from "./redact.ts";
import { type Find, findSecrets } from "./scan.ts";
import { redactTarget } from "./target.ts";

/** Lower-case names whose value is never kept. Sources: the providers' clients, RFC 9110, RFC 6265, RFC 6455. */
const SENSITIVE_FIELDS = new Set([
  "authorization",
  "proxy-authorization",
  "authentication-info",
  "proxy-authentication-info",
  "x-api-key",
  "api-key",
  "x-goog-api-key",
  "x-goog-iam-authorization-token",
  "x-amz-security-token",
  "x-auth-token",
  "x-access-token",
  "x-csrf-token",
  "x-xsrf-token",
  "cookie",
  "cookie2",
  "set-cookie",
  "set-cookie2",
  "sec-websocket-protocol",
  "sec-websocket-key",
  "chatgpt-account-id",
  "anthropic-organization-id",
  "openai-organization",
  "openai-project",
  "x-codex-turn-metadata",
  "x-oai-is-update",
  "x-goog-user-project",
]);

/** Fields that hold an address, which may hold a credential in its query. */
const ADDRESS_FIELDS = new Set(["location", "content-location", "referer", "link", "refresh", "x-goog-upload-url"]);

/**
 * Masks secrets in header lines.
 *
 * @param fields name, value, name, value, …; names in any case.
 * @returns The same names in the same order, secrets in them masked; values of sensitive fields are `[REDACTED:header]`.
 */
export function redactFields(fields: readonly string[], find: Find = findSecrets): string[] {
  return fields.map((text, index) => {
    if (index % 2 === 0) return redactText(text, "whole", find).text;
    const name = (fields[index - 1] ?? "").trim().toLowerCase();
    if (SENSITIVE_FIELDS.has(name)) return placeholder("header");
    return ADDRESS_FIELDS.has(name) ? redactTarget(text, find) : redactText(text, "whole", find).text;
  });
}
