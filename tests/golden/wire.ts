/**
 * From raw HTTP/1.1 bytes to money, by the parts that the program itself uses: connection reader, decoders, adapter, price
 * table. Nothing is simplified but the transport between them.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { Reading } from "../../src/domain/exchange.ts";
import { Http1Connection } from "../../src/http1/connection.ts";
import type { ConnectionSink, RequestHead, ResponseHead } from "../../src/http1/events.ts";
import { costOf, type ExplainedCost } from "../../src/meter/cost.ts";
import { createRateTable, type RateTable } from "../../src/meter/rates.ts";
import { surfaceFor } from "../../src/providers/surfaces.ts";
import { fieldMap } from "../../src/roles/field_map.ts";
import { RecordedExchange } from "../../src/roles/recorded_exchange.ts";

/** When the calls are made, unless a test says otherwise. */
export const NOW = Date.UTC(2026, 10, 21, 12);

/** The table that is shipped. */
export const BUNDLED = createRateTable();

/** Above this length not every split of a response is tried. */
const EVERY_SPLIT_BELOW = 4096;

/** One call as a test writes it. */
export interface GoldenCall {
  /** Method and URL without scheme, e.g. `POST api.openai.com/v1/responses`. */
  readonly call: string;
  readonly requestType?: string;
  /** A string is sent as it stands, anything else as JSON. */
  readonly request?: unknown;
  readonly status?: number;
  readonly type?: string;
  /** As `request`. */
  readonly response: unknown;
}

/** One reading and its price. */
export interface Metered {
  readonly reading: Reading;
  readonly cost: ExplainedCost;
}

/** The bytes of `text`. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** One after the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** How a body is framed. */
export type Framing = "length" | "chunked" | "until the end";

/** A head and a framed body. `startLine` and `fields` are sent as they stand. */
export function message(startLine: string, fields: readonly string[], body: Uint8Array, framing: Framing): Uint8Array {
  const framingField = {
    length: [`Content-Length: ${body.length}`],
    chunked: ["transfer-encoding: chunked"],
    "until the end": ["Connection: close"],
  }[framing];
  const head = utf8([startLine, ...fields, ...framingField, "", ""].join("\r\n"));
  return concat([head, ...framing === "chunked" ? chunks(body) : [body]]);
}

/** Chunks that end in the middle of lines and characters, one with an extension, and a trailer. */
function chunks(body: Uint8Array): Uint8Array[] {
  const sizes = [1, 7, 64, 301, 11];
  const parts: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < body.length; turn++) {
    const size = Math.min(sizes[turn % sizes.length] ?? 1, body.length - at);
    const extension = turn === 1 ? ";note=ignored" : "";
    parts.push(utf8(`${size.toString(16)}${extension}\r\n`), body.subarray(at, at + size), utf8("\r\n"));
    at += size;
  }
  return [...parts, utf8("0\r\nX-Checksum: none\r\n\r\n")];
}

/** Follows one connection as the recorder does. */
class Meter implements ConnectionSink {
  readonly opaqueReasons: string[] = [];
  readonly #host: string;
  readonly #exchanges = new Map<number, RecordedExchange>();
  readonly #ending: Promise<RecordedExchange>[] = [];

  constructor(host: string) {
    this.#host = host;
  }

  requestHead(x: number, { method, target, fields }: RequestHead): void {
    const facts = { host: this.#host, method, target, headers: fieldMap(fields) };
    const surface = surfaceFor(facts);
    if (surface === null) return;
    const settings = { maxBodyBytes: 4096, promptHashKey: null };
    this.#exchanges.set(x, new RecordedExchange(surface, facts, NOW, settings));
  }

  requestBody(x: number, bytes: Uint8Array): void {
    this.#exchanges.get(x)?.requestBytes(bytes);
  }

  requestEnd(x: number, whole: boolean): void {
    this.#exchanges.get(x)?.requestEnd(whole);
  }

  responseHead(x: number, { status, fields }: ResponseHead): void {
    this.#exchanges.get(x)?.responseHead(status, fields);
  }

  responseBody(x: number, bytes: Uint8Array): void {
    this.#exchanges.get(x)?.responseBytes(bytes, NOW);
  }

  responseEnd(x: number, whole: boolean): void {
    const exchange = this.#exchanges.get(x);
    this.#exchanges.delete(x);
    if (exchange !== undefined) this.#ending.push(exchange.end(whole, NOW, null).then(() => exchange));
  }

  upgraded(): void {}
  upgradeEnd(): void {}

  opaque(reason: string): void {
    this.opaqueReasons.push(reason);
    for (const x of [...this.#exchanges.keys()]) {
      this.#exchanges.get(x)?.unreadable();
      this.responseEnd(x, false);
    }
  }

  async readings(): Promise<Reading[]> {
    return (await Promise.all(this.#ending)).flatMap(({ readings }) => readings);
  }
}

/** What a conversation in raw bytes gives. Pieces may be reused by the reader's owner, so each is overwritten after use. */
export async function readWire(host: string, request: readonly Uint8Array[], response: readonly Uint8Array[]) {
  const meter = new Meter(host);
  const connection = new Http1Connection(meter);
  const feed = (pieces: readonly Uint8Array[], take: (bytes: Uint8Array) => void) => {
    for (const piece of pieces) {
      const lent = piece.slice();
      take(lent);
      lent.fill(0x21);
    }
  };
  feed(request, (bytes) => connection.fromClient(bytes));
  feed(response, (bytes) => connection.fromServer(bytes));
  connection.serverEnd();
  connection.clientEnd();
  connection.close();
  return { readings: await meter.readings(), opaque: meter.opaqueReasons };
}

/** Single bytes. */
export function singleBytes(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1));
}

/** Every split in two where the bytes are few, else some; then byte by byte. */
function* cuts(bytes: Uint8Array): Generator<Uint8Array[]> {
  const step = bytes.length <= EVERY_SPLIT_BELOW ? 1 : Math.ceil(bytes.length / 200);
  for (let at = 1; at < bytes.length; at += step) yield [bytes.subarray(0, at), bytes.subarray(at)];
  yield singleBytes(bytes);
}

function bodyOf(body: unknown): Uint8Array {
  return body === undefined ? new Uint8Array() : utf8(typeof body === "string" ? body : JSON.stringify(body));
}

function wireOf(golden: GoldenCall) {
  const [method = "", url = ""] = golden.call.split(" ");
  const host = url.slice(0, url.indexOf("/"));
  const line = `${method} ${url.slice(url.indexOf("/"))} HTTP/1.1`;
  const requestFields = [`Host: ${host}`, `content-type: ${golden.requestType ?? "application/json"}`];
  const requestBody = bodyOf(golden.request);
  const body = bodyOf(golden.response);
  const guessed = /^\s*[[{]/.test(new TextDecoder().decode(body.subarray(0, 16)));
  const type = golden.type ?? (guessed ? "application/json" : "text/event-stream; charset=utf-8");
  const answer = (content: Uint8Array, framing: Framing, ...more: readonly string[]) => {
    return message(`HTTP/1.1 ${golden.status ?? 200} Answer`, [`Content-Type: ${type}`, ...more], content, framing);
  };
  const ask = (framing: Framing) => message(line, requestFields, requestBody, framing);
  return { host, ask, answer, body };
}

/** A call in raw bytes, and how it is to be priced. */
export interface RawCall {
  readonly host: string;
  readonly request: Uint8Array;
  readonly response: Uint8Array;
  readonly table: RateTable;
  readonly at: number;
}

/** What the cost of a call is worked out by instead of {@link costOf} alone. */
export type Recording = (call: RawCall, readings: readonly Reading[]) => Promise<ExplainedCost[]>;

let recording: Recording | null = null;

/** Has every call from here on read in one way only and priced by `instead`, such as by a recorder with a database. */
export function recordWith(instead: Recording): void {
  recording = instead;
}

/** Texts that compare equal exactly when the readings do. */
function printed(readings: readonly Reading[]): string {
  return JSON.stringify(readings, (_key, value: unknown) => typeof value === "bigint" ? `${value}` : value);
}

/**
 * Readings and prices of a call. The response is read with a length, until the end of the connection, in chunks at every
 * split and byte by byte, and compressed in chunks at every split and byte by byte; all must agree.
 */
export async function meterEveryWay(golden: GoldenCall, table: RateTable = BUNDLED, at = NOW): Promise<Metered[]> {
  const { host, ask, answer, body } = wireOf(golden);
  const { readings } = await readWire(host, [ask("length")], [answer(body, "length")]);
  if (recording !== null) {
    const costs = await recording(
      { host, request: ask("length"), response: answer(body, "length"), table, at },
      readings,
    );
    equal(costs.length, readings.length, "rows");
    return readings.map((reading, index) => ({ reading, cost: costs[index] ?? costOf(reading, table, at) }));
  }
  const expected = printed(readings);
  const agree = async (name: string, request: readonly Uint8Array[], response: readonly Uint8Array[]) => {
    const found = await readWire(host, request, response);
    deepEqual(found.opaque, [], name);
    equal(printed(found.readings), expected, `${name}, pieces of ${response.map(({ length }) => length).slice(0, 3)}`);
  };
  await agree("until the end", [ask("chunked")], [answer(body, "until the end")]);
  await agree("request byte by byte", singleBytes(ask("chunked")), [answer(body, "length")]);
  for (const pieces of cuts(answer(body, "chunked"))) await agree("chunked", [ask("length")], pieces);
  const packed = gzipSync(body);
  const waiting: Promise<void>[] = [];
  for (const pieces of cuts(answer(packed, "chunked", "Content-Encoding: gzip"))) {
    waiting.push(agree("gzip", [ask("length")], pieces));
  }
  await Promise.all(waiting);
  return readings.map((reading) => ({ reading, cost: costOf(reading, table, at) }));
}

/** The only reading of a call, read every way. */
export async function meterOne(golden: GoldenCall, table: RateTable = BUNDLED, at = NOW): Promise<Metered> {
  const [first, ...others] = await meterEveryWay(golden, table, at);
  equal(others.length, 0, `${1 + others.length} readings`);
  if (first === undefined) throw new Error("No reading");
  return first;
}

/** Counts of one part in the order of the reference: input, cache read, writes of 5 min and 1 h, output, thinking. */
export function counts({ reading }: Metered, part = 0): (number | null)[] {
  const usage = reading.parts[part]?.usage;
  if (usage === undefined) throw new Error(`No part ${part}`);
  return [usage.input, usage.cacheRead, usage.cacheWrite5m, usage.cacheWrite1h, usage.output, usage.thinking];
}

/** Exact pico-dollars, `free`, or the reason why there is no price. The lines of the bill must add up. */
export function price({ cost }: Metered): bigint | string {
  if (cost.kind !== "priced") return cost.kind === "free" ? "free" : cost.reason;
  equal(cost.explain.reduce((sum, { pico }) => sum + pico, 0n), cost.pico, "lines of the bill");
  return cost.pico;
}

/** An event stream of JSON values with `event:` lines where they have a type; a string is sent as it stands. */
export function sse(values: readonly unknown[], newline = "\n"): string {
  return values.map((value) => {
    const named = typeof value === "object" && value !== null && "type" in value
      ? `event: ${value.type}${newline}`
      : "";
    return `${named}data: ${typeof value === "string" ? value : JSON.stringify(value)}${newline}${newline}`;
  }).join("");
}
