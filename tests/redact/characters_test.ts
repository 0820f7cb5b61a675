import { strictEqual as equal } from "node:assert/strict";

import { afterEscape, endsEscape, tokenRunEnd } from "../../src/redact/characters.ts";

Deno.test("endsEscape knows escapes of JSON, percent signs and colours", () => {
  for (const text of ["\\n", "\\\\t", "\\u003D", "%3d", "\u001b[0m", "[1;31m"]) {
    equal(endsEscape(text, text.length), true, text);
  }
  for (const text of ["n", "\\q", "u003D", "\\u00zz", "%zz", "m", "3d", ""]) {
    equal(endsEscape(text, text.length), false, text);
  }
});

Deno.test("afterEscape steps over the rest of an escape and over nothing else", () => {
  equal(afterEscape("\\nbob", 1), 2);
  equal(afterEscape("\\u003cbob", 1), 6);
  equal(afterEscape("\\zbob", 1), 1);
  equal(afterEscape("nbob", 0), 0);
  equal(afterEscape("xnbob", 1), 1);
});

Deno.test("tokenRunEnd stops at the first other character", () => {
  equal(tokenRunEnd("ab_-9.c", 0), 5);
  equal(tokenRunEnd("ab", 2), 2);
});
