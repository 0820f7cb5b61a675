import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import type { AcceptedClient, TlsEvents } from "../../src/roles/tls_listener.ts";
import { listenWithDeno } from "../../src/roles/tls_listener_deno.ts";
import { listenWithNode } from "../../src/roles/tls_listener_node.ts";
import { mintAuthority, mintLeaves } from "../../src/roles/minter.ts";
import type { Leaf } from "../../src/roles/messages.ts";
import { eventually, pause, utf8 } from "./tools.ts";

const HOST = "api.anthropic.com";
const root = await mintAuthority(Date.now());
const leaf: Leaf = (await mintLeaves(root.certPem + root.keyPem, Date.now())).leaves[HOST];

interface Bench {
  readonly clients: AcceptedClient[];
  readonly port: number;
  connect(): Promise<Deno.TlsConn>;
}

async function withListener(
  listen: (leaf: Leaf, events: TlsEvents) => { port: number; close(): void } | Promise<{ port: number; close(): void }>,
  body: (bench: Bench) => Promise<void>,
): Promise<void> {
  const clients: AcceptedClient[] = [];
  const listener = await listen(leaf, { client: (client) => void clients.push(client), acceptFailed: () => {} });
  const opened: Deno.TlsConn[] = [];
  try {
    await body({
      clients,
      port: listener.port,
      async connect() {
        const tcp = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
        const connection = await Deno.startTls(tcp, {
          hostname: HOST,
          caCerts: [root.certPem],
          alpnProtocols: ["http/1.1"],
        });
        opened.push(connection);
        return connection;
      },
    });
  } finally {
    for (const connection of opened) quietly(() => connection.close());
    for (const client of clients) client.abort();
    listener.close();
    await pause(20);
  }
}

function quietly(step: () => void): void {
  try {
    step();
  } catch {
    // It is closed already.
  }
}

async function readSome(from: { read(into: Uint8Array): Promise<number | null> }): Promise<string | null> {
  const buffer = new Uint8Array(65_536);
  const count = await from.read(buffer);
  return count === null ? null : new TextDecoder().decode(buffer.subarray(0, count));
}

for (const [name, listen] of [["listenWithNode", listenWithNode], ["listenWithDeno", listenWithDeno]] as const) {
  Deno.test(`${name} carries bytes both ways, and each side's end by itself`, async () => {
    await withListener(listen, async ({ clients, connect }) => {
      const far = await connect();
      await far.handshake();
      await eventually(() => clients.length === 1, "the client");
      const client = clients[0];
      if (client === undefined) throw new Error("No client");
      await client.handshake();
      equal(client.peerPort, (far.localAddr as Deno.NetAddr).port);
      await far.write(utf8("question"));
      equal(await readSome(client), "question");
      await far.closeWrite();
      equal(await readSome(client), null);
      equal(await client.write(utf8("answer")), 6);
      equal(await readSome(far), "answer");
      await client.closeWrite();
      equal(await readSome(far), null);
      client.close();
    });
  });

  Deno.test(`${name} carries megabytes, whatever the reader's pace`, async () => {
    await withListener(listen, async ({ clients, connect }) => {
      const far = await connect();
      const body = crypto.getRandomValues(new Uint8Array(65_536));
      const sending = (async () => {
        for (let i = 0; i < 64; i++) {
          for (let at = 0; at < body.length;) at += await far.write(body.subarray(at));
        }
        await far.closeWrite();
      })();
      await eventually(() => clients.length === 1, "the client");
      const client = clients[0];
      if (client === undefined) throw new Error("No client");
      await client.handshake();
      const got: number[] = [];
      const buffer = new Uint8Array(10_000);
      let total = 0;
      for (let count = await client.read(buffer); count !== null; count = await client.read(buffer)) {
        if (total < body.length) got.push(...buffer.subarray(0, Math.min(count, body.length - total)));
        total += count;
        if (total < 200_000) await pause(1);
      }
      await sending;
      equal(total, 64 * body.length);
      deepEqual(new Uint8Array(got), body);
    });
  });

  Deno.test(`${name} gives up a client that leaves in its handshake`, async () => {
    await withListener(listen, async ({ clients, port }) => {
      const silent = await Deno.connect({ hostname: "127.0.0.1", port });
      await eventually(() => clients.length === 1, "the client");
      const client = clients[0];
      if (client === undefined) throw new Error("No client");
      const shaking = client.handshake();
      silent.close();
      await rejects(shaking);
    });
  });
}

Deno.test("listenWithNode sends each of many small writes by itself", async () => {
  await withListener(listenWithNode, async ({ clients, connect }) => {
    const far = await connect();
    await far.handshake();
    await eventually(() => clients.length === 1, "the client");
    const client = clients[0];
    if (client === undefined) throw new Error("No client");
    await client.handshake();
    // A question first, so that the far end's acknowledgements are of the delayed kind.
    await far.write(utf8("question"));
    equal(await readSome(client), "question");
    const words = Array.from({ length: 12 }, (_, index) => `word ${index}`);
    const sending = (async () => {
      for (const word of words) {
        await client.write(utf8(word));
        await pause(8);
      }
    })();
    const got: (string | null)[] = [];
    for (const _ of words) got.push(await readSome(far));
    await sending;
    deepEqual(got, words);
  });
});

Deno.test("listenWithNode lets an aborted connection end without a farewell", async () => {
  await withListener(listenWithNode, async ({ clients, connect }) => {
    const far = await connect();
    await far.handshake();
    await eventually(() => clients.length === 1, "the client");
    await clients[0]?.handshake();
    clients[0]?.abort();
    await rejects(readSome(far));
  });
});
