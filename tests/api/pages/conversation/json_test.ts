import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { indented, parseCutJson, parseJson } from "../../../../src/api/pages/conversation/json.ts";

const WHOLE = { a: 'te\\xt "q" é', list: [1, { b: null, c: "d" }, true], last: "漢字 end" };

Deno.test("parseCutJson() reads every cut of an object, and never says more than is there", () => {
  const text = JSON.stringify(WHOLE);
  for (let end = 1; end < text.length; end++) {
    const value = parseCutJson(text.slice(0, end));
    if (value === undefined) throw new Error(`Nothing could be read of ${text.slice(0, end)}`);
    const whole = JSON.stringify(WHOLE);
    const strings = [...JSON.stringify(value).matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, inner]) => inner ?? "");
    for (const inner of strings) equal(whole.includes(inner), true, inner);
  }
  deepEqual(parseCutJson(text), WHOLE);
});

Deno.test("parseCutJson() keeps a text that was cut in the middle, and a value that was whole", () => {
  deepEqual(parseCutJson('{"a":["one","tw'), { a: ["one", "tw"] });
  deepEqual(parseCutJson('{"a":"x\\u00'), { a: "x" });
  deepEqual(parseCutJson('{"a":"x\\'), { a: "x" });
  deepEqual(parseCutJson('{"a":{"b":"c"'), { a: { b: "c" } });
  deepEqual(parseCutJson('{"a":1,"b'), { a: 1 });
});

Deno.test("parseCutJson() takes no other text for JSON", () => {
  for (const text of ["", "plain", "data: {}", "}", "]["]) equal(parseCutJson(text), undefined, text);
});

Deno.test("parseCutJson() and indented() take any depth, in time that grows with the text", () => {
  const depth = 250_000;
  const cut = "[".repeat(depth);
  // With time in the square of the depth this would not end within the hour.
  equal(parseCutJson(`${cut}x`) === undefined, false);
  equal(indented(cut + "]".repeat(depth)), cut + "]".repeat(depth));
  equal(indented(`{"a":${"[".repeat(98)}${"]".repeat(98)}}`).includes("\n"), true);
});

Deno.test("indented() leaves alone what is no object or list", () => {
  equal(indented('{"a":1}'), '{\n  "a": 1\n}');
  for (const text of ["1", '"x"', "no", '{"a":']) equal(indented(text), text);
  equal(parseJson("no"), undefined);
});
