/**
 * What is not the meter's business goes through untouched, unread and unrecorded.
 *
 * @module
 */

import {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  strictEqual as equal,
} from "node:assert/strict";
import { anthropicEvents, eventStream } from "./support/answers.ts";
import { text, utf8 } from "./support/bytes.ts";
import { type Meter, type MeterOptions, withMeter } from "./support/meter.ts";
import { startPlainProxy } from "./support/plain_proxy.ts";
import { type ProviderOptions, startProvider, testAuthority } from "./support/provider.ts";
import { messagesRequest, openTls, openTunnel, readAsItComes, readUntil, writeAll } from "./support/raw_client.ts";

const HOST = "api.anthropic.com";

async function withProvider(
  options: Partial<ProviderOptions>,
  body: (meter: Meter, port: number) => Promise<void>,
  meterOptions: MeterOptions = {},
): Promise<void> {
  const answer = () => eventStream(anthropicEvents("msg_tunnel"), 1);
  const provider = await startProvider({ host: HOST, answer, ...options });
  try {
    await withMeter({ providers: [provider], ...meterOptions }, (meter) => body(meter, provider.port));
  } finally {
    await provider.stop();
  }
}

/** Nothing was recorded, and the edge counted the reason. */
async function assertBlind(meter: Meter, counter: string, times = 1): Promise<void> {
  equal(await meter.edgeCounter(counter), times);
  equal(await meter.edgeCounter("intercepted"), 0);
  await meter.waitForNoneOpen();
  deepEqual(meter.rows(), []);
}

/** A TCP server that reads everything first, then answers with what it read, reversed. */
function startReverser(hostname: string) {
  const listener = Deno.listen({ hostname, port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      const { bytes } = await readAsItComes(connection);
      await writeAll(connection, bytes.toReversed());
      connection.close();
    }
  })();
  return {
    port: listener.addr.port,
    async stop() {
      listener.close();
      await serving;
    },
  };
}

function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

for (const [hostname, shown] of [["127.0.0.1", "127.0.0.1"], ["127.0.0.1", "LocalHost"], ["::1", "[::1]"]] as const) {
  Deno.test({
    name: `Bytes of any protocol go both ways with half-close respected: ${shown}`,
    ignore: hostname === "::1" && !hasIpv6(),
    fn: async () => {
      const server = startReverser(hostname);
      try {
        await withMeter({}, async (meter) => {
          const { connection, status } = await openTunnel(meter.edgePort, `${shown}:${server.port}`);
          equal(status, 200);
          const sent = crypto.getRandomValues(new Uint8Array(60_000));
          await writeAll(connection, sent);
          await connection.closeWrite();
          const { bytes, error } = await readAsItComes(connection);
          connection.close();
          equal(error, null);
          deepEqual(bytes, sent.toReversed());
          await assertBlind(meter, "tunnel_not_intercepted");
        });
      } finally {
        await server.stop();
      }
    },
  });
}

Deno.test("A host that is not intercepted shows its own certificate, and its calls leave no row", async () => {
  await withProvider({}, async (meter, port) => {
    const caCerts = [(await testAuthority()).certPem];
    using tls = await openTls(meter.edgePort, `localhost:${port}`, { name: HOST, caCerts });
    await writeAll(tls, messagesRequest());
    match(await readUntil(tls, "\r\n0\r\n\r\n"), /message_stop/);
    tls.close();
    await assertBlind(meter, "tunnel_not_intercepted");
  });
});

Deno.test("An intercepted name on another port than 443 is not intercepted, also through an upstream proxy", async () => {
  const provider = await startProvider({ host: HOST, answer: () => eventStream(anthropicEvents("msg_port"), 1) });
  const upstream = await startPlainProxy(provider.port);
  const config = `proxy = "${upstream.url}"\n`;
  try {
    // The line follows the table [upstream], which comes last.
    await withMeter({ config }, async (meter) => {
      const caCerts = [(await testAuthority()).certPem];
      const tls = await openTls(meter.edgePort, `${HOST}:8443`, { name: HOST, caCerts });
      await writeAll(tls, messagesRequest());
      await readUntil(tls, "\r\n0\r\n\r\n");
      tls.close();
      deepEqual(upstream.targets, [`${HOST}:8443`]);
      await assertBlind(meter, "tunnel_not_intercepted");

      using metered = await openTls(meter.edgePort, `${HOST}:443`, {
        name: HOST,
        caCerts: [await Deno.readTextFile(meter.caFile)],
      });
      await writeAll(metered, messagesRequest());
      await readUntil(metered, "\r\n0\r\n\r\n");
      deepEqual(upstream.targets, [`${HOST}:8443`, `${HOST}:443`]);
      await meter.onlyRow();
    });
  } finally {
    upstream.stop();
    await provider.stop();
  }
});

for (const edge of [true, false]) {
  const served = edge ? "an edge of its own" : "the daemon";
  Deno.test(`A client that speaks HTTP/2 only is tunnelled blind, counted, and named by status: ${served}`, async () => {
    await withProvider({ alpn: ["h2", "http/1.1"] }, async (meter) => {
      const caCerts = [(await testAuthority()).certPem];
      const tls = await openTls(meter.edgePort, `${HOST}:443`, { name: HOST, caCerts, alpn: ["h2"] });
      equal((await tls.handshake()).alpnProtocol, "h2");
      tls.close();
      await assertBlind(meter, "tunnel_no_http1");
      const { code, status } = await meter.status();
      match(
        status.problems.join("\n"),
        /Connections tunnelled unmetered because their client speaks HTTP\/2 only: 1/,
      );
      equal(code, 4);
    }, { edge });
  });
}

Deno.test("A client that offers HTTP/2 and HTTP/1.1 is metered over HTTP/1.1", async () => {
  await withProvider({ alpn: ["h2", "http/1.1"] }, async (meter) => {
    const caCerts = [await Deno.readTextFile(meter.caFile)];
    using tls = await openTls(meter.edgePort, `${HOST}:443`, { name: HOST, caCerts, alpn: ["h2", "http/1.1"] });
    equal((await tls.handshake()).alpnProtocol, "http/1.1");
    await writeAll(tls, messagesRequest());
    await readUntil(tls, "\r\n0\r\n\r\n");
    await meter.onlyRow();
  });
});

Deno.test("A server name that differs from the CONNECT host is tunnelled blind", async () => {
  await withProvider({ certificateFor: "api.openai.com" }, async (meter) => {
    const caCerts = [(await testAuthority()).certPem];
    const tls = await openTls(meter.edgePort, `${HOST}:443`, { name: "api.openai.com", caCerts });
    await writeAll(tls, messagesRequest());
    await readUntil(tls, "\r\n0\r\n\r\n");
    tls.close();
    await assertBlind(meter, "tunnel_other_sni");
  });
});

Deno.test("Upper case and a trailing dot name the same host", async () => {
  await withProvider({}, async (meter) => {
    const caCerts = [await Deno.readTextFile(meter.caFile)];
    for (const target of ["API.Anthropic.COM:443", "api.anthropic.com.:443", "API.ANTHROPIC.COM.:443"]) {
      using tls = await openTls(meter.edgePort, target, { name: HOST, caCerts });
      await writeAll(tls, messagesRequest());
      await readUntil(tls, "\r\n0\r\n\r\n");
    }
    const rows = await meter.waitForRows(3);
    deepEqual(rows.map(({ host }) => host), [HOST, HOST, HOST]);
  });
});

Deno.test("Bytes that are not TLS, on an intercepted host, go through as they are", async () => {
  const server = startReverser("127.0.0.1");
  try {
    await withMeter({ providers: [{ host: HOST, port: server.port }] }, async (meter) => {
      const { connection } = await openTunnel(meter.edgePort, `${HOST}:443`);
      await writeAll(connection, utf8("GET / HTTP/1.1\r\nsurely: not TLS\r\n\r\n"));
      await connection.closeWrite();
      const { bytes } = await readAsItComes(connection);
      connection.close();
      equal(text(bytes.toReversed()), "GET / HTTP/1.1\r\nsurely: not TLS\r\n\r\n");
      await assertBlind(meter, "tunnel_not_tls");
    });
  } finally {
    await server.stop();
  }
});

Deno.test("An absolute http:// request is passed on in origin form, its fields untouched, and not recorded", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = listener.addr.port;
  const answer = "HTTP/1.1 200 OK\r\nX-Odd-CASE: kept\r\ncontent-length: 2\r\n\r\nok";
  const heard = (async () => {
    const connection = await listener.accept();
    const request = await readUntil(connection, "hello");
    await writeAll(connection, utf8(answer));
    connection.close();
    return request;
  })();
  try {
    await withMeter({}, async (meter) => {
      const client = await Deno.connect({ hostname: "127.0.0.1", port: meter.edgePort });
      await writeAll(
        client,
        utf8(
          `POST http://127.0.0.1:${port}/v1/messages?a=b HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nx-ODD: 1\r\n` +
            "Proxy-Connection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
        ),
      );
      equal(text((await readAsItComes(client)).bytes), answer);
      client.close();
      equal(
        await heard,
        `POST /v1/messages?a=b HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nx-ODD: 1\r\nContent-Length: 5\r\n` +
          "Connection: close\r\n\r\nhello",
      );
      await assertBlind(meter, "clear_forwarded");
    });
  } finally {
    listener.close();
  }
});

Deno.test("An absolute https:// request is refused with 400 and a sentence, and goes nowhere", async () => {
  await withProvider({}, async (meter) => {
    const client = await Deno.connect({ hostname: "127.0.0.1", port: meter.edgePort });
    await writeAll(
      client,
      utf8(`GET https://${HOST}/v1/models HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer x\r\n\r\n`),
    );
    const answer = text((await readAsItComes(client)).bytes);
    client.close();
    match(
      answer,
      /^HTTP\/1\.1 400 Bad Request\r\n[^]*\r\n\r\nhalton-meter: An https URL must be called through CONNECT[^\n]*\n$/,
    );
    await assertBlind(meter, "clear_refused");
  });
});

Deno.test("A host that cannot be reached is answered 502 with a sentence", async () => {
  await withMeter({}, async (meter) => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    taken.close();
    const { connection, status, answer } = await openTunnel(meter.edgePort, `127.0.0.1:${port}`);
    connection.close();
    equal(status, 502);
    match(answer, new RegExp(`halton-meter: Cannot connect to 127\\.0\\.0\\.1:${port}: connection refused\\n$`));
    notEqual(await meter.edgeAnswer(), null);
  });
});
