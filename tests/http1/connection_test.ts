import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { Http1Connection } from "../../src/http1/connection.ts";
import { MAX_FIELDS, MAX_HEAD_BYTES } from "../../src/http1/head.ts";
import { parserStats } from "../../src/http1/llhttp.ts";
import { everyWay, Notes, once, type Turn } from "./conversation.ts";
import { utf8 } from "./pieces.ts";

const GET = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const OK_EMPTY = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const ASK = "GET /ws HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n";
const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

function allWays(turns: readonly Turn[], expected: readonly string[]): void {
  for (const lines of everyWay(turns)) deepEqual(lines, expected);
}

Deno.test("Http1Connection reads a call with lengths, fields in their order and case", () => {
  allWays([
    ["client", "POST /v1/x?y=1 HTTP/1.1\r\nHOST:  h \r\nb-Two:\r\nA-one: caf\xe9\t \r\nContent-Length: 5\r\n\r\nhello"],
    ["server", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-a: 1\r\nx-A: 2\r\n\r\nabc"],
    ["client end"],
    ["server end"],
  ], [
    "0 POST /v1/x?y=1 HOST|h|b-Two||A-one|caf\xe9|Content-Length|5",
    "0 > hello",
    "0 request whole",
    "0 200 Content-Length|3|X-a|1|x-A|2",
    "0 < abc",
    "0 response whole",
  ]);
});

Deno.test("Http1Connection removes the chunked coding and drops extensions and trailers", () => {
  allWays([
    ["client", "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=1\r\nabc\r\n0\r\n\r\n"],
    [
      "server",
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1;y="z"\r\nf\r\n0\r\nT: v\r\nU: w\r\n\r\n',
    ],
    ["client", GET],
    ["server", OK_EMPTY],
  ], [
    "0 POST / Transfer-Encoding|Chunked",
    "0 > abc",
    "0 request whole",
    "0 200 Transfer-Encoding|chunked",
    "0 < def",
    "0 response whole",
    "1 GET /a Host|h",
    "1 request whole",
    "1 200 Content-Length|0",
    "1 response whole",
  ]);
});

Deno.test("Http1Connection passes over informational responses", () => {
  allWays([
    ["client", "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"],
    ["server", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"],
    ["client", "ab"],
    ["server", OK_EMPTY],
  ], [
    "0 POST / Expect|100-continue|Content-Length|2",
    "0 > ab",
    "0 request whole",
    "0 200 Content-Length|0",
    "0 response whole",
  ]);
});

Deno.test("Http1Connection expects no body after HEAD, 204 and 304", () => {
  allWays([
    ["client", "HEAD /h HTTP/1.1\r\n\r\n"],
    ["server", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"],
    ["client", "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nHEAD /3 HTTP/1.1\r\n\r\n"],
    ["server", "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"],
    ["server", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
  ], [
    "0 HEAD /h ",
    "0 request whole",
    "0 200 Content-Length|10",
    "0 response whole",
    "1 GET /1 ",
    "1 request whole",
    "2 GET /2 ",
    "2 request whole",
    "3 HEAD /3 ",
    "3 request whole",
    "1 204 ",
    "1 response whole",
    "2 304 Content-Length|9",
    "2 response whole",
    "3 200 Transfer-Encoding|chunked",
    "3 response whole",
  ]);
});

Deno.test("Http1Connection ends a body without a length with the connection, whole only when that ended cleanly", () => {
  const turns: Turn[] = [["client", GET], ["server", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ndata"]];
  const lines = ["0 GET /a Host|h", "0 request whole", "0 200 Connection|close", "0 < data"];
  allWays([...turns, ["server end"]], [...lines, "0 response whole"]);
  allWays([...turns, ["server broken"]], [...lines, "0 response cut"]);
  allWays([...turns, ["client end"], ["server end"]], [...lines, "0 response whole"]);
});

Deno.test("Http1Connection reports what was cut, with and without a response head", () => {
  allWays([["client", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nab"], ["client end"], ["server end"]], [
    "0 POST / Content-Length|9",
    "0 > ab",
    "0 request cut",
    "0 response cut",
  ]);
  allWays([["client", GET + GET], ["server", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"], ["server end"]], [
    "0 GET /a Host|h",
    "0 request whole",
    "1 GET /a Host|h",
    "1 request whole",
    "0 200 Content-Length|4",
    "0 < ab",
    "0 response cut",
    "1 response cut",
  ]);
  allWays(
    [["client", GET], ["server", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"], ["server end"]],
    [
      "0 GET /a Host|h",
      "0 request whole",
      "0 200 Transfer-Encoding|chunked",
      "0 < ab",
      "0 response cut",
    ],
  );
  allWays([["client", GET.slice(0, 12)], ["client end"], ["server end"]], []);
});

Deno.test("Http1Connection reports a request that crossed the server's end as unanswered", () => {
  allWays([["client", GET], ["server", OK_EMPTY], ["server end"], ["client", GET], ["client end"]], [
    "0 GET /a Host|h",
    "0 request whole",
    "0 200 Content-Length|0",
    "0 response whole",
    "1 GET /a Host|h",
    "1 response cut",
    "1 request whole",
  ]);
});

Deno.test("Http1Connection follows a response that ends before its request", () => {
  allWays([
    ["client", "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nab"],
    ["server", "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"],
    ["client", "cd"],
    ["client", GET],
    ["server", OK_EMPTY],
  ], [
    "0 POST / Content-Length|4",
    "0 > ab",
    "0 413 Content-Length|0",
    "0 response whole",
    "0 > cd",
    "0 request whole",
    "1 GET /a Host|h",
    "1 request whole",
    "1 200 Content-Length|0",
    "1 response whole",
  ]);
});

Deno.test("Http1Connection hands on both sides after 101, with client bytes that came before it", () => {
  const head = ["0 GET /ws Connection|keep-alive, Upgrade|Upgrade|websocket", "0 request whole"];
  const switched = "0 101 Connection|Upgrade|Upgrade|websocket";
  const ends: Turn[] = [["server end"], ["client end"]];
  allWays([["client", ASK], ["server", SWITCH + "s1"], ["client", "GET c1"], ["server", "\x00"], ...ends], [
    ...head,
    switched,
    "0 server: s1",
    "0 client: GET c1",
    "0 server: \x00",
    "0 upgrade end",
  ]);
  allWays([["client", ASK + "GET early"], ["server", SWITCH], ["client", "!"], ...ends], [
    ...head,
    switched,
    "0 client: GET early!",
    "0 upgrade end",
  ]);
});

Deno.test("Http1Connection needs no upgrade fields in a 101 response", () => {
  allWays([["client", ASK], ["server", "HTTP/1.1 101 Sure\r\n\r\nx"]], [
    "0 GET /ws Connection|keep-alive, Upgrade|Upgrade|websocket",
    "0 request whole",
    "0 101 ",
    "0 server: x",
  ]);
});

Deno.test("Http1Connection goes on with requests after a declined upgrade, also when both sides ran ahead", () => {
  const refused = "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno";
  const expected = [
    "0 GET /ws Connection|keep-alive, Upgrade|Upgrade|websocket",
    "0 request whole",
    "0 426 Content-Length|2",
    "0 < no",
    "0 response whole",
    "1 GET /a Host|h",
    "1 request whole",
    "1 200 Content-Length|0",
    "1 response whole",
  ];
  allWays([["client", ASK], ["server", refused], ["client", GET], ["server", OK_EMPTY]], expected);
  deepEqual(once([["client", ASK + GET], ["server", refused + OK_EMPTY]]), expected);
  deepEqual(
    once([["client", ASK], ["server", refused + "HTTP/1.1 200 OK"]]).slice(0, 6).at(-1)?.slice(0, 7),
    "opaque:",
  );
});

Deno.test("Http1Connection goes on after an upgrade request with a body that was answered early", () => {
  allWays([
    ["client", "POST /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\na"],
    ["server", OK_EMPTY],
    ["client", "b" + GET],
    ["server", OK_EMPTY],
  ], [
    "0 POST /ws Connection|Upgrade|Upgrade|x|Content-Length|2",
    "0 > a",
    "0 200 Content-Length|0",
    "0 response whole",
    "0 > b",
    "0 request whole",
    "1 GET /a Host|h",
    "1 request whole",
    "1 200 Content-Length|0",
    "1 response whole",
  ]);
});

Deno.test("Http1Connection gives body bytes as views on the array it was fed", () => {
  const chunk = utf8("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
  let seen: Uint8Array | null = null;
  const notes = new Notes();
  notes.requestBody = (_, bytes) => seen = bytes;
  const connection = new Http1Connection(notes);
  connection.fromClient(chunk);
  connection.close();
  const view = seen as Uint8Array | null;
  ok(view !== null && view.buffer === chunk.buffer);
  equal(view.byteOffset, chunk.length - 3);
});

const SMUGGLING: Record<string, string> = {
  "both lengths": "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "both lengths, other order": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
  "two lengths": "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
  "length list": "POST / HTTP/1.1\r\nContent-Length: 3, 3\r\n\r\nabc",
  "signed length": "POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\nabc",
  "bare LF after the request line": "GET / HTTP/1.1\nHost: h\r\n\r\n",
  "bare LF after a field": "GET / HTTP/1.1\r\nHost: h\n\r\n",
  "bare CR in a value": "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
  "space before the colon": "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
  "folded line": "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
  "negative chunk": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
  "chunk size with 0x": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
  "chunk size beyond 64 bits": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\na\r\n",
  "space after the chunk size": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n",
  "chunk without CRLF": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naXX0\r\n\r\n",
  "NUL in a value": "GET / HTTP/1.1\r\nA: b\x00c\r\n\r\n",
  "NUL in a name": "GET / HTTP/1.1\r\nA\x00: b\r\n\r\n",
  "unknown coding": "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
  "coding before chunked": "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
  "chunked twice": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "no version": "GET /\r\n\r\n",
  "HTTP/2 head": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "another version": "GET / HTTP/2.0\r\n\r\n",
  "tunnel": "CONNECT h:443 HTTP/1.1\r\n\r\n",
  "TLS": "\x16\x03\x01\x00\x05hello",
  "request after close": "GET / HTTP/1.1\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\n\r\n",
};

Deno.test("Http1Connection gives up on request bytes that two readers may understand differently", () => {
  for (const [name, bytes] of Object.entries(SMUGGLING)) {
    for (const lines of everyWay([["client", bytes]])) match(lines.at(-1) ?? "", /^opaque: /, name);
  }
});

Deno.test("Http1Connection gives up on ambiguous responses", () => {
  for (
    const response of [
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
      "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
      "ICY 200 OK\r\n\r\n",
      OK_EMPTY + OK_EMPTY,
    ]
  ) {
    for (const lines of everyWay([["client", GET], ["server", response]])) match(lines.at(-1) ?? "", /^opaque: /);
  }
  match(once([["server", OK_EMPTY]]).join(), /^opaque: A response came that no request asked for$/);
});

Deno.test("Http1Connection says nothing of the input in its reasons, and nothing after them", () => {
  const notes = new Notes();
  const connection = new Http1Connection(notes);
  connection.fromClient(utf8("GET / HTTP/1.1\r\nx-api-key : sk-secret\r\n\r\n"));
  connection.fromClient(utf8(GET));
  connection.fromServer(utf8(OK_EMPTY));
  connection.clientEnd();
  connection.serverEnd();
  deepEqual(notes.lines, [
    "opaque: The bytes of the client are not plain HTTP/1.1: HPE_INVALID_HEADER_TOKEN, Invalid header token",
  ]);
});

Deno.test("Http1Connection bounds heads, trailers, requests ahead and bytes before an upgrade", () => {
  const long = "x".repeat(MAX_HEAD_BYTES + 1);
  const many = "a: b\r\n".repeat(MAX_FIELDS + 1);
  const few = "a: b\r\n".repeat(MAX_FIELDS);
  const opaque = (turns: readonly Turn[]) => once(turns).at(-1)?.startsWith("opaque: ");
  equal(opaque([["client", `GET /${long} HTTP/1.1\r\n\r\n`]]), true);
  equal(opaque([["client", `GET / HTTP/1.1\r\na: ${long}\r\n\r\n`]]), true);
  equal(opaque([["client", `GET / HTTP/1.1\r\n${long}: a\r\n\r\n`]]), true);
  equal(opaque([["client", `GET / HTTP/1.1\r\n${many}\r\n`]]), true);
  equal(opaque([["client", `GET / HTTP/1.1\r\n${few}\r\n`]]), false);
  equal(opaque([["client", `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${many}\r\n`]]), true);
  equal(opaque([["client", GET], ["server", `HTTP/1.1 200 ${long}\r\n\r\n`]]), true);
  equal(opaque([["client", GET.repeat(1001)]]), true);
  equal(opaque([["client", GET.repeat(1000)]]), false);
  equal(opaque([["client", ASK + "x".repeat(65_537)]]), true);
  equal(opaque([["client", ASK + "x".repeat(65_536)]]), false);
});

Deno.test("Http1Connection turns an exception of its sink into opaque, and survives one there too", () => {
  const notes = new Notes();
  notes.requestHead = () => {
    throw new RangeError("sk-secret");
  };
  const connection = new Http1Connection(notes);
  connection.fromClient(utf8(GET));
  connection.fromServer(utf8(OK_EMPTY));
  deepEqual(notes.lines, ["opaque: The receiver failed with RangeError"]);

  notes.opaque = () => {
    throw new Error("again");
  };
  const second = new Http1Connection(notes);
  second.fromClient(utf8(GET));
  second.clientEnd();
});

Deno.test("Http1Connection reports nothing more once it was closed, even from inside its sink", () => {
  const notes = new Notes();
  const connection: Http1Connection = new Http1Connection(notes);
  notes.requestHead = () => {
    notes.lines.push("head");
    connection.close();
  };
  connection.fromClient(utf8("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab" + GET));
  connection.fromServer(utf8(OK_EMPTY));
  connection.clientEnd();
  connection.serverEnd();
  connection.close();
  deepEqual(notes.lines, ["head"]);
});

Deno.test("Http1Connection holds two parsers over 10,000 exchanges and none when both sides have ended", () => {
  const live = parserStats().live;
  const ends = { whole: 0 };
  const notes = new Notes();
  notes.requestHead = notes.responseHead = notes.requestEnd = () => {};
  notes.responseEnd = (exchange, whole) => {
    equal(exchange, ends.whole);
    if (whole) ends.whole++;
  };
  const connection = new Http1Connection(notes);
  const request = utf8(GET);
  const response = utf8(OK_EMPTY);
  connection.fromClient(request);
  connection.fromServer(response);
  const { memoryBytes } = parserStats();
  for (let round = 1; round < 10_000; round++) {
    connection.fromClient(request);
    connection.fromServer(response);
  }
  deepEqual(parserStats(), { live: live + 2, memoryBytes });
  connection.clientEnd();
  connection.serverEnd();
  deepEqual([ends.whole, parserStats().live, notes.lines], [10_000, live, []]);
});

Deno.test("Http1Connection frees its parsers after an upgrade and after giving up", () => {
  const live = parserStats().live;
  const upgraded = new Http1Connection(new Notes());
  upgraded.fromClient(utf8(ASK));
  upgraded.fromServer(utf8(SWITCH));
  const opaque = new Http1Connection(new Notes());
  opaque.fromClient(utf8("\x00"));
  equal(parserStats().live, live);
  const unanswered = new Http1Connection(new Notes());
  unanswered.fromClient(utf8(ASK));
  unanswered.serverEnd();
  equal(parserStats().live, live);
});
