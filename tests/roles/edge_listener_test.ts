import { rejects, strictEqual as equal } from "node:assert/strict";
import { CAN_SHARE, EdgeListener, listenOnLoopback } from "../../src/roles/edge_listener.ts";
import { close, eventually, pause, receiveBytes, within } from "./tools.ts";

/** Writes its number to whoever calls. */
function answering(listener: Deno.TcpListener, shared: boolean, number: number): EdgeListener {
  return new EdgeListener(listener, shared, {
    serve: (client) => void client.write(new Uint8Array([number])).catch(() => {}).then(() => close(client)),
    left: () => {},
    failed: () => {},
  });
}

async function answerAt(port: number): Promise<number | undefined> {
  const client = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    return (await receiveBytes(client, 1))[0];
  } finally {
    close(client);
  }
}

Deno.test("EdgeListener serves until it is closed", async () => {
  const listener = answering(listenOnLoopback(0, false), false, 7);
  equal(await answerAt(listener.port), 7);
  equal(await answerAt(listener.port), 7);
  listener.close();
  await pause(10);
  await rejects(Deno.connect({ hostname: "127.0.0.1", port: listener.port }), Deno.errors.ConnectionRefused);
  listener.close();
});

Deno.test("EdgeListener closes at once where its port is not shared", async () => {
  const listener = answering(listenOnLoopback(0, false), false, 7);
  equal(await listener.hold(), false);
  await pause(10);
  await rejects(Deno.connect({ hostname: "127.0.0.1", port: listener.port }), Deno.errors.ConnectionRefused);
});

Deno.test(
  "EdgeListener holds its port for a successor, and callers wait for that one",
  { ignore: !CAN_SHARE },
  async () => {
    const first = answering(listenOnLoopback(0, true), true, 1);
    equal(await answerAt(first.port), 1);
    equal(await within(first.hold(), "the port to be held", 20_000), true);
    const early = [1, 2, 3].map(() => answerAt(first.port));
    await pause(50);
    const second = answering(listenOnLoopback(first.port, true), true, 2);
    first.close();
    for (const answer of early) equal(await within(answer, "an answer", 10_000), 2);
    await eventually(async () => await answerAt(second.port) === 2, "the successor");
    second.close();
  },
);
