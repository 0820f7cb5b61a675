/**
 * Names of the variables that point tools at the meter. One list for `run`, for shells and for whole sessions.
 *
 * Imports nothing.
 *
 * @module
 */

/** The proxy for `https://` addresses. Clients differ in which spelling they read. */
export const PROXY_VARIABLES = ["HTTPS_PROXY", "https_proxy"] as const;

/** Hosts that are not to be reached through the proxy. */
export const NO_PROXY_VARIABLES = ["NO_PROXY", "no_proxy"] as const;

/** This machine itself, as clients spell it. */
export const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "::1"] as const;

/** Files of certificates that replace the roots of the clients that read them. */
export const REPLACING_VARIABLES = [
  "SSL_CERT_FILE",
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "AWS_CA_BUNDLE",
  "CODEX_CA_CERTIFICATE",
] as const;

/** A file of certificates that Node adds to its own roots. */
export const NODE_ROOTS_VARIABLE = "NODE_EXTRA_CA_CERTS";

/** Makes Node's built-in `fetch` obey the proxy, from 22.21 and 24.0 on. */
export const NODE_PROXY_VARIABLE = "NODE_USE_ENV_PROXY";

/** Everything that a session is given, in the order in which it is set. */
export const CLIENT_VARIABLES: readonly string[] = [
  ...PROXY_VARIABLES,
  ...NO_PROXY_VARIABLES,
  NODE_PROXY_VARIABLE,
  NODE_ROOTS_VARIABLE,
  ...REPLACING_VARIABLES,
];
