import { deepStrictEqual as deepEqual, match, ok, rejects, strictEqual as equal } from "node:assert/strict";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { INTERCEPTED_HOSTS } from "../../src/domain/hosts.ts";
import type { CopyRecord } from "../../src/roles/messages.ts";
import { HOST, request, response, withInterceptor } from "./interceptor_bench.ts";
import {
  close,
  closedPort,
  concat,
  eventually,
  noise,
  pause,
  pki,
  receive,
  receiveAll,
  receiveBytes,
  receiveMessage,
  receiveUntil,
  send,
  strangeLeaf,
  tcpServer,
  text,
  within,
} from "./tools.ts";

const METERED = "/v1/messages";

function kinds(records: readonly CopyRecord[]): string[] {
  return records.filter(({ t }) => t !== "bytes").map(({ t, ...rest }) => "part" in rest ? `${t} ${rest.part}` : t);
}

/** Answers every request with its own body, on a connection that is kept. */
async function mirror(connection: Deno.TlsConn): Promise<void> {
  for (;;) {
    const { body } = await receiveMessage(connection);
    await send(connection, response(200, body));
  }
}

Deno.test("startInterceptor listens on loopback only, for every host, and answers probes", async () => {
  await withInterceptor(mirror, async ({ interceptor }) => {
    const ports = Object.values(interceptor.ports.hosts);
    equal(new Set([...ports, interceptor.ports.health]).size, INTERCEPTED_HOSTS.length + 1);
    const probe = await Deno.connect({ hostname: "127.0.0.1", port: interceptor.ports.health });
    equal(new TextDecoder().decode(await receiveAll(probe)), interceptor.ports.token);
    probe.close();
    for (const { family, address } of Deno.networkInterfaces()) {
      if (family !== "IPv4" || address === "127.0.0.1") continue;
      await rejects(Deno.connect({ hostname: address, port: interceptor.ports.hosts[HOST] }));
    }
  });
});

Deno.test("startInterceptor relays every byte unchanged, both ways, in one connection that is kept", async () => {
  const seen: Uint8Array[] = [];
  const answers: Uint8Array[] = [];
  const provide = async (connection: Deno.TlsConn) => {
    for (;;) {
      const { head, body } = await receiveMessage(connection);
      seen.push(concat([new TextEncoder().encode(head), body]));
      const answer = response(200, noise(1 + Math.floor(Math.random() * 200_000)), "X-Odd:   spaced \r\n");
      answers.push(answer);
      await send(connection, answer);
    }
  };
  await withInterceptor(provide, async ({ open, interceptor }) => {
    const client = await open();
    const sizes = [0, 1, 2, 1_000, 65_535, 65_536, 65_537, 300_000, 5_000_000];
    for (const [i, size] of sizes.entries()) {
      const sent = request("POST", METERED, noise(size), `x-MiXeD: ${i}\r\n`);
      const sending = send(client, sent);
      await eventually(() => answers.length === i + 1, `request ${i}`);
      deepEqual(await receiveBytes(client, answers[i]?.length ?? 0), answers[i], `answer ${i}`);
      await sending;
      deepEqual(seen[i], sent, `request of ${size} bytes`);
    }
    equal(interceptor.counters()["exchanges"], sizes.length);
    equal(interceptor.counters()["connections"], 1);
  });
});

Deno.test("startInterceptor copies what it relays, the last byte included", async () => {
  await withInterceptor(mirror, async ({ open, copied, records, allClosed }) => {
    const client = await open();
    const body = "x".repeat(200_000) + "end";
    await send(client, request("POST", METERED, body));
    await receiveMessage(client);
    client.close();
    await allClosed();
    equal(copied("request"), body);
    equal(copied("response"), body);
    deepEqual(kinds(records()), ["open", "request", "end request", "response", "end response", "close"]);
    const open_ = records()[0];
    equal(open_?.t === "open" && open_.peerPort, (client.localAddr as Deno.NetAddr).port);
    for (const record of records()) if (record.t === "end") equal(record.whole, true);
  });
});

Deno.test("startInterceptor relays pipelined requests and keeps their copies apart", async () => {
  await withInterceptor(mirror, async ({ open, copied, allClosed }) => {
    const client = await open();
    await send(client, concat(["one", "two", "three"].map((body) => request("POST", METERED, body))));
    for (const body of ["one", "two", "three"]) equal(text((await receiveMessage(client)).body), body);
    client.close();
    await allClosed();
    deepEqual([0, 1, 2].map((x) => copied("response", x)), ["one", "two", "three"]);
    deepEqual([0, 1, 2].map((x) => copied("request", x)), ["one", "two", "three"]);
  });
});

Deno.test("startInterceptor passes each event of a stream on when it comes", async () => {
  const go: (() => void)[] = [];
  const provide = async (connection: Deno.TlsConn) => {
    await receiveMessage(connection);
    await send(connection, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    for (let i = 0; i < 5; i++) {
      await new Promise<void>((resolve) => go.push(resolve));
      await send(connection, `data: ${i}\n\n`);
    }
    connection.close();
  };
  await withInterceptor(provide, async ({ open, copied, allClosed }) => {
    const client = await open();
    await send(client, request("POST", METERED, "{}"));
    await receiveUntil(client, "\r\n\r\n");
    for (let i = 0; i < 5; i++) {
      await eventually(() => go.length === i + 1, "the provider");
      go[i]?.();
      equal(text(await within(receive(client), "the event")), `data: ${i}\n\n`);
    }
    await receiveAll(client);
    client.close();
    await allClosed();
    equal(copied("response"), "data: 0\n\ndata: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\n");
  });
});

Deno.test("startInterceptor passes a half-close on and waits for the answer", async () => {
  const provide = async (connection: Deno.TlsConn) => {
    const all = await receiveAll(connection);
    await send(connection, response(200, `${all.length}`));
    await connection.closeWrite();
  };
  await withInterceptor(provide, async ({ open }) => {
    const { issued: _, caCertPem } = await pki("meter");
    const client = await open();
    const sent = request("POST", METERED, "half");
    await send(client, sent);
    await client.closeWrite();
    equal(text((await within(receiveMessage(client), "the answer")).body), `${sent.length}`);
    ok(caCertPem);
  });
});

Deno.test("startInterceptor tells the client and the recorder when the provider cannot be reached", async () => {
  const port = closedPort();
  const upstream = { map: { [HOST]: { host: "127.0.0.1", port } } };
  await withInterceptor(mirror, async ({ open, records, events, interceptor, allClosed }) => {
    const client = await open();
    await send(client, request("POST", METERED, "{}"));
    const { head, body } = await within(receiveMessage(client), "the 502");
    match(head, /^HTTP\/1\.1 502 Bad Gateway\r\n/);
    deepEqual(JSON.parse(text(body)), {
      error: {
        type: "bad_gateway",
        message: `halton-meter: Cannot connect to 127.0.0.1:${port}: connection refused`,
      },
    });
    equal((await receiveAll(client)).length, 0);
    client.close();
    await allClosed();
    deepEqual(kinds(records()).filter((kind) => kind !== "end request"), ["open", "request", "unreachable", "close"]);
    deepEqual(events, [{
      event: "intercept.upstream.failed",
      host: HOST,
      reason: `Cannot connect to 127.0.0.1:${port}: connection refused`,
    }]);
    equal(interceptor.counters()["unreachable"], 1);
  }, { upstream });
});

Deno.test("startInterceptor does not lose the 502 to a large request that is still on its way", async () => {
  const upstream = { map: { [HOST]: { host: "127.0.0.1", port: closedPort() } } };
  await withInterceptor(mirror, async ({ open, allClosed }) => {
    const client = await open();
    const sending = send(client, request("POST", METERED, noise(3_000_000))).catch(() => {});
    match((await within(receiveMessage(client), "the 502")).head, /^HTTP\/1\.1 502 /);
    await within(sending, "the request");
    client.close();
    await allClosed();
  }, { upstream });
});

Deno.test("startInterceptor answers also a client that speaks no HTTP, instead of letting it wait", async () => {
  const upstream = { map: { [HOST]: { host: "127.0.0.1", port: closedPort() } } };
  await withInterceptor(mirror, async ({ open }) => {
    const client = await open();
    await send(client, "SSH-2.0-nothing we know\r\n\r\n");
    match((await within(receiveMessage(client), "the 502")).head, /^HTTP\/1\.1 502 /);
  }, { upstream });
});

Deno.test("startInterceptor refuses a provider whose certificate it cannot verify, and sends it nothing", async () => {
  const seen: Uint8Array[] = [];
  const provide = async (connection: Deno.TlsConn) => void seen.push(await receiveAll(connection));
  const wrongHost = (await pki("provider")).issued.leaves["api.openai.com"];
  for (const leaf of [await strangeLeaf(HOST), wrongHost]) {
    await withInterceptor(provide, async ({ open, allClosed, records }) => {
      const client = await open();
      await send(client, request("POST", METERED, "secret"));
      const { head, body } = await within(receiveMessage(client), "the 502");
      match(head, /^HTTP\/1\.1 502 /);
      match(text(body), /Cannot set up TLS with api\.anthropic\.com: certificate not accepted/);
      client.close();
      await allClosed();
      ok(kinds(records()).includes("unreachable"));
    }, { leaf });
  }
  equal(concat(seen).length, 0);
});

Deno.test("startInterceptor notices a provider that hangs up during the handshake", async () => {
  const rude = tcpServer((connection) => Promise.resolve(connection.close()));
  const upstream = { map: { [HOST]: { host: "127.0.0.1", port: rude.port } } };
  await withInterceptor(mirror, async ({ open }) => {
    const client = await open();
    await send(client, request("POST", METERED, "{}"));
    match((await within(receiveMessage(client), "the 502")).head, /^HTTP\/1\.1 502 /);
  }, { upstream });
  rude.stop();
});

Deno.test("startInterceptor lets go of the provider when the client leaves during the handshake", async () => {
  await withInterceptor(mirror, async ({ interceptor, provider, records }) => {
    const port = interceptor.ports.hosts[HOST];
    const silent = await Deno.connect({ hostname: "127.0.0.1", port });
    await eventually(() => provider.connections.length === 1, "the provider's side, begun at once");
    silent.close();
    const garbage = await Deno.connect({ hostname: "127.0.0.1", port });
    await send(garbage, "no TLS at all, but long enough to be seen as such");
    await receiveAll(garbage);
    garbage.close();
    await eventually(() => interceptor.counters()["no_handshake"] === 2, "the counter");
    await eventually(() => provider.connections.length === 2, "the second connection");
    for (const connection of provider.connections) {
      equal((await within(receiveAll(connection), "the end of the provider's side")).length, 0);
    }
    deepEqual(records(), []);
    equal(interceptor.counters()["open"], 0);
  });
});

Deno.test("startInterceptor closes the provider's side when the client goes away in mid-stream", async () => {
  const gone = Promise.withResolvers<void>();
  const provide = async (connection: Deno.TlsConn) => {
    await receiveMessage(connection);
    await send(connection, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    try {
      for (;;) {
        await send(connection, "data: x\n\n");
        await pause(2);
      }
    } catch {
      gone.resolve();
    }
  };
  await withInterceptor(provide, async ({ open, records, allClosed }) => {
    const client = await open();
    await send(client, request("POST", METERED, "{}"));
    await receiveUntil(client, "data: x\n\n");
    client.close();
    await within(gone.promise, "the provider to notice");
    await allClosed();
    const end = records().find((record) => record.t === "end" && record.part === "response");
    equal(end?.t === "end" && end.whole, false);
  });
});

Deno.test("startInterceptor leaves no record of a request that is not metered", async () => {
  await withInterceptor(mirror, async ({ open, batches, interceptor }) => {
    const client = await open();
    for (const target of ["/v1/organizations?canary=1", "/v1/files", "/api/oauth/token"]) {
      await send(client, request("POST", target, "canary-body-91".repeat(9_000), "X-Canary: canary-field-92\r\n"));
      match(text((await receiveMessage(client)).body), /canary-body/);
    }
    client.close();
    await eventually(() => interceptor.counters()["open"] === 0, "the end");
    await pause(30);
    equal(batches.length, 0);
    equal(interceptor.counters()["unmeteredExchanges"], 3);
  });
});

Deno.test("startInterceptor copies the metered request on a connection, and nothing of its neighbours", async () => {
  await withInterceptor(mirror, async ({ open, batches, copied, allClosed }) => {
    const client = await open();
    for (
      const [target, body] of [["/v1/files", "canary-1"], [METERED, "metered"], ["/v1/files", "canary-2"]] as const
    ) {
      await send(client, request("POST", target, body, target === METERED ? "" : "X-Canary: canary-3\r\n"));
      await receiveMessage(client);
    }
    client.close();
    await allClosed();
    equal(copied("request", 1), "metered");
    const everything = batches.map(({ records, slab }) => JSON.stringify(records) + text(slab)).join("");
    equal(everything.includes("canary"), false);
  });
});

Deno.test("startInterceptor relays what it cannot read, and says so once", async () => {
  const echo = async (connection: Deno.TlsConn) => {
    for (;;) {
      const bytes = await receive(connection);
      if (bytes.length === 0) return connection.close();
      await send(connection, bytes);
    }
  };
  await withInterceptor(echo, async ({ open, events, interceptor, batches }) => {
    const client = await open();
    const bytes = concat([new TextEncoder().encode("not HTTP at all\0"), noise(200_000)]);
    const sending = send(client, bytes);
    deepEqual(await within(receiveBytes(client, bytes.length), "the echo"), bytes);
    await sending;
    client.close();
    await eventually(() => interceptor.counters()["open"] === 0, "the end");
    equal(interceptor.counters()["opaqueConnections"], 1);
    deepEqual(events.map(({ event }) => event), ["intercept.copy.opaque"]);
    equal(batches.length, 0);
  });
});

Deno.test("startInterceptor relays a response that breaks HTTP, and marks the copy as unreadable", async () => {
  const broken = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a chunk size\r\nand more";
  const provide = async (connection: Deno.TlsConn) => {
    await receiveMessage(connection);
    await send(connection, broken);
    connection.close();
  };
  await withInterceptor(provide, async ({ open, records, allClosed }) => {
    const client = await open();
    await send(client, request("POST", METERED, "{}"));
    equal(text(await within(receiveAll(client), "the response")), broken);
    client.close();
    await allClosed();
    ok(kinds(records()).includes("opaque"));
  });
});

function nodeClient(port: number, ca: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: "127.0.0.1", port, servername: HOST, ca, ALPNProtocols: ["h2", "http/1.1"] });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
}

Deno.test("renew keeps open connections, and new ones get the new leaves", async () => {
  const meter = await pki("meter");
  const fresh = await pki("provider"); // Any other root will do.
  await withInterceptor(mirror, async ({ interceptor, open }) => {
    const old = await open();
    await send(old, request("POST", METERED, "before"));
    await receiveMessage(old);
    const before = await nodeClient(interceptor.ports.hosts[HOST], meter.caCertPem);
    equal(before.alpnProtocol, "http/1.1");
    const { health } = interceptor.ports;
    const ports = await interceptor.renew(fresh.issued.leaves);
    deepEqual(ports, interceptor.ports);
    equal(ports.health, health);
    const after = await nodeClient(ports.hosts[HOST], fresh.caCertPem);
    ok(before.getPeerCertificate().serialNumber !== after.getPeerCertificate().serialNumber);
    await rejects(nodeClient(ports.hosts[HOST], meter.caCertPem));
    await send(old, request("POST", METERED, "after"));
    equal(text((await within(receiveMessage(old), "the answer")).body), "after");
    before.destroy();
    after.destroy();
    await pause(10);
  });
});

Deno.test("drain lets a stream in flight finish, closes idle connections and accepts no more", async () => {
  const go = Promise.withResolvers<void>();
  const provide = async (connection: Deno.TlsConn) => {
    for (;;) {
      const { head } = await receiveMessage(connection);
      if (!head.includes("X-Slow")) {
        await send(connection, response(200, "quick"));
        continue;
      }
      await send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
      await go.promise;
      await send(connection, " last");
    }
  };
  await withInterceptor(provide, async ({ interceptor, open, copied, allClosed }) => {
    const idle = await open();
    await send(idle, request("POST", METERED, "{}"));
    await receiveMessage(idle);
    const busy = await open();
    await send(busy, request("POST", METERED, "{}", "X-Slow: 1\r\n"));
    await receiveUntil(busy, "first");
    let drained = false;
    const draining = interceptor.drain().then(() => drained = true);
    equal((await within(receiveAll(idle), "the idle connection")).length, 0);
    await pause(60);
    equal(drained, false);
    await rejects(Deno.connect({ hostname: "127.0.0.1", port: interceptor.ports.hosts[HOST] }));
    await rejects(Deno.connect({ hostname: "127.0.0.1", port: interceptor.ports.health }));
    go.resolve();
    equal(text(await within(receiveBytes(busy, 5), "the rest")), " last");
    equal((await within(receiveAll(busy), "the end")).length, 0);
    await within(draining, "the drain");
    await allClosed();
    equal(copied("response").endsWith("last"), true);
  });
});

Deno.test("drain waits for the first request of a client that has just connected, though not for ever", async () => {
  const provide = async (connection: Deno.TlsConn) => {
    await receiveMessage(connection);
    await send(connection, response(200, "served"));
  };
  await withInterceptor(provide, async ({ interceptor, open }) => {
    const [late, silent] = [await open(), await open()];
    const draining = interceptor.drain();
    await pause(200);
    await send(late, request("POST", METERED, "{}"));
    match((await within(receiveMessage(late), "the answer")).head, /^HTTP\/1\.1 200/);
    equal((await within(receiveAll(silent), "the end of the silent one")).length, 0);
    await within(draining, "the drain");
  });
});

Deno.test("drain waits for traffic that cannot be followed, since it may be in the middle of something", async () => {
  const echo = async (connection: Deno.TlsConn) => {
    for (;;) {
      const bytes = await receive(connection);
      if (bytes.length === 0) return connection.close();
      await send(connection, bytes);
    }
  };
  await withInterceptor(echo, async ({ interceptor, open }) => {
    const client = await open();
    await send(client, "opaque \0\r\n\r\n");
    await receive(client);
    const draining = interceptor.drain();
    await pause(80);
    await send(client, "more");
    equal(text(await within(receive(client), "the echo")), "more");
    client.close();
    await within(draining, "the drain");
  });
});

Deno.test("destinations tells of each provider, and counts a refused certificate as failed", async () => {
  const strange = await strangeLeaf(HOST);
  for (const [leaf, failed] of [[undefined, 0], [strange, 1]] as const) {
    await withInterceptor(mirror, async (bench) => {
      const client = await bench.open();
      await send(client, request("POST", METERED, "hello"));
      match((await within(receiveMessage(client), "the answer")).head, failed === 0 ? /^HTTP\/1\.1 200/ : /\.1 502/);
      client.close();
      await bench.allClosed();
      const { destinations, others, folded } = bench.interceptor.destinations();
      deepEqual(
        destinations.map(({ host, port, askedHost, askedPort, allowed }) => {
          return { host, port, askedHost, askedPort, allowed };
        }),
        [{ host: "127.0.0.1", port: bench.provider.port, askedHost: HOST, askedPort: 443, allowed: "map" }],
      );
      deepEqual(destinations.map(({ connections, failed, open }) => [connections, failed, open]), [[1, failed, 0]]);
      deepEqual([others, folded], [[], 0]);
    }, leaf === undefined ? {} : { leaf });
  }
});

Deno.test("counters tell the calls under way, from the first byte of one to the last of its answer", async () => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const provide = async (connection: Deno.TlsConn) => {
    await receiveMessage(connection);
    await asked;
    await send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    await connection.read(new Uint8Array(1)).catch(() => null); // The client leaves.
    connection.close();
  };
  await withInterceptor(provide, async ({ interceptor, open, allClosed }) => {
    const client = await open();
    equal(interceptor.counters()["calls_under_way"], 0);
    await send(client, request("POST", METERED, "{}"));
    await eventually(() => interceptor.counters()["calls_under_way"] === 1, "the call");
    await eventually(() => (interceptor.counters()["longest_call_ms"] ?? 0) > 0, "its age");
    ask();
    await receiveMessage(client);
    await eventually(() => interceptor.counters()["calls_under_way"] === 0, "its end");
    equal(interceptor.counters()["longest_call_ms"], 0);
    equal(interceptor.counters()["open"], 1);
    client.close();
    await allClosed();
  });
});

Deno.test("counters tell how connections ended", async () => {
  await withInterceptor(mirror, async ({ interceptor, open, allClosed }) => {
    const client = await open();
    await send(client, request("POST", METERED, "{}"));
    await receiveMessage(client);
    equal(interceptor.counters()["open"], 1);
    await client.closeWrite().catch(() => {});
    close(client);
    await allClosed();
    const { connections, done, broken, unreachable, no_handshake, open: left } = interceptor.counters();
    equal(connections, 1);
    equal((done ?? 0) + (broken ?? 0) + (unreachable ?? 0) + (no_handshake ?? 0), 1);
    equal(left, 0);
  });
});
