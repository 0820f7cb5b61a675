import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";

import { type EventBreak, stringsByPlace } from "../../src/redact/json_strings.ts";

function grouped(text: string, eventBreak: EventBreak): string[][] {
  return stringsByPlace(text, eventBreak).map((group) => group.map(({ start, end }) => text.slice(start, end)));
}

Deno.test("stringsByPlace groups strings of one place over events", () => {
  const body = 'event: x\ndata: {"delta":{"text":"a"}}\n\ndata: {"delta":{"text":"b\\n"},"other":"c"}\n\n';
  deepEqual(grouped(body, "blank-line"), [["a", "b\\n"], ["c"]]);
});

Deno.test("stringsByPlace parts streams by type, index and id, even when these come later in the object", () => {
  const body = [
    '{"type":"a","x":"1"}',
    '{"x":"2","type":"b"}',
    '{"x":"3","type":"a"}',
    '{"l":[{"x":"4","index":0},{"x":"5","index":1}]}',
    '{"l":[{"index":1,"x":"6"}]}',
  ].join("\n");
  deepEqual(grouped(body, "line"), [["1", "3"], ["2"], ["4"], ["5", "6"]]);
});

Deno.test("stringsByPlace takes elements without an index as alike", () => {
  deepEqual(grouped('[{"p":["a","b"]},\n{"p":["c"]}]', "never"), [["a", "b", "c"]]);
});

Deno.test("stringsByPlace leaves out names and other constants", () => {
  deepEqual(grouped('{"id":"1","model":"m","role":"user","text":"t"}', "line"), [["t"]]);
});

Deno.test("stringsByPlace reads an object that several data lines hold", () => {
  deepEqual(grouped('data: {"a":\r\ndata:  {"b": "c"}\r\ndata: }\r\n\r\ndata: {"a":{"b":"d"}}\r\n\r\n', "blank-line"), [
    ["c", "d"],
  ]);
});

Deno.test("stringsByPlace reads as much as there is, wherever the text ends", () => {
  const body = 'data: {"i":[1,{"t":"on\\"e"}],"n":-1.5e3}\n\ndata: {"i":[{"t":"two\\u0041"}]}\n\n';
  for (let end = 0; end <= body.length; end++) {
    for (const [group = []] of [stringsByPlace(body.slice(0, end), "blank-line")]) {
      for (const value of group) ok(value.start <= value.end && value.end <= end);
    }
  }
  equal(grouped(body.slice(0, -12), "blank-line")[0]?.[1], "two");
});

Deno.test("stringsByPlace stands any nesting and any noise", () => {
  deepEqual(grouped("[".repeat(100_000), "never"), []);
  deepEqual(grouped('{"a":'.repeat(10_000), "never"), []);
  deepEqual(grouped(']}]}"', "line"), []);
  deepEqual(grouped('said "hi" and "ho"\n{"a":"b"}', "line"), [["b"]]);
});
