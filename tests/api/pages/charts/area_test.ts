import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { stackedPaths } from "../../../../src/api/pages/charts/area.tsx";

function layer(...values: number[]) {
  return { name: "x", className: "p-other", values };
}

Deno.test("stackedPaths() puts each layer on those below it", () => {
  deepEqual(stackedPaths([layer(1, 2, 1), layer(1, 0, 3)], 4, 100, 40), [
    "M0 30L50 20L100 30L100 40L50 40L0 40Z",
    "M0 20L50 20L100 0L100 30L50 20L0 30Z",
  ]);
});

Deno.test("stackedPaths() draws nothing without days, and one day without a division by zero", () => {
  deepEqual(stackedPaths([layer()], 1, 100, 40), [""]);
  deepEqual(stackedPaths([layer(1)], 2, 100, 40), ["M0 20L0 40Z"]);
});

Deno.test("stackedPaths() never goes below the floor", () => {
  deepEqual(stackedPaths([layer(-5, 2)], 2, 100, 40), ["M0 40L100 0L100 40L0 40Z"]);
});
