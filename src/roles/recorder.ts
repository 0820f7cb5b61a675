/**
 * The recorder: from copies of exchanges to priced, attributed, redacted rows. The only role that writes the database, and
 * one that can open no socket.
 *
 * Imports: domain, http1 (types), log.ts (types), meter, providers, redact, store, roles.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import type { BodyRow, ExchangeRow, Reading } from "../domain/exchange.ts";
import type { QuotaSample } from "../domain/quota.ts";
import type { FieldLines } from "../http1/events.ts";
import { errorLabel, type LogEvent } from "../log.ts";
import { costOf } from "../meter/cost.ts";
import type { RateTable } from "../meter/rates.ts";
import { surfaceFor } from "../providers/surfaces.ts";
import { createRedactor, type Redactor } from "../redact/redactor.ts";
import type { Writer } from "../store/writer.ts";
import { BodyCapture, type ProjectChoices } from "./body_capture.ts";
import { ConnectionBook, type OpenConnection } from "./connection_book.ts";
import { fieldMap, joinedField } from "./field_map.ts";
import type { ConnectionSide, CopyBatch, CopyRecord, Counters, Owner } from "./messages.ts";
import { type ExchangeSettings, type KeptBody, RecordedExchange } from "./recorded_exchange.ts";
import { RecordedSocket } from "./recorded_socket.ts";
import { QuotaSampler } from "./quota_sampler.ts";
import { buildRow, type Observed } from "./row_builder.ts";

/** Rows are on disk at the latest this long after they are complete. */
const FLUSH_MS = 10;

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
  readonly projectChoices: ProjectChoices;
  /**
   * Resolves when changed settings are in force; asked for when a call begins, and awaited before a body of it is kept. Absent =
   * they come by `configure` only.
   */
  readonly settle?: () => Promise<void>;
  /** Keeps what a provider says of an allowance. Absent = not kept. */
  readonly keepQuota?: (sample: QuotaSample) => void;
  /** Takes a call of the meter to itself, which is not spend and makes no row. */
  readonly selfTested?: (row: ExchangeRow, bodies: readonly BodyRow[]) => void;
  readonly newId: () => string;
  readonly log: (event: LogEvent) => void;
}

/** How a response came to its end. */
interface Ending {
  readonly whole: boolean;
  readonly at: number;
  readonly by?: ConnectionSide;
}

function cut(at: number): Ending {
  return { whole: false, at };
}

/** Processes batches in order. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #book = new ConnectionBook();
  readonly #finishing = new Set<Promise<void>>();
  readonly #quota: QuotaSampler;
  readonly #capture: BodyCapture;
  #config: Config;
  #rates: RateTable;
  #redactor: Redactor;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #recorded = 0;
  #failed = 0;
  #opaque = 0;
  #lastFailure: string | null = null;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#quota = new QuotaSampler((sample) => options.keepQuota?.(sample));
    this.#config = options.config;
    this.#capture = new BodyCapture(options.projectChoices, options.config.bodies.enabled);
    this.#redactor = createRedactor(options.config.redaction.rules);
    this.#rates = options.rates;
  }

  /** Applies to every exchange that ends from now on. */
  configure(config: Config, rates: RateTable): void {
    this.#redactor = createRedactor(config.redaction.rules);
    this.#config = config;
    this.#capture.configure(config.bodies.enabled);
    this.#rates = rates;
  }

  /** What is in force now for stored bodies. */
  get bodySettings(): Config["bodies"] {
    return this.#config.bodies;
  }

  setOwner(peerPort: number, owner: Owner): void {
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
      bodies_withheld: this.#capture.withheld,
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
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#flush();
  }

  #process(record: CopyRecord, slab: Uint8Array): void {
    if (record.t === "open") return this.#book.open(record.c, record.host, record.peerPort, record.selfTest);
    const connection = this.#book.get(record.c);
    if (connection === undefined) return;
    if (record.t === "response") this.#quota.take(connection.host, record.fields, record.at);
    switch (record.t) {
      case "request": {
        const headers = fieldMap(record.fields);
        const facts = { host: connection.host, method: record.method, target: record.target, headers };
        const surface = surfaceFor(facts);
        if (surface === null) return;
        this.#settle().catch((error) => this.#fail(error));
        const tellQuota = (event: string) => this.#quota.takeEvent(facts.host, event, record.at);
        connection.exchanges.set(
          record.x,
          new RecordedExchange(surface, facts, record.at, this.#settings(), tellQuota),
        );
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
        else if (connection.socket !== null) this.#feedSocket(record, slab, connection.socket);
      }
    }
  }

  #settings(): ExchangeSettings {
    const plain = this.#config.cloud.promptHash === "plain";
    return {
      maxBodyBytes: this.#config.bodies.maxBodyBytes,
      promptHashKey: plain ? null : this.#options.promptHashKey,
    };
  }

  #feed(
    record: Extract<CopyRecord, { x: number }>,
    slab: Uint8Array,
    connection: OpenConnection,
    exchange: RecordedExchange,
  ): void {
    switch (record.t) {
      case "response": {
        if (record.status !== 101) return exchange.responseHead(record.status, record.fields);
        connection.exchanges.delete(record.x);
        connection.socket = this.#openSocket(connection, exchange, record.fields);
        return;
      }
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
        return this.#finish(connection, record.x, exchange, cut(record.at));
      case "end":
        if (record.part === "request") this.#track(exchange.requestEnd(record.whole));
        else if (record.part === "response") this.#finish(connection, record.x, exchange, record);
    }
  }

  /** Null for a switch to something that no surface reads. */
  #openSocket(connection: OpenConnection, { surface, facts }: RecordedExchange, fields: FieldLines) {
    if (surface.openSocket === undefined) return null;
    const extensions = joinedField(fields, "sec-websocket-extensions");
    return new RecordedSocket(surface.openSocket, facts, extensions, this.#settings(), {
      turn: ({ reading, observed, bodies }) => this.#track(this.#write(connection, [reading], observed, () => bodies)),
      quota: (event, at) => this.#quota.takeEvent(facts.host, event, at),
      gaveUp: (reason) => {
        this.#opaque++;
        this.#options.log({ event: "intercept.copy.opaque", host: facts.host, reason });
      },
    });
  }

  #feedSocket(record: Extract<CopyRecord, { x: number }>, slab: Uint8Array, socket: RecordedSocket): void {
    if (!("part" in record) || (record.part !== "client" && record.part !== "server")) return;
    if (record.t === "bytes") {
      socket.bytes(record.part, slab.subarray(record.start, record.start + record.length), record.at);
    } else if (record.t === "gap") socket.gap(record.part);
    else if (record.part === "server") this.#track(socket.end(record.at));
  }

  #cutAll(connection: OpenConnection, at: number): void {
    if (connection.socket !== null) this.#track(connection.socket.end(at));
    for (const [x, exchange] of connection.exchanges) this.#finish(connection, x, exchange, cut(at));
  }

  #finish(connection: OpenConnection, x: number, exchange: RecordedExchange, ending: Ending): void {
    connection.exchanges.delete(x);
    this.#track(this.#record(connection, exchange, ending));
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch((error) => this.#fail(error)).finally(() => this.#finishing.delete(tracked));
    this.#finishing.add(tracked);
  }

  async #record(connection: OpenConnection, exchange: RecordedExchange, ending: Ending): Promise<void> {
    await exchange.end(ending.whole, ending.at, ending.by ?? null);
    await this.#write(connection, exchange.readings, exchange.observed(), () => exchange.takeBodies());
  }

  async #write(
    connection: OpenConnection,
    readings: readonly Reading[],
    seen: Observed,
    takeBodies: () => readonly KeptBody[],
  ): Promise<void> {
    const found = await this.#book.ownerOf(connection);
    const owner: Owner = found ??
      { slug: this.#config.tagging.defaultProject, layer: "smart_default", unknown: true };
    await this.#settle();
    let bodies = this.#capture.keeps(owner, seen.requestedAt) ? takeBodies().map((body) => this.#redacted(body)) : [];
    for (const read of readings) {
      const reading = spent(read, seen);
      const { explain: _, ...cost } = costOf(reading, this.#rates, seen.requestedAt);
      const built = buildRow(this.#options.newId(), reading, cost, seen, owner, this.#redactor);
      const row = owner.workdir === undefined ? built : { ...built, sourceWorkdir: owner.workdir };
      if (connection.selfTest) {
        this.#options.selfTested?.(row, bodies);
        continue;
      }
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

  async #settle(): Promise<void> {
    await this.#options.settle?.();
    this.#capture.look();
  }

  #redacted(body: KeptBody): BodyRow {
    const { text, counts, truncated } = this.#redactor.body(
      body.text,
      body.contentType,
      this.#config.bodies.maxBodyBytes,
    );
    const cut = truncated || new TextEncoder().encode(body.text).length < body.originalSize;
    const { direction, originalSize } = body;
    const contentType = body.contentType === null ? null : this.#redactor.line(body.contentType);
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

/** A call that failed before anything was generated is not spend. */
function spent(reading: Reading, seen: Observed): Reading {
  const { usage } = reading.parts[0];
  const refused = seen.transport !== null || (seen.httpStatus !== null && seen.httpStatus >= 400) ||
    (reading.mode === "websocket" && reading.error !== null && !reading.complete &&
      reading.usageUnknown === "not_reported");
  return refused && usage.input === null && usage.output === null ? { ...reading, billable: false } : reading;
}
