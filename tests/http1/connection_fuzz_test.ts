import { ok, strictEqual as equal } from "node:assert/strict";
import { Http1Connection } from "../../src/http1/connection.ts";
import type { ConnectionSink } from "../../src/http1/events.ts";
import { parserStats } from "../../src/http1/llhttp.ts";
import { latin1, seeded } from "./pieces.ts";

const REQUESTS = [
  "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
  'POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\n{"a":"bcde"}',
  "POST /v1/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n2;e=f\r\ngh\r\n0\r\nT: u\r\n\r\n",
  "HEAD /api/hello HTTP/1.1\r\nConnection: keep-alive\r\n\r\n",
  "GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
];
const RESPONSES = [
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\ndata: \r\n2\r\n\n\n\r\n0\r\n\r\n",
  "HTTP/1.1 204 No Content\r\n\r\n",
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi",
  "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end",
  "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n",
];
const SPLICES = [
  "\r\n",
  "\n",
  "\r",
  "\x00",
  " ",
  "\t",
  ":",
  "-1",
  "Content-Length: 7\r\n",
  "\r\n\r\n",
  "\xff",
  "0\r\n\r\n",
];

/** Fails when events come in an order that no connection can have. */
class Referee implements ConnectionSink {
  readonly open = new Map<number, { request: boolean; response: "none" | "head" | "ended" | "switched" }>();
  bytes = 0;
  ended = 0;
  #next = 0;
  #over = false;

  #of(exchange: number) {
    ok(!this.#over, "event after the last one");
    const state = this.open.get(exchange);
    ok(state !== undefined, `event of exchange ${exchange} before its head`);
    return state;
  }
  requestHead(exchange: number): void {
    equal(exchange, this.#next++);
    this.open.set(exchange, { request: true, response: "none" });
    this.#of(exchange);
  }
  requestBody(exchange: number, bytes: Uint8Array): void {
    ok(this.#of(exchange).request && bytes.length > 0);
    this.bytes += bytes.length;
  }
  requestEnd(exchange: number): void {
    const state = this.#of(exchange);
    ok(state.request);
    state.request = false;
  }
  responseHead(exchange: number, head: { status: number }): void {
    const state = this.#of(exchange);
    equal(state.response, "none");
    state.response = head.status === 101 ? "switched" : "head";
  }
  responseBody(exchange: number, bytes: Uint8Array): void {
    ok(this.#of(exchange).response === "head" && bytes.length > 0);
    this.bytes += bytes.length;
  }
  responseEnd(exchange: number, whole: boolean): void {
    const state = this.#of(exchange);
    ok(state.response === "head" || (state.response === "none" && !whole));
    state.response = "ended";
    this.ended++;
  }
  upgraded(exchange: number, _from: "client" | "server", bytes: Uint8Array): void {
    const state = this.#of(exchange);
    ok(state.response === "switched" && !state.request && bytes.length > 0);
    this.bytes += bytes.length;
  }
  upgradeEnd(exchange: number): void {
    equal(this.#of(exchange).response, "switched");
    this.#over = true;
  }
  opaque(reason: string): void {
    ok(!this.#over && !reason.startsWith("The receiver failed"), reason);
    this.#over = true;
  }
}

type Random = (bound: number) => number;

function mutated(text: string, random: Random): string {
  let result = text;
  for (let times = random(6) - 3; times > 0; times--) {
    const at = random(result.length + 1);
    const length = random(6);
    const kind = random(4);
    const patch = kind === 0
      ? ""
      : kind === 1
      ? SPLICES[random(SPLICES.length)] ?? ""
      : kind === 2
      ? String.fromCharCode(random(256))
      : result.slice(at, at + length).repeat(2);
    result = result.slice(0, at) + patch + result.slice(at + (kind === 1 ? 0 : length));
  }
  return result;
}

function feed(text: string, random: Random, take: (bytes: Uint8Array) => void): number {
  const bytes = latin1(text);
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + 1 + random(bytes.length));
    take(bytes.subarray(at, end));
    at = end;
  }
  return bytes.length;
}

Deno.test("Http1Connection never throws, hangs or leaks on mutated conversations", () => {
  const random = seeded(20_261_121);
  const { live } = parserStats();
  let followed = 0;
  let memory = 0;
  for (let round = 0; round < 6000; round++) {
    if (round === 1000) memory = parserStats().memoryBytes;
    const referee = new Referee();
    const connection = new Http1Connection(referee);
    let fed = 0;
    for (let turn = 1 + random(5); turn > 0; turn--) {
      const request = mutated(REQUESTS[random(REQUESTS.length)] ?? "", random);
      const response = mutated(RESPONSES[random(RESPONSES.length)] ?? "", random);
      fed += feed(request, random, (bytes) => connection.fromClient(bytes));
      if (random(20) === 0) connection.clientEnd();
      fed += feed(response, random, (bytes) => connection.fromServer(bytes));
      if (random(20) === 0) connection.serverEnd(random(2) === 0);
    }
    connection.clientEnd();
    connection.serverEnd();
    connection.close();
    ok(referee.bytes <= fed);
    followed += referee.ended;
  }
  ok(followed > 2000, `only ${followed} exchanges were followed, the mutations are too strong to test anything`);
  equal(parserStats().live, live);
  equal(parserStats().memoryBytes, memory);
});

Deno.test("Http1Connection never throws or hangs on noise", () => {
  const random = seeded(7);
  for (let round = 0; round < 500; round++) {
    const connection = new Http1Connection(new Referee());
    connection.fromClient(latin1(REQUESTS[random(REQUESTS.length)] ?? ""));
    const noise = new Uint8Array(random(2000)).map(() => random(256));
    if (random(2) === 0) connection.fromClient(noise);
    connection.fromServer(noise);
    connection.serverEnd();
    connection.clientEnd();
  }
});
