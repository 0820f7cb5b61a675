/**
 * Calls on many surfaces through one meter: a stand-in for every host that answers by the number in the target, and a client
 * that compares what comes out with what went in.
 *
 * @module
 */

import { strictEqual as equal } from "node:assert/strict";
import { INTERCEPTED_HOSTS, type InterceptedHost } from "../../../src/domain/hosts.ts";
import type { RecordedRequest } from "../../../src/store/listing.ts";
import { concat, text, utf8 } from "./bytes.ts";
import type { Meter } from "./meter.ts";
import { type Answer, type Provider, type ReceivedRequest, startProvider } from "./provider.ts";
import { openTls, writeAll } from "./raw_client.ts";

/** One call and its answer in raw bytes. */
export interface SurfaceCall {
  readonly host: InterceptedHost;
  /** Head and body; the target must hold {@link callMark}. */
  readonly request: Uint8Array;
  readonly answer: Answer;
}

/** What tells a call from others: a part of its target, which is stored with the row. */
export function callMark(index: number): string {
  return `hmcase=${index}.`;
}

/** A target with the mark of a call. */
export function marked(target: string, index: number): string {
  return `${target}${target.includes("?") ? "&" : "?"}${callMark(index)}`;
}

/** Stand-ins for all hosts that answer the calls of `calls`, which may grow. */
export class StandIns {
  readonly calls: SurfaceCall[] = [];
  readonly received: (ReceivedRequest | undefined)[] = [];
  #providers: Provider[] = [];

  get providers(): readonly Provider[] {
    return this.#providers;
  }

  async start(): Promise<void> {
    this.#providers = await Promise.all(
      INTERCEPTED_HOSTS.map((host) => startProvider({ host, answer: (request) => this.#answer(request), relay: true })),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#providers.map((provider) => provider.stop()));
  }

  /** Adds a call made by `make` from its number. @returns The number. */
  add(make: (index: number) => SurfaceCall): number {
    const index = this.calls.length;
    this.calls.push(make(index));
    return index;
  }

  #answer(request: ReceivedRequest): Answer {
    const index = Number(/hmcase=(\d+)\./.exec(request.head)?.[1] ?? -1);
    const call = this.calls[index];
    if (call === undefined) throw new Error(`No such call: ${request.head.split("\r\n")[0]}`);
    this.received[index] = request;
    return call.answer;
  }
}

/** Makes one call over a connection of its own and reads its answer to the last byte. */
export async function play(meter: Meter, caCerts: readonly string[], call: SurfaceCall): Promise<void> {
  const tls = await openTls(meter.edgePort, `${call.host}:443`, { name: call.host, caCerts });
  try {
    await writeAll(tls, call.request);
    const expected = concat(call.answer.steps.map(({ bytes }) => bytes));
    const got = await readAtMost(tls, expected.length);
    equal(text(got), text(expected));
  } finally {
    tls.close();
  }
}

async function readAtMost(connection: Deno.TlsConn, count: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(65_536);
  for (let left = count; left > 0;) {
    const read = await connection.read(buffer).catch(() => null);
    if (read === null) break;
    parts.push(buffer.slice(0, read));
    left -= read;
  }
  return concat(parts);
}

/** Rows by the number of their call, oldest first. */
export function rowsByCall(rows: readonly RecordedRequest[]): Map<number, RecordedRequest[]> {
  const found = new Map<number, RecordedRequest[]>();
  for (const row of rows) {
    const index = Number(/hmcase=(\d+)\./.exec(row.path)?.[1] ?? -1);
    found.set(index, [...found.get(index) ?? [], row]);
  }
  return found;
}

/** An answer of raw bytes that ends the connection after it, so that any framing has an end. */
export function rawAnswer(bytes: Uint8Array): Answer {
  return { steps: bytes.length === 0 ? [] : [{ afterMs: 0, bytes: new Uint8Array(bytes) }], end: "close" };
}

/** A stream of `times` equal pieces between a beginning and an end, each an HTTP chunk; equal pieces share their memory. */
export function longStream(head: string, first: string, middle: string, times: number, last: string): Answer {
  const chunk = (body: string) => {
    const bytes = utf8(body);
    return concat([utf8(`${bytes.length.toString(16)}\r\n`), bytes, utf8("\r\n")]);
  };
  const repeated = { afterMs: 0, bytes: chunk(middle) };
  return {
    steps: [
      { afterMs: 0, bytes: concat([utf8(head), chunk(first)]) },
      ...Array.from({ length: times }, () => repeated),
      { afterMs: 0, bytes: concat([chunk(last), utf8("0\r\n\r\n")]) },
    ],
    end: "close",
  };
}

/** Resident memory of a process in bytes, where the system tells it. */
export function residentBytes(pid: number): number | null {
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}
