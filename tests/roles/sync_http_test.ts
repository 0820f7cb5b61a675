import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import { DIRECT, type UpstreamSettings } from "../../src/domain/upstream.ts";
import { Destinations } from "../../src/roles/destinations.ts";
import { type SyncLine, syncLine } from "../../src/roles/sync_http.ts";
import { serverAddress } from "../../src/sync/address.ts";
import { NoAnswer, type SyncRequest } from "../../src/sync/client.ts";
import { close, closedPort, pki, receiveUntil, send, tcpServer, tlsServer, utf8 } from "./tools.ts";

const REQUEST: SyncRequest = { method: "GET", path: "/v1/x", fields: {}, body: null, withinMs: 5_000 };

function lineTo(url: string, upstream: UpstreamSettings = DIRECT): { line: SyncLine; destinations: Destinations } {
  const server = serverAddress(url);
  if (server === null) throw new Error(url);
  const destinations = new Destinations(() => 1);
  return { line: syncLine({ server, upstream, destinations, agent: "halton-meter/1.2.3" }), destinations };
}

/** A server that answers each request on one connection with the next of `answers`; `null` = closes. */
function answering(...answers: (string | null)[]) {
  const heads: string[] = [];
  const server = tcpServer(async (connection) => {
    for (;;) {
      const head = await receiveUntil(connection, "\r\n\r\n");
      if (!head.includes("\r\n\r\n")) return;
      heads.push(head);
      const answer = answers.shift();
      if (answer === undefined || answer === null) return close(connection);
      await send(connection, answer);
    }
  });
  return { server, heads, url: `http://127.0.0.1:${server.port}` };
}

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nRetry-After: 7\r\n\r\n{}";

Deno.test("syncLine sends what it is given, keeps the connection, and counts it once", async () => {
  const { server, heads, url } = answering(OK, OK);
  const { line, destinations } = lineTo(`${url}/team`);
  const answer = await line.send({ ...REQUEST, fields: { authorization: "Bearer x" } });
  deepEqual([answer.status, answer.fields["retry-after"], new TextDecoder().decode(answer.body)], [200, "7", "{}"]);
  await line.send({ ...REQUEST, method: "POST", body: utf8("[1]") });
  match(
    heads[0] ?? "",
    /^GET \/team\/v1\/x HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\nuser-agent: halton-meter\/1\.2\.3\r\nauthorization: Bearer x\r\n\r\n$/,
  );
  match(heads[1] ?? "", /content-length: 3\r\n/);
  const [found] = destinations.log().destinations;
  deepEqual([found?.connections, found?.open, found?.allowed, found?.addresses], [1, 1, "cloud", ["127.0.0.1"]]);
  line.close();
  equal(destinations.log().destinations[0]?.open, 0);
  server.stop();
});

Deno.test("syncLine opens a new connection where the server ended the one before", async () => {
  const close = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nConnection: close\r\n\r\n";
  const { server, url } = answering(close, OK);
  const { line, destinations } = lineTo(url);
  await line.send(REQUEST);
  equal((await line.send(REQUEST)).status, 200);
  equal(destinations.log().destinations[0]?.connections, 2);
  line.close();
  server.stop();
});

Deno.test("syncLine takes nothing for an answer that is not whole, no HTTP, or far too large", async () => {
  const broken = [
    null,
    "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{",
    "SSH-2.0-OpenSSH_9.6\r\n",
    `HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n${"x".repeat(3_000_000)}`,
  ];
  for (const answer of broken) {
    const server = tcpServer(async (connection) => {
      await receiveUntil(connection, "\r\n\r\n");
      if (answer !== null) await send(connection, answer).catch(() => {});
      close(connection);
    });
    const { line, destinations } = lineTo(`http://127.0.0.1:${server.port}`);
    await rejects(line.send(REQUEST), NoAnswer, String(answer).slice(0, 40));
    equal(destinations.log().destinations[0]?.failed, 1);
    line.close();
    server.stop();
  }
});

Deno.test("syncLine gives up a server that says nothing, and one that is not there", async () => {
  const { server, url } = answering();
  const silent = tcpServer(async (connection) => void await receiveUntil(connection, "never"));
  const { line } = lineTo(`http://127.0.0.1:${silent.port}`);
  await rejects(line.send({ ...REQUEST, withinMs: 50 }), /did not answer in time/);
  line.close();
  await rejects(lineTo(`http://127.0.0.1:${closedPort()}`).line.send(REQUEST), /connection refused/);
  await rejects(lineTo(url).line.send(REQUEST), NoAnswer);
  silent.stop();
  server.stop();
});

Deno.test("syncLine accepts a certificate for the server's name from a root that it was given, and no other", async () => {
  const { issued, caCertPem } = await pki("provider");
  const leaf = issued.leaves["api.anthropic.com"];
  const server = tlsServer(leaf, async (connection) => {
    if ((await receiveUntil(connection, "\r\n\r\n")).includes("\r\n\r\n")) await send(connection, OK);
  });
  const map = { "api.anthropic.com": { host: "127.0.0.1", port: server.port } };
  const trusted = lineTo("https://api.anthropic.com", { ...DIRECT, map, caCerts: [caCertPem] });
  equal((await trusted.line.send(REQUEST)).status, 200);
  trusted.line.close();
  const strange = lineTo("https://api.anthropic.com", { ...DIRECT, map });
  await rejects(strange.line.send(REQUEST), /certificate not accepted/);
  const misnamed = lineTo(`https://localhost:${server.port}`, { ...DIRECT, caCerts: [caCertPem] });
  await rejects(misnamed.line.send(REQUEST), /certificate not accepted/);
  server.stop();
});

Deno.test("syncLine gives up a way to the server that does not come about, in time and when it is closed", async () => {
  const asked = Promise.withResolvers<void>();
  const proxy = tcpServer(async (connection) => {
    await receiveUntil(connection, "\r\n\r\n");
    asked.resolve();
    await receiveUntil(connection, "never");
  });
  const upstream = { ...DIRECT, proxy: { host: "127.0.0.1", port: proxy.port, authorization: null } };
  const late = lineTo("https://meter.example.com", upstream).line;
  await rejects(late.send({ ...REQUEST, withinMs: 50 }), /did not answer in time/);
  const { line } = lineTo("https://meter.example.com", upstream);
  const pending = line.send({ ...REQUEST, withinMs: 600_000 });
  await asked.promise;
  line.close();
  await rejects(pending, /broken off/);
  proxy.stop();
});
