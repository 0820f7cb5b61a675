/**
 * A line with latency: passes bytes on in order, each chunk `delayMs` after it came, both ways. A child of the bench.
 *
 * @module
 */

import { serveOrders } from "./part.ts";

await serveOrders(({ to, delayMs }: { to: number; delayMs: number }) => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  accept(listener, to, delayMs);
  return Promise.resolve(listener.addr.port);
});

async function accept(listener: Deno.TcpListener, to: number, delayMs: number): Promise<void> {
  for (;;) {
    const near = await listener.accept();
    const far = await Deno.connect({ hostname: "127.0.0.1", port: to });
    for (const end of [near, far]) end.setNoDelay(true);
    delayed(near, far, delayMs);
    delayed(far, near, delayMs);
  }
}

async function delayed(from: Deno.TcpConn, to: Deno.TcpConn, delayMs: number): Promise<void> {
  let last = Promise.resolve();
  const later = (act: () => Promise<void>) => {
    const due = new Promise((resolve) => setTimeout(resolve, delayMs));
    last = last.then(() => due).then(act).catch(() => {});
  };
  for (;;) {
    const buffer = new Uint8Array(64 * 1024);
    const count = await from.read(buffer).catch(() => null);
    if (count === null) break;
    later(async () => {
      for (let written = 0; written < count;) written += await to.write(buffer.subarray(written, count));
    });
  }
  later(() => to.closeWrite());
}
