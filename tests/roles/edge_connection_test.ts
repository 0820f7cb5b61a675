import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import type { Counters } from "../../src/roles/messages.ts";
import { clientHello, echoServer, type EdgeBench, healthServer, withEdge } from "./edge_bench.ts";
import {
  close,
  closedPort,
  concat,
  eventually,
  noise,
  pause,
  receive,
  receiveAll,
  receiveBytes,
  receiveUntil,
  send,
  type Server,
  tcpServer,
  text,
  within,
  withShortTimer,
} from "./tools.ts";

const HOST = "api.anthropic.com";
const HELLO = clientHello(HOST, ["http/1.1"]);
const ESTABLISHED = "HTTP/1.1 200 Connection Established\r\n\r\n";

/** Counters that are not zero, but for those of the moment. */
function counted(bench: EdgeBench): Record<string, number> {
  const { connections: _, open: __, ...rest } = bench.edge.counters();
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== 0));
}

/** Every connection that is over ended under exactly one counter. */
function addsUp(counters: Counters): boolean {
  const besides = ["connections", "open", "unreachable", "broken", "accept_failed", "notices_lost"];
  const ends = Object.entries(counters).filter(([name]) => !besides.includes(name));
  return counters["connections"] === ends.reduce((sum, [, value]) => sum + value, 0) && counters["open"] === 0;
}

async function settled(bench: EdgeBench): Promise<Record<string, number>> {
  await eventually(() => addsUp(bench.edge.counters()), `counters that add up`);
  destinationsAgree(bench);
  return counted(bench);
}

/** Each tunnel and each clear-text call is one dial; whatever became of it, nothing is left open. */
function destinationsAgree({ edge }: EdgeBench): void {
  const dials = Object.entries(edge.counters()).filter(([name]) => /^(?:tunnel_|clear_forwarded$)/.test(name));
  const log = edge.destinations();
  const sum = (of: "connections" | "failed" | "open") => {
    return [...log?.destinations ?? [], ...log?.others ?? []].reduce((total, one) => total + one[of], 0);
  };
  equal(sum("connections"), dials.reduce((total, [, times]) => total + times, 0));
  deepEqual([sum("failed"), sum("open")], [edge.counters()["unreachable"], 0]);
}

function mapped(...servers: Server<Deno.TcpConn>[]) {
  return { map: { [HOST]: { host: "127.0.0.1", port: servers[0]?.port ?? 0 } } };
}

Deno.test("serveClient tunnels other hosts and other ports blind, with half-close both ways", async () => {
  const far = echoServer();
  await withEdge({}, async (bench) => {
    const { client, head } = await bench.connect(`127.0.0.1:${far.port}`);
    equal(head, ESTABLISHED);
    const bytes = noise(300_000);
    const sent = send(client, bytes).then(() => client.closeWrite());
    equal(text((await within(receiveAll(client), "the echo")).slice(-3)), "bye");
    await sent;
    deepEqual(await settled(bench), { tunnel_not_intercepted: 1 });
    equal(bench.notices.length, 0);
  });
  far.stop();
});

Deno.test("serveClient forwards what came right behind the CONNECT head, and reads the head in pieces", async () => {
  const far = echoServer();
  await withEdge({}, async (bench) => {
    const { client } = await bench.connect(`127.0.0.1:${far.port}`, "early");
    equal(text(await receiveBytes(client, 5)), "early");
    const slow = await bench.open();
    for (const byte of `CONNECT 127.0.0.1:${far.port} HTTP/1.1\r\n\r\n`) {
      await send(slow, byte);
      await pause(0);
    }
    equal(await receiveUntil(slow, "\r\n\r\n"), ESTABLISHED);
  });
  far.stop();
});

Deno.test("serveClient leaves an intercepted host on another port than 443 alone", async () => {
  await withEdge(
    { upstream: { proxy: { host: "127.0.0.1", port: closedPort(), authorization: null } } },
    async (bench) => {
      const { head } = await bench.connect(`${HOST}:8443`);
      match(head, /^HTTP\/1\.1 502 /);
      await eventually(() => counted(bench)["tunnel_not_intercepted"] === 1, "the counter");
    },
  );
});

Deno.test("serveClient answers 502 with a sentence when a host cannot be reached", async () => {
  await withEdge({}, async (bench) => {
    const port = closedPort();
    const { client, head } = await bench.connect(`127.0.0.1:${port}`);
    match(head, /^HTTP\/1\.1 502 Bad Gateway\r\n/);
    equal(text(await receiveAll(client)), `halton-meter: Cannot connect to 127.0.0.1:${port}: connection refused\n`);
    client.close();
    deepEqual(await settled(bench), { tunnel_not_intercepted: 1, unreachable: 1 });
  });
});

Deno.test("serveClient tunnels an intercepted host while no daemon runs", async () => {
  const far = echoServer();
  await withEdge({ upstream: mapped(far) }, async (bench) => {
    const { client } = await bench.connect(`${HOST}:443`, "anything");
    equal(text(await receiveBytes(client, 8)), "anything");
    client.close();
    deepEqual(await settled(bench), { tunnel_daemon_down: 1 });
    equal(bench.notices.length, 0);
  });
  far.stop();
});

/** Runs `body` with a healthy interceptor played by `interceptor`, and a far end that echoes. */
async function withInterceptor(
  interceptor: (connection: Deno.TcpConn) => Promise<void>,
  body: (bench: EdgeBench, interceptor: Server<Deno.TcpConn>, far: Server<Deno.TcpConn>) => Promise<void>,
): Promise<void> {
  const far = echoServer();
  const health = healthServer();
  const inner = tcpServer(interceptor);
  try {
    await withEdge({ upstream: mapped(far) }, async (bench) => {
      bench.publish(inner.port, health.port);
      await body(bench, inner, far);
    });
  } finally {
    for (const server of [far, health, inner]) server.stop();
  }
}

/** Answers like a TLS server, with a record that is no alert, and echoes after. */
async function answering(connection: Deno.TcpConn): Promise<void> {
  const hello = await receiveBytes(connection, HELLO.length);
  await send(connection, concat([Uint8Array.of(22, 3, 3, 0, 1, 2), hello]));
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) break;
    await send(connection, buffer.slice(0, count));
  }
  await send(connection, "inner bye");
  await connection.closeWrite();
}

Deno.test("serveClient hands an intercepted host to the interceptor, every byte of it, and says who called", async () => {
  await withInterceptor(answering, async (bench, inner, far) => {
    const { client, head } = await bench.connect(`${HOST}:443`);
    equal(head, ESTABLISHED);
    await send(client, HELLO);
    deepEqual(await receiveBytes(client, 6 + HELLO.length), concat([Uint8Array.of(22, 3, 3, 0, 1, 2), HELLO]));
    const bytes = noise(200_000);
    const sent = send(client, bytes).then(() => client.closeWrite());
    const got = await within(receiveAll(client), "the echo");
    await sent;
    deepEqual(got.slice(0, bytes.length), bytes);
    equal(text(got.slice(bytes.length)), "inner bye");
    deepEqual(await settled(bench), { intercepted: 1 });
    const clientPort = (client.localAddr as Deno.NetAddr).port;
    const peerPort = (inner.connections[0]?.remoteAddr as Deno.NetAddr).port;
    deepEqual(bench.notices, [`client ${clientPort} ${bench.port}`, `link ${clientPort} ${peerPort}`]);
    equal(far.connections.length, 0);
  });
});

Deno.test("serveClient intercepts every spelling of a host, and a ClientHello in any pieces", async () => {
  await withInterceptor(answering, async (bench) => {
    for (const target of [`${HOST.toUpperCase()}:443`, `${HOST}.:443`]) {
      const { client } = await bench.connect(target);
      await send(client, HELLO);
      await receiveBytes(client, 6 + HELLO.length);
      client.close();
    }
    const { client } = await bench.connect(`${HOST}:443`, String.fromCharCode(...HELLO.slice(0, 9)));
    for (const byte of HELLO.slice(9)) {
      await send(client, Uint8Array.of(byte));
      await pause(0);
    }
    await receiveBytes(client, 6 + HELLO.length);
    client.close();
    deepEqual(await settled(bench), { intercepted: 3 });
  });
});

Deno.test("serveClient tunnels what cannot be intercepted, each under its reason", async () => {
  const cases: [string, Uint8Array | string][] = [
    ["tunnel_not_tls", "GET / HTTP/1.1\r\n\r\n"],
    ["tunnel_not_tls", "SSH-2.0-x\r\n"],
    ["tunnel_other_sni", clientHello("other.test", ["http/1.1"])],
    ["tunnel_other_sni", clientHello("api.openai.com", null)],
    ["tunnel_no_http1", clientHello(HOST, ["h2"])],
    ["tunnel_no_http1", clientHello(HOST, ["h2", "h3"])],
  ];
  for (const [counter, first] of cases) {
    await withInterceptor(answering, async (bench, inner, far) => {
      const { client } = await bench.connect(`${HOST}:443`);
      const bytes = typeof first === "string" ? new TextEncoder().encode(first) : first;
      await send(client, bytes);
      deepEqual(await within(receiveBytes(client, bytes.length), counter), bytes);
      equal(far.connections.length, 1);
      equal(inner.connections.length, 0);
      await client.closeWrite();
      await receiveAll(client);
      deepEqual(await settled(bench), { [counter]: 1 });
    });
  }
});

Deno.test("serveClient intercepts a ClientHello without a name, without protocols, or with both of them", async () => {
  for (const hello of [clientHello(null, null), clientHello(HOST, null), clientHello(HOST, ["h2", "http/1.1"])]) {
    const answer = async (connection: Deno.TcpConn) => {
      await send(connection, Uint8Array.of(22, 3, 3, 0, 0));
      await receiveAll(connection);
      connection.close();
    };
    await withInterceptor(answer, async (bench) => {
      const { client } = await bench.connect(`${HOST}:443`);
      await send(client, hello);
      await receiveBytes(client, 5);
      client.close();
      deepEqual(await settled(bench), { intercepted: 1 });
    });
  }
});

Deno.test("serveClient tunnels when the interceptor refuses, hangs up, or alerts before its first byte", async () => {
  const failures: ((connection: Deno.TcpConn) => Promise<void>)[] = [
    (connection) => Promise.resolve(connection.close()),
    async (connection) => {
      await receiveBytes(connection, HELLO.length);
      connection.close();
    },
    async (connection) => {
      await receiveBytes(connection, HELLO.length);
      await send(connection, Uint8Array.of(0x15, 3, 3, 0, 2, 2, 40));
      connection.close();
    },
  ];
  for (const failure of failures) {
    await withInterceptor(failure, async (bench, _, far) => {
      const { client } = await bench.connect(`${HOST}:443`);
      await send(client, HELLO);
      deepEqual(await within(receiveBytes(client, HELLO.length), "the echo of the far end"), HELLO);
      equal(far.connections.length, 1);
      client.close();
      const { broken: _broken, ...found } = await settled(bench);
      deepEqual(found, { tunnel_interceptor_failed: 1 });
    });
  }
});

Deno.test("serveClient tunnels when the port of the interceptor is closed, and asks for its health anew", async () => {
  const far = echoServer();
  const health = healthServer();
  const inner = tcpServer(answering);
  await withEdge({ upstream: mapped(far) }, async (bench) => {
    bench.publish(closedPort(), health.port);
    const { client } = await bench.connect(`${HOST}:443`);
    await send(client, HELLO);
    deepEqual(await receiveBytes(client, HELLO.length), HELLO);
    bench.publish(inner.port, health.port);
    const { client: second } = await bench.connect(`${HOST}:443`);
    await send(second, HELLO);
    await receiveBytes(second, 6 + HELLO.length);
    equal(bench.edge.counters()["tunnel_interceptor_failed"], 1);
    equal(bench.edge.counters()["intercepted"], 1);
  });
  for (const server of [far, health, inner]) server.stop();
});

Deno.test("serveClient tunnels when the interceptor is silent for two seconds", async () => {
  const silent = () => new Promise<void>(() => {});
  await withShortTimer(2_000, 40, async () => {
    await withInterceptor(silent, async (bench) => {
      const { client } = await bench.connect(`${HOST}:443`);
      await send(client, HELLO);
      deepEqual(await within(receiveBytes(client, HELLO.length), "the tunnel"), HELLO);
      equal(bench.edge.counters()["tunnel_interceptor_failed"], 1);
    });
  });
});

Deno.test("serveClient tunnels when the interceptor hangs: its ports are open and nobody accepts", async () => {
  const far = echoServer();
  const hung = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await withEdge({ upstream: mapped(far) }, async (bench) => {
    bench.publish(hung.addr.port, hung.addr.port);
    const { client } = await bench.connect(`${HOST}:443`, "x");
    equal(text(await within(receiveBytes(client, 1), "the tunnel", 1_500)), "x");
    equal(bench.edge.counters()["tunnel_daemon_down"], 1);
  });
  hung.close();
  far.stop();
});

Deno.test("serveClient lets go of the interceptor when its client has reset the connection", async () => {
  const started = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const slow = async (connection: Deno.TcpConn) => {
    await receiveBytes(connection, HELLO.length);
    started.resolve();
    await go.promise;
    await send(connection, Uint8Array.of(22, 3, 3, 0, 0));
  };
  await withInterceptor(slow, async (bench, inner) => {
    const client = await bench.open();
    await send(client, concat([new TextEncoder().encode(`CONNECT ${HOST}:443 HTTP/1.1\r\n\r\n`), HELLO]));
    await started.promise;
    client.close(); // The 200 was never read, so this is a reset.
    await pause(20);
    go.resolve();
    const connection = inner.connections[0];
    ok(connection !== undefined);
    equal((await within(receiveAll(connection), "the edge to let go of the interceptor")).length, 0);
    await settled(bench);
  });
});

Deno.test("serveClient lets go of the far end when its client has reset the connection", async () => {
  const asked = Promise.withResolvers<Deno.TcpConn>();
  const proxy = tcpServer(async (connection) => {
    await receiveUntil(connection, "\r\n\r\n");
    asked.resolve(connection);
  });
  const upstream = { proxy: { host: "127.0.0.1", port: proxy.port, authorization: null } };
  await withEdge({ upstream }, async (bench) => {
    // A pipe that is full in the other direction: the client never reads, the edge's answer to the first head is unread.
    const client = await bench.open();
    await send(client, "CONNECT other.test:443 HTTP/1.1\r\n\r\n");
    const far = await asked.promise;
    await send(far, "HTTP/1.1 200 OK\r\n\r\nunread");
    await pause(30);
    client.close();
    await send(far, noise(200_000)).catch(() => {});
    await within(receiveAll(far), "the edge to let go of the far end");
    await settled(bench);
  });
  proxy.stop();
});

Deno.test("serveClient forwards clear text and adds nothing but what a proxy must", async () => {
  const heads: string[] = [];
  const far = tcpServer(async (connection) => {
    heads.push(await receiveUntil(connection, "\r\n\r\n"));
    const body = await receiveBytes(connection, 4);
    await send(connection, `HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n${text(body)}`);
    connection.close();
  });
  await withEdge({}, async (bench) => {
    const client = await bench.open();
    await send(client, `POST http://127.0.0.1:${far.port}/p?q HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab`);
    await send(client, "cd");
    match(text(await within(receiveAll(client), "the answer")), /^HTTP\/1\.1 200 OK\r\n[\s\S]*abcd$/);
    client.close();
    equal(
      heads[0],
      `POST /p?q HTTP/1.1\r\nHost: 127.0.0.1:${far.port}\r\nContent-Length: 4\r\nConnection: close\r\n\r\n`,
    );
    const { broken: _, ...found } = await settled(bench);
    deepEqual(found, { clear_forwarded: 1 });
  });
  far.stop();
});

Deno.test("serveClient refuses https in clear with a sentence, and connects nowhere", async () => {
  await withEdge({ upstream: mapped(echoServerOnce()) }, async (bench) => {
    const client = await bench.open();
    await send(client, `POST https://${HOST}/v1/messages HTTP/1.1\r\nx-api-key: sk-ant-secret\r\n\r\n`);
    const answer = text(await within(receiveAll(client), "the answer"));
    client.close();
    match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
    match(answer, /An https URL must be called through CONNECT/);
    equal(answer.includes("secret"), false);
    deepEqual(await settled(bench), { clear_refused: 1 });
    equal(once?.connections.length, 0);
    once?.stop();
  });
});

let once: Server<Deno.TcpConn> | undefined;
function echoServerOnce(): Server<Deno.TcpConn> {
  return once = echoServer();
}

Deno.test("serveClient answers 502 when a clear-text host cannot be reached", async () => {
  await withEdge({}, async (bench) => {
    const client = await bench.open();
    await send(client, `GET http://127.0.0.1:${closedPort()}/ HTTP/1.1\r\n\r\n`);
    match(text(await receiveAll(client)), /^HTTP\/1\.1 502 [\s\S]*connection refused\n$/);
    client.close();
    deepEqual(await settled(bench), { clear_forwarded: 1, unreachable: 1 });
  });
});

Deno.test("serveClient answers bad heads with 400 and a sentence, repeating nothing of them", async () => {
  const heads = [
    "CONNECT evil-secret HTTP/1.1\r\n\r\n",
    "CONNECT user:secret@host:443 HTTP/1.1\r\n\r\n",
    `CONNECT ${HOST}:443 HTTP/1.1\r\nContent-Length: 5\r\n\r\n`,
    `CONNECT ${HOST}:443 HTTP/2\r\n\r\n`,
    "GET ftp://secret/ HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: secret\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01secret",
    "\x05\x01\x00",
    `GET /${"secret".repeat(20_000)}`,
  ];
  for (const head of heads) {
    await withEdge({}, async (bench) => {
      const client = await bench.open();
      await send(client, Uint8Array.from(head, (character) => character.charCodeAt(0)));
      const answer = text(await within(receiveAll(client), `an answer to ${head.slice(0, 30)}`));
      match(answer, /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*\r\n\r\nhalton-meter: \S[^\n]*\n$/, head.slice(0, 30));
      equal(answer.includes("secret"), false);
      client.close();
      deepEqual(await settled(bench), { bad_requests: 1 });
    });
  }
});

Deno.test("serveClient does not call a connection broken that had its answer and was kept open", async () => {
  await withShortTimer(1_000, 30, async () => {
    await withEdge({}, async (bench) => {
      const client = await bench.open();
      await send(client, "nonsense\r\n\r\n");
      await receiveAll(client);
      deepEqual(await settled(bench), { bad_requests: 1 });
    });
  });
});

Deno.test("serveClient gives up on a client that sends no head for ten seconds", async () => {
  await withShortTimer(10_000, 40, async () => {
    await withEdge({}, async (bench) => {
      const client = await bench.open();
      await send(client, "CONNECT api.anthropic.com:4");
      equal((await within(receiveAll(client), "the close")).length, 0);
      deepEqual(await settled(bench), { no_head: 1 });
    });
  });
});

Deno.test("serveClient counts clients that leave before the head or before the hello", async () => {
  await withInterceptor(answering, async (bench, inner) => {
    close(await bench.open());
    const { client } = await bench.connect(`${HOST}:443`);
    client.close();
    const { client: half } = await bench.connect(`${HOST}:443`);
    await send(half, HELLO.slice(0, 20));
    half.close();
    deepEqual(await settled(bench), { no_head: 1, no_hello: 2 });
    equal(inner.connections.length, 0);
  });
});

Deno.test("serveClient gives up on a client that opens a tunnel and says nothing for two minutes", async () => {
  await withShortTimer(120_000, 40, async () => {
    await withInterceptor(answering, async (bench) => {
      const { client } = await bench.connect(`${HOST}:443`);
      equal((await within(receiveAll(client), "the close")).length, 0);
      deepEqual(await settled(bench), { no_hello: 1 });
    });
  });
});

Deno.test("serveClient describes the edge to who asks, and to nobody who asks for something else", async () => {
  await withEdge({}, async (bench) => {
    const client = await bench.open();
    await send(client, "GET /.halton-meter/edge HTTP/1.1\r\nHost: x\r\n\r\n");
    const [head = "", body = ""] = text(await receiveAll(client)).split("\r\n\r\n");
    match(head, /^HTTP\/1\.1 200 OK\r\n/);
    equal(Number(/content-length: (\d+)/i.exec(head)?.[1]), body.length);
    const described = JSON.parse(body);
    equal(described.halton_meter_edge, "1.2.3");
    equal(described.pid, 4242);
    equal(described.interceptor, "unknown");
    client.close();
    const other = await bench.open();
    await send(other, "POST /.halton-meter/edge HTTP/1.1\r\nHost: x\r\n\r\n");
    match(text(await receive(other)), /^HTTP\/1\.1 400 /);
    close(other);
    deepEqual(await settled(bench), { probes: 1, bad_requests: 1 });
  });
});

Deno.test("serveClient keeps notices of many clients in order, a client's call before its link", async () => {
  await withInterceptor(answering, async (bench) => {
    const calls = Array.from({ length: 20 }, async () => {
      const { client } = await bench.connect(`${HOST}:443`);
      await send(client, HELLO);
      await receiveBytes(client, 6 + HELLO.length);
      client.close();
    });
    await within(Promise.all(calls), "the calls");
    await eventually(() => bench.notices.length === 40, "the notices");
    const called = new Set<string>();
    for (const notice of bench.notices) {
      const [kind = "", clientPort = ""] = notice.split(" ");
      if (kind === "client") called.add(clientPort);
      else ok(called.has(clientPort), notice);
    }
    deepEqual(await settled(bench), { intercepted: 20 });
  });
});
