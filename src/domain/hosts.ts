/**
 * The only list of hosts that may be decrypted. Data, no logic.
 *
 * Source: the local-only guarantee, which names these six.
 *
 * @module
 */

/** Lower-case DNS names, port 443 only. */
export const INTERCEPTED_HOSTS = [
  "api.anthropic.com",
  "api.openai.com",
  "generativelanguage.googleapis.com",
  "api.x.ai",
  "chatgpt.com",
  "cloudcode-pa.googleapis.com",
] as const;

/** A host that may be decrypted. */
export type InterceptedHost = typeof INTERCEPTED_HOSTS[number];

/**
 * A call of the meter to itself: a name that no resolver knows (RFC 6761 section 6.4), asked for by CONNECT. The interceptor
 * takes it with the leaf of `as` and relays it to a stand-in on this machine; without an interceptor it leads nowhere.
 */
export const SELF_TEST = { host: "self-test.halton-meter.invalid", as: "api.anthropic.com" } as const satisfies {
  readonly host: string;
  readonly as: InterceptedHost;
};

/** Lower-cases a host name and drops one trailing dot (RFC 1034 root label), so that `API.OpenAI.com.` compares equal. */
export function normalizeHost(host: string): string {
  const lower = host.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}

/** Whether `host`, already normalized, may be decrypted. */
export function isIntercepted(host: string): host is InterceptedHost {
  return (INTERCEPTED_HOSTS as readonly string[]).includes(host);
}
