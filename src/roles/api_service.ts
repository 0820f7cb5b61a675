/**
 * Between a connection and the API's routes: checks a request as it was sent, before a URL parser has made it look harmless, and
 * turns it into what the routes take.
 *
 * Imports: api, roles.
 *
 * @module
 */

import { isOddPath, isOwnHost, setPrivateHeaders, wrongHost } from "../api/guard.ts";
import { problem, problemOf } from "../api/problem.ts";
import type { LocalService } from "./local_connection.ts";
import { fieldsOf, type LocalRequest } from "./local_request.ts";

/** Methods that some route may take. Others cannot even be put into a Request. */
const METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

/** What a request is answered with. */
export type Handle = (request: Request) => Response | Promise<Response>;

/** @param port The port that is listened on. */
export function apiService(handle: Handle, port: () => number): LocalService {
  return {
    async answer(request, signal) {
      try {
        const ready = requestOf(request, port(), signal);
        return ready instanceof Response ? sealed(ready) : await handle(ready);
      } catch (error) {
        return sealed(problemOf(error));
      }
    },
    refuse(reason) {
      switch (reason) {
        case "bad_request":
          return sealed(badRequest("The request is not well-formed HTTP"));
        case "target_too_long":
          return sealed(problem(414, "target_too_long", "The address is too long", "Shorten it"));
        case "head_too_large":
          return sealed(problem(431, "head_too_large", "The header is too large", "Send fewer or shorter fields"));
        case "body_too_large":
          return sealed(problem(413, "body_too_large", "The body is too large", "Send at most 64 KiB"));
        case "too_slow":
          return sealed(problem(408, "too_slow", "The request took too long to arrive", "Send it at once"));
      }
    },
  };
}

/** The request for the routes, or its refusal. */
function requestOf(sent: LocalRequest, port: number, signal: AbortSignal): Request | Response {
  const hosts = fieldsOf(sent.fields, "host");
  if (hosts.length > 1 || (hosts.length === 0 && sent.minor > 0)) return badRequest("There must be one Host field");
  if (!isOwnHost(hosts[0], port)) return wrongHost();
  const path = originForm(sent.target, port);
  if (path instanceof Response) return path;
  if (!METHODS.includes(sent.method)) {
    return problem(405, "method_not_allowed", "This method is not known here", "See /openapi.json", {
      allow: METHODS.join(", "),
    });
  }
  const headers = new Headers();
  for (let at = 0; at + 1 < sent.fields.length; at += 2) {
    headers.append(sent.fields[at] ?? "", sent.fields[at + 1] ?? "");
  }
  const mayCarry = sent.method !== "GET" && sent.method !== "HEAD" && sent.body.length > 0;
  return new Request(`http://${hosts[0]}${path}`, {
    method: sent.method,
    headers,
    signal,
    ...(mayCarry && { body: sent.body }),
  });
}

/** Path and query of a target. An absolute one must name this API as the Host does (RFC 9112 section 3.2.2). */
function originForm(target: string, port: number): string | Response {
  const absolute = /^http:\/\/([^/?#]*)(\/.*)?$/is.exec(target);
  if (absolute !== null && !isOwnHost(absolute[1], port)) return wrongHost();
  const path = absolute === null ? target : absolute[2] ?? "/";
  if (!/^\/[!-~]*$/.test(path) || path.includes("#")) return badRequest("The address is not a plain path");
  if (isOddPath(path.split("?")[0] ?? "")) {
    return problem(400, "bad_path", "The path is written in an unusual way", "Write it plainly, as in /v1/stats");
  }
  return path;
}

function badRequest(title: string): Response {
  return problem(400, "bad_request", title, "Send a plain HTTP/1.1 request");
}

function sealed(response: Response): Response {
  setPrivateHeaders(response.headers);
  return response;
}
