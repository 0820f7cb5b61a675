/**
 * The recorder: from copies of exchanges to priced, attributed, redacted rows. The only role that writes the database, and
 * one that can open no socket.
 *
 * Imports: domain, log.ts (types), meter, providers, redact, store, roles.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import type { Attribution, BodyRow, Cost, Reading } from "../domain/exchange.ts";
import { errorLabel, type LogEvent } from "../log.ts";
import { costOf } from "../meter/cost.ts";
import type { RateTable } from "../meter/rates.ts";
import { surfaceFor } from "../providers/surfaces.ts";
import { redactAndCut } from "../redact/cut.ts";
import type { Writer } from "../store/writer.ts";
import { ConnectionBook, type OpenConnection } from "./connection_book.ts";
import { fieldMap } from "./field_map.ts";
import type { CopyBatch, CopyRecord, Counters } from "./messages.ts";
import { type KeptBody, RecordedExchange } from "./recorded_exchange.ts";
import { buildRow, type Observed } from "./row_builder.ts";

/** Rows are on disk at the latest this long after they are complete. */
const FLUSH_MS = 20;

/** Undecoded bytes beyond which batches are not acknowledged, so that the sender's bound counts them too. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;
const CATCH_UP_MS = 2;

/** What the recorder works with. */
export interface RecorderOptions {
  readonly writer: Writer;
  readonly rates: RateTable;
  readonly config: Config;
  /** Hex key of this installation. */
  readonly promptHashKey: string;
  /** Whether bodies of a project are kept; null = the daemon-wide setting holds. */
  readonly bodyCaptureOf: (slug: string) => boolean | null;
  readonly newId: () => string;
  readonly log: (event: LogEvent) => void;
}

/** Processes batches in order. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #book = new ConnectionBook();
  readonly #finishing = new Set<Promise<void>>();
  #config: Config;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #recorded = 0;
  #failed = 0;
  #opaque = 0;
  #lastFailure: string | null = null;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  /** Applies from the next exchange on. */
  configure(config: Config): void {
    this.#config = config;
  }

  setOwner(peerPort: number, owner: Attribution): void {
    this.#book.setOwner(peerPort, owner);
  }

  /** Takes one batch. Never throws: what cannot be processed is counted. */
  take(batch: CopyBatch): void {
    for (const record of batch.records) {
      try {
        this.#process(record, batch.slab);
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  /** Resolves when little enough waits to be decoded that more may come. */
  async caughtUp(): Promise<void> {
    while (this.#book.pendingBytes > MAX_PENDING_BYTES) {
      await new Promise((resolve) => setTimeout(resolve, CATCH_UP_MS));
    }
  }

  /** The interceptor is gone: what it left open is recorded as cut. */
  interceptorLost(at: number): void {
    for (const connection of this.#book.clear()) this.#cutAll(connection, at);
  }

  counters(): Counters {
    const { queued, written, failedFlushes, droppedRows, droppedBodies } = this.#options.writer.stats();
    return {
      exchanges_recorded: this.#recorded,
      rows_written: written,
      rows_queued: queued,
      rows_dropped: droppedRows,
      bodies_dropped: droppedBodies,
      failed_flushes: failedFlushes,
      failed: this.#failed,
      opaque_connections: this.#opaque,
      open_connections: this.#book.size,
    };
  }

  /** Sentences about what is wrong right now, for `status`. */
  notes(): string[] {
    const { lastError, queued } = this.#options.writer.stats();
    const notes: string[] = [];
    if (lastError !== null) notes.push(`Cannot write to the database (${lastError}): ${queued} rows wait in memory`);
    if (this.#lastFailure !== null) {
      notes.push(`Some copies could not be processed, the last one with ${this.#lastFailure}`);
    }
    return notes;
  }

  /** Finishes what is under way and writes everything. */
  async drain(): Promise<void> {
    while (this.#finishing.size > 0) await Promise.all(this.#finishing);
    this.#flush();
  }

  #process(record: CopyRecord, slab: Uint8Array): void {
    if (record.t === "open") return this.#book.open(record.c, record.host, record.peerPort);
    const connection = this.#book.get(record.c);
    if (connection === undefined) return;
    switch (record.t) {
      case "request": {
        const headers = fieldMap(record.fields);
        const facts = { host: connection.host, method: record.method, target: record.target, headers };
        const surface = surfaceFor(facts);
        if (surface === null) return;
        const { maxBodyBytes } = this.#config.bodies;
        const plain = this.#config.cloud.promptHash === "plain";
        const settings = { maxBodyBytes, promptHashKey: plain ? null : this.#options.promptHashKey };
        connection.exchanges.set(record.x, new RecordedExchange(surface, facts, record.at, settings));
        return;
      }
      case "close":
        this.#book.close(record.c);
        return this.#cutAll(connection, Date.now());
      case "opaque":
        this.#opaque++;
        for (const exchange of connection.exchanges.values()) exchange.unreadable();
        return this.#cutAll(connection, Date.now());
      default: {
        const exchange = connection.exchanges.get(record.x);
        if (exchange !== undefined) this.#feed(record, slab, connection, exchange);
      }
    }
  }

  #feed(
    record: Extract<CopyRecord, { x: number }>,
    slab: Uint8Array,
    connection: OpenConnection,
    exchange: RecordedExchange,
  ): void {
    switch (record.t) {
      case "response":
        return exchange.responseHead(record.status, record.fields);
      case "bytes": {
        const bytes = slab.subarray(record.start, record.start + record.length);
        if (record.part === "request") exchange.requestBytes(bytes);
        else if (record.part === "response") exchange.responseBytes(bytes, record.at);
        return;
      }
      case "gap":
        if (record.part === "request" || record.part === "response") exchange.gap(record.part, record.lost);
        return;
      case "unreachable":
        exchange.unreachable(record.timeout);
        return this.#finish(connection, record.x, exchange, false, record.at);
      case "end":
        if (record.part === "request") this.#track(exchange.requestEnd(record.whole));
        else if (record.part === "response") this.#finish(connection, record.x, exchange, record.whole, record.at);
    }
  }

  #cutAll(connection: OpenConnection, at: number): void {
    for (const [x, exchange] of connection.exchanges) this.#finish(connection, x, exchange, false, at);
  }

  #finish(connection: OpenConnection, x: number, exchange: RecordedExchange, whole: boolean, at: number): void {
    connection.exchanges.delete(x);
    this.#track(this.#record(connection, exchange, whole, at));
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch((error) => this.#fail(error)).finally(() => this.#finishing.delete(tracked));
    this.#finishing.add(tracked);
  }

  async #record(connection: OpenConnection, exchange: RecordedExchange, whole: boolean, at: number): Promise<void> {
    await exchange.end(whole, at);
    const found = await this.#book.ownerOf(connection);
    const owner: Attribution = found ??
      { slug: this.#config.tagging.defaultProject, layer: "smart_default" };
    const seen = exchange.observed();
    let bodies = this.#capture(owner) ? exchange.takeBodies().map((body) => this.#redacted(body)) : [];
    for (const reading of exchange.readings) {
      const row = buildRow(this.#options.newId(), reading, this.#price(reading, seen), seen, owner);
      this.#options.writer.record(row, bodies);
      bodies = []; // Stored once, with the first reading of the exchange.
      this.#recorded++;
      this.#options.log({
        event: "intercept.complete",
        id: row.id,
        provider: row.provider,
        model: row.model,
        http_status: row.httpStatus,
        input_tokens: row.usage.input,
        output_tokens: row.usage.output,
        duration_ms: row.latencyMs,
      });
    }
    this.#schedule();
  }

  /** A call that failed before anything was generated is not spend. */
  #price(reading: Reading, seen: Observed): Cost {
    const { usage } = reading.parts[0];
    const nothingReported = usage.input === null && usage.output === null;
    const refused = seen.transport !== null || (seen.httpStatus !== null && seen.httpStatus >= 400);
    if (refused && nothingReported) return { kind: "free" };
    const { explain: _, ...cost } = costOf(reading, this.#options.rates, seen.requestedAt);
    return cost;
  }

  #capture(owner: Attribution): boolean {
    return this.#options.bodyCaptureOf(owner.slug) ?? this.#config.bodies.enabled;
  }

  #redacted(body: KeptBody): BodyRow {
    const { text, counts, truncated } = redactAndCut(body.text, body.contentType, this.#config.bodies.maxBodyBytes);
    const cut = truncated || new TextEncoder().encode(body.text).length < body.originalSize;
    const { direction, contentType, originalSize } = body;
    return { direction, contentType, text, originalSize, truncated: cut, redactions: counts };
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#flush();
    }, FLUSH_MS);
  }

  #flush(): void {
    const before = this.#options.writer.stats().failedFlushes;
    this.#options.writer.flush();
    const { failedFlushes, queued, lastError } = this.#options.writer.stats();
    if (failedFlushes === before || lastError === null) return;
    this.#options.log({ event: "recorder.write.failed", reason: lastError, queued });
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#flush();
    }, 1_000);
  }

  #fail(error: unknown): void {
    this.#failed++;
    this.#lastFailure = errorLabel(error);
    this.#options.log({ event: "recorder.exchange.failed", reason: this.#lastFailure });
  }
}
