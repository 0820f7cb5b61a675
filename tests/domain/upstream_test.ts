import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { DIRECT, parseAddress } from "../../src/domain/upstream.ts";

Deno.test("parseAddress reads names, IPv4 and bracketed IPv6 with a port", () => {
  deepEqual(parseAddress("127.0.0.1:9443"), { host: "127.0.0.1", port: 9443 });
  deepEqual(parseAddress("proxy.corp.test:1"), { host: "proxy.corp.test", port: 1 });
  deepEqual(parseAddress("[::1]:65535"), { host: "::1", port: 65_535 });
});

Deno.test("parseAddress refuses everything else", () => {
  const others = [
    "",
    "host",
    "host:",
    ":80",
    "host:0",
    "host:65536",
    "host:123456",
    "host:8o",
    "host: 80",
    " host:80",
    "::1:80",
    "[::1]",
    "[::1",
    "[x]:80",
    "user@host:80",
    "http://host:80",
    "host:80/",
    "ho st:80",
  ];
  for (const text of others) equal(parseAddress(text), null, text);
});

Deno.test("DIRECT overrides nothing", () => deepEqual(DIRECT, { map: {}, proxy: null, caCerts: [] }));
