/**
 * What every request to the local API must pass. There is no authentication: the loopback address and these checks are the
 * access control.
 *
 * - The `Host` must be a loopback name with the API's own port, so that no web page gets here by DNS rebinding.
 * - What a browser says of who asks (`Sec-Fetch-*`, `Origin`) must be a page of ours, a page of a configured origin, or a person
 *   who followed a link; this keeps other pages from loading anything, also where they could not read it.
 * - A change needs a JSON body type and an `Origin` that is ours, configured, or absent; `null` is none of these.
 *
 * Imports: hono (types), ./problem.ts.
 *
 * @module
 */

import type { Context, MiddlewareHandler } from "hono";
import { problem } from "./problem.ts";

const LOOPBACK_NAMES = ["127.0.0.1", "localhost"];

/** Methods that change nothing. */
const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];

/** What pages of the configured origins may read: sums and lists of calls, never the text of a body. */
const SHARED =
  /^\/(?:health|v1\/(?:daemon\/status|projects|stats|pricing-rates|cloud\/state|projects\/[^/]+(?:\/(?:stats|requests|requests\.csv))?))$/;

/** No cache may keep an answer, no page may frame, sniff or embed it. */
const PRIVATE: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** Pages load scripts, styles and pictures from this API alone, and send forms nowhere else. */
const PAGE_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Puts the headers that every answer carries, refusals included. */
export function setPrivateHeaders(headers: Headers): void {
  for (const [name, value] of Object.entries(PRIVATE)) headers.set(name, value);
  const isPage = headers.get("content-type")?.startsWith("text/html") === true;
  headers.set("content-security-policy", isPage ? PAGE_POLICY : DATA_POLICY);
}

/** Whether a `Host` names this API: a loopback name and the very port. */
export function isOwnHost(host: string | null | undefined, port: number): boolean {
  const asked = host?.toLowerCase();
  return LOOPBACK_NAMES.some((name) => asked === `${name}:${port}` || (port === 80 && asked === name));
}

/** The refusal of any other `Host`. */
export function wrongHost(): Response {
  return problem(
    421,
    "wrong_host",
    "This API answers to loopback names only",
    "Call it at 127.0.0.1 with its own port",
  );
}

/**
 * Whether a path is written in a way that other programs read otherwise: dot segments, empty ones, backslashes, path parameters,
 * control characters, plain or percent-encoded.
 */
export function isOddPath(path: string): boolean {
  let plain: string;
  try {
    plain = decodeURIComponent(path.replaceAll(/%2f/gi, "%252f"));
  } catch {
    return true;
  }
  // deno-lint-ignore no-control-regex
  return !path.startsWith("/") || /[\\;\x00-\x1f\x7f]/.test(plain) || /\/\/|\/\.{1,2}(?:\/|$)/.test(plain);
}

/** What the checks depend on. */
export interface GuardOptions {
  readonly port: () => number;
  /** Origins, beside the API's own, whose pages may read. */
  readonly allowOrigins: () => readonly string[];
}

/** All checks and headers, in the order in which they must come. */
export function guard(options: GuardOptions): MiddlewareHandler {
  return async (context, next) => {
    const refusal = refusalOf(context, options);
    if (refusal === null) await next();
    else context.res = refusal;
    setPrivateHeaders(context.res.headers);
    allowReading(context, options);
  };
}

function refusalOf(context: Context, options: GuardOptions): Response | null {
  const { req } = context;
  if (!isOwnHost(req.header("host"), options.port())) return wrongHost();
  if (isOddPath(req.path)) {
    return problem(400, "bad_path", "The path is written in an unusual way", "Write it plainly, as in /v1/stats");
  }
  if (req.method === "OPTIONS") return preflight(context, options);
  return SAFE_METHODS.includes(req.method) ? readRefusal(context, options) : changeRefusal(context, options);
}

function isOwnOrigin(origin: string, port: number): boolean {
  return LOOPBACK_NAMES.some((name) => origin === `http://${name}:${port}`);
}

function mayRead(context: Context, { allowOrigins }: GuardOptions): boolean {
  const origin = context.req.header("origin");
  return origin !== undefined && origin !== "null" && allowOrigins().includes(origin) && SHARED.test(context.req.path);
}

/** A page elsewhere may link here. It may not load anything: not to read it, not to frame it, not to keep connections busy. */
function readRefusal(context: Context, options: GuardOptions): Response | null {
  const site = context.req.header("sec-fetch-site");
  if (site === undefined || site === "same-origin" || site === "none" || mayRead(context, options)) return null;
  const followed = context.req.header("sec-fetch-mode") === "navigate" &&
    context.req.header("sec-fetch-dest") === "document";
  return followed ? null : wrongOrigin();
}

function changeRefusal(context: Context, options: GuardOptions): Response | null {
  const { req } = context;
  const origin = req.header("origin");
  const known = origin === undefined ||
    (origin !== "null" && (isOwnOrigin(origin, options.port()) || options.allowOrigins().includes(origin)));
  const site = req.header("sec-fetch-site");
  if (!known || (site !== undefined && site !== "same-origin" && site !== "none")) return wrongOrigin();
  const type = req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type === "application/json") return null;
  return problem(415, "not_json", "A change needs a JSON body", "Send content-type: application/json");
}

function wrongOrigin(): Response {
  return problem(403, "wrong_origin", "Pages of this origin may not do this", "Open the API's own pages instead");
}

/** Other origins may ask to read, never to change. */
function preflight(context: Context, options: GuardOptions): Response | null {
  if (context.req.header("origin") === undefined) return null;
  if (!mayRead(context, options)) {
    return problem(403, "wrong_origin", "This origin may not read this", "Add it to cors.allow_origins in config.toml");
  }
  return new Response(null, {
    status: 204,
    headers: { "access-control-allow-methods": "GET, HEAD", "access-control-max-age": "600" },
  });
}

function allowReading(context: Context, options: GuardOptions): void {
  const { headers } = context.res;
  headers.append("vary", "Origin");
  const origin = context.req.header("origin");
  if (origin !== undefined && mayRead(context, options)) headers.set("access-control-allow-origin", origin);
}
