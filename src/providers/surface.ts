/**
 * Makes a surface out of a host, a method, a path and a format. Paths match as a whole; query strings do not count.
 *
 * Imports: domain, ./adapter.ts, ./http_reader.ts, ./json_elements.ts.
 *
 * @module
 */

import type { InterceptedHost } from "../domain/hosts.ts";
import type { Emit, RequestFacts, Surface } from "./adapter.ts";
import { type Call, HttpReader, type ResponseFormat } from "./http_reader.ts";
import type { ElementLayout } from "./json_elements.ts";

/** Hosts whose format is known though they are not decrypted: the guarantee names those that are. */
export type KnownHost = InterceptedHost | "daily-cloudcode-pa.googleapis.com";

/** Which requests a surface reads. */
export interface Route {
  readonly host: KnownHost;
  readonly method: "GET" | "POST";
  /** The whole path, or an anchored pattern of it. */
  readonly path: string | RegExp;
  /** How the endpoint lists several documents in one body, if it does. */
  readonly elements?: ElementLayout;
}

/** A surface that reads `route` with the format that `format` makes for each call. */
export function surface(name: string, route: Route, format: (call: Call, emit: Emit) => ResponseFormat): Surface {
  return {
    name,
    matches: (request) => {
      if (request.host !== route.host || request.method !== route.method) return false;
      const path = pathOf(request);
      return typeof route.path === "string" ? path === route.path : route.path.test(path);
    },
    open: (request, emit, tellQuota) => new HttpReader(request, route.elements ?? null, emit, format, tellQuota),
  };
}

/** The path of a request target. */
export function pathOf(request: RequestFacts): string {
  const query = request.target.indexOf("?");
  return query < 0 ? request.target : request.target.slice(0, query);
}
