/**
 * What every request to the local API must pass: a loopback `Host`, so that a web page cannot reach it by DNS rebinding, and
 * CORS for the configured origins only. There is no authentication; these two and the loopback address are the access control.
 *
 * Imports: hono (types), domain (types).
 *
 * @module
 */

import type { MiddlewareHandler } from "hono";
import { problem } from "./problem.ts";

const LOOPBACK_NAMES = ["127.0.0.1", "localhost"];

/** Refuses a request that was not addressed to this machine by a loopback name and the API's own port: 421. */
export function loopbackHostOnly(port: () => number): MiddlewareHandler {
  return async (context, next) => {
    const host = context.req.header("host")?.toLowerCase() ?? "";
    if (!LOOPBACK_NAMES.some((name) => host === `${name}:${port()}`)) {
      return problem(context, 421, "wrong_host", "This API answers to loopback names only", "Call it at 127.0.0.1");
    }
    return await next();
  };
}

/** Lets pages of the given origins read. Others get no CORS header, so that their browser keeps the answer from them. */
export function readableBy(origins: readonly string[]): MiddlewareHandler {
  return async (context, next) => {
    const origin = context.req.header("origin");
    const allowed = origin !== undefined && origins.includes(origin);
    if (context.req.method === "OPTIONS") {
      if (!allowed) {
        return problem(
          context,
          403,
          "wrong_origin",
          "This origin may not read the API",
          "Add it to cors.allow_origins",
        );
      }
      return context.body(null, 204, {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, HEAD",
        "access-control-max-age": "600",
        "vary": "Origin",
      });
    }
    await next();
    context.header("vary", "Origin");
    if (allowed) context.header("access-control-allow-origin", origin);
    return undefined;
  };
}

/** Answers hold a user's data: no cache may keep them and no page may frame or sniff them. */
export function privateAnswers(): MiddlewareHandler {
  return async (context, next) => {
    await next();
    context.header("cache-control", "no-store");
    context.header("x-content-type-options", "nosniff");
    context.header("referrer-policy", "no-referrer");
  };
}
