/**
 * Reads a socket of the Responses API: many responses, one after the other or side by side. Codex's backend and xAI speak the
 * same.
 *
 * Imports: ./adapter.ts, ./json.ts, ./response_object.ts (types), ./responses_events.ts.
 *
 * @module
 */

import type { SocketEmit, SocketReader, TellQuota } from "./adapter.ts";
import { nameIn, parseObject } from "./json.ts";
import type { ResponsesEndpoint } from "./response_object.ts";
import { ResponseEvents, socketContext } from "./responses_events.ts";

/** A reader of one socket. */
export function responsesSocket(
  endpoint: ResponsesEndpoint,
  emit: SocketEmit,
  tellQuota?: TellQuota,
): SocketReader {
  const events = new ResponseEvents(endpoint, socketContext(tellQuota), emit);
  return {
    clientMessage: (text) => {
      const message = parseObject(text);
      switch (message?.["type"]) {
        case "response.create":
          return { turn: events.request(message), asks: true };
        case "response.steer": {
          // What it adds goes into a successor, which the server begins by itself.
          const turn = events.turnOf(nameIn(message, "previous_response_id") ?? "");
          return turn === null ? null : { turn, asks: false };
        }
        default:
          return null;
      }
    },
    serverMessage: (text) => events.message(text),
    end: (closing) => events.end(null, closing),
  };
}
