/**
 * Providers that fail in every way, and clients that hang up at every stage: each gets an honest outcome, and nothing stays
 * open.
 *
 * @module
 */

import {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  strictEqual as equal,
} from "node:assert/strict";
import net from "node:net";
import { anthropicEvents, brokenStream, eventStream } from "./support/answers.ts";
import { concat, text, utf8 } from "./support/bytes.ts";
import { type Meter, withMeter } from "./support/meter.ts";
import { freePort, NEW_RUNTIME, until } from "./support/program.ts";
import { type Answer, newAuthority, type Provider, type ProviderOptions, startProvider } from "./support/provider.ts";
import { messagesRequest, openTls, readAsItComes, readUntil, writeAll } from "./support/raw_client.ts";

const HOST = "api.anthropic.com";
const TARGET = `${HOST}:443`;

type Stand = Pick<Provider, "host" | "port" | "stop"> & Partial<Provider>;

async function withStand(stand: Stand | Promise<Stand>, body: (meter: Meter, stand: Stand) => Promise<void>) {
  const provider = await stand;
  try {
    await withMeter({ providers: [provider] }, (meter) => body(meter, provider));
  } finally {
    await provider.stop();
  }
}

function provider(answer: Answer, more: Partial<ProviderOptions> = {}): Promise<Provider> {
  return startProvider({ host: HOST, answer: () => answer, ...more });
}

async function connect(meter: Meter): Promise<Deno.TlsConn> {
  return await openTls(meter.edgePort, TARGET, { name: HOST, caCerts: [await Deno.readTextFile(meter.caFile)] });
}

/** One call on a connection of its own; what came, and how it ended. */
async function call(meter: Meter) {
  using tls = await connect(meter);
  await writeAll(tls, messagesRequest());
  const { bytes, error } = await readAsItComes(tls);
  return { got: text(bytes), error };
}

/** A 502 with one sentence, a row that says that nothing was billed, and a meter that goes on. */
async function assertBadGateway(meter: Meter, sentence: RegExp): Promise<void> {
  const { got, error } = await call(meter);
  match(got, /^HTTP\/1\.1 502 Bad Gateway\r\n/);
  const answer = JSON.parse(got.slice(got.indexOf("\r\n\r\n") + 4));
  match(answer.error.message, /^halton-meter: [^\n]+$/);
  match(answer.error.message, sentence);
  equal(error, null);
  const row = await meter.onlyRow();
  deepEqual([row.status, row.errorClass, row.httpStatus, row.costPico], ["error", "network", null, 0n]);
  deepEqual([row.inputTokens, row.outputTokens], [null, null]);
  await assertAlive(meter);
}

/** No role crashed, no copy failed, no connection is left. */
async function assertAlive(meter: Meter): Promise<void> {
  await meter.waitForNoneOpen();
  const { status } = await meter.status();
  equal(status.running, true);
  deepEqual(status.problems, []);
  for (const role of Object.values(status.daemon?.roles ?? {})) equal(role.restarts, 0);
}

Deno.test("A provider that refuses connections gives a 502 and a row that cost nothing", async () => {
  const nobody = { host: HOST, port: freePort(), stop: () => Promise.resolve() } as const;
  await withStand(nobody, (meter) => assertBadGateway(meter, /Cannot connect to .*: connection refused/));
});

Deno.test("A provider with a certificate of an unknown authority gives a 502, and never sees the request", async () => {
  const authority = await newAuthority("nobody trusts this one");
  await withStand(provider({ steps: [], end: "hang" }, { authority }), async (meter, stand) => {
    await assertBadGateway(meter, /Cannot set up TLS with api\.anthropic\.com: certificate not accepted/);
    equal(stand.connections?.some(({ received }) => received.length > 0), false);
  });
});

Deno.test("A provider with a certificate for another name gives a 502, and never sees the request", async () => {
  await withStand(provider({ steps: [], end: "hang" }, { certificateFor: "api.openai.com" }), async (meter, stand) => {
    await assertBadGateway(meter, /Cannot set up TLS with api\.anthropic\.com: certificate not accepted/);
    equal(stand.connections?.some(({ received }) => received.length > 0), false);
  });
});

Deno.test("A provider that answers garbage in place of TLS gives a 502", async () => {
  await withStand(startPlainServer("SSH-2.0-none\r\n"), (meter) => assertBadGateway(meter, /Cannot set up TLS/));
});

Deno.test("A provider that answers garbage in place of HTTP: the client gets it as it is, the connection is counted", async () => {
  const garbage = "\x00\x01 this is no HTTP\r\n\r\n";
  await withStand(provider({ steps: [{ afterMs: 0, bytes: utf8(garbage) }], end: "close" }), async (meter) => {
    equal((await call(meter)).got, garbage);
    const row = await meter.onlyRow();
    deepEqual([row.status, row.httpStatus, row.costPico], ["error", null, null]);
    equal(row.usageUnknown, "unreadable");
    await meter.waitForNoneOpen();
    const { code, status } = await meter.status();
    equal(code, 4);
    match(status.problems.join("\n"), /Connections that could not be followed and were passed on unmetered: 1/);
  });
});

for (const end of ["reset", "cut", "close"] as const) {
  Deno.test(`A provider that leaves before it answers (${end}): the client sees the end, the row an error`, async () => {
    await withStand(provider({ steps: [], end }, { relay: true }), async (meter) => {
      equal((await call(meter)).got, "");
      const row = await meter.onlyRow();
      deepEqual([row.status, row.errorClass, row.httpStatus], ["error", "network", null]);
      deepEqual([row.inputTokens, row.outputTokens], [null, null]);
      await assertAlive(meter);
    });
  });

  Deno.test(`A stream that ends in the middle (${end}) is cut where it was cut, and is not priced as whole`, async () => {
    const answer = brokenStream(anthropicEvents("msg_cut").slice(0, 4), 5, end);
    await withStand(provider(answer, { relay: true }), async (meter) => {
      const { got } = await call(meter);
      equal(got, text(concat(answer.steps.map(({ bytes }) => bytes))));
      const row = await meter.onlyRow();
      deepEqual([row.status, row.errorClass, row.httpStatus], ["error", "network", 200]);
      deepEqual([row.tokensComplete, row.usageUnknown], [false, "cut"]);
      deepEqual([row.inputTokens, row.costPico, row.costMissing], [1_200, null, "usage_incomplete"]);
      await assertAlive(meter);
    });
  });
}

for (const end of ["reset", "cut"] as const) {
  const name = `A body without a length that ends in a ${end} does not look complete to the client`;
  Deno.test({ name, ignore: !NEW_RUNTIME }, async () => {
    const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    const steps = [{ afterMs: 0, bytes: utf8(head) }, { afterMs: 20, bytes: utf8("data: half\n\n") }];
    await withStand(provider({ steps, end }, { relay: true }), async (meter) => {
      const { error } = await call(meter);
      notEqual(error, null, "the end came in order, as if the body were whole");
      equal((await meter.onlyRow()).tokensComplete, false);
      await assertAlive(meter);
    });
  });
}

Deno.test("A provider that hangs, and a client that gives up: an error row, nothing left open", async () => {
  await withStand(provider({ steps: [], end: "hang" }), async (meter, stand) => {
    const tls = await connect(meter);
    await writeAll(tls, messagesRequest());
    await until("the request to arrive", () => (stand.connections?.[0]?.requests ?? 0) > 0);
    tls.close();
    const row = await meter.onlyRow();
    deepEqual([row.status, row.errorClass, row.httpStatus, row.outputTokens], ["error", "timeout", null, null]);
    await assertAlive(meter);
  });
});

Deno.test("An error of the provider is passed on and classed, and costs nothing", async () => {
  const body = utf8('{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}');
  const head = `HTTP/1.1 529 \r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  const bytes = concat([utf8(head), body]);
  await withStand(provider({ steps: [{ afterMs: 0, bytes }], end: "close" }), async (meter) => {
    equal((await call(meter)).got, text(bytes));
    const row = await meter.onlyRow();
    deepEqual([row.status, row.httpStatus, row.errorClass, row.costPico], ["error", 529, "server_error", 0n]);
    await assertAlive(meter);
  });
});

/** A client's way of leaving, after a stage that its name says. `end` says farewell, `reset` does not. */
type Leave = "end" | "reset";

const HANG_UPS: Readonly<Record<string, (meter: Meter, leave: Leave) => Promise<void>>> = {
  "before its CONNECT": async (meter, leave) => {
    leaveBy(await plainTo(meter), leave);
  },
  "in its CONNECT": async (meter, leave) => {
    const socket = await plainTo(meter);
    socket.write("CONNECT api.anthr");
    await pause(10);
    leaveBy(socket, leave);
  },
  "after CONNECT": async (meter, leave) => {
    leaveBy(await tunnelTo(meter), leave);
  },
  "in its ClientHello": async (meter, leave) => {
    const socket = await tunnelTo(meter);
    socket.write(utf8("\x16\x03\x01\x02\x00\x01\x00"));
    await pause(10);
    leaveBy(socket, leave);
  },
  "right behind its ClientHello": async (meter, leave) => {
    const socket = await tunnelTo(meter);
    socket.write(await clientHello());
    await new Promise((resolve) => setTimeout(resolve, 0));
    leaveBy(socket, leave);
  },
  "with the handshake half done": async (meter, leave) => {
    const socket = await tunnelTo(meter);
    socket.write(await clientHello());
    await new Promise((resolve) => socket.once("data", resolve));
    leaveBy(socket, leave);
  },
};

for (const [stage, hangUp] of Object.entries(HANG_UPS)) {
  for (const leave of ["end", "reset"] as const) {
    Deno.test(`A client that leaves ${stage} (${leave}) leaves nothing open`, async () => {
      await withStand(provider(eventStream(anthropicEvents("msg_after"), 1)), async (meter) => {
        await Promise.all([1, 2, 3].map(() => hangUp(meter, leave)));
        await assertAlive(meter);
        deepEqual(meter.rows(), []);
        await callsStillWork(meter);
      });
    });
  }
}

const SENT_PARTS: Readonly<Record<string, (request: Uint8Array) => Uint8Array>> = {
  "after the handshake": () => new Uint8Array(),
  "in the request head": (request) => request.subarray(0, 30),
  "in the request body": (request) => request.subarray(0, request.length - 10),
};

for (const [stage, part] of Object.entries(SENT_PARTS)) {
  for (const leave of ["end", "reset"] as const) {
    Deno.test(`A client that leaves ${stage} (${leave}) leaves nothing open`, async () => {
      await withStand(provider(eventStream(anthropicEvents("msg_after"), 1)), async (meter) => {
        const { tls, drop } = await droppable(meter);
        await writeAll(tls, part(messagesRequest()));
        await pause(20);
        drop(leave);
        await assertAlive(meter);
        if (stage === "in the request body") {
          const row = await meter.onlyRow();
          deepEqual([row.status, row.outputTokens], ["error", null]);
        } else deepEqual(meter.rows(), []);
        await callsStillWork(meter);
      });
    });
  }
}

for (const leave of ["end", "reset"] as const) {
  Deno.test(`A client that leaves in the middle of the answer (${leave}) leaves a cut row and nothing open`, async () => {
    await withStand(provider(eventStream(anthropicEvents("msg_left", Array(40).fill("word ")), 20)), async (meter) => {
      const { tls, drop } = await droppable(meter);
      await writeAll(tls, messagesRequest());
      await readUntil(tls, "text_delta");
      drop(leave);
      const row = await meter.onlyRow();
      deepEqual([row.status, row.httpStatus, row.tokensComplete, row.usageUnknown], ["success", 200, false, "cut"]);
      await assertAlive(meter);
    });
  });
}

async function callsStillWork(meter: Meter): Promise<void> {
  const before = meter.rows().length;
  using tls = await connect(meter);
  await writeAll(tls, messagesRequest());
  match(await readUntil(tls, "\r\n0\r\n\r\n"), /message_stop/);
  await meter.waitForRows(before + 1);
}

async function plainTo(meter: Meter): Promise<net.Socket> {
  const socket = net.connect(meter.edgePort, "127.0.0.1");
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

async function tunnelTo(meter: Meter): Promise<net.Socket> {
  const socket = await plainTo(meter);
  socket.write(`CONNECT ${TARGET} HTTP/1.1\r\nHost: ${TARGET}\r\n\r\n`);
  const answer: Uint8Array = await new Promise((resolve) => socket.once("data", resolve));
  match(text(answer), /^HTTP\/1\.1 200 /);
  return socket;
}

function leaveBy(socket: net.Socket, leave: Leave): void {
  if (leave === "end") socket.end();
  else socket.resetAndDestroy();
}

/** TLS through a relay of the client's own, which can leave for good: Deno's own `close()` still waits for the far end. */
async function droppable(meter: Meter) {
  const far: net.Socket[] = [];
  const relay = net.createServer((near) => {
    const socket = net.connect(meter.edgePort, "127.0.0.1");
    far.push(socket);
    near.pipe(socket).on("error", () => near.destroy());
    socket.pipe(near).on("error", () => socket.destroy());
    near.on("close", () => socket.end());
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  const address = relay.address();
  if (address === null || typeof address === "string") throw new Error("The relay has no port");
  const caCerts = [await Deno.readTextFile(meter.caFile)];
  const tls = await openTls(address.port, TARGET, { name: HOST, caCerts });
  relay.close();
  return {
    tls,
    drop(leave: Leave) {
      for (const socket of far) {
        if (leave === "end") socket.destroy();
        else socket.resetAndDestroy();
      }
      tls.close();
    },
  };
}

/** A whole ClientHello for the host, as a TLS client sends it. */
async function clientHello(): Promise<Uint8Array> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const plain = await Deno.connect({ hostname: "127.0.0.1", port: (listener.addr as Deno.NetAddr).port });
  const tls = await Deno.startTls(plain, { hostname: HOST, alpnProtocols: ["http/1.1"] });
  const handshake = tls.handshake().catch(() => {});
  const server = await listener.accept();
  const buffer = new Uint8Array(65_536);
  const count = await server.read(buffer) ?? 0;
  server.close();
  listener.close();
  await handshake;
  tls.close();
  return buffer.slice(0, count);
}

function startPlainServer(words: string): Promise<Stand> {
  const server = net.createServer((socket) => {
    socket.on("error", () => {}).end(words);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("The server has no port");
      resolve({
        host: HOST,
        port: address.port,
        stop: () => {
          server.close();
          return Promise.resolve();
        },
      });
    });
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
