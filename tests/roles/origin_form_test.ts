import { strictEqual as equal } from "node:assert/strict";
import { ProxyHeadReader } from "../../src/http1/connect_head.ts";
import { originForm } from "../../src/roles/origin_form.ts";

/** The head as the origin gets it, for a head as the proxy gets it. */
function rewritten(head: string): string {
  const read = new ProxyHeadReader().read(Uint8Array.from(head, (character) => character.charCodeAt(0)));
  if (read.kind !== "absolute") throw new Error(`Not in absolute form: ${read.kind}`);
  return String.fromCharCode(...originForm(read));
}

Deno.test("originForm keeps path, query, field order and case", () => {
  equal(
    rewritten("GET http://example.test/a/b?c=d HTTP/1.1\r\nHost: example.test\r\nX-One: 1\r\nACCEPT: */*\r\n\r\n"),
    "GET /a/b?c=d HTTP/1.1\r\nHost: example.test\r\nX-One: 1\r\nACCEPT: */*\r\nConnection: close\r\n\r\n",
  );
});

Deno.test("originForm sends a slash for an empty path", () => {
  equal(rewritten("GET http://h.test HTTP/1.1\r\nHost: h.test\r\n\r\n").split("\r\n")[0], "GET / HTTP/1.1");
  equal(rewritten("GET http://h.test?q=1 HTTP/1.1\r\nHost: h.test\r\n\r\n").split("\r\n")[0], "GET /?q=1 HTTP/1.1");
});

Deno.test("originForm leaves out what is meant for the proxy", () => {
  const sent = rewritten(
    "GET http://h.test/ HTTP/1.1\r\nHost: h.test\r\nProxy-Authorization: Basic c2VjcmV0\r\nProxy-Connection: keep-alive\r\n" +
      "Connection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nX-End: 2\r\n\r\n",
  );
  equal(sent, "GET / HTTP/1.1\r\nHost: h.test\r\nX-End: 2\r\nConnection: close\r\n\r\n");
});

Deno.test("originForm names the host of the target, whatever Host said (RFC 9112 section 3.2.2)", () => {
  equal(
    rewritten("GET http://real.test:8080/ HTTP/1.1\r\nX-A: 1\r\nhost: other.test\r\n\r\n"),
    "GET / HTTP/1.1\r\nX-A: 1\r\nHost: real.test:8080\r\nConnection: close\r\n\r\n",
  );
  equal(
    rewritten("GET http://real.test/ HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n"),
    "GET / HTTP/1.1\r\nHost: real.test\r\nConnection: close\r\n\r\n",
  );
  equal(
    rewritten("GET http://[::1]:81/ HTTP/1.1\r\n\r\n"),
    "GET / HTTP/1.1\r\nHost: [::1]:81\r\nConnection: close\r\n\r\n",
  );
});

Deno.test("originForm sends bytes above 0x7f as they came", () => {
  const sent = rewritten("GET http://h.test/\xe4 HTTP/1.1\r\nHost: h.test\r\nX-A: \xfc\r\n\r\n");
  equal(sent, "GET /\xe4 HTTP/1.1\r\nHost: h.test\r\nX-A: \xfc\r\nConnection: close\r\n\r\n");
});
