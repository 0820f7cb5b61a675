/**
 * Undoes the content coding of a body copy while it arrives. Performs no I/O.
 *
 * Owns the order of stacked codings, the bound on what comes out, and the one outcome of a body. Leaves each coding to
 * decode_stages.ts and the framing to connection.ts. A body that cannot be decoded is an outcome, never an exception.
 *
 * Strict: an unknown coding, or more than MAX_CODINGS, makes the body unreadable. Lenient: a body may end anywhere, since
 * the last events of a cut stream count too; the caller knows from the framing whether it was whole.
 *
 * Imports: decode_stages.ts.
 *
 * @module
 */

import type { Transform } from "node:stream";
import { type Stage, STAGES } from "./decode_stages.ts";

/** Codings that may be stacked on one body. */
const MAX_CODINGS = 4;

/** What a coding between two others may give beyond the limit: coded data can be a little larger than its content. */
const BETWEEN_SLACK_BYTES = 64 * 1024;

/** How a body ended: all of it was given, or the first part up to the limit, or the first part up to a fault. */
export type DecodeOutcome = "ended" | "limit" | "unreadable";

/** Bounds of one decoder. */
export interface DecodeLimits {
  /** Bytes given at most. Bounds what stacked codings give to each other, too. */
  readonly maxOutputBytes: number;
}

/** Decodes one body. */
export interface Decoder {
  /**
   * Takes the next bytes, which may be reused afterwards. What a server flushed comes out without further input: at
   * once without a coding, in a later macrotask otherwise. Ignored after the end and after a fault.
   */
  write(bytes: Uint8Array): void;
  /** Ends the body. The promise is kept when `onBytes` has got all it will ever get, and never broken. */
  end(): Promise<DecodeOutcome>;
  /** Lets go of everything; `onBytes` is not called again. An `end()` under way gives "unreadable". */
  cancel(): void;
  /** Bytes written and not yet decoded, which wait in memory: to be bounded by whoever writes. */
  readonly pendingBytes: number;
  /** Set once nothing more will come out. */
  readonly outcome: DecodeOutcome | null;
}

/**
 * Makes a decoder.
 *
 * @param contentEncoding Value of `Content-Encoding`, several joined by commas; absent means no coding.
 * @param onBytes Gets decoded bytes in order. Valid only during the call: without a coding they are the array written.
 *   When it throws, the outcome is "unreadable".
 */
export function createDecoder(
  contentEncoding: string | undefined,
  onBytes: (bytes: Uint8Array) => void,
  limits: DecodeLimits,
): Decoder {
  const stages = stagesOf(contentEncoding);
  const output = new Output(onBytes, limits.maxOutputBytes);
  if (stages === null) output.finish("unreadable");
  return stages === null || stages.length === 0
    ? new PlainDecoder(output)
    : new CodedDecoder(stages, output, limits.maxOutputBytes);
}

/** Stages in the order in which the codings are undone, last applied first, or null when one is not known. */
function stagesOf(contentEncoding: string | undefined): Stage[] | null {
  const stages: Stage[] = [];
  for (const name of (contentEncoding ?? "").toLowerCase().split(",").map((part) => part.trim()).reverse()) {
    if (name === "" || name === "identity") continue;
    const stage = STAGES.get(name);
    if (stage === undefined || stages.length === MAX_CODINGS) return null;
    stages.push(stage);
  }
  return stages;
}

/** Counts what is given and remembers how it ended; the first outcome stands. */
class Output {
  readonly #onBytes: (bytes: Uint8Array) => void;
  #left: number;
  outcome: DecodeOutcome | null = null;

  constructor(onBytes: (bytes: Uint8Array) => void, maxBytes: number) {
    this.#onBytes = onBytes;
    this.#left = maxBytes;
  }

  give(bytes: Uint8Array): void {
    if (this.outcome !== null || bytes.length === 0) return;
    const fitting = bytes.length <= this.#left ? bytes : bytes.subarray(0, this.#left);
    this.#left -= fitting.length;
    try {
      if (fitting.length > 0) this.#onBytes(fitting);
    } catch {
      this.finish("unreadable");
    }
    if (fitting.length < bytes.length) this.finish("limit");
  }

  finish(outcome: DecodeOutcome): void {
    this.outcome ??= outcome;
  }
}

class PlainDecoder implements Decoder {
  readonly #output: Output;
  readonly pendingBytes = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  get outcome(): DecodeOutcome | null {
    return this.#output.outcome;
  }

  write(bytes: Uint8Array): void {
    this.#output.give(bytes);
  }

  end(): Promise<DecodeOutcome> {
    this.#output.finish("ended");
    return Promise.resolve(this.#output.outcome ?? "ended");
  }

  cancel(): void {
    this.#output.finish("unreadable");
  }
}

class CodedDecoder implements Decoder {
  readonly #output: Output;
  readonly #maxBytes: number;
  readonly #stages: readonly Stage[];
  #streams: Transform[] | null = null;
  #pendingBytes = 0;
  #ending = false;
  readonly #done = Promise.withResolvers<DecodeOutcome>();

  constructor(stages: readonly Stage[], output: Output, maxBytes: number) {
    this.#stages = stages;
    this.#output = output;
    this.#maxBytes = maxBytes;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get outcome(): DecodeOutcome | null {
    return this.#output.outcome;
  }

  write(bytes: Uint8Array): void {
    if (this.#output.outcome !== null || this.#ending || bytes.length === 0) return;
    const streams = this.#streams ??= this.#connect();
    this.#pendingBytes += bytes.length;
    // Decoded later, on another thread: what is written must not change meanwhile.
    const copy = new Uint8Array(bytes);
    this.#guarded(() =>
      streams[0]?.write(copy, () => {
        if (this.#output.outcome === null) this.#pendingBytes -= copy.length;
      })
    );
  }

  end(): Promise<DecodeOutcome> {
    if (!this.#ending) {
      this.#ending = true;
      if (this.#streams === null) this.#finish("ended");
      else this.#guarded(() => this.#streams?.[0]?.end());
    }
    return this.#done.promise;
  }

  cancel(): void {
    this.#finish("unreadable");
  }

  #connect(): Transform[] {
    const streams = this.#stages.map((make) => make());
    streams.forEach((stream, at) => {
      const next = streams[at + 1];
      stream.on("error", () => this.#finish("unreadable"));
      if (next === undefined) this.#give(stream);
      else this.#pass(stream, next);
    });
    return streams;
  }

  #give(stream: Transform): void {
    stream.on("data", (bytes: Uint8Array) => {
      this.#output.give(bytes);
      if (this.#output.outcome !== null) this.#finish(this.#output.outcome);
    });
    stream.on("end", () => this.#finish("ended"));
  }

  /** What pipe() does, but for the bound, and for streams that throw where they should emit an error (Deno 2.4). */
  #pass(stream: Transform, next: Transform): void {
    let left = this.#maxBytes + BETWEEN_SLACK_BYTES;
    stream.on("data", (bytes: Uint8Array) => {
      left -= bytes.length;
      if (left < 0) return this.#finish("limit");
      this.#guarded(() => {
        if (next.write(bytes)) return;
        stream.pause();
        next.once("drain", () => stream.resume());
      });
    });
    stream.on("end", () => this.#guarded(() => next.end()));
  }

  #guarded(step: () => void): void {
    if (this.#output.outcome !== null) return;
    try {
      step();
    } catch {
      this.#finish("unreadable");
    }
  }

  #finish(outcome: DecodeOutcome): void {
    this.#output.finish(outcome);
    this.#pendingBytes = 0;
    const streams = this.#streams ?? [];
    this.#streams = [];
    for (const stream of streams) {
      stream.removeAllListeners("data");
      stream.destroy();
    }
    this.#done.resolve(this.#output.outcome ?? outcome);
  }
}
