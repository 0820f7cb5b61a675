/**
 * Who pays for a call, as far as the wire tells: an API key is metered, a log-in draws on a subscription.
 *
 * Looks at the shape of a credential and forgets it. Imports: domain (types).
 *
 * @module
 */

import type { BillingBasis } from "../domain/exchange.ts";

/** Hosts that serve subscriptions only. */
const SUBSCRIPTION_HOSTS = ["chatgpt.com", "cloudcode-pa.googleapis.com"];

/** Shapes of API keys, which bill per token. */
const KEY_SHAPES = [/^sk-/, /^xai-/, /^AIza/];

/** The basis of one call. `headers`: lower-cased names. */
export function billingBasisOf(host: string, target: string, headers: ReadonlyMap<string, string>): BillingBasis {
  if (SUBSCRIPTION_HOSTS.includes(host)) return "subscription";
  if (headers.has("x-api-key") || headers.has("x-goog-api-key") || /[?&]key=/.test(target)) return "metered";
  const bearer = /^Bearer\s+(\S+)/i.exec(headers.get("authorization") ?? "")?.[1];
  if (bearer === undefined) return "unknown";
  if (bearer.startsWith("sk-ant-oat")) return "subscription";
  return KEY_SHAPES.some((shape) => shape.test(bearer)) ? "metered" : "unknown";
}
