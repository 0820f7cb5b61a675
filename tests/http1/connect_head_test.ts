import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { MAX_PROXY_HEAD_BYTES, type ProxyHead, ProxyHeadReader } from "../../src/http1/connect_head.ts";
import { joined, latin1, pieces, seeded, singleBytes, utf8 } from "./pieces.ts";

function read(text: string): ProxyHead {
  return new ProxyHeadReader().read(latin1(text));
}

function sentence(text: string): string {
  const head = read(text);
  return head.kind === "bad" ? head.sentence : head.kind;
}

const CONNECT = "CONNECT API.Anthropic.com.:443 HTTP/1.1\r\nHost: elsewhere:1\r\nProxy-Authorization: Basic eA==\r\n" +
  "User-Agent:\r\nX: \xff\t\xa0 \r\nContent-Length: 0\r\n\r\n";
const REST = utf8("\x16\x03\x01 first bytes of the tunnel\r\n\r\n");

Deno.test("ProxyHeadReader reads a CONNECT however the bytes arrive, and gives what follows", () => {
  for (const cut of pieces(joined([latin1(CONNECT), REST]))) {
    const reader = new ProxyHeadReader();
    let head: ProxyHead = { kind: "more" };
    const after: Uint8Array[] = [];
    for (const piece of cut) {
      const scratch = new Uint8Array(piece);
      if (head.kind === "more") head = reader.read(scratch);
      else after.push(piece);
      scratch.fill(0);
    }
    ok(head.kind === "connect");
    deepEqual([head.host, head.port, head.raw], ["api.anthropic.com", 443, "API.Anthropic.com.:443"]);
    deepEqual(joined([head.rest, ...after]), REST);
  }
});

Deno.test("ProxyHeadReader needs no fields, takes HTTP/1.0 and IPv6", () => {
  deepEqual(read("CONNECT [::1]:8443 HTTP/1.0\r\n\r\n"), {
    kind: "connect",
    host: "::1",
    port: 8443,
    raw: "[::1]:8443",
    rest: new Uint8Array(0),
  });
});

Deno.test("ProxyHeadReader turns an absolute target into the form a server expects", () => {
  const cases: [string, "http" | "https", string, number, string][] = [
    ["http://Example.com/a?b=c", "http", "example.com", 80, "/a?b=c"],
    ["HTTP://example.com", "http", "example.com", 80, "/"],
    ["http://example.com:8080?x=http://y/", "http", "example.com", 8080, "/?x=http://y/"],
    ["https://api.anthropic.com/v1/messages", "https", "api.anthropic.com", 443, "/v1/messages"],
    ["http://[::1]:81/", "http", "::1", 81, "/"],
    // curl sends bytes above 0x7f as they were typed.
    ["http://h.example/caf\xc3\xa9", "http", "h.example", 80, "/caf\xc3\xa9"],
  ];
  for (const [url, scheme, host, port, target] of cases) {
    const text = `POST ${url} HTTP/1.1\r\nHost: x\r\nB:  c \r\nContent-Length: 2\r\n\r\n`;
    deepEqual(read(text + "ab"), {
      kind: "absolute",
      scheme,
      method: "POST",
      host,
      port,
      target,
      version: "HTTP/1.1",
      fields: ["Host", "x", "B", "c", "Content-Length", "2"],
      head: latin1(text),
      rest: utf8("ab"),
    });
  }
});

Deno.test("ProxyHeadReader tells requests to the proxy itself", () => {
  for (const [method, target] of [["GET", "/proxy.pac"], ["OPTIONS", "*"], ["POST", "//evil.example/"]]) {
    deepEqual(read(`${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1:8081\r\n\r\n`), {
      kind: "origin",
      method,
      target,
      fields: ["Host", "127.0.0.1:8081"],
      rest: new Uint8Array(0),
    });
  }
});

Deno.test("ProxyHeadReader refuses targets of the wrong form", () => {
  const bad = (line: string) => sentence(`${line} HTTP/1.1\r\n\r\n`);
  equal(bad("CONNECT h"), "The CONNECT target has no port");
  equal(bad("CONNECT h:0"), "The port in the request target is not a number from 1 to 65535");
  equal(bad("CONNECT h:65536"), "The port in the request target is not a number from 1 to 65535");
  for (const target of ["/", "http://h/", "h:443/", "h:443?x", "*", "u@h:443", "h\x80:443"]) {
    match(bad(`CONNECT ${target}`), /^The (host|port|request target|CONNECT target) /, target);
  }
  equal(bad("GET h:443"), "The request target is neither a path nor an http:// URL");
  for (const target of ["ftp://h/", "ws://h/", "*", "http:/h", "http:h", "?x", "file:///etc/passwd"]) {
    equal(bad(`GET ${target}`), "The request target is neither a path nor an http:// URL", target);
  }
  equal(bad("GET http:///x"), "The host in the request target is not a name or an address");
  equal(bad("GET http://u:sk-secret@h/x"), "The request target has a user name, which does not belong there");
  equal(bad("GET http://h:/x"), "The port in the request target is not a number from 1 to 65535");
  equal(bad("GET http://h/x#y"), "The request target has a fragment or a control character");
});

Deno.test("ProxyHeadReader refuses a request line that is not three words with single spaces", () => {
  const line = /^The request line is not/;
  for (
    const text of [
      "CONNECT h:1",
      "CONNECT  h:1 HTTP/1.1",
      "CONNECT h:1  HTTP/1.1",
      "CONNECT h:1 HTTP/1.1 ",
      "CONNECT h:1 x HTTP/1.1",
    ]
  ) {
    match(sentence(`${text}\r\n\r\n`), line, text);
  }
  match(sentence("GE(T / HTTP/1.1\r\n\r\n"), line);
  match(sentence("CONNECT\th:1 HTTP/1.1\r\n\r\n"), line);
  equal(sentence("CONNECT h:1\t HTTP/1.1\r\n\r\n"), "The port in the request target is not a number from 1 to 65535");
  for (const version of ["HTTP/2.0", "HTTP/1.2", "http/1.1", "HTTP/1.10", "HTTP/0.9"]) {
    equal(sentence(`CONNECT h:1 ${version}\r\n\r\n`), "The request is not HTTP/1.1", version);
  }
});

Deno.test("ProxyHeadReader refuses field lines that two programs may read differently", () => {
  const field = "A field line does not start with a name and a colon";
  for (const line of ["Host : h", " folded: x", "\tfolded", "no colon", ": empty", "na(me: x", "n\x80: x"]) {
    equal(sentence(`CONNECT h:1 HTTP/1.1\r\nA: b\r\n${line}\r\n\r\n`), field, line);
  }
  equal(sentence("CONNECT h:1 HTTP/1.1\nA: b\n\n"), "A line of the request head ends in LF without CR");
  equal(sentence("CONNECT h:1 HTTP/1.1\r\nA: b\r\n\n"), "A line of the request head ends in LF without CR");
  equal(sentence("CONNECT h:1 HTTP/1.1\r\nA: b\rc\r\n\r\n"), "The request head has a CR without LF");
  equal(sentence("CONNECT h:1 HTTP/1.1\r\nA: b\x00"), "The request head has a control character");
  equal(sentence("CONNECT h:1 HTTP/1.1\r\nA: \x7f"), "The request head has a control character");
  equal(sentence("CONNECT h:1 HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcde"), "The CONNECT request has a body");
  equal(sentence("CONNECT h:1 HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"), "The CONNECT request has a body");
});

Deno.test("ProxyHeadReader tells at the first byte that a client speaks TLS, SOCKS or nothing known", () => {
  match(sentence("\x16"), /TLS .* must start with http:\/\/, not https:\/\/$/);
  match(sentence("\x05"), /SOCKS/);
  match(sentence("\x04\x01"), /SOCKS/);
  for (const start of ["\r\n", " ", "\x00", "\x80"]) {
    equal(sentence(start), "The client does not speak HTTP to the proxy");
  }
});

Deno.test("ProxyHeadReader bounds the head, byte by byte and at once", () => {
  const line = "CONNECT h:1 HTTP/1.1\r\n";
  const fill = (length: number) => `${line}A: ${"x".repeat(length - line.length - 7)}\r\n\r\n`;
  equal(read(fill(MAX_PROXY_HEAD_BYTES)).kind, "connect");
  equal(sentence(fill(MAX_PROXY_HEAD_BYTES + 1)), `The request head has more than ${MAX_PROXY_HEAD_BYTES} bytes`);
  const reader = new ProxyHeadReader();
  const kinds = singleBytes(latin1(fill(MAX_PROXY_HEAD_BYTES + 9))).map((byte) => reader.read(byte).kind);
  equal(kinds.indexOf("bad"), MAX_PROXY_HEAD_BYTES);
  match(sentence(`${line}${"a:b\r\n".repeat(1001)}\r\n`), /more than 1000 field lines$/);
});

Deno.test("ProxyHeadReader takes time in proportion to a head full of spaces", () => {
  const started = performance.now();
  read(`CONNECT h:1 HTTP/1.1\r\nA: ${" ".repeat(60_000)}b\r\n\r\n`);
  ok(performance.now() - started < 200);
});

Deno.test("ProxyHeadReader gives the same answer in one piece and in single bytes, whatever it is fed", () => {
  const random = seeded(9);
  const counts: Record<string, number> = {};
  for (let round = 0; round < 3000; round++) {
    const text = round % 2 === 0 ? CONNECT : "GET http://h.example/a HTTP/1.1\r\nA: b\r\n\r\n";
    const bytes = latin1(text);
    for (let times = random(3); times > 0; times--) bytes[random(bytes.length)] = random(256);
    const reader = new ProxyHeadReader();
    let last: ProxyHead = { kind: "more" };
    for (const piece of singleBytes(bytes)) last = reader.read(piece);
    const whole = new ProxyHeadReader().read(bytes);
    equal(last.kind, whole.kind);
    counts[whole.kind] = (counts[whole.kind] ?? 0) + 1;
  }
  ok((counts["connect"] ?? 0) > 100 && (counts["absolute"] ?? 0) > 100 && (counts["bad"] ?? 0) > 100);
});
