import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { Destinations, joinLogs, MAX_ASKED } from "../../src/roles/destinations.ts";

const PROXY = { host: "proxy.example", port: 3128 };

function at(host: string, port = 443) {
  return { host, port };
}

/** A clock that moves by one with each look. */
function ticking(): () => number {
  let now = 0;
  return () => ++now;
}

Deno.test("Destinations counts attempts, what is open and what failed, with first and last time", () => {
  const destinations = new Destinations(ticking());
  const first = destinations.begin(at("a.example"), at("a.example"), "client");
  const second = destinations.begin(at("a.example"), at("a.example"), "client");
  second.reached("192.0.2.1");
  const third = destinations.begin(at("a.example"), at("a.example"), "client");
  third.ended(true);
  deepEqual(destinations.log().destinations, [{
    host: "a.example",
    port: 443,
    askedHost: "a.example",
    askedPort: 443,
    allowed: "client",
    connections: 3,
    failed: 1,
    open: 2,
    firstAt: 2,
    lastAt: 5,
    addresses: ["192.0.2.1"],
  }]);
  equal(destinations.log().since, 1);
  first.ended(false);
  second.ended(false);
  second.ended(true);
  const [only] = destinations.log().destinations;
  deepEqual([only?.open, only?.failed], [0, 1]);
});

Deno.test("Destinations keeps apart what was dialled, what was asked for, the port, and on whose word", () => {
  const destinations = new Destinations(ticking());
  destinations.begin(at("a.example"), at("a.example"), "client");
  destinations.begin(at("a.example"), at("a.example"), "provider");
  destinations.begin(at("a.example", 8443), at("a.example", 8443), "client");
  destinations.begin(PROXY, at("a.example"), "proxy");
  destinations.begin(PROXY, at("b.example"), "proxy");
  destinations.begin(at("127.0.0.1", 9443), at("a.example"), "map");
  equal(destinations.log().destinations.length, 6);
  deepEqual(destinations.log().others, []);
});

Deno.test("Destinations remembers the latest addresses of a name, each once", () => {
  const destinations = new Destinations(ticking());
  for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3", "192.0.2.4", "192.0.2.5"]) {
    destinations.begin(at("a.example"), at("a.example"), "client").reached(address);
  }
  deepEqual(destinations.log().destinations[0]?.addresses, ["192.0.2.1", "192.0.2.3", "192.0.2.4", "192.0.2.5"]);
});

Deno.test("Destinations is bounded: the name that goes unused longest is folded, and no count is lost", () => {
  const destinations = new Destinations(ticking());
  const kept = destinations.begin(at("kept.example"), at("kept.example"), "client");
  const early = destinations.begin(at("early.example"), at("early.example"), "client");
  const names = 3 * MAX_ASKED;
  for (let i = 0; i < names; i++) {
    const one = destinations.begin(at(`n${i}.example`), at(`n${i}.example`), "client");
    one.ended(i % 3 === 0);
    destinations.begin(at("kept.example"), at("kept.example"), "client").ended(false);
  }
  const log = destinations.log();
  equal(log.destinations.length, MAX_ASKED);
  equal(log.destinations.at(-1)?.host, "kept.example");
  equal(log.destinations.some(({ host }) => host === "early.example"), false);
  equal(log.others.length, 1);
  equal(log.others[0]?.open, 1, "the early one is still open");
  equal(log.folded, names + 2 - MAX_ASKED);
  const sum = (of: "connections" | "failed" | "open") => {
    return [...log.destinations, ...log.others].reduce((total, count) => total + count[of], 0);
  };
  equal(sum("connections"), 2 * names + 2);
  equal(sum("failed"), names / 3);
  equal(sum("open"), 2);
  early.ended(true);
  kept.ended(false);
  const after = destinations.log();
  deepEqual([after.others[0]?.open, after.others[0]?.failed], [0, (log.others[0]?.failed ?? 0) + 1]);
  equal(after.destinations.at(-1)?.open, 0);
});

Deno.test("Destinations does not let names that clients ask for push out providers and what the map names", () => {
  const destinations = new Destinations(ticking());
  destinations.begin(at("api.openai.com"), at("api.openai.com"), "provider");
  destinations.begin(at("127.0.0.1", 9443), at("api.x.ai"), "map");
  for (let i = 0; i < MAX_ASKED + 10; i++) {
    destinations.begin(PROXY, at(`n${i}.example`), "proxy").ended(false);
    destinations.begin(at(`n${i}.example`), at(`n${i}.example`), "client").ended(false);
  }
  const log = destinations.log();
  equal(log.destinations.length, MAX_ASKED + 2);
  deepEqual(log.destinations.slice(0, 2).map(({ host }) => host), ["api.openai.com", "127.0.0.1"]);
  deepEqual(log.others.map(({ allowed }) => allowed).toSorted(), ["client", "proxy"]);
});

Deno.test("Destinations holds no text that could steer a terminal, and none without bound", () => {
  const destinations = new Destinations(ticking());
  const hostile = "\x1b]0;owned\x07\u009b2Jevil\u202egnp.example\n\u{1f600}";
  destinations.begin(at(hostile), at(hostile), "client").reached("\x1b[2J");
  destinations.begin(at("x".repeat(100_000)), at("y".repeat(100_000)), "client");
  const [first, second] = destinations.log().destinations;
  ok(first !== undefined && second !== undefined);
  for (const text of [first.host, first.askedHost, ...first.addresses]) match(text, /^[\x21-\x7e]+$/);
  match(first.host, /evil/);
  deepEqual([second.host.length, second.askedHost.length], [253, 253]);
});

Deno.test("joinLogs adds what a role counts to what the one before it did, whose connections are over", () => {
  equal(joinLogs(null, null), null);
  const before = new Destinations(ticking());
  before.begin(at("a.example"), at("a.example"), "cloud").reached("192.0.2.1");
  before.begin(at("b.example"), at("b.example"), "cloud").ended(true);
  deepEqual(joinLogs(null, before.log()), before.log());
  const after = new Destinations(() => 90);
  after.begin(at("a.example"), at("a.example"), "cloud").reached("192.0.2.2");
  const places = (log: ReturnType<typeof joinLogs>) =>
    log?.destinations.map(({ host, connections, open, failed, firstAt, lastAt }) => [
      host,
      connections,
      open,
      failed,
      firstAt,
      lastAt,
    ]);
  deepEqual(places(joinLogs(before.log(), null)), [["a.example", 1, 0, 0, 2, 3], ["b.example", 1, 0, 1, 4, 5]]);
  const joined = joinLogs(before.log(), after.log());
  deepEqual(places(joined), [["b.example", 1, 0, 1, 4, 5], ["a.example", 2, 1, 0, 2, 90]]);
  deepEqual(joined?.destinations.at(-1)?.addresses, ["192.0.2.1", "192.0.2.2"]);
  equal(joined?.since, 1);
});
