/**
 * Who pays for a call, as far as its request tells: an API key is metered, a log-in draws on a subscription.
 *
 * Looks at the shape of a credential and forgets it. A key that was minted from an API key for a browser or a voice session
 * bills that key's account. Everything whose bill is not documented, such as an OAuth token of a cloud project, stays unknown.
 * Credits are told by responses, not by requests.
 *
 * Imports: domain (types).
 *
 * @module
 */

import type { BillingBasis } from "../domain/exchange.ts";

/** Hosts that serve log-ins only. */
const SUBSCRIPTION_HOSTS = ["chatgpt.com", "cloudcode-pa.googleapis.com", "daily-cloudcode-pa.googleapis.com"];

/**
 * Credentials by their beginning; the first that fits decides. Anthropic: log-in tokens, API keys, administrators' keys.
 * OpenAI: keys of users, projects and services, and ephemeral ones. xAI, Google: API keys.
 */
const SHAPES: readonly (readonly [RegExp, BillingBasis])[] = [
  [/^sk-ant-oat/, "subscription"],
  [/^sk-ant-(?:api|admin)/, "metered"],
  // Other tokens of Anthropic's, such as sk-ant-req-…, whose bill is not documented.
  [/^sk-ant-/, "unknown"],
  [/^(?:sk-|ek_|xai-|AIza|auth_tokens\/)/, "metered"],
];

/** Subprotocols that carry a key where a browser cannot set a header. */
const KEY_PROTOCOLS = /^(?:openai-insecure-api-key|xai-client-secret)\.\S/;

/** Members of a query that carry a key, or a token minted from one. */
const KEY_IN_QUERY = /[?&](?:key|api_key)=[^&]|[?&]access_token=auth_tokens(?:\/|%2F)/i;

/** The basis of one call. `headers`: lower-cased names. */
export function billingBasisOf(host: string, target: string, headers: ReadonlyMap<string, string>): BillingBasis {
  if (SUBSCRIPTION_HOSTS.includes(host)) return "subscription";
  const key = headers.get("x-api-key") ?? headers.get("x-goog-api-key");
  // A field for keys holds a key, whatever it looks like, unless it looks like a log-in.
  if (key !== undefined) return basisOfShape(key.trim()) === "subscription" ? "subscription" : "metered";
  const credential = /^(?:Bearer|Token)\s+(\S+)/i.exec(headers.get("authorization") ?? "")?.[1];
  const told = credential === undefined ? "unknown" : basisOfShape(credential);
  if (told !== "unknown") return told;
  const protocols = headers.get("sec-websocket-protocol")?.split(",") ?? [];
  if (protocols.some((protocol) => KEY_PROTOCOLS.test(protocol.trim()))) return "metered";
  return KEY_IN_QUERY.test(target) ? "metered" : "unknown";
}

function basisOfShape(credential: string): BillingBasis {
  return SHAPES.find(([shape]) => shape.test(credential))?.[1] ?? "unknown";
}
