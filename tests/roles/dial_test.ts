import { deepStrictEqual as deepEqual, match, ok, rejects, strictEqual as equal } from "node:assert/strict";
import { type Address, DIRECT, type UpstreamSettings } from "../../src/domain/upstream.ts";
import { type DestinationLog, Destinations } from "../../src/roles/destinations.ts";
import { dial as dialCounted, DialError, reasonOf, shown } from "../../src/roles/dial.ts";
import { close, closedPort, receiveUntil, send, type Server, tcpServer, within, withShortTimer } from "./tools.ts";

const LOCAL = "127.0.0.1";

/** A CONNECT proxy that gives `answer` and then echoes. */
function proxy(answer: string | null): Server<Deno.TcpConn> & { readonly heads: string[] } {
  const heads: string[] = [];
  const server = tcpServer(async (connection) => {
    heads.push(await receiveUntil(connection, "\r\n\r\n"));
    if (answer !== null) await send(connection, answer);
  });
  return { ...server, heads };
}

function through(port: number, changes: Partial<UpstreamSettings> = {}, authorization: string | null = null) {
  return { ...DIRECT, proxy: { host: LOCAL, port, authorization }, ...changes };
}

async function dial(target: Address, upstream: UpstreamSettings): Promise<Deno.TcpConn> {
  return (await dialCounted(target, upstream, new Destinations(() => 1), "client")).connection;
}

async function failure(promise: Promise<Deno.TcpConn>): Promise<DialError> {
  try {
    close(await promise);
  } catch (error) {
    if (error instanceof DialError) return error;
    throw error;
  }
  throw new Error("The dial succeeded");
}

Deno.test("dial connects straight", async () => {
  const server = tcpServer((connection) => send(connection, "hello"));
  const connection = await dial({ host: LOCAL, port: server.port }, DIRECT);
  equal(await receiveUntil(connection, "hello"), "hello");
  close(connection);
  server.stop();
});

Deno.test("dial says what it could not reach, and why", async () => {
  const port = closedPort();
  const error = await failure(dial({ host: LOCAL, port }, DIRECT));
  equal(error.stage, "connect");
  equal(error.message, `Cannot connect to 127.0.0.1:${port}: connection refused`);
  const unknown = await failure(dial({ host: "no-such-host.invalid", port: 443 }, DIRECT));
  match(unknown.message, /^Cannot connect to no-such-host\.invalid:443: name not found$/);
});

Deno.test("dial goes to what the map puts in place of a host, for port 443 only", async () => {
  const server = tcpServer((connection) => send(connection, "mapped"));
  const upstream = { ...DIRECT, map: { "api.x.ai": { host: LOCAL, port: server.port } } };
  const connection = await dial({ host: "api.x.ai", port: 443 }, upstream);
  equal(await receiveUntil(connection, "mapped"), "mapped");
  close(connection);
  server.stop();
  const other = { ...DIRECT, map: { [LOCAL]: { host: LOCAL, port: 1 } } };
  const port = closedPort();
  match((await failure(dial({ host: LOCAL, port }, other))).message, new RegExp(`127\\.0\\.0\\.1:${port}`));
});

Deno.test("dial takes no inherited name for a mapped host", async () => {
  const error = await failure(dial({ host: "constructor", port: 443 }, DIRECT));
  match(error.message, /^Cannot connect to constructor:443/);
});

Deno.test("dial asks a proxy by name, and leaves what follows its answer in the tunnel", async () => {
  const server = proxy("HTTP/1.1 200 OK\r\nVia: x\r\n\r\nfirst bytes");
  const connection = await dial({ host: "api.x.ai", port: 443 }, through(server.port, {}, "Basic dTpw"));
  equal(
    server.heads[0],
    "CONNECT api.x.ai:443 HTTP/1.1\r\nHost: api.x.ai:443\r\nProxy-Authorization: Basic dTpw\r\n\r\n",
  );
  equal(await receiveUntil(connection, "bytes"), "first bytes");
  close(connection);
  server.stop();
});

Deno.test("dial sends no authorization that is not set, and brackets IPv6", async () => {
  const server = proxy("HTTP/1.0 200\r\n\r\n");
  close(await dial({ host: "2001:db8::1", port: 8443 }, through(server.port)));
  equal(server.heads[0], "CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n\r\n");
  server.stop();
});

Deno.test("dial takes every 2xx of a proxy for a tunnel (RFC 9110 section 9.3.6)", async () => {
  const server = proxy("HTTP/1.1 204 Tunnel\r\n\r\n");
  close(await dial({ host: "api.x.ai", port: 443 }, through(server.port)));
  server.stop();
});

Deno.test("dial reports what a proxy answered, and closes its connection", async () => {
  for (const status of [407, 403, 502, 302, 100]) {
    const server = proxy(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
    const error = await failure(dial({ host: "api.x.ai", port: 443 }, through(server.port, {}, "Basic c2VjcmV0")));
    equal(error.stage, "proxy");
    equal(error.message, `Cannot reach api.x.ai:443 through the proxy 127.0.0.1:${server.port}: it answered ${status}`);
    ok(!error.message.includes("c2VjcmV0"));
    server.stop();
  }
});

Deno.test("dial gives up on a proxy that speaks no HTTP, hangs up, or answers without end", async () => {
  const garbage = [
    "SSH-2.0-OpenSSH\r\n\r\n",
    "\r\n\r\n",
    "HTTP/2 200\r\n\r\n",
    `HTTP/1.1 200 OK\r\n${"x".repeat(20_000)}`,
  ];
  for (const answer of garbage) {
    const server = proxy(answer);
    const error = await within(
      failure(dial({ host: "api.x.ai", port: 443 }, through(server.port))),
      answer.slice(0, 20),
    );
    equal(error.stage, "proxy");
    match(error.message, /: no answer$/);
    server.stop();
  }
  const hangsUp = tcpServer((connection) => Promise.resolve(connection.close()));
  equal((await failure(dial({ host: "api.x.ai", port: 443 }, through(hangsUp.port)))).stage, "proxy");
  hangsUp.stop();
});

Deno.test("dial gives up on a silent proxy after 30 seconds", async () => {
  const server = proxy(null);
  await withShortTimer(30_000, 50, async () => {
    const error = await within(failure(dial({ host: "api.x.ai", port: 443 }, through(server.port))), "the time limit");
    equal(error.stage, "proxy");
  });
  server.stop();
});

Deno.test("dial says that the proxy itself is down", async () => {
  const port = closedPort();
  const error = await failure(dial({ host: "api.x.ai", port: 443 }, through(port)));
  equal(error.stage, "connect");
  equal(error.message, `Cannot connect to 127.0.0.1:${port}: connection refused`);
});

Deno.test("dial uses no proxy for the machine's own addresses", async () => {
  const server = tcpServer((connection) => send(connection, "direct"));
  for (const host of [LOCAL, "localhost"]) {
    const connection = await dial({ host, port: server.port }, through(closedPort()));
    equal(await receiveUntil(connection, "direct"), "direct");
    close(connection);
  }
  server.stop();
});

Deno.test("reasonOf gives a few plain words and nothing of an unknown message", () => {
  equal(reasonOf(new Deno.errors.ConnectionReset("x")), "connection reset");
  equal(reasonOf(new Deno.errors.TimedOut("x")), "timed out");
  equal(reasonOf(new Deno.errors.InvalidData("invalid peer certificate: UnknownIssuer")), "certificate not accepted");
  equal(reasonOf(new TypeError("sk-secret")), "TypeError");
  equal(reasonOf("sk-secret"), "unknown failure");
});

Deno.test("shown brackets IPv6 only", async () => {
  equal(shown({ host: "::1", port: 80 }), "[::1]:80");
  equal(shown({ host: "a.test", port: 80 }), "a.test:80");
  await rejects(dial({ host: "::1", port: closedPort() }, DIRECT), /\[::1\]:\d+/);
});

/** What is counted of one dial by the edge, and by the interceptor. */
async function counted(
  target: Address,
  upstream: UpstreamSettings,
  by: "client" | "provider" | "self-test",
): Promise<DestinationLog["destinations"][number]> {
  const destinations = new Destinations(() => 7);
  try {
    const { connection, ended } = await dialCounted(target, upstream, destinations, by);
    equal(destinations.log().destinations[0]?.open, 1);
    close(connection);
    ended();
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
  }
  const [only, ...more] = destinations.log().destinations;
  equal(more.length, 0);
  ok(only !== undefined);
  equal(only.open, 0);
  equal(only.connections, 1);
  return only;
}

Deno.test("dial counts what it connects to, and on whose word", async () => {
  const server = tcpServer((connection) => send(connection, "HTTP/1.1 200 OK\r\n\r\n"));
  const here = { host: LOCAL, port: server.port };
  const asked = { host: "api.x.ai", port: 443 };
  const mapped = { ...DIRECT, map: { "api.x.ai": here } };
  const proxied = { ...mapped, proxy: { ...here, authorization: null } };
  const direct = await counted(here, DIRECT, "client");
  deepEqual([direct.host, direct.port, direct.askedHost, direct.askedPort], [LOCAL, server.port, LOCAL, server.port]);
  deepEqual([direct.allowed, direct.failed, direct.addresses], ["client", 0, [LOCAL]]);
  for (
    const [upstream, by, allowed] of [
      [mapped, "provider", "map"],
      [mapped, "client", "map"],
      [mapped, "self-test", "self-test"],
      [proxied, "provider", "proxy"],
      [proxied, "client", "proxy"],
    ] as const
  ) {
    const found = await counted(asked, upstream, by);
    deepEqual([found.host, found.port, found.askedHost, found.askedPort], [LOCAL, server.port, "api.x.ai", 443]);
    deepEqual([found.allowed, found.failed], [allowed, 0]);
  }
  server.stop();
});

Deno.test("dial counts what did not come about as failed, and as open no more", async () => {
  const refused = await counted({ host: LOCAL, port: closedPort() }, DIRECT, "provider");
  deepEqual([refused.allowed, refused.failed, refused.addresses], ["provider", 1, []]);
  const denying = proxy("HTTP/1.1 403 No\r\n\r\n");
  const denied = await counted({ host: "api.x.ai", port: 443 }, through(denying.port), "client");
  deepEqual([denied.allowed, denied.failed, denied.port], ["proxy", 1, denying.port]);
  denying.stop();
});

Deno.test("dial is the only way off this machine: every other connection names 127.0.0.1 or a unix socket", async () => {
  const away: string[] = [];
  const folder = new URL("../../src/", import.meta.url);
  const look = async (url: URL): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(url)) {
      if (isDirectory) await look(new URL(`${name}/`, url));
      else if (/\.tsx?$/.test(name)) {
        const source = await Deno.readTextFile(new URL(name, url));
        const calls = source.matchAll(
          /\bDeno\.connect(?:Tls)?\(([^]{0,60})|\b(?:net|tls)\.(?:connect|createConnection)\(/g,
        );
        for (const [call, target = ""] of calls) {
          if (/^\{ (?:transport: "unix"|hostname: "127\.0\.0\.1"),/.test(target)) continue;
          away.push(`${name}: ${call.split("\n")[0]}`);
        }
      }
    }
  };
  await look(folder);
  deepEqual(away, ["dial.ts: Deno.connect({ hostname: address.host, port: address.port });"]);
});
