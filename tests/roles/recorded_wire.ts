/**
 * From the raw bytes of one connection to rows in a database, by the parts that the program uses: HTTP/1.1 reader, recorder
 * role, writer. Time stands still where a test wants it to, so that prices are those of a day.
 *
 * @module
 */

import { defaultConfig } from "../../src/domain/config.ts";
import type { InterceptedHost } from "../../src/domain/hosts.ts";
import type { QuotaSample } from "../../src/domain/quota.ts";
import { Http1Connection } from "../../src/http1/connection.ts";
import type { ConnectionSink, RequestHead, ResponseHead } from "../../src/http1/events.ts";
import type { RateTable } from "../../src/meter/rates.ts";
import { newId } from "../../src/roles/ids.ts";
import type { CopyPart, CopyRecord } from "../../src/roles/messages.ts";
import { Recorder } from "../../src/roles/recorder.ts";
import type { Database } from "../../src/store/database.ts";
import { writerOf } from "../store/sample.ts";

/** One connection: what the client sent, then what the provider sent. */
export interface WireConnection {
  readonly host: InterceptedHost;
  readonly client: readonly Uint8Array[];
  readonly provider: readonly Uint8Array[];
  /** Instant of everything, UTC epoch ms. */
  readonly at: number;
}

/** Tells a recorder of what the reader sees. */
class Copier implements ConnectionSink {
  readonly #recorder: Recorder;
  readonly #at: number;

  constructor(recorder: Recorder, at: number) {
    this.#recorder = recorder;
    this.#at = at;
  }

  requestHead(x: number, { method, target, fields }: RequestHead): void {
    this.record({ t: "request", c: 1, x, method, target, fields, at: this.#at });
  }

  requestBody(x: number, bytes: Uint8Array): void {
    this.#bytes(x, "request", bytes);
  }

  requestEnd(x: number, whole: boolean): void {
    this.#end(x, "request", whole);
  }

  responseHead(x: number, { status, fields }: ResponseHead): void {
    this.record({ t: "response", c: 1, x, status, fields, at: this.#at });
  }

  responseBody(x: number, bytes: Uint8Array): void {
    this.#bytes(x, "response", bytes);
  }

  responseEnd(x: number, whole: boolean): void {
    this.#end(x, "response", whole);
  }

  upgraded(x: number, from: "client" | "server", bytes: Uint8Array): void {
    this.#bytes(x, from, bytes);
  }

  upgradeEnd(x: number): void {
    this.#end(x, "client", true);
    this.#end(x, "server", true);
  }

  opaque(reason: string): void {
    this.record({ t: "opaque", c: 1, reason });
  }

  record(record: CopyRecord, slab = new Uint8Array()): void {
    this.#recorder.take({ kind: "copy", records: [record], slab, weight: slab.length });
  }

  #bytes(x: number, part: CopyPart, bytes: Uint8Array): void {
    this.record({ t: "bytes", c: 1, x, part, start: 0, length: bytes.length, at: this.#at }, bytes.slice());
  }

  #end(x: number, part: CopyPart, whole: boolean): void {
    this.record({ t: "end", c: 1, x, part, whole, at: this.#at });
  }
}

/** Records one connection. @returns Once its rows are written: what it told of allowances. */
export async function recordWire(db: Database, wire: WireConnection, rates: RateTable): Promise<QuotaSample[]> {
  const quota: QuotaSample[] = [];
  const recorder = new Recorder({
    writer: writerOf(db),
    rates,
    config: defaultConfig(),
    promptHashKey: "ab".repeat(32),
    projectChoices: { of: () => false, someOff: () => true },
    keepQuota: (sample) => quota.push(sample),
    newId,
    log: () => {},
  });
  const copier = new Copier(recorder, wire.at);
  recorder.setOwner(4000, { slug: "wire", layer: "run" });
  copier.record({ t: "open", c: 1, host: wire.host, peerPort: 4000 });
  const connection = new Http1Connection(copier);
  for (const bytes of wire.client) connection.fromClient(bytes.slice());
  for (const bytes of wire.provider) connection.fromServer(bytes.slice());
  connection.serverEnd();
  connection.clientEnd();
  connection.close();
  copier.record({ t: "close", c: 1 });
  await recorder.drain();
  return quota;
}
