import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import {
  acquireBuffer,
  closeQuietly,
  type Duplex,
  pump,
  PUMP_BUFFER_BYTES,
  releaseBuffer,
  splice,
  writeAll,
} from "../../src/roles/splice.ts";
import { close, noise, receive, receiveAll, receiveBytes, send, within } from "./tools.ts";

interface Joined {
  /** The outer ends. */
  readonly left: Deno.TcpConn;
  readonly right: Deno.TcpConn;
  readonly done: Promise<boolean>;
}

async function pair(): Promise<[Deno.TcpConn, Deno.TcpConn]> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [outer, inner] = await Promise.all([Deno.connect({ port: listener.addr.port }), listener.accept()]);
  listener.close();
  return [outer, inner];
}

async function joined(body: (given: Joined) => Promise<void>): Promise<void> {
  const [left, a] = await pair();
  const [right, b] = await pair();
  const done = splice(a, b);
  try {
    await body({ left, right, done });
  } finally {
    for (const connection of [left, right, a, b]) close(connection);
    await within(done, "the end of the splice");
  }
}

Deno.test("splice carries bytes unchanged, both ways at once", async () => {
  await joined(async ({ left, right, done }) => {
    const up = noise(1_500_000);
    const down = noise(700_001);
    const sent = Promise.all([
      send(left, up).then(() => left.closeWrite()),
      send(right, down).then(() => right.closeWrite()),
    ]);
    const [gotUp, gotDown] = await within(Promise.all([receiveAll(right), receiveAll(left)]), "both directions");
    await sent;
    deepEqual(gotUp, up);
    deepEqual(gotDown, down);
    equal(await done, true);
  });
});

Deno.test("splice passes a half-close on, and the other direction goes on", async () => {
  for (const swap of [false, true]) {
    await joined(async ({ left, right, done }) => {
      const [first, second] = swap ? [right, left] : [left, right];
      await send(first, "question");
      await first.closeWrite();
      equal((await within(receiveAll(second), "the half-close")).length, 8);
      await send(second, "a late answer");
      await second.closeWrite();
      equal((await within(receiveAll(first), "the answer")).length, 13);
      equal(await done, true);
    });
  }
});

Deno.test("splice does not wait for more bytes than there are", async () => {
  await joined(async ({ left, right }) => {
    for (const size of [1, 2, 3]) {
      await send(left, noise(size));
      equal((await within(receive(right), "the bytes")).length, size);
    }
  });
});

Deno.test("splice ends both sides when one of them breaks", async () => {
  await joined(async ({ left, right, done }) => {
    await send(right, "unread");
    await within(receiveBytes(left, 1), "some bytes");
    await send(right, "more that is never read");
    left.close(); // With unread bytes this is a reset.
    await send(right, noise(100_000)).catch(() => {});
    await within(receiveAll(right), "the end of the other side");
    equal(await within(done, "the end"), false);
  });
});

/** One end of memory, which takes at most `atOnce` bytes per write. */
function memory(parts: Uint8Array[], atOnce: number): Duplex & { readonly written: number[]; ended: boolean } {
  const written: number[] = [];
  return {
    written,
    ended: false,
    read(into) {
      const next = parts.shift();
      if (next === undefined) return Promise.resolve(null);
      into.set(next);
      return Promise.resolve(next.length);
    },
    write(bytes) {
      const taken = bytes.subarray(0, atOnce);
      written.push(...taken);
      return Promise.resolve(taken.length);
    },
    closeWrite() {
      this.ended = true;
      return Promise.resolve();
    },
    close() {},
  };
}

Deno.test("pump goes on after short writes, and gives each chunk to the tap once", async () => {
  const parts = [noise(1), noise(1_000), noise(PUMP_BUFFER_BYTES)];
  const expected = parts.flatMap((part) => [...part]);
  const to = memory([], 7);
  const tapped: Uint8Array[] = [];
  await pump(memory([...parts], 1), to, (bytes) => tapped.push(bytes.slice()));
  deepEqual(to.written, expected);
  deepEqual(tapped.flatMap((part) => [...part]), expected);
  equal(tapped.length, 3);
  equal(to.ended, true);
});

Deno.test("pump starts the write before it gives the chunk to the tap", async () => {
  const order: string[] = [];
  const to = memory([], 100);
  const write = to.write.bind(to);
  to.write = (bytes) => {
    order.push("write");
    return write(bytes);
  };
  await pump(memory([noise(5), noise(5)], 1), to, () => order.push("tap"));
  deepEqual(order, ["write", "tap", "write", "tap"]);
});

Deno.test("pump fails with what the connection fails with, and half-closes nothing", async () => {
  const from = memory([noise(1)], 1);
  from.read = () => Promise.reject(new Deno.errors.ConnectionReset());
  const to = memory([], 1);
  await rejects(pump(from, to, null), Deno.errors.ConnectionReset);
  equal(to.ended, false);
});

Deno.test("writeAll writes everything, also in short writes, and nothing for nothing", async () => {
  const to = memory([], 3);
  const bytes = noise(10);
  await writeAll(to, bytes);
  deepEqual(to.written, [...bytes]);
  await writeAll(to, new Uint8Array(0));
  equal(to.written.length, 10);
});

Deno.test("closeQuietly closes twice without a word", async () => {
  const [a, b] = await pair();
  for (const connection of [a, a, b, b]) closeQuietly(connection);
});

Deno.test("acquireBuffer never lends a buffer to two at once", () => {
  const lent = Array.from({ length: 100 }, acquireBuffer);
  equal(new Set(lent).size, 100);
  for (const buffer of lent) releaseBuffer(buffer);
  const again = Array.from({ length: 100 }, acquireBuffer);
  equal(new Set(again).size, 100);
  equal(again.filter((buffer) => lent.includes(buffer)).length, 64, "the pool is bounded");
  again.forEach(releaseBuffer);
});
