/**
 * One exchange while its copy comes in: decodes both bodies, feeds the adapter, keeps what may be stored.
 *
 * Imports: domain, http1/decode.ts, providers, roles.
 *
 * @module
 */

import { createHash, createHmac } from "node:crypto";
import type { Reading } from "../domain/exchange.ts";
import type { FieldLines } from "../http1/events.ts";
import { createDecoder, type Decoder } from "../http1/decode.ts";
import type { ExchangeReader, RequestFacts, Surface, TellQuota } from "../providers/adapter.ts";
import { BodyKeeper } from "./body_keeper.ts";
import { fieldMap, isCoded } from "./field_map.ts";
import type { ConnectionSide } from "./messages.ts";
import type { Observed } from "./row_builder.ts";

/** A body decoded beyond this is taken for a decompression bomb; usage of the largest real answers comes far earlier. */
export const MAX_DECODED_BYTES = 4 * 1024 * 1024 * 1024;

/** How exchanges are kept. */
export interface ExchangeSettings {
  /** Bytes stored per body; 0 stores none. */
  readonly maxBodyBytes: number;
  /** Hex key for prompt fingerprints, or null for plain SHA-256. */
  readonly promptHashKey: string | null;
}

/** One direction's body. */
interface Side {
  decoder: Decoder | null;
  readonly keeper: BodyKeeper;
  wireBytes: number;
  whole: boolean;
}

/** A stored direction, not yet redacted. */
export interface KeptBody {
  readonly direction: "request" | "response";
  readonly contentType: string | null;
  readonly text: string;
  readonly originalSize: number;
}

/** Follows one exchange from its request head to its end. */
export class RecordedExchange {
  readonly surface: Surface;
  readonly facts: RequestFacts;
  readonly readings: Reading[] = [];
  readonly #reader: ExchangeReader;
  readonly #request: Side;
  readonly #response: Side;
  readonly #requestedAt: number;
  readonly #hash: { update(bytes: Uint8Array): unknown; digest(encoding: "hex"): string };
  #responseHeaders: ReadonlyMap<string, string> = new Map();
  #requestEnding: Promise<void> | null = null;
  #status: number | null = null;
  #firstByteAt: number | null = null;
  #endedAt: number | null = null;
  #transport: Observed["transport"] = null;
  #cutBy: Observed["cutBy"] = null;
  #copyFailure: Observed["copyFailure"] = null;

  constructor(
    surface: Surface,
    facts: RequestFacts,
    requestedAt: number,
    settings: ExchangeSettings,
    tellQuota?: TellQuota,
  ) {
    this.surface = surface;
    this.facts = facts;
    this.#requestedAt = requestedAt;
    this.#reader = surface.open(facts, (reading) => this.readings.push(reading), tellQuota);
    this.#request = side(settings.maxBodyBytes);
    this.#response = side(settings.maxBodyBytes);
    this.#hash = settings.promptHashKey === null ? createHash("sha256") : createHmac("sha256", settings.promptHashKey);
    this.#request.decoder = this.#decoder(facts.headers, (bytes) => {
      this.#request.keeper.add(bytes);
      this.#hash.update(bytes);
      this.#reader.requestBody(bytes);
    });
  }

  responseHead(status: number, fields: FieldLines): void {
    this.#status = status;
    this.#responseHeaders = fieldMap(fields);
    this.#reader.responseHead(status, this.#responseHeaders);
    this.#response.decoder = this.#decoder(this.#responseHeaders, (bytes) => {
      this.#response.keeper.add(bytes);
      this.#reader.responseBody(bytes);
    });
  }

  requestBytes(bytes: Uint8Array): void {
    this.#request.wireBytes += bytes.length;
    this.#request.decoder?.write(bytes);
  }

  responseBytes(bytes: Uint8Array, at: number): void {
    this.#firstByteAt ??= at;
    this.#response.wireBytes += bytes.length;
    this.#response.decoder?.write(bytes);
  }

  /** Bytes of a body that were not copied. */
  gap(part: "request" | "response", lost: number): void {
    const side = part === "request" ? this.#request : this.#response;
    side.wireBytes += lost;
    side.keeper.gap(lost);
    side.whole = false;
    this.#copyFailure = "dropped";
    const coding = (part === "request" ? this.facts.headers : this.#responseHeaders).get("content-encoding");
    if (isCoded(coding)) side.decoder?.cancel();
    else if (part === "response") this.#reader.responseGap?.();
  }

  /** Resolves when the adapter has read the whole request; later calls join the first. */
  requestEnd(whole: boolean): Promise<void> {
    this.#requestEnding ??= this.#finishSide(this.#request).then(() => {
      if (!whole) this.#request.whole = false;
      this.#reader.requestEnd(this.#request.whole);
    });
    return this.#requestEnding;
  }

  unreachable(timeout: boolean): void {
    this.#transport = timeout ? "timeout" : "network";
  }

  unreadable(): void {
    this.#copyFailure = "unreadable";
  }

  /** The last call: the readings are complete once it resolves. @param by Who left first. */
  async end(whole: boolean, at: number, by: ConnectionSide | null): Promise<void> {
    this.#endedAt = at;
    this.#cutBy = whole ? null : by;
    await this.requestEnd(false);
    await this.#finishSide(this.#response);
    this.#reader.end(whole && this.#response.whole);
  }

  /** Bytes that wait to be decoded. */
  get pendingBytes(): number {
    return (this.#request.decoder?.pendingBytes ?? 0) + (this.#response.decoder?.pendingBytes ?? 0);
  }

  observed(): Observed {
    return {
      facts: this.facts,
      httpStatus: this.#status,
      requestedAt: this.#requestedAt,
      firstByteAt: this.#firstByteAt,
      endedAt: this.#endedAt,
      requestBytes: this.#request.wireBytes,
      responseBytes: this.#response.wireBytes,
      // The fingerprint of a part would be that of another prompt.
      promptHash: this.#request.keeper.total === 0 || !this.#request.whole ? null : this.#hash.digest("hex"),
      transport: this.#transport,
      cutBy: this.#cutBy,
      copyFailure: this.#copyFailure,
    };
  }

  /** What may be stored, taken out once. */
  takeBodies(): KeptBody[] {
    const bodies: KeptBody[] = [];
    const add = (direction: KeptBody["direction"], side: Side, headers: ReadonlyMap<string, string>) => {
      const text = side.keeper.take();
      const contentType = headers.get("content-type") ?? null;
      if (text !== null) bodies.push({ direction, contentType, text, originalSize: side.keeper.total });
    };
    add("request", this.#request, this.facts.headers);
    add("response", this.#response, this.#responseHeaders);
    return bodies;
  }

  #decoder(headers: ReadonlyMap<string, string>, onBytes: (bytes: Uint8Array) => void): Decoder {
    return createDecoder(headers.get("content-encoding"), onBytes, { maxOutputBytes: MAX_DECODED_BYTES });
  }

  async #finishSide(side: Side): Promise<void> {
    const outcome = await side.decoder?.end();
    if (outcome === undefined || outcome === "ended") return;
    side.whole = false;
    this.#copyFailure ??= "unreadable";
  }
}

function side(limit: number): Side {
  return { decoder: null, keeper: new BodyKeeper(limit), wireBytes: 0, whole: true };
}
