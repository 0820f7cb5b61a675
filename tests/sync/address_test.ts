import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { isSafePage, serverAddress } from "../../src/sync/address.ts";

Deno.test("serverAddress takes https anywhere, and http on this machine only", () => {
  deepEqual(serverAddress("https://meter.example.com"), {
    host: "meter.example.com",
    port: 443,
    tls: true,
    prefix: "",
    authority: "meter.example.com",
  });
  deepEqual(serverAddress("http://[::1]:8080/team/"), {
    host: "::1",
    port: 8080,
    tls: false,
    prefix: "/team",
    authority: "[::1]:8080",
  });
  for (
    const unsafe of [
      "http://meter.example.com",
      "http://127.0.0.1.example.com",
      "http://localhost.example.com",
      "http://10.0.0.1:8080",
      "ftp://meter.example.com",
      "https://user:secret@meter.example.com",
      "https://meter.example.com/?token=1",
      "https://meter.example.com/#a",
      "https://meter.example.com:0",
      "meter.example.com",
      "",
    ]
  ) equal(serverAddress(unsafe), null, unsafe);
});

Deno.test("isSafePage refuses what a browser should not be sent to", () => {
  equal(isSafePage("https://app.example.com/connect?code=ABCD-1234"), true);
  equal(isSafePage("http://localhost:8080/connect?code=ABCD-1234"), true);
  for (const page of ["javascript:alert(1)", "file:///etc/passwd", "http://example.com/", "https://a:b@example.com/"]) {
    equal(isSafePage(page), false, page);
  }
  equal(isSafePage("https://example.com/\u001b[2J"), false);
});
