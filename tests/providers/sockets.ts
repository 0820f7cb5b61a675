/**
 * Feeds the messages of a socket to its surface, one at a time.
 *
 * @module
 */

import type { Reading } from "../../src/domain/exchange.ts";
import type { Closing, SocketReader } from "../../src/providers/adapter.ts";
import { surfaceFor } from "../../src/providers/surfaces.ts";
import { facts } from "./feed.ts";

/** A socket under test. A message is sent as JSON unless it is a string. */
export interface TestSocket {
  readonly readings: Reading[];
  /** Turn of each reading. */
  readonly turns: number[];
  client(message: unknown): ReturnType<SocketReader["clientMessage"]>;
  server(message: unknown): number | null;
  end(closing?: Closing): void;
  /** Texts of events that tell of allowances. */
  readonly quota: string[];
}

/** Opens the socket of `call`, e.g. `GET api.openai.com/v1/responses`. */
export function openSocket(call: string): TestSocket {
  const request = facts({ call, requestHeaders: { upgrade: "websocket" } });
  const surface = surfaceFor(request);
  if (surface?.openSocket === undefined) throw new Error(`No socket surface for ${call}`);
  const readings: Reading[] = [];
  const turns: number[] = [];
  const quota: string[] = [];
  const reader = surface.openSocket(request, (reading, turn) => {
    readings.push(reading);
    turns.push(turn);
  }, (event) => quota.push(event));
  const text = (message: unknown) => typeof message === "string" ? message : JSON.stringify(message);
  return {
    readings,
    turns,
    quota,
    client: (message) => reader.clientMessage(text(message)),
    server: (message) => reader.serverMessage(text(message)),
    end: (closing) => reader.end(closing),
  };
}
