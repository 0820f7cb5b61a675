import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { createServer } from "node:net";
import { connect as connectTls } from "node:tls";
import { acceptsHttp1, ClientHelloReader, type HelloResult, MAX_HELLO_BYTES } from "../../src/http1/client_hello.ts";
import { joined, latin1, pieces, seeded, singleBytes } from "./pieces.ts";

function number(value: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => Math.floor(value / 2 ** (8 * (size - 1 - at))) & 0xff);
}

function vector(size: number, ...parts: Uint8Array[]): Uint8Array {
  const content = joined(parts);
  return joined([number(content.length, size), content]);
}

function extension(type: number, ...parts: Uint8Array[]): Uint8Array {
  return joined([number(type, 2), vector(2, ...parts)]);
}

function serverName(name: string, type = 0): Uint8Array {
  return extension(0, vector(2, number(type, 1), vector(2, latin1(name))));
}

function alpn(...names: string[]): Uint8Array {
  return extension(16, vector(2, ...names.map((name) => vector(1, latin1(name)))));
}

/** A handshake message; without extensions when null. */
function message(extensions: Uint8Array[] | null): Uint8Array {
  return joined([
    number(1, 1),
    vector(
      3,
      number(0x0303, 2),
      new Uint8Array(32),
      vector(1, new Uint8Array(32)),
      vector(2, number(0x1301, 2), number(0x0a0a, 2)),
      vector(1, number(0, 1)),
      ...(extensions === null ? [] : [vector(2, ...extensions)]),
    ),
  ]);
}

function records(handshake: Uint8Array, size = 16384, version = 0x0301): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < handshake.length; at += size) {
    parts.push(number(22, 1), number(version, 2), vector(2, handshake.subarray(at, at + size)));
  }
  return joined(parts);
}

function read(bytes: Uint8Array): HelloResult {
  return new ClientHelloReader().read(bytes);
}

function reason(bytes: Uint8Array): string {
  const result = read(bytes);
  return result.kind === "not_tls" ? result.reason : result.kind;
}

const GREASE = extension(0x2a2a);
const HELLO = [
  GREASE,
  serverName("API.Anthropic.com"),
  extension(0xfe0d, new Uint8Array(40)),
  alpn("\x0a\x0a", "h2", "http/1.1"),
];

Deno.test("ClientHelloReader reads name and protocols however the bytes and records are cut", () => {
  const expected = { kind: "hello", sni: "api.anthropic.com", alpn: ["h2", "http/1.1"] };
  for (const size of [16384, 100, 7, 1]) {
    const bytes = records(message(HELLO), size);
    for (const cut of pieces(bytes)) {
      const reader = new ClientHelloReader();
      const results = cut.map((piece) => reader.read(piece));
      deepEqual(results.at(-1), expected);
      ok(results.slice(0, -1).every((result) => result.kind === "more"));
    }
  }
  deepEqual(read(joined([records(message(HELLO)), latin1("\x17garbage")])), expected);
});

Deno.test("ClientHelloReader accepts every record version and any hello without name or protocols", () => {
  for (const version of [0x0300, 0x0301, 0x0303, 0x0304]) {
    deepEqual(read(records(message([]), 50, version)), { kind: "hello", sni: null, alpn: null });
  }
  deepEqual(read(records(message(null))), { kind: "hello", sni: null, alpn: null });
  deepEqual(read(records(message([serverName("x", 7)]))), { kind: "hello", sni: null, alpn: null });
});

Deno.test("ClientHelloReader reads a hello of 60,000 bytes and refuses one beyond the limit at its first bytes", () => {
  const padding = (size: number) => message([extension(21, new Uint8Array(size)), serverName("h")]);
  deepEqual(read(records(padding(60_000))), { kind: "hello", sni: "h", alpn: null });
  equal(
    reason(joined([latin1("\x16\x03\x01\x00\x04\x01\x01\x00\x00")])),
    `A ClientHello has more than ${MAX_HELLO_BYTES} bytes`,
  );
});

Deno.test("ClientHelloReader tells at the first byte that something is not TLS", () => {
  for (const start of ["GET / HTTP/1.1\r\n", "\x80\x2e\x01\x00\x02", "\x05\x01\x00", "\x00", "\x15\x03\x01"]) {
    equal(reason(latin1(start[0] ?? "")), "A record is not a TLS handshake");
    equal(reason(latin1(start)), "A record is not a TLS handshake");
  }
  equal(reason(latin1("\x16\x02")), "The record version is not one of TLS");
  equal(reason(latin1("\x16\x03\x01\x00\x00")), "A record has an impossible length");
  equal(reason(latin1("\x16\x03\x01\x40\x01")), "A record has an impossible length");
  equal(reason(latin1("\x16\x03\x01\x00\x05\x02")), "The first handshake message is not a ClientHello");
  const twoRecords = records(message(HELLO), 50);
  twoRecords[55] = 21;
  equal(reason(twoRecords), "A record is not a TLS handshake");
});

Deno.test("ClientHelloReader refuses lengths that do not add up, at every place that holds one", () => {
  const beyond = "A length points beyond the ClientHello";
  equal(reason(records(message([extension(0, latin1("\x00\x09\x00\x00\x01h"))]))), beyond);
  equal(reason(records(message([extension(0, latin1("\x00\x04\x00\x00\x05h"))]))), beyond);
  equal(reason(records(message([extension(16, latin1("\x00\x03\x05h2"))]))), beyond);
  equal(reason(records(message([extension(16)]))), beyond);
  equal(reason(records(message([extension(16, latin1("\x00\x00"))]))), "The protocol list has an impossible length");
  equal(reason(records(message([alpn("")]))), "A protocol has no name");
  equal(reason(records(message([serverName("h"), serverName("h")]))), "An extension comes twice");
  for (const name of ["", "a b", "\xff", "h\x00", "x".repeat(256)]) {
    ok(reason(records(message([serverName(name)]))).startsWith("The server name is not"), name);
  }
  equal(reason(records(joined([number(1, 1), vector(3, new Uint8Array(20))]))), beyond);
  equal(
    reason(records(joined([number(1, 1), vector(3, message(HELLO).subarray(4), number(0, 1))]))),
    "A ClientHello is longer than its parts",
  );
});

Deno.test("ClientHelloReader ends with a result on mutated hellos", () => {
  const random = seeded(5);
  const counts = { hello: 0, not_tls: 0, more: 0 };
  for (let round = 0; round < 3000; round++) {
    const bytes = records(message(HELLO), 60);
    for (let times = 1 + random(3); times > 0; times--) bytes[random(bytes.length)] = random(256);
    const whole = read(bytes);
    const reader = new ClientHelloReader();
    let last: HelloResult = { kind: "more" };
    for (const piece of singleBytes(bytes)) last = reader.read(piece);
    deepEqual(last, whole);
    counts[whole.kind]++;
  }
  ok(counts.hello > 100 && counts.not_tls > 100 && counts.more > 10, JSON.stringify(counts));
});

Deno.test("acceptsHttp1() is false only for clients that name protocols without http/1.1", () => {
  const hello = (...names: string[]) => ({ kind: "hello" as const, sni: null, alpn: names });
  equal(acceptsHttp1({ kind: "hello", sni: null, alpn: null }), true);
  deepEqual([acceptsHttp1(hello("h2")), acceptsHttp1(hello("h2", "http/1.1")), acceptsHttp1(hello("http/1.0"))], [
    false,
    true,
    false,
  ]);
});

/** First bytes that a real TLS client sends. */
function firstBytes(connect: (port: number) => void): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", (bytes: Uint8Array) => {
        resolve(new Uint8Array(bytes));
        socket.destroy();
        server.close();
      });
    });
    server.listen({ port: 0, host: "127.0.0.1" }, () => {
      const address = server.address();
      if (address !== null && typeof address === "object") connect(address.port);
    });
  });
}

Deno.test("ClientHelloReader reads the hello of the runtime's own TLS client", async () => {
  const bytes = await firstBytes((port) => {
    const options = { port, host: "127.0.0.1", servername: "api.openai.com", ALPNProtocols: ["http/1.1"] };
    const socket = connectTls(options);
    socket.on("error", () => socket.destroy());
  });
  deepEqual(read(bytes), { kind: "hello", sni: "api.openai.com", alpn: ["http/1.1"] });
});
