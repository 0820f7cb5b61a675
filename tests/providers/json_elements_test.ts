import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { type ElementLayout, JsonElements } from "../../src/providers/json_elements.ts";
import { cuts, utf8 } from "./cuts.ts";

function collect(layout: ElementLayout, pieces: readonly (Uint8Array | "gap")[], limit?: number) {
  const elements: string[] = [];
  let skipped = 0;
  const reader = new JsonElements(layout, { element: (text) => elements.push(text), skipped: () => skipped++ }, limit);
  for (const piece of pieces) {
    if (piece === "gap") reader.gap();
    else reader.read(piece);
  }
  return { elements, skipped, closed: reader.closed };
}

Deno.test("JsonElements gives each element of an array as it closes, however the bytes are cut", () => {
  const elements = ['{"a":["]","}","\\"}",{}]}', '{"é":"🙂\\\\"}', "{}"];
  for (const pieces of cuts(utf8(`[${elements.join(",\r\n")}\n]\n`))) {
    deepEqual(collect("array", pieces), { elements, skipped: 0, closed: true });
  }
});

Deno.test("JsonElements survives a missing closing bracket", () => {
  for (const pieces of cuts(utf8('[{"a":1},\n{"a":2}'))) {
    deepEqual(collect("array", pieces), { elements: ['{"a":1}', '{"a":2}'], skipped: 0, closed: false });
  }
});

Deno.test("JsonElements reads lines and goes on after a broken one", () => {
  for (const pieces of cuts(utf8('{"a":1}\n{"a":"cut\n\n{"a":3}'))) {
    deepEqual(collect("lines", pieces), { elements: ['{"a":1}', '{"a":3}'], skipped: 1, closed: true });
  }
});

Deno.test("JsonElements passes over an element above the limit", () => {
  for (const pieces of cuts(utf8(`[{"a":1},{"a":"${"x".repeat(100)}"},{"a":3}]`))) {
    deepEqual(collect("array", pieces, 50), { elements: ['{"a":1}', '{"a":3}'], skipped: 1, closed: true });
  }
});

Deno.test("JsonElements.gap() goes on at the next line, and gives an array up", () => {
  deepEqual(collect("lines", [utf8('{"a":1}\n{"a":'), "gap", utf8('"}\n{"a":3}\n')]).elements, ['{"a":1}', '{"a":3}']);
  const array = collect("array", [utf8('[{"a":1},{"a":'), "gap", utf8('"},{"a":3}]')]);
  deepEqual(array.elements, ['{"a":1}']);
  equal(array.closed, false);
});

Deno.test("JsonElements finds the ends of strings full of quotes and backslashes, however the bytes are cut", () => {
  const texts = ["\\", "\\\\", '"', '\\"', '\\\\"', '"\\', "]}\\\\", "\\\n", "", '\\\\\\"{"'];
  const elements = texts.map((text) => JSON.stringify({ [text]: [text, { text }] }));
  for (const pieces of cuts(utf8(`[${elements.join(",")}]`))) {
    deepEqual(collect("array", pieces), { elements, skipped: 0, closed: true });
  }
  for (const pieces of cuts(utf8(elements.join("\n")))) {
    deepEqual(collect("lines", pieces), { elements, skipped: 0, closed: true });
  }
});

Deno.test("JsonElements goes on after a line that ends behind a backslash, within a string", () => {
  for (const pieces of cuts(utf8('{"a":1}\n{"a":"\\\n{"a":3}\n'))) {
    deepEqual(collect("lines", pieces), { elements: ['{"a":1}', '{"a":3}'], skipped: 1, closed: true });
  }
});
