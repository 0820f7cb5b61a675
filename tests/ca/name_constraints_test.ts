import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import { decodeNameConstraints, encodeNameConstraints, permits } from "../../src/ca/name_constraints.ts";

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (data: Uint8Array) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

Deno.test("encodeNameConstraints() permits the names and excludes every IP address", () => {
  const permitted = "a008" + "3006" + "8204" + hex(new TextEncoder().encode("a.io"));
  const excluded = "a130" + "300a8708" + "00".repeat(8) + "30228720" + "00".repeat(32);
  equal(hex(encodeNameConstraints(["a.io"])), "303c" + permitted + excluded);
});

Deno.test("encodeNameConstraints() refuses a list that would not limit the CA as meant", () => {
  for (const hosts of [[], [""], ["com"], [".example.com"], ["*.example.com"], ["Example.com"], ["exämple.com"]]) {
    throws(() => encodeNameConstraints(hosts), RangeError, JSON.stringify(hosts));
  }
});

Deno.test("decodeNameConstraints() reads what was encoded, at every length of length field", () => {
  for (const count of [1, 2, 5, 12, 3000]) {
    const hosts = Array.from({ length: count }, (_, at) => `host-${at}.example.com`);
    deepEqual(decodeNameConstraints(encodeNameConstraints(hosts)), { permittedDns: hosts, excludedDns: [] });
  }
});

Deno.test("decodeNameConstraints() reads excluded names and skips names of other kinds", () => {
  const dns = (name: string) => {
    const text = hex(new TextEncoder().encode(name));
    const length = text.length / 2;
    return `30${(length + 2).toString(16).padStart(2, "0")}82${length.toString(16).padStart(2, "0")}${text}`;
  };
  const email = "30068104612e696f";
  deepEqual(decodeNameConstraints(bytes("300a" + "a008" + email)), { permittedDns: null, excludedDns: [] });
  deepEqual(decodeNameConstraints(bytes("300a" + "a108" + dns("b.io"))), { permittedDns: null, excludedDns: ["b.io"] });
});

Deno.test("decodeNameConstraints() refuses every cut of a value", () => {
  const whole = encodeNameConstraints(["api.example.com", "other.example.com"]);
  for (let end = 0; end < whole.length; end++) {
    throws(() => decodeNameConstraints(whole.subarray(0, end)), RangeError, `cut at ${end}`);
  }
  throws(() => decodeNameConstraints(new Uint8Array([...whole, 0x05, 0x00])), RangeError, "trailing data");
});

Deno.test("permits() takes a name and its subdomains, and no name that only looks alike", () => {
  const constraints = { permittedDns: ["chatgpt.com", ".example.org"], excludedDns: ["bad.chatgpt.com"] };
  const cases: [string, boolean][] = [
    ["chatgpt.com", true],
    ["ws.chatgpt.com", true],
    ["notchatgpt.com", false],
    ["chatgpt.com.example.net", false],
    ["bad.chatgpt.com", false],
    ["very.bad.chatgpt.com", false],
    ["a.example.org", true],
    ["example.org", false],
  ];
  for (const [host, expected] of cases) equal(permits(constraints, host), expected, host);
});

Deno.test("permits() takes every name where there is no list, and none that is excluded", () => {
  equal(permits(null, "example.com"), true);
  equal(permits({ permittedDns: null, excludedDns: ["example.com"] }, "api.x.ai"), true);
  equal(permits({ permittedDns: null, excludedDns: [""] }, "api.x.ai"), false);
});
