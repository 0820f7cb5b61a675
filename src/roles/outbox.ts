/**
 * The copy on its way to the recorder: batches of observations with one transferred slab of bytes each.
 *
 * Nothing waits for the recorder, so what it has not acknowledged is bounded here. As it falls behind, copies are given up in
 * this order, each counted: request bodies; then the middle of uncompressed responses, whose end is kept since usage is
 * told there; compressed responses last, since a decoder cannot resume after a gap.
 *
 * Imports: roles/messages.ts (types).
 *
 * @module
 */

import type { ConnectionSide, CopyAck, CopyBatch, CopyPart, CopyRecord } from "./messages.ts";

/** Bytes per transfer. */
const SLAB_BYTES = 64 * 1024;
/** A batch leaves at the latest after this, so that a killed daemon has little in hand. */
const FLUSH_MS = 5;
/** A batch with few bytes is copied to a buffer of its size instead of giving the whole slab away. */
const SMALL_BATCH_BYTES = 16 * 1024;
/** Rough size of a record without bytes, as it counts against the bound. */
const RECORD_WEIGHT = 256;

/** Unacknowledged bytes beyond which copies are given up. */
export interface OutboxLimits {
  /** Request bodies are dropped above this. */
  readonly requests: number;
  /** Uncompressed responses keep only their end above this. */
  readonly responses: number;
  /** Above this everything but heads and ends is dropped, and calls that begin are not copied. */
  readonly everything: number;
}

/** Sized so that a stream of 1 GiB costs at most 20 MB of resident memory. */
export const DEFAULT_LIMITS: OutboxLimits = {
  requests: 4 * 1024 * 1024,
  responses: 8 * 1024 * 1024,
  everything: 32 * 1024 * 1024,
};

/** Kept of the end of a response whose middle was given up; the largest terminal events in use fit. */
const TAIL_BYTES = 256 * 1024;

/** What a dropped stretch counts under. */
export interface OutboxCounters {
  droppedRequestBytes: number;
  droppedResponseBytes: number;
}

interface Tail {
  readonly chunks: Uint8Array[];
  bytes: number;
  lost: number;
}

/** Collects records and posts them. One per interceptor. */
export class Outbox {
  readonly counters: OutboxCounters = { droppedRequestBytes: 0, droppedResponseBytes: 0 };
  readonly #limits: OutboxLimits;
  readonly #tails = new Map<string, Tail>();
  /** Bytes given up since the last ones that were not, told as one gap, so that giving up costs no memory. */
  readonly #gaps = new Map<string, number>();
  #port: MessagePort | null = null;
  #records: CopyRecord[] = [];
  #slab = new Uint8Array(SLAB_BYTES);
  #used = 0;
  #unacknowledged = 0;
  #generation = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(limits: OutboxLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  /** Bytes posted and not yet processed by the recorder. */
  get unacknowledged(): number {
    return this.#unacknowledged;
  }

  /** The recorder is so far behind that new calls must not be copied at all: what is kept of each would add up. */
  get full(): boolean {
    return this.#unacknowledged > this.#limits.everything;
  }

  /** Changes with every recorder: what an earlier one was told, this one does not know. */
  get generation(): number {
    return this.#generation;
  }

  /** Connects to a recorder, also to a new one after the old one died; what that one held is lost with it. */
  attach(port: MessagePort): void {
    this.#port?.close();
    this.#unacknowledged = 0;
    this.#generation++;
    this.#port = port;
    port.onmessage = (event: MessageEvent<CopyAck>) => {
      this.#unacknowledged -= event.data.weight;
    };
  }

  /** Adds an observation without bytes. */
  add(record: CopyRecord): void {
    this.#records.push(record);
    this.#schedule();
  }

  /** Adds a copy of `bytes`. `coded` says that the part has a content coding. */
  bytes(c: number, x: number, part: CopyPart, bytes: Uint8Array, coded: boolean, at: number): void {
    if (this.#mustDrop(c, x, part, bytes, coded)) return;
    this.#tellGap(c, x, part);
    this.#append(c, x, part, bytes, at);
  }

  /** Ends a part: what was kept of its end goes out first. */
  end(c: number, x: number, part: CopyPart, whole: boolean, at: number, by: ConnectionSide | null = null): void {
    this.#releaseTail(c, x, part, at);
    this.#tellGap(c, x, part);
    this.add({ t: "end", c, x, part, whole, at, ...(by !== null && { by }) });
  }

  /** Gives up what was kept for a connection that cannot be followed any more. */
  forget(c: number): void {
    for (const kept of [this.#tails, this.#gaps]) {
      for (const key of kept.keys()) if (key.startsWith(`${c}.`)) kept.delete(key);
    }
  }

  /** Posts what is collected. */
  flush(): void {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    if (this.#records.length === 0) return;
    const weight = this.#used + this.#records.length * RECORD_WEIGHT;
    let slab = this.#slab;
    if (this.#used <= SMALL_BATCH_BYTES) slab = this.#slab.slice(0, this.#used);
    else this.#slab = new Uint8Array(SLAB_BYTES);
    const batch: CopyBatch = { kind: "copy", records: this.#records, slab, weight };
    this.#records = [];
    this.#used = 0;
    this.#unacknowledged += weight;
    this.#port?.postMessage(batch, [slab.buffer]);
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.flush();
    }, FLUSH_MS);
  }

  #mustDrop(c: number, x: number, part: CopyPart, bytes: Uint8Array, coded: boolean): boolean {
    const behind = this.#unacknowledged;
    const tail = this.#tails.size === 0 ? undefined : this.#tails.get(`${c}.${x}.${part}`);
    if (tail !== undefined) return this.#keepTail(tail, bytes);
    if (behind <= this.#limits.requests) return false;
    if (part === "request") return this.#drop(c, x, part, bytes.length);
    if (behind <= this.#limits.responses) return false;
    if (part === "response" && !coded) {
      const started: Tail = { chunks: [], bytes: 0, lost: 0 };
      this.#tails.set(`${c}.${x}.${part}`, started);
      return this.#keepTail(started, bytes);
    }
    return behind > this.#limits.everything && this.#drop(c, x, part, bytes.length);
  }

  #drop(c: number, x: number, part: CopyPart, lost: number): true {
    if (part === "request") this.counters.droppedRequestBytes += lost;
    else this.counters.droppedResponseBytes += lost;
    const key = `${c}.${x}.${part}`;
    this.#gaps.set(key, (this.#gaps.get(key) ?? 0) + lost);
    return true;
  }

  #tellGap(c: number, x: number, part: CopyPart): void {
    if (this.#gaps.size === 0) return;
    const key = `${c}.${x}.${part}`;
    const lost = this.#gaps.get(key);
    if (lost !== undefined && this.#gaps.delete(key)) this.add({ t: "gap", c, x, part, lost });
  }

  #keepTail(tail: Tail, bytes: Uint8Array): true {
    tail.chunks.push(bytes.slice());
    tail.bytes += bytes.length;
    for (let first = tail.chunks[0]; first !== undefined && tail.bytes - first.length >= TAIL_BYTES;) {
      tail.chunks.shift();
      tail.bytes -= first.length;
      tail.lost += first.length;
      first = tail.chunks[0];
    }
    return true;
  }

  #releaseTail(c: number, x: number, part: CopyPart, at: number): void {
    const key = `${c}.${x}.${part}`;
    const tail = this.#tails.get(key);
    if (tail === undefined) return;
    this.#tails.delete(key);
    if (tail.lost > 0) this.#drop(c, x, part, tail.lost);
    this.#tellGap(c, x, part);
    for (const chunk of tail.chunks) this.#append(c, x, part, chunk, at);
  }

  /** Adds bytes whatever the bound says; a kept end comes here too, at most one per response. */
  #append(c: number, x: number, part: CopyPart, bytes: Uint8Array, at: number): void {
    let offset = 0;
    while (offset < bytes.length) {
      if (this.#used === SLAB_BYTES) this.flush();
      const length = Math.min(bytes.length - offset, SLAB_BYTES - this.#used);
      this.#slab.set(bytes.subarray(offset, offset + length), this.#used);
      this.#records.push({ t: "bytes", c, x, part, start: this.#used, length, at });
      this.#used += length;
      offset += length;
    }
    this.#schedule();
  }
}
