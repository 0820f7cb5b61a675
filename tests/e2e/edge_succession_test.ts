/**
 * The process `edge` is restarted under traffic: nobody is turned away, and what is open stays open.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { text, utf8 } from "./support/bytes.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { until } from "./support/program.ts";

/** New connections a second. */
const RATE = 50;

/** A far end that is none of the meter's business: answers what it is sent. */
function startEcho(): { readonly port: number; stop(): void } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serve = async () => {
    for await (const connection of listener) connection.readable.pipeTo(connection.writable).catch(() => {});
  };
  const serving = serve();
  return { port: listener.addr.port, stop: () => (listener.close(), serving) };
}

/** Opens a tunnel through the proxy port. */
async function tunnel(meter: Meter, port: number): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: meter.edgePort });
  await connection.write(utf8(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`));
  match(await receive(connection), /^HTTP\/1\.1 200 /);
  return connection;
}

async function receive(connection: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(1024);
  const count = await connection.read(buffer);
  return text(buffer.subarray(0, count ?? 0));
}

async function echoes(connection: Deno.TcpConn, said: string): Promise<void> {
  await connection.write(utf8(said));
  equal(await receive(connection), said);
}

/** Calls that begin {@link RATE} times a second, each over a connection of its own, until it is stopped. */
function startTraffic(call: () => Promise<void>): { readonly done: () => number; stop(): Promise<string[]> } {
  const failures: string[] = [];
  const calls: Promise<void>[] = [];
  let done = 0;
  const one = () => call().then(() => void done++, (error) => void failures.push(String(error)));
  const timer = setInterval(() => calls.push(one()), 1000 / RATE);
  return {
    done: () => done,
    async stop() {
      clearInterval(timer);
      await Promise.all(calls);
      return failures;
    },
  };
}

Deno.test("edge gives its port to the daemon and takes it back: no call fails and open tunnels go on", async () => {
  const far = startEcho();
  try {
    await withMeter({}, async (meter) => {
      const lasting = await tunnel(meter, far.port);
      const traffic = startTraffic(async () => {
        const connection = await tunnel(meter, far.port);
        try {
          await echoes(connection, "short");
        } finally {
          connection.close();
        }
      });
      for (let round = 0; round < 3; round++) {
        const [old, before] = [meter.edge, traffic.done()];
        old?.kill("SIGTERM");
        await until("the daemon to serve the port", () => meter.ports().edge?.pid === meter.daemon?.pid, 15_000);
        await until("calls through the daemon", () => traffic.done() > before + 20, 15_000);
        await meter.startEdge();
        await until("calls through the new edge", async () => await meter.edgeCounter("connections") > 20, 15_000);
        if (round === 0) {
          equal(old?.exit, null);
          await echoes(lasting, "still here");
          lasting.close();
        }
        const exit = await until("the old edge to end", () => old?.exit ?? null, 15_000);
        equal(exit.code, 0);
        if (round === 0) match(old?.stderr ?? "", /The daemon serves the port now; waiting for \d+ open connections/);
      }
      deepEqual(await traffic.stop(), []);
      equal((await meter.edgeAnswer())?.pid, meter.edge?.pid);
    });
  } finally {
    far.stop();
  }
});

Deno.test("edge ends at once when nobody can take its port", async () => {
  await withMeter({ daemon: false }, async (meter) => {
    const far = startEcho();
    const lasting = await tunnel(meter, far.port);
    meter.edge?.kill("SIGTERM");
    equal((await until("the edge to end", () => meter.edge?.exit ?? null)).code, 0);
    equal(await receive(lasting).catch(() => ""), "");
    lasting.close();
    far.stop();
  });
});

Deno.test("an edge that waits for its last connections ends with the daemon that has succeeded it", async () => {
  const far = startEcho();
  await withMeter({}, async (meter) => {
    const lasting = await tunnel(meter, far.port);
    meter.edge?.kill("SIGTERM");
    await until("the daemon to serve the port", () => meter.ports().edge?.pid === meter.daemon?.pid, 15_000);
    await echoes(lasting, "still here");
    equal(meter.edge?.exit, null);
    meter.daemon?.kill("SIGTERM");
    await until("the edge to end", () => meter.edge?.exit ?? null, 15_000);
    lasting.close();
  });
  far.stop();
});
