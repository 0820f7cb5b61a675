import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { showable, showableJson } from "../../src/cli/table.ts";

const HOSTILE = "a\u001b[2J\u009b31m\u007f\u202eb\u2066\u200b\u2028c\u{e0041}d\n";

Deno.test("showable leaves nothing that moves the cursor, turns text around or hides", () => {
  equal(showable(HOSTILE), "a\ufffd[2J\ufffd31m\ufffd\ufffdb\ufffd\ufffd\ufffdc\ufffdd\ufffd");
  equal(showable("größe 大 ✓"), "größe 大 ✓");
});

Deno.test("showableJson writes such characters as escapes, of the same value", () => {
  const value = { [HOSTILE]: [HOSTILE, 1, null], name: "größe 大 👩" };
  const text = showableJson(value, 2);
  equal(showable(text.replaceAll("\n", "")), text.replaceAll("\n", ""));
  deepEqual(JSON.parse(text), value);
  equal(text.includes("größe 大 👩"), true);
});
