import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { QuotaSample } from "../../src/domain/quota.ts";
import { latestQuota, prepareQuotaInsert } from "../../src/store/quota.ts";
import { NOON, withDatabase } from "./sample.ts";

const DAY = 86_400_000;

function sample(changes: Partial<QuotaSample> = {}): QuotaSample {
  return {
    provider: "anthropic",
    window: "5h",
    usedPercent: 43.5,
    resetsAt: NOON + DAY,
    status: "allowed",
    sampledAt: NOON,
    ...changes,
  };
}

Deno.test("latestQuota gives the newest sample of every window, in whatever order they were written", async () => {
  await withDatabase((db) => {
    const insert = prepareQuotaInsert(db);
    const newest = sample({ sampledAt: NOON + 60_000, usedPercent: null, resetsAt: null, status: null });
    const others = [sample({ window: "7d" }), sample({ provider: "openai" })];
    for (const each of [newest, sample(), ...others]) insert(each);
    deepEqual(latestQuota(db), [newest, ...others]);
  });
});

Deno.test("prepareQuotaInsert forgets samples of the window that are older than 400 days", async () => {
  await withDatabase((db) => {
    const insert = prepareQuotaInsert(db);
    insert(sample({ sampledAt: NOON - 401 * DAY }));
    insert(sample({ sampledAt: NOON - 401 * DAY, window: "7d" }));
    insert(sample({ sampledAt: NOON - 399 * DAY }));
    insert(sample());
    equal(db.prepare("SELECT count(*) AS n FROM quota_samples").get()?.["n"], 3);
  });
});
