import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { type AfterHead, Parser, type ParserHandler, parserStats } from "../../src/http1/llhttp.ts";
import { latin1, pieces, utf8 } from "./pieces.ts";

interface Found {
  readonly text: Record<string, string>;
  readonly heads: string[];
  complete: number;
}

function finder(after: AfterHead = "body", pause = false): { found: Found; handler: ParserHandler } {
  const found: Found = { text: {}, heads: [], complete: 0 };
  return {
    found,
    handler: {
      messageBegin: () => {},
      span: (kind, chunk, start, end) => {
        found.text[kind] = (found.text[kind] ?? "") + String.fromCharCode(...chunk.subarray(start, end));
      },
      headComplete: (line) => {
        found.heads.push(`${line.method}${line.status} ${line.major}.${line.minor} ${line.upgrade}`);
        return after;
      },
      messageComplete: () => {
        found.complete++;
        return pause;
      },
    },
  };
}

Deno.test("Parser finds the same spans of a request however the bytes arrive", () => {
  const bytes = utf8(
    "POST /v1?a=b HTTP/1.1\r\nHost: h\r\nEmpty:\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n",
  );
  for (const cut of pieces(bytes)) {
    const { found, handler } = finder();
    const parser = new Parser("request", handler);
    for (const piece of cut) deepEqual(parser.execute(piece), { kind: "ok" });
    parser.close();
    deepEqual(found.text, {
      target: "/v1?a=b",
      name: "HostEmptyTransfer-EncodingT",
      value: "hchunked1",
      body: "abc",
    });
    deepEqual([found.heads, found.complete], [["POST0 1.1 false"], 1]);
  }
});

Deno.test("Parser gives body spans as offsets in the chunk, also beyond its window of 64 KiB", () => {
  const head = utf8("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");
  const chunk = new Uint8Array(head.length + 200_000).map((_, at) => at % 251);
  chunk.set(head);
  let next = head.length;
  const parser = new Parser("response", {
    ...finder().handler,
    span: (kind, given, start, end) => {
      if (kind !== "body") return;
      ok(given === chunk);
      equal(start, next);
      next = end;
    },
  });
  deepEqual(parser.execute(chunk), { kind: "ok" });
  parser.close();
  equal(next, chunk.length);
});

Deno.test("Parser stops at a pause and at an upgrade, and counts what it consumed", () => {
  const { found, handler } = finder("body", true);
  const parser = new Parser("response", handler);
  const two = utf8("HTTP/1.1 204 No\r\n\r\nHTTP/1.1 204 No\r\n\r\n");
  deepEqual(parser.execute(two), { kind: "paused", consumed: two.length / 2 });
  parser.resume("paused");
  deepEqual(parser.execute(two.subarray(two.length / 2)), { kind: "paused", consumed: two.length / 2 });
  equal(found.complete, 2);
  parser.close();

  const asker = new Parser("request", finder().handler);
  const upgrade = utf8("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  deepEqual(asker.execute(latin1(String.fromCharCode(...upgrade) + "\x81")), {
    kind: "upgrade",
    consumed: upgrade.length,
  });
  asker.resume("upgrade");
  deepEqual(asker.execute(upgrade.subarray(0, 20)), { kind: "ok" });
  asker.close();
});

Deno.test("Parser completes a body that ends with the connection, when told so", () => {
  const { found, handler } = finder();
  const parser = new Parser("response", handler);
  parser.execute(utf8("HTTP/1.1 200 OK\r\n\r\nabc"));
  deepEqual([parser.endsWithConnection, found.complete], [true, 0]);
  deepEqual(parser.finish(), { kind: "ok" });
  deepEqual([found.complete, found.text["body"]], [1, "abc"]);
  parser.close();
});

Deno.test("Parser reports llhttp's code for what it rejects, and a handler's exception as such", () => {
  const parser = new Parser("request", finder().handler);
  const outcome = parser.execute(utf8("GET / HTTP/1.1\r\nA : b\r\n\r\n"));
  deepEqual(outcome, { kind: "error", code: "HPE_INVALID_HEADER_TOKEN", reason: "Invalid header token" });
  parser.close();

  const error = new Error("from the handler");
  const failing = new Parser("request", {
    ...finder().handler,
    headComplete: () => {
      throw error;
    },
  });
  const failed = failing.execute(utf8("GET / HTTP/1.1\r\n\r\n"));
  ok(failed.kind === "error" && failed.code === "HANDLER" && failed.thrown === error);
  failing.close();
});

Deno.test("Parser survives a close() and a nested execute() inside its handler", () => {
  const before = parserStats().live;
  const other = new Parser("request", finder().handler);
  let nested = "";
  let calls = 0;
  const parser: Parser = new Parser("request", {
    ...finder().handler,
    span: () => {
      calls++;
      const outcome = other.execute(utf8("GET"));
      nested = outcome.kind === "error" ? outcome.code : outcome.kind;
      parser.close();
    },
  });
  const outcome = parser.execute(utf8("GET / HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n"));
  equal(outcome.kind === "error" && outcome.code, "CLOSED");
  deepEqual([nested, calls], ["NESTED", 1]);
  parser.close();
  other.close();
  equal(parserStats().live, before);
});

Deno.test("parserStats() stays flat over parsers that are closed", () => {
  const { handler } = finder();
  new Parser("request", handler).close();
  const before = parserStats();
  for (let round = 0; round < 20_000; round++) new Parser("response", handler).close();
  deepEqual(parserStats(), before);
});
