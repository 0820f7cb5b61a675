/**
 * One stream per content coding, bytes in, decoded bytes out. Performs no I/O.
 *
 * Owns how each coding is told to give its output at once and to accept a cut end. Leaves chaining, limits and outcomes
 * to decode.ts. Windows of zstd above 8 MiB are refused, the most that RFC 9659 allows in a content coding.
 *
 * Imports: fzstd, for runtimes whose node:zlib has no zstd (Deno before 2.9).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Transform } from "node:stream";
// The default import: a named one of a function that an older runtime lacks would fail to link.
import zlib, { type ZstdDecompress } from "node:zlib";
import { Decompress } from "fzstd";

const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH, ZSTD_e_flush, ZSTD_d_windowLogMax } = zlib.constants;

/** Log2 of the largest zstd window, in bytes: RFC 9659 section 3. */
const ZSTD_WINDOW_LOG = 23;

/** fzstd's code for input that ends too early. */
const FZSTD_UNEXPECTED_EOF = 5;

/** Gives every decoded byte as soon as it can be known, and takes an end in the middle of the data for an end. */
const AT_ONCE = { flush: Z_SYNC_FLUSH, finishFlush: Z_SYNC_FLUSH };

/** Makes the stream that undoes a coding. */
export type Stage = () => Transform;

/** Codings by their lower-case names. `x-gzip` is gzip by RFC 9110 section 8.4.1.3. */
export const STAGES: ReadonlyMap<string, Stage> = new Map<string, Stage>([
  ["gzip", () => zlib.createGunzip(AT_ONCE)],
  ["x-gzip", () => zlib.createGunzip(AT_ONCE)],
  ["deflate", inflateEither],
  ["br", () => zlib.createBrotliDecompress({ flush: BROTLI_OPERATION_FLUSH, finishFlush: BROTLI_OPERATION_FLUSH })],
  ["zstd", typeof zlib.createZstdDecompress === "function" ? zstd : zstdInScript],
]);

function zstdFrame(): ZstdDecompress {
  return zlib.createZstdDecompress({
    flush: ZSTD_e_flush,
    finishFlush: ZSTD_e_flush,
    params: { [ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
  });
}

/** Undoes zstd frame by frame: node:zlib drops what follows a frame in the same piece (seen in Deno 2.9). */
function zstd(): Transform {
  const open = (outer: Transform): ZstdDecompress => {
    const frame = zstdFrame();
    frame.on("data", (bytes: Buffer) => outer.push(bytes));
    frame.on("error", (error: Error) => outer.destroy(error));
    return frame;
  };
  let frame: ZstdDecompress | null = null;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const read = (bytes: Buffer) => {
        const current = frame ??= open(this);
        const before = current.bytesWritten;
        current.write(bytes, (error) => {
          if (error) return done(error);
          const rest = bytes.subarray(current.bytesWritten - before);
          if (rest.length === 0) return done();
          afterEnd(current, () => {
            frame = null;
            read(rest);
          });
        });
      };
      read(chunk);
    },
    flush(done) {
      if (frame === null) return done();
      afterEnd(frame, done);
      frame.end();
    },
    destroy(error, done) {
      frame?.destroy();
      done(error);
    },
  });
}

function afterEnd(stream: Transform, step: () => void): void {
  if (stream.readableEnded) step();
  else stream.once("end", () => step());
}

/** Undoes `deflate` with the zlib wrapper, as RFC 9110 has it, and without, as some servers send it. */
function inflateEither(): Transform {
  let start: Buffer = Buffer.alloc(0);
  let inner: Transform | null = null;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (inner !== null) return void inner.write(chunk, done);
      start = Buffer.concat([start, chunk]);
      if (start.length < 2) return done();
      inner = hasZlibHeader(start) ? zlib.createInflate(AT_ONCE) : zlib.createInflateRaw(AT_ONCE);
      inner.on("data", (bytes: Buffer) => this.push(bytes));
      inner.on("error", (error: Error) => this.destroy(error));
      inner.write(start, done);
    },
    flush(done) {
      if (inner === null) return done();
      afterEnd(inner, done);
      inner.end();
    },
    destroy(error, done) {
      inner?.destroy();
      done(error);
    },
  });
}

/** RFC 1950 section 2.2: method 8, window of 32 KiB at most, and a check that both bytes together are a multiple of 31. */
function hasZlibHeader(bytes: Uint8Array): boolean {
  const [method = 0, flags = 0] = bytes;
  return (method & 0x0f) === 8 && method >> 4 <= 7 && (method * 256 + flags) % 31 === 0;
}

/**
 * zstd in JavaScript. Holds back the first 17 bytes of a body until more come, and is slow with large windows.
 *
 * Exported for its test, which runs where node:zlib has zstd.
 */
export function zstdInScript(): Transform {
  let start: Buffer = Buffer.alloc(0);
  let stream: Transform | null = null;
  const decoder = new Decompress((bytes) => stream?.push(bytes.slice()));
  stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (start.length < 6) start = Buffer.concat([start, chunk.subarray(0, 6)]);
      attempt(done, () => {
        if (start.length >= 6 && zstdWindow(start) > 2 ** ZSTD_WINDOW_LOG) throw new RangeError("Window too large");
        decoder.push(chunk);
      });
    },
    flush(done) {
      attempt(done, () => decoder.push(new Uint8Array(0), true));
    },
  });
  return stream;
}

function attempt(done: (error?: Error) => void, step: () => void): void {
  try {
    step();
  } catch (error) {
    const cut = error instanceof Error && "code" in error && error.code === FZSTD_UNEXPECTED_EOF;
    return done(cut ? undefined : new Error("Invalid zstd data", { cause: error }));
  }
  done();
}

/** Window in bytes that the first frame asks for, by RFC 8878 section 3.1.1.1; 0 where none is stated. */
function zstdWindow(frame: Uint8Array): number {
  const [, , , , flags = 0, descriptor = 0] = frame;
  if ((flags & 0x20) !== 0) return 0;
  const base = 2 ** (10 + (descriptor >> 3));
  return base + base / 8 * (descriptor & 7);
}
