import { strictEqual as equal } from "node:assert/strict";
import { clientAddress } from "../../src/team/client_address.ts";

function told(forwarded: string | null): Request {
  return new Request("http://127.0.0.1/", { headers: forwarded === null ? {} : { "x-forwarded-for": forwarded } });
}

Deno.test("clientAddress() believes the proxy's own entry, and only behind a proxy", () => {
  equal(clientAddress(told("10.0.0.1"), "192.0.2.7", false), "192.0.2.7");
  equal(clientAddress(told("10.0.0.1, 10.0.0.2 ,10.0.0.3"), "127.0.0.1", true), "10.0.0.3");
  for (const none of [null, "", "10.0.0.1,"]) equal(clientAddress(told(none), "127.0.0.1", true), "127.0.0.1");
});

Deno.test("clientAddress() leaves out a port, which a client may change as it likes", () => {
  equal(clientAddress(told("10.0.0.1:4711"), "127.0.0.1", true), "10.0.0.1");
  equal(clientAddress(told("[2001:db8::1]:4711"), "127.0.0.1", true), "2001:db8:0:0::/64");
});

Deno.test("clientAddress() counts an IPv6 client for its network, and an IPv4 one however it is written", () => {
  const cases: [address: string, counted: string][] = [
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:1:2::1", "2001:db8:1:2::/64"],
    ["2001:db8::", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["192.0.2.7", "192.0.2.7"],
    ["unknown", "unknown"],
    ["not:an:address", "not:an:address"],
  ];
  for (const [address, counted] of cases) {
    equal(clientAddress(told(null), address, false), counted);
    equal(clientAddress(told(address), "127.0.0.1", true), counted);
  }
});
