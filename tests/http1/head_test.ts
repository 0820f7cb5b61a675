import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import {
  hasReadableFraming,
  HeadCollector,
  MAX_FIELDS,
  MAX_HEAD_BYTES,
  Unfollowable,
  withoutOuterSpace,
} from "../../src/http1/head.ts";
import { latin1 } from "./pieces.ts";

function add(head: HeadCollector, kind: "target" | "reason" | "name" | "value", text: string): void {
  const chunk = latin1(`<<${text}>>`);
  head.add(kind, chunk, 2, 2 + text.length);
}

Deno.test("HeadCollector joins text that came in runs, and keeps order, case and empty values", () => {
  const head = new HeadCollector();
  for (let message = 0; message < 2; message++) {
    head.begin();
    add(head, "target", "/a");
    add(head, "target", "?b");
    for (const [name, value] of [["Na", "v "], ["me", ""], ["", " w\t "]] as const) {
      add(head, "name", name);
      if (name !== "Na") add(head, "value", value);
    }
    add(head, "value", "\xff ");
    add(head, "name", "Empty");
    add(head, "value", "");
    deepEqual(head.take(), { target: "/a?b", fields: ["Name", "", "", "w\t \xff", "Empty", ""] });
  }
});

Deno.test("HeadCollector counts trailers and forgets them", () => {
  const head = new HeadCollector();
  head.begin();
  add(head, "name", "A");
  add(head, "value", "1");
  const { fields } = head.take();
  for (let field = 1; field < MAX_FIELDS; field++) {
    add(head, "name", "T");
    add(head, "value", "2");
  }
  deepEqual(fields, ["A", "1"]);
  throws(() => add(head, "name", "T"), Unfollowable);
});

Deno.test("HeadCollector bounds the bytes of a head", () => {
  const head = new HeadCollector();
  head.begin();
  add(head, "reason", "x".repeat(MAX_HEAD_BYTES));
  throws(() => add(head, "name", "y"), Unfollowable);
  head.begin();
  add(head, "name", "y");
});

Deno.test("withoutOuterSpace() removes spaces and tabs only, in time that grows with the length", () => {
  equal(withoutOuterSpace(" \ta b\t "), "a b");
  equal(withoutOuterSpace("\xa0\r"), "\xa0\r");
  equal(withoutOuterSpace(" \t "), "");
  const started = performance.now();
  withoutOuterSpace(`x${" ".repeat(MAX_HEAD_BYTES)}x`);
  ok(performance.now() - started < 100);
});

Deno.test("hasReadableFraming() accepts no transfer coding or chunked alone", () => {
  equal(hasReadableFraming(["Content-Length", "3", "transfer-encoding-x", "gzip"]), true);
  equal(hasReadableFraming(["TRANSFER-encoding", "Chunked"]), true);
  for (const value of ["", "gzip", "gzip, chunked", "chunked, chunked", "identity", "chunked;q=1"]) {
    equal(hasReadableFraming(["Transfer-Encoding", value]), false, value);
  }
  equal(hasReadableFraming(["Transfer-Encoding", "chunked", "transfer-encoding", "chunked"]), false);
});
