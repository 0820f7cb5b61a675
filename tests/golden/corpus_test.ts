/**
 * Every surface over plain HTTP from raw bytes to its exact price, at every cut. No permissions.
 *
 * @module
 */

import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { SURFACES } from "../../src/providers/surfaces.ts";
import { CORPUS } from "./corpus.ts";
import { counts, meterEveryWay, price } from "./wire.ts";

for (const entry of CORPUS) {
  Deno.test(`surfaceFor() reads and costOf() prices ${entry.surface}, ${entry.title}`, async () => {
    const metered = await meterEveryWay(entry);
    deepEqual(
      metered.map((one) => ({
        counts: counts(one),
        cost: price(one),
        model: one.reading.parts[0].model,
        responseId: one.reading.responseId,
        mode: one.reading.mode,
        ...one.reading.error === null ? {} : { failed: true },
      })),
      entry.expected,
    );
  });
}

Deno.test("the corpus has an exchange for every surface over plain HTTP", () => {
  const covered = new Set(CORPUS.map(({ surface }) => surface));
  deepEqual(SURFACES.filter(({ name, openSocket }) => openSocket === undefined && !covered.has(name)), []);
});
