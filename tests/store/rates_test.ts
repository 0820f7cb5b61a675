import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import { listRates, type RateRow, seedRates } from "../../src/store/rates.ts";
import { withDatabase } from "./sample.ts";

const RATE: RateRow = {
  provider: "gemini",
  model: "gemini-3-pro",
  variant: "standard",
  promptOver: 200_000,
  input: "4",
  output: "18",
  cacheRead: "0.40",
  cacheWrite5m: null,
  cacheWrite1h: null,
  other: { audio_input: "1.0" },
  validFrom: null,
  validUntil: 1_800_000_000_000,
  source: "bundled-2026-05-01",
};

Deno.test("seedRates stores prices as they are written, and only when the list changed", async () => {
  await withDatabase((db) => {
    equal(seedRates(db, [RATE, { ...RATE, promptOver: 0, input: "2", other: null }], "2026-05-01"), true);
    deepEqual(listRates(db), [{ ...RATE, promptOver: 0, input: "2", other: null }, RATE]);
    equal(seedRates(db, [], "2026-05-01"), false);
    equal(listRates(db).length, 2);
    equal(seedRates(db, [RATE], "2026-06-01"), true);
    deepEqual(listRates(db), [RATE]);
  });
});

Deno.test("seedRates keeps the old list when the new one cannot be written", async () => {
  await withDatabase((db) => {
    seedRates(db, [RATE], "one");
    throws(() => seedRates(db, [RATE, { ...RATE, promptOver: 0.5 }], "two"));
    deepEqual(listRates(db), [RATE]);
    equal(seedRates(db, [], "one"), false);
  });
});
