import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { apiService } from "../../src/roles/api_service.ts";
import type { LocalService } from "../../src/roles/local_connection.ts";
import { MAX_REQUEST_BODY_BYTES, MAX_REQUEST_HEAD_BYTES, MAX_TARGET_BYTES } from "../../src/roles/local_request.ts";
import { type LocalServer, type LocalServerLimits, serveLocal } from "../../src/roles/local_server.ts";
import { rawExchange, readToEnd, requestText, sendAll, statusOf } from "./raw_http.ts";

const PATIENCE = { request: 300, idle: 60_000, write: 60_000 };

/** Runs a test with a server that tells what it was asked. */
async function withServer(
  test: (server: LocalServer, host: string) => Promise<void>,
  limits: LocalServerLimits = {},
  answer: (request: Request) => Response | Promise<Response> = told,
): Promise<void> {
  const holder: { server: LocalServer | null } = { server: null };
  const service: LocalService = apiService(answer, () => holder.server?.port ?? 0);
  const server = holder.server = serveLocal([0], service, limits);
  try {
    await test(server, `127.0.0.1:${server.port}`);
  } finally {
    server.close();
  }
}

async function told(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  return Response.json({ method: request.method, path: pathname + search, body: await request.text() });
}

Deno.test("serveLocal() answers several requests over one connection, pipelined ones in order", async () => {
  await withServer(async ({ port }, host) => {
    const get = (path: string, last = false) =>
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${last ? "Connection: close\r\n" : ""}\r\n`;
    const text = await rawExchange(port, get("/a") + get("/b?c=d") + get("/e", true));
    deepEqual([...text.matchAll(/"path":"([^"]*)"/g)].map(([, path]) => path), ["/a", "/b?c=d", "/e"]);
    equal(text.match(/^content-length: \d+\r$/gm)?.length, 3);
  });
});

Deno.test("serveLocal() takes bodies with a length, in chunks and after 100-continue, and hands them on whole", async () => {
  await withServer(async ({ port }, host) => {
    const fields = [`Host: ${host}`, "Content-Type: application/json"];
    const whole = await rawExchange(port, requestText("POST /x HTTP/1.1", [...fields, "Content-Length: 5"], "hello"));
    match(whole, /"body":"hello"/);
    const chunked = [...fields, "Transfer-Encoding: chunked"];
    match(
      await rawExchange(port, requestText("POST /x HTTP/1.1", chunked, "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")),
      /"body":"hello"/,
    );
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const head = requestText("POST /x HTTP/1.1", [...fields, "Content-Length: 5", "Expect: 100-continue"]);
    await sendAll(conn, new TextEncoder().encode(head));
    const buffer = new Uint8Array(100);
    const count = await conn.read(buffer) ?? 0;
    equal(new TextDecoder().decode(buffer.subarray(0, count)), "HTTP/1.1 100 Continue\r\n\r\n");
    await sendAll(conn, new TextEncoder().encode("hello"));
    match(await readToEnd(conn), /"body":"hello"/);
    conn.close();
  });
});

Deno.test("serveLocal() answers HEAD without a body, HTTP/1.0 without chunks, and streams piece by piece", async () => {
  const pieces = () => {
    let begun = false;
    return new Response(
      new ReadableStream({
        async pull(controller) {
          if (begun) await new Promise((resolve) => setTimeout(resolve, 20));
          controller.enqueue(new TextEncoder().encode(begun ? "piece" : "a"));
          if (begun) controller.close();
          begun = true;
        },
      }),
    );
  };
  await withServer(
    async ({ port }, host) => {
      const chunked = await rawExchange(port, requestText("GET / HTTP/1.1", [`Host: ${host}`]));
      ok(
        chunked.endsWith("transfer-encoding: chunked\r\nconnection: close\r\n\r\n1\r\na\r\n5\r\npiece\r\n0\r\n\r\n"),
        chunked,
      );
      const old = await rawExchange(port, requestText("GET / HTTP/1.0", [`Host: ${host}`]));
      ok(old.endsWith("\r\n\r\napiece"), old);
      ok((await rawExchange(port, requestText("HEAD / HTTP/1.1", [`Host: ${host}`]))).endsWith("\r\n\r\n"));
    },
    {},
    pieces,
  );
});

Deno.test("serveLocal() refuses whatever names another host, in the Host field or in the address", async () => {
  await withServer(async ({ port }, host) => {
    const asked = async (target: string, hosts: readonly string[], version = "1.1") =>
      statusOf(
        await rawExchange(port, requestText(`GET ${target} HTTP/${version}`, hosts.map((name) => `Host: ${name}`))),
      );
    const wrong = [
      "evil.example",
      `evil.example:${port}`,
      "127.0.0.1",
      "127.0.0.1:1",
      `user@${host}`,
      `${host}.evil.example`,
      `localhost.:${port}`,
      `[::1]:${port}`,
      `0.0.0.0:${port}`,
      `2130706433:${port}`,
      "",
    ];
    for (const name of wrong) {
      for (const target of ["/", "/v1/nothing", "/x/../v1", "*"]) equal(await asked(target, [name]), 421, name);
    }
    equal(await asked("/", [`LOCALHOST:${port}`]), 200);
    equal(await asked("/", [], "1.0"), 421);
    equal(await asked("/", []), 400);
    equal(await asked("/", [host, host]), 400);
    equal(await asked("/", [host, "evil.example"]), 400);
    equal(await asked(`http://${host}/a`, [host]), 200);
    equal(await asked("http://evil.example/a", [host]), 421);
    equal(await asked(`http://${host}/a`, ["evil.example"]), 421);
    equal(await asked(`http://user@${host}/a`, [host]), 421);
  });
});

Deno.test("serveLocal() refuses paths that other programs read otherwise, also percent-encoded", async () => {
  await withServer(async ({ port }, host) => {
    const odd = [
      "/x/../v1",
      "/x/./v1",
      "/..",
      "//v1",
      "/v1//stats",
      "/%2e%2e/v1",
      "/%2E./v1",
      "/v1;x=1/stats",
      "/v1%3bx",
      "/v1%00",
      "/v1\\stats",
      "/v1%5cstats",
      "/v1%0d%0a",
      "/%zz",
      "/%ff",
      "*",
      "v1",
    ];
    for (const target of odd) {
      const answer = await rawExchange(port, requestText(`GET ${target} HTTP/1.1`, [`Host: ${host}`]));
      equal(statusOf(answer), 400, target);
      match(answer, /content-type: application\/problem\+json/);
      match(answer, /cache-control: no-store/);
    }
    for (const target of ["/v1\0", "/v1 x", "/v\u00e9", "http:///x"]) {
      const answer = await rawExchange(port, requestText(`GET ${target} HTTP/1.1`, [`Host: ${host}`]));
      ok([400, 421].includes(statusOf(answer)), target);
    }
    equal(statusOf(await rawExchange(port, requestText("GET /a%2Fb HTTP/1.1", [`Host: ${host}`]))), 200);
  });
});

Deno.test("serveLocal() bounds address, head, fields and body, and refuses methods that it cannot pass on", async () => {
  await withServer(async ({ port }, host) => {
    const ask = async (start: string, fields: readonly string[], body = "") =>
      statusOf(await rawExchange(port, requestText(start, [`Host: ${host}`, ...fields], body)));
    equal(await ask(`GET /${"a".repeat(MAX_TARGET_BYTES)} HTTP/1.1`, []), 414);
    equal(await ask("GET / HTTP/1.1", [`X: ${"a".repeat(MAX_REQUEST_HEAD_BYTES)}`]), 431);
    equal(await ask("GET / HTTP/1.1", [`X: ${"a".repeat(1024 * 1024)}`]), 431);
    equal(await ask("GET / HTTP/1.1", Array.from({ length: 101 }, (_, i) => `X-${i}: 1`)), 431);
    const tooMuch = MAX_REQUEST_BODY_BYTES + 1;
    equal(await ask("POST / HTTP/1.1", [`Content-Length: ${tooMuch}`], "x"), 413);
    const chunk = `${tooMuch.toString(16)}\r\n${"x".repeat(tooMuch)}\r\n0\r\n\r\n`;
    equal(await ask("POST / HTTP/1.1", ["Transfer-Encoding: chunked"], chunk), 413);
    equal(await ask("POST / HTTP/1.1", ["Content-Length: 5", "Transfer-Encoding: chunked"], "0\r\n\r\n"), 400);
    equal(await ask("POST / HTTP/1.1", ["Content-Length: 5", "Content-Length: 6"], "hello"), 400);
    equal(await ask("TRACE / HTTP/1.1", []), 405);
    equal(await ask("PROPFIND / HTTP/1.1", []), 405);
    equal(await ask("GET / HTTP/2.0", []), 400);
    equal(statusOf(await rawExchange(port, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")), 400);
    equal(await ask("GET / HTTP/1.1", []), 200);
  });
});

Deno.test("serveLocal() ends a request that arrives too slowly with 408, in the head and in the body", async () => {
  await withServer(async ({ port }, host) => {
    for (const beginning of ["GET / HT", `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 10\r\n\r\nabc`]) {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port });
      await sendAll(conn, new TextEncoder().encode(beginning));
      equal(statusOf(await readToEnd(conn)), 408);
      conn.close();
    }
  }, { patience: PATIENCE });
});

Deno.test("serveLocal() gives up who drips a head byte by byte: bytes do not buy time", async () => {
  await withServer(async ({ port }) => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const ended = readToEnd(conn);
    let over = false;
    ended.then(() => over = true);
    await sendAll(conn, new TextEncoder().encode("GET / HTTP/1.1\r\nX: "));
    while (!over) {
      await sendAll(conn, new TextEncoder().encode("a"));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    equal(statusOf(await ended), 408);
    conn.close();
  }, { patience: PATIENCE });
});

Deno.test("serveLocal() lets nobody be shut out by idle or half-sent connections beyond its bound", async () => {
  await withServer(async (server, host) => {
    const held: Deno.Conn[] = [];
    for (let i = 0; i < 40; i++) {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
      if (i % 2 === 0) await sendAll(conn, new TextEncoder().encode("GET / HTTP/1.1\r\nX:"));
      held.push(conn);
    }
    const answer = await rawExchange(server.port, requestText("GET /me HTTP/1.1", [`Host: ${host}`]));
    equal(statusOf(answer), 200);
    const { open_connections = 0, connections_evicted = 0 } = server.counters();
    ok(open_connections <= 8, `${open_connections} open`);
    ok(connections_evicted >= 32, `${connections_evicted} evicted`);
    for (const conn of held) conn.close();
  }, { maxConnections: 8 });
});

Deno.test("serveLocal() refuses a connection when all are being answered, and gives none of those up", async () => {
  const gate = Promise.withResolvers<void>();
  await withServer(
    async (server, host) => {
      const text = requestText("GET /slow HTTP/1.1", [`Host: ${host}`]);
      const answers = [rawExchange(server.port, text), rawExchange(server.port, text)];
      while ((server.counters()["open_connections"] ?? 0) < 2 || asked < 2) await new Promise((r) => setTimeout(r, 5));
      equal(await rawExchange(server.port, text), "");
      equal(server.counters()["connections_refused"], 1);
      gate.resolve();
      for (const answer of answers) equal(statusOf(await answer), 200);
    },
    { maxConnections: 2 },
    async () => {
      asked++;
      await gate.promise;
      return new Response("done");
    },
  );
});
let asked = 0;

Deno.test("serveLocal() tells the answer's maker when the client is gone", async () => {
  const gone = Promise.withResolvers<void>();
  await withServer(
    async ({ port }, host) => {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port });
      await sendAll(conn, new TextEncoder().encode(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
      const buffer = new Uint8Array(1_000);
      await conn.read(buffer);
      conn.close();
      await gone.promise;
    },
    {},
    (request) => {
      request.signal.addEventListener("abort", () => gone.resolve());
      return new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array([104])),
          cancel: () => gone.resolve(),
        }),
      );
    },
  );
});

Deno.test("serveLocal() takes the next port when one is held, and says when none is free", async () => {
  await withServer(({ port }) => {
    const service = apiService(told, () => 0);
    const other = serveLocal([port, 0], service);
    ok(other.port !== port);
    other.close();
    let failure: unknown = null;
    try {
      serveLocal([port], service);
    } catch (error) {
      failure = error;
    }
    ok(failure instanceof Deno.errors.AddrInUse);
    return Promise.resolve();
  });
});
