import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { holdPort, queueLength } from "../../src/roles/edge_hand_over.ts";
import { listenOnLoopback } from "../../src/roles/edge_listener.ts";
import { close, pause, within } from "./tools.ts";

// Only Linux lets a client that finds the queue full try again instead of refusing it.
const ignore = Deno.build.os !== "linux";

function portsOf(connections: readonly Deno.TcpConn[], side: "localAddr" | "remoteAddr"): number[] {
  return connections.map((connection) => (connection[side] as Deno.NetAddr).port).sort();
}

Deno.test("queueLength finds how many connections wait at most", { ignore }, async () => {
  const length = await queueLength(listenOnLoopback(0, false));
  equal(await queueLength(listenOnLoopback(0, false)), length);
  const listener = listenOnLoopback(0, false);
  const { port } = listener.addr;
  const inside = await Promise.all(Array.from({ length }, () => Deno.connect({ hostname: "127.0.0.1", port })));
  let late: Deno.TcpConn | null = null;
  const outside = Deno.connect({ hostname: "127.0.0.1", port }).then((connection) => late = connection);
  await pause(300);
  equal(late, null, "one more finds no place");
  inside.push(await listener.accept());
  inside.push(await within(outside, "its place", 10_000));
  inside.forEach(close);
  listener.close();
});

Deno.test("holdPort serves whoever waits, lets nobody else in, and resets only its own", { ignore }, async () => {
  const length = await queueLength(listenOnLoopback(0, false));
  const listener = listenOnLoopback(0, false);
  const { port } = listener.addr;
  const accepting = listener.accept();
  const waiting = await Promise.all([1, 2, 3, 4].map(() => Deno.connect({ hostname: "127.0.0.1", port })));
  const served: Deno.TcpConn[] = [];
  const held = await within(holdPort(listener, accepting, length, (client) => served.push(client)), "the port", 10_000);
  equal(held.clean, true);
  // One of its own may have been taken for a client, which does no harm: it ends at once.
  const clients = portsOf(waiting, "localAddr");
  deepEqual(clients.filter((client) => portsOf(served, "remoteAddr").includes(client)), clients);

  const late = Deno.connect({ hostname: "127.0.0.1", port });
  let settled = false;
  late.then(() => settled = true, () => settled = true);
  await pause(200);
  equal(settled, false, "who comes now is not let in");
  held.close();
  await rejects(within(late, "the answer that nobody listens any more", 10_000), Deno.errors.ConnectionRefused);
  for (const client of served) {
    await client.write(new Uint8Array([1])).catch(() => 0);
  }
  const answers = await Promise.all(waiting.map((client) => client.read(new Uint8Array(1))));
  deepEqual(answers, [1, 1, 1, 1], "whoever was served stays served");
  [...served, ...waiting].forEach(close);
});

Deno.test("holdPort gives up on a queue that others fill", { ignore, sanitizeOps: false }, async () => {
  const length = await queueLength(listenOnLoopback(0, false));
  const listener = listenOnLoopback(0, false);
  // A queue that is said to be longer than it is never fills.
  const held = await within(
    holdPort(listener, listener.accept(), length + 5, close),
    "the end of its patience",
    30_000,
  );
  equal(held.clean, false);
  held.close(); // Those that found no place hear of it when they try again, after this test.
});
