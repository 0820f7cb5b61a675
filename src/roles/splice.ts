/**
 * Moves bytes between two connections, both ways, as they arrive. Respects half-close, merges nothing, waits for nobody.
 *
 * @module
 */

/** What a pump needs of a connection: `Deno.TcpConn` and `Deno.TlsConn` both fit. */
export interface Duplex {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
}

/** One read at most; the socket buffers of Linux and macOS hand out no more at a time by default. */
export const PUMP_BUFFER_BYTES = 64 * 1024;

/** Buffers kept for the next connection; beyond this they are left to the collector. */
const MAX_POOLED = 64;
const pool: Uint8Array<ArrayBuffer>[] = [];

/** A pump buffer; give it back with {@link releaseBuffer}. */
export function acquireBuffer(): Uint8Array<ArrayBuffer> {
  return pool.pop() ?? new Uint8Array(PUMP_BUFFER_BYTES);
}

/** Returns a buffer that no pending read or write uses any more. */
export function releaseBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  if (pool.length < MAX_POOLED) pool.push(buffer);
}

/** Writes all of `bytes`. @throws whatever the connection throws. */
export async function writeAll(to: Duplex, bytes: Uint8Array): Promise<void> {
  let written = await to.write(bytes);
  while (written < bytes.length) written += await to.write(bytes.subarray(written));
}

/** Closes and never throws; closing twice does no harm. */
export function closeQuietly(connection: { close(): void }): void {
  try {
    connection.close();
  } catch {
    // Already closed.
  }
}

/** Ends the sending side. A peer that is gone already needs no farewell. */
export async function closeWriteQuietly(connection: Duplex): Promise<void> {
  try {
    await connection.closeWrite();
  } catch {
    // Already closed or reset.
  }
}

/** Called with each chunk after its write was started; the view is valid only during the call. */
export type Tap = (bytes: Uint8Array) => void;

/**
 * Copies from one connection to the other until the first ends, then half-closes the second.
 * @throws the read or write error that ended the copying early; the caller then closes both.
 */
export async function pump(from: Duplex, to: Duplex, tap: Tap | null): Promise<void> {
  const buffer = acquireBuffer();
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) break;
    const chunk = buffer.subarray(0, count);
    const first = to.write(chunk);
    if (tap !== null) tap(chunk);
    let written = await first;
    while (written < count) written += await to.write(chunk.subarray(written));
  }
  releaseBuffer(buffer);
  await closeWriteQuietly(to);
}

/**
 * Joins two connections until both directions have ended, or either failed; both are closed after.
 * @returns true when both directions ended in an orderly way.
 */
export async function splice(a: Duplex, b: Duplex): Promise<boolean> {
  let orderly = true;
  const abort = () => {
    orderly = false;
    closeQuietly(a);
    closeQuietly(b);
  };
  await Promise.all([pump(a, b, null).catch(abort), pump(b, a, null).catch(abort)]);
  closeQuietly(a);
  closeQuietly(b);
  return orderly;
}
