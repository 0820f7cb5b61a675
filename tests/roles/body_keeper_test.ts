import { strictEqual as equal } from "node:assert/strict";
import { KEEP_BEYOND_CUT } from "../../src/redact/cut.ts";
import { BodyKeeper } from "../../src/roles/body_keeper.ts";
import { noise, utf8 } from "./tools.ts";

function kept(limit: number, parts: readonly Uint8Array[]): string | null {
  const keeper = new BodyKeeper(limit);
  for (const part of parts) {
    const lent = part.slice();
    keeper.add(lent);
    lent.fill(0x7a); // Whoever lends may use the array for something else.
  }
  return keeper.take();
}

Deno.test("BodyKeeper gives the same text whole, at every split and byte by byte", () => {
  const text = "aä€🙂\u0000\u{10ffff}z";
  const bytes = utf8(text);
  equal(kept(1000, [bytes]), text);
  for (let cut = 0; cut <= bytes.length; cut++) equal(kept(1000, [bytes.subarray(0, cut), bytes.subarray(cut)]), text);
  equal(kept(1000, Array.from(bytes, (byte) => Uint8Array.of(byte))), text);
});

Deno.test("BodyKeeper gives whole characters only, wherever the bytes stop", () => {
  const text = "aä€🙂";
  const bytes = utf8(text);
  const whole = [..."aä€🙂"];
  for (let end = 1; end <= bytes.length; end++) {
    let expected = "";
    for (const character of whole) {
      if (utf8(expected + character).length <= end) expected += character;
      else break;
    }
    equal(kept(1000, [bytes.subarray(0, end)]), expected, `${end} bytes`);
  }
});

Deno.test("BodyKeeper keeps the limit and a margin, and counts the rest", () => {
  const limit = 10;
  const most = limit + KEEP_BEYOND_CUT;
  const keeper = new BodyKeeper(limit);
  keeper.add(new Uint8Array(most - 1).fill(0x61));
  keeper.add(utf8("bcd"));
  keeper.add(utf8("e"));
  equal(keeper.total, most + 3);
  equal(keeper.take(), "a".repeat(most - 1) + "b");
});

Deno.test("BodyKeeper cuts a character that the limit falls into", () => {
  const most = 1 + KEEP_BEYOND_CUT;
  equal(kept(1, [new Uint8Array(most - 2).fill(0x61), utf8("🙂")]), "a".repeat(most - 2));
});

Deno.test("BodyKeeper keeps nothing with limit 0, but counts", () => {
  const keeper = new BodyKeeper(0);
  keeper.add(utf8("secret"));
  equal(keeper.total, 6);
  equal(keeper.take(), null);
});

Deno.test("BodyKeeper keeps nothing after a gap, and counts what was lost", () => {
  const keeper = new BodyKeeper(100);
  keeper.add(utf8("before"));
  keeper.gap(1_000);
  keeper.add(utf8("after"));
  equal(keeper.total, 6 + 1_000 + 5);
  equal(keeper.take(), "before");
  const late = new BodyKeeper(100);
  late.gap(5);
  late.add(utf8("after"));
  equal(late.take(), null);
});

Deno.test("BodyKeeper stores no bytes that are not text", () => {
  equal(kept(1000, [Uint8Array.of(0x61, 0xff, 0x62)]), null);
  equal(kept(1000, [Uint8Array.of(0xc0, 0x80)]), null);
  equal(kept(1000, [Uint8Array.of(0xed, 0xa0, 0x80)]), null);
  equal(kept(100_000, [noise(1_000)]), null);
});

Deno.test("BodyKeeper gives its text once and null for nothing", () => {
  const keeper = new BodyKeeper(100);
  equal(keeper.take(), null);
  keeper.add(new Uint8Array(0));
  equal(keeper.take(), null);
  keeper.add(utf8("x"));
  equal(keeper.take(), "x");
  equal(keeper.take(), null);
});
