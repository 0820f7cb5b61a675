import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { newEdgeCounters } from "../../src/roles/edge_counters.ts";

Deno.test("newEdgeCounters starts at zero, with a counter for every reason to tunnel", () => {
  const counters = newEdgeCounters();
  equal(Object.values(counters).every((value) => value === 0), true);
  deepEqual(Object.keys(counters).filter((name) => name.startsWith("tunnel_")), [
    "tunnel_not_intercepted",
    "tunnel_daemon_down",
    "tunnel_interceptor_failed",
    "tunnel_not_tls",
    "tunnel_other_sni",
    "tunnel_no_http1",
  ]);
});

Deno.test("newEdgeCounters gives each edge its own", () => {
  newEdgeCounters().connections++;
  equal(newEdgeCounters().connections, 0);
});
