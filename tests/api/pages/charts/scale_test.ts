import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { place, spread, ticks } from "../../../../src/api/pages/charts/scale.ts";

Deno.test("ticks() begin at 0, are even, and reach the largest value", () => {
  for (const max of [0.000_01, 0.37, 1, 1.49, 7, 99, 100, 101, 12_345, 9.99e11]) {
    const found = ticks(max);
    equal(found[0], 0);
    ok((found.at(-1) ?? 0) >= max * 0.999_999, String(max));
    ok(found.length >= 3 && found.length <= 6, `${max}: ${found}`);
  }
  deepEqual(ticks(1.49), [0, 0.5, 1, 1.5]);
});

Deno.test("ticks() make an axis of nothing too", () => {
  for (const max of [0, -1, NaN, Infinity]) deepEqual(ticks(max), [0, 1]);
});

Deno.test("spread() holds both ends", () => {
  deepEqual(spread(30, 5), [0, 7, 15, 22, 29]);
  deepEqual(spread(2, 5), [0, 1]);
  deepEqual(spread(0, 5), []);
});

Deno.test("place() rounds to hundredths", () => equal(place(1 / 3), "0.33"));
