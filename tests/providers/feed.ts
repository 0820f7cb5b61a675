/**
 * Ways to cut bytes and to feed an exchange to a surface.
 *
 * @module
 */

import { strictEqual as equal } from "node:assert/strict";
import type { RequestFacts } from "../../src/providers/adapter.ts";
import type { Reading } from "../../src/domain/exchange.ts";
import { surfaceFor } from "../../src/providers/surfaces.ts";
import { cuts, utf8 } from "./cuts.ts";

/** One exchange as a test writes it. */
export interface Exchange {
  /** Method and URL without scheme, e.g. `POST api.openai.com/v1/responses`. */
  readonly call: string;
  /** A string is sent as it stands, anything else as JSON. */
  readonly request?: unknown;
  readonly requestHeaders?: Readonly<Record<string, string>>;
  /** False when the copy of the request body was cut. */
  readonly requestWhole?: boolean;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** As `request`. Absent means that no response came. */
  readonly response?: unknown;
  /** False when the connection ended before the response did. */
  readonly clean?: boolean;
}

function bodyText(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}

/** The request head of `exchange`. */
export function facts(exchange: Pick<Exchange, "call" | "requestHeaders">): RequestFacts {
  const [method = "", url = ""] = exchange.call.split(" ");
  const slash = url.indexOf("/");
  const headers = new Map(Object.entries({ "content-type": "application/json", ...exchange.requestHeaders }));
  return { host: url.slice(0, slash), method, target: url.slice(slash), headers };
}

/** Feeds `exchange` with the response cut into `pieces`. */
export function readPieces(exchange: Exchange, pieces: readonly Uint8Array[]): Reading[] {
  const request = facts(exchange);
  const surface = surfaceFor(request);
  if (surface === null) throw new Error(`No surface for ${exchange.call}`);
  const readings: Reading[] = [];
  const reader = surface.open(request, (reading) => readings.push(reading));
  if (exchange.request !== undefined) reader.requestBody(utf8(bodyText(exchange.request)));
  reader.requestEnd(exchange.requestWhole ?? true);
  if (exchange.response !== undefined) {
    const headers = exchange.headers ?? { "content-type": guessType(bodyText(exchange.response)) };
    reader.responseHead(exchange.status ?? 200, new Map(Object.entries(headers)));
    for (const piece of pieces) {
      // Bytes are valid only during the call: what the reader keeps must be its own.
      const lent = piece.slice();
      reader.responseBody(lent);
      lent.fill(0x7a);
    }
  }
  reader.end(exchange.clean ?? true);
  return readings;
}

function guessType(text: string): string {
  return /^\s*[[{]/.test(text) ? "application/json" : "text/event-stream; charset=utf-8";
}

/** Readings of `exchange`, after making sure that every cut of the response gives the same ones. */
export function read(exchange: Exchange): Reading[] {
  const bytes = utf8(exchange.response === undefined ? "" : bodyText(exchange.response));
  const whole = readPieces(exchange, [bytes]);
  const expected = JSON.stringify(whole, printable);
  for (const pieces of cuts(bytes)) {
    equal(
      JSON.stringify(readPieces(exchange, pieces), printable),
      expected,
      `pieces of ${pieces.map((p) => p.length)}`,
    );
  }
  return whole;
}

/** The only reading of `exchange`. */
export function readOne(exchange: Exchange): Reading {
  const readings = read(exchange);
  equal(readings.length, 1, `${readings.length} readings`);
  const reading = readings[0];
  if (reading === undefined) throw new Error("No reading");
  return reading;
}

function printable(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

/** Counts of the first part in the order of the reference: input, cache read, writes of 5 min and 1 h, output, thinking. */
export function counts(reading: Reading, part = 0): (number | null)[] {
  const usage = reading.parts[part]?.usage;
  if (usage === undefined) throw new Error(`No part ${part}`);
  return [usage.input, usage.cacheRead, usage.cacheWrite5m, usage.cacheWrite1h, usage.output, usage.thinking];
}

/** An event stream of JSON values; a string is sent as it stands. `named` adds `event:` lines from `type`. */
export function sse(values: readonly unknown[], named = false, newline = "\n"): string {
  return values.map((value) => {
    const type = named && typeof value === "object" && value !== null && "type" in value ? String(value.type) : null;
    const data = typeof value === "string" ? value : JSON.stringify(value);
    return `${type === null ? "" : `event: ${type}${newline}`}data: ${data}${newline}${newline}`;
  }).join("");
}
