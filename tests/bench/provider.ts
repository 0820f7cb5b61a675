/**
 * A stand-in provider that costs as little as it can: one head per connection is read, every later request on it is taken
 * to be the same and only counted. A child of the bench.
 *
 * @module
 */

import { serveOrders } from "./part.ts";
import {
  ANSWER_ID,
  chunk,
  closingEvents,
  floodChunk,
  headOf,
  jsonAnswer,
  openingEvents,
  stampedEvent,
  type Wish,
  wishIn,
} from "./wire.ts";

const BULK_WRITE_BYTES = 64 * 1024;

const flood = floodChunk();
const zeros = new Uint8Array(BULK_WRITE_BYTES);

async function accept(listener: Deno.TlsListener): Promise<void> {
  for (;;) {
    const connection = await listener.accept();
    serve(connection).catch(() => {}).finally(() => close(connection));
  }
}

function close(connection: Deno.TlsConn): void {
  try {
    connection.close();
  } catch {
    // The client was faster.
  }
}

async function serve(connection: Deno.TlsConn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  const first = await readHead(connection, buffer);
  if (first === null) return;
  const answer = new NumberedAnswer();
  let missing = first.size - first.received;
  for (;;) {
    while (missing > 0) {
      const count = await connection.read(buffer);
      if (count === null) return;
      missing -= count;
    }
    if (first.wish.kind === "json") await write(connection, answer.next());
    else await serveWish(connection, first.wish);
    missing += first.size;
  }
}

let answers = 0;

/** The JSON answer of one connection, with an id of its own each time: a repeated id would be recorded as a repeat. */
class NumberedAnswer {
  readonly #bytes = jsonAnswer();
  readonly #end = new TextDecoder().decode(this.#bytes).indexOf(ANSWER_ID) + ANSWER_ID.length;

  next(): Uint8Array {
    let left = ++answers;
    for (let at = this.#end - 1; left > 0; at--) {
      this.#bytes[at] = 0x30 + left % 10;
      left = Math.floor(left / 10);
    }
    return this.#bytes;
  }
}

/** The first request: what it asks for, its size, and how much of it has come. */
async function readHead(
  connection: Deno.TlsConn,
  buffer: Uint8Array,
): Promise<{ readonly wish: Wish; readonly size: number; readonly received: number } | null> {
  let received = 0;
  for (;;) {
    const count = await connection.read(buffer.subarray(received));
    if (count === null) return null;
    received += count;
    const text = new TextDecoder().decode(buffer.subarray(0, received));
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
    return { wish: wishIn(text.slice(0, end)) ?? { kind: "json" }, size: end + 4 + length, received };
  }
}

async function serveWish(connection: Deno.TlsConn, wish: Exclude<Wish, { kind: "json" }>): Promise<void> {
  await write(connection, headOf(wish));
  switch (wish.kind) {
    case "bulk":
      for (let sent = 0; sent < wish.bytes; sent += BULK_WRITE_BYTES) {
        await write(connection, zeros.subarray(0, Math.min(BULK_WRITE_BYTES, wish.bytes - sent)));
      }
      return;
    case "flood":
      await write(connection, chunk(openingEvents()));
      for (let sent = 0; sent < wish.bytes; sent += flood.length) await write(connection, flood);
      break;
    case "events":
      await write(connection, chunk(openingEvents()));
      for (let i = 0; i < wish.count; i++) {
        await new Promise((resolve) => setTimeout(resolve, wish.gapMs));
        await write(connection, chunk(stampedEvent()));
      }
  }
  await write(connection, chunk(closingEvents(180)));
  await write(connection, chunk(""));
}

async function write(connection: Deno.TlsConn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
}

// Last, since the class above is not there earlier.
await serveOrders(({ certPem, keyPem }: { certPem: string; keyPem: string }) => {
  const options = { hostname: "127.0.0.1", port: 0, alpnProtocols: ["http/1.1"] };
  const listener = Deno.listenTls({ ...options, cert: certPem, key: keyPem });
  accept(listener);
  return Promise.resolve(listener.addr.port);
});
