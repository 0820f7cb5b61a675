import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { parseAuthority } from "../../src/http1/authority.ts";

Deno.test("parseAuthority() reads names and addresses into one spelling", () => {
  const cases: [string, string, number | null][] = [
    ["api.anthropic.com:443", "api.anthropic.com", 443],
    ["API.Anthropic.COM.:443", "api.anthropic.com", 443],
    ["my_service.local:8443", "my_service.local", 8443],
    ["localhost", "localhost", null],
    ["xn--bcher-kva.example:1", "xn--bcher-kva.example", 1],
    ["10.0.0.255:65535", "10.0.0.255", 65535],
    ["[::1]:443", "::1", 443],
    ["[2001:DB8:0:0:0:0:0:1]", "2001:db8::1", null],
    ["[::ffff:192.0.2.1]:80", "::ffff:c000:201", 80],
    ["3com.example:1", "3com.example", 1],
  ];
  for (const [text, host, port] of cases) deepEqual(parseAuthority(text), { host, port }, text);
});

Deno.test("parseAuthority() refuses hosts that two programs may read differently", () => {
  const hosts = [
    "",
    ".",
    "a..b",
    ".a",
    "a..",
    "a b",
    "a\tb",
    "a%2eb",
    "caf\xe9",
    "a/b",
    "256.1.1.1",
    "1.2.3",
    "1.2.3.04",
    "0x7f.1",
    "2130706433",
    "a.0x1",
    "::1",
    "[::1",
    "[]",
    "[::1%25eth0]",
    "[fe80::1%eth0]",
    "[1::2::3]",
    "[a.example]",
    "x[::1]",
    "x".repeat(64),
    Array.from({ length: 64 }, () => "abc").join("."),
  ];
  for (const host of hosts) equal(typeof parseAuthority(`${host}:443`), "string", host);
});

Deno.test("parseAuthority() refuses ports that are none", () => {
  for (
    const port of ["", "0", "65536", "00443", "0443", "+443", "-1", "4 3", "443 ", "1e3", "99999999", "443:1", "x"]
  ) {
    equal(parseAuthority(`h:${port}`), "The port in the request target is not a number from 1 to 65535", port);
  }
});

Deno.test("parseAuthority() refuses a user name without repeating it", () => {
  equal(parseAuthority("user:sk-secret@h:443"), "The request target has a user name, which does not belong there");
});
