import { strictEqual as equal } from "node:assert/strict";

import { StringTracker } from "../../src/redact/json_place.ts";

Deno.test("StringTracker tells places inside strings from those between", () => {
  const text = '{"a\\"b":1,"c":"d"}\n"e';
  const tracker = new StringTracker(text);
  const inside = Array.from(text, (_, at) => tracker.inside(at) ? "s" : "-").join("");
  equal(inside, "--sssss----ss--ss---s");
  equal(tracker.isJson, true);
  equal(new StringTracker('data: {"a":1}').isJson, true);
  equal(new StringTracker('said "hi"').isJson, false);
});
