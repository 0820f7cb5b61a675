/**
 * Makes a surface out of an endpoint that answers a GET with a switch to WebSocket.
 *
 * A provider that refuses to switch has failed the call, which gives one reading without usage; any other answer gives none.
 *
 * Imports: ./adapter.ts, ./http_reader.ts (types), ./reading.ts, ./surface.ts.
 *
 * @module
 */

import type { Emit, RequestFacts, SocketEmit, SocketReader, Surface, TellQuota } from "./adapter.ts";
import type { Call, ResponseFormat } from "./http_reader.ts";
import { type Endpoint, readingOf } from "./reading.ts";
import { type Route, surface } from "./surface.ts";

/** A surface that reads sockets on `route` with the reader that `open` makes for each. */
export function socketSurface(
  name: string,
  route: Pick<Route, "host" | "path">,
  endpoint: Endpoint,
  open: (request: RequestFacts, emit: SocketEmit, tellQuota?: TellQuota) => SocketReader,
): Surface {
  const overHttp = surface(name, { ...route, method: "GET" }, (call, emit) => refusal(endpoint, call, emit));
  return {
    ...overHttp,
    matches: (request) => asksForSocket(request) && overHttp.matches(request),
    openSocket: open,
  };
}

/** Whether a request asks to switch to WebSocket. */
export function asksForSocket(request: RequestFacts): boolean {
  const protocols = request.headers.get("upgrade")?.toLowerCase().split(",") ?? [];
  return protocols.some((protocol) => protocol.trim() === "websocket");
}

/** The value of a member of the query, decoded; null when it is absent, empty or cannot be a name. */
export function nameInQuery(request: RequestFacts, key: string): string | null {
  const query = request.target.indexOf("?");
  const value = query < 0 ? null : new URLSearchParams(request.target.slice(query)).get(key);
  return value === null || !/^[\w.:/@-]{1,256}$/.test(value) ? null : value;
}

/** An answer without a switch. Without a status, the provider could not be reached or the client gave up. */
function refusal(endpoint: Endpoint, call: Call, emit: Emit): ResponseFormat {
  return {
    document: () => {},
    event: () => {},
    end: ({ failedStatus, error }) => {
      if (!failedStatus && call.status !== null) return;
      const model = nameInQuery(call.request, "model");
      emit(readingOf(endpoint, { mode: "websocket", asked: { ...call.asked, model } }, {
        complete: false,
        usageUnknown: "not_reported",
        error,
      }));
    },
  };
}
