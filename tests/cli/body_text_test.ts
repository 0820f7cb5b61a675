import { strictEqual as equal } from "node:assert/strict";
import { harmless, indentJson, readableBody } from "../../src/cli/body_text.ts";

const VALUE = { a: [1, 2.5e10, { b: 'x,{}[]:\\" ü' }], empty: {}, none: [], t: true, n: null, deep: [[[]]] };

Deno.test("indentJson lays JSON out and changes no token", () => {
  const laid = indentJson(JSON.stringify(VALUE));
  equal(laid, JSON.stringify(VALUE, null, 2));
  equal(indentJson(laid), laid);
  equal(indentJson('{"n":12345678901234567890.000,"n":1}'), '{\n  "n": 12345678901234567890.000,\n  "n": 1\n}');
  equal(indentJson('{ "e" : { } , "f":[ ] }'), '{\n  "e": {},\n  "f": []\n}');
});

Deno.test("indentJson keeps every token of a text that is cut anywhere", () => {
  const source = JSON.stringify(VALUE);
  const bare = (text: string) => text.replace(/\s/g, "");
  for (let end = 0; end <= source.length; end++) {
    equal(bare(indentJson(source.slice(0, end))), bare(source.slice(0, end)));
  }
});

Deno.test("indentJson takes a string of megabytes, and brackets without end", () => {
  const long = `{"a":"${"x\\n".repeat(2_000_000)}`;
  equal(indentJson(long).length, long.length + 4);
  equal(indentJson("[".repeat(100_000)).split("\n").length, 100_001);
});

Deno.test("readableBody lays out events and lines each by themselves", () => {
  const stream = 'event: delta\r\ndata: {"a":1}\r\n\r\ndata: [DONE]\r\n\r\n';
  equal(readableBody(stream, "text/event-stream"), 'event: delta\ndata: {\n  "a": 1\n}\n\ndata: [DONE]\n\n');
  equal(readableBody('data: {"a":1}', null), 'data: {\n  "a": 1\n}');
  equal(readableBody('{"a":1}\n{"b":2}', "application/x-ndjson"), '{\n  "a": 1\n}\n{\n  "b": 2\n}');
  equal(readableBody("plain: text, as {it} is", "text/plain"), "plain: text, as {it} is");
});

Deno.test("harmless keeps line breaks and tabs, and nothing that steers a terminal", () => {
  equal(harmless("a\r\nb\tc\u001b]0;x\u0007\u202ed\u009b2J\r"), "a\nb\tc\ufffd]0;x\ufffd\ufffdd\ufffd2J\ufffd");
});
