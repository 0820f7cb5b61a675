import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { fieldMap, isCoded } from "../../src/roles/field_map.ts";

Deno.test("fieldMap lower-cases names and keeps the last value", () => {
  const map = fieldMap(["Content-Type", "text/plain", "X-A", "1", "content-TYPE", "application/json"]);
  deepEqual([...map], [["content-type", "application/json"], ["x-a", "1"]]);
});

Deno.test("fieldMap ignores a name without a value, and knows no inherited names", () => {
  equal(fieldMap(["lonely"]).size, 0);
  equal(fieldMap([]).get("constructor"), undefined);
});

Deno.test("isCoded tells codings from none, in lists and in any case", () => {
  for (const coding of [undefined, "", "identity", "Identity", " identity , identity"]) {
    equal(isCoded(coding), false, coding);
  }
  for (const coding of ["gzip", "identity, br", "zstd", "unheard-of"]) equal(isCoded(coding), true, coding);
});
