import { ok, strictEqual as equal } from "node:assert/strict";

import { hex, sample } from "../../src/redact/samples.ts";

Deno.test("sample and hex make texts of the length and alphabet asked for", () => {
  for (const length of [1, 20, 150]) {
    equal(sample(length).length, length);
    ok(/^[A-Za-z0-9]+$/.test(sample(length)));
    equal(hex(length).length, length);
    ok(/^[0-9a-f]+$/.test(hex(length)));
  }
});
