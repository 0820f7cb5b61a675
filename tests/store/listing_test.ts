import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { countRequests, findRequest, listRequests, type RequestFilter } from "../../src/store/listing.ts";
import { cutRow, NOON, row, unpricedRow, withDatabase, write } from "./sample.ts";

Deno.test("listRequests gives every call once, newest first, also when many share a millisecond", async () => {
  await withDatabase((db) => {
    const calls = Array.from({ length: 25 }, (_, index) => row({ requestedAt: NOON + Math.floor(index / 10) }));
    write(db, calls);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = listRequests(db, {}, 7, cursor);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
      // Newer calls that arrive meanwhile do not shift the pages.
      write(db, [row({ requestedAt: NOON + 1_000 })]);
    } while (cursor !== null);
    deepEqual(seen, calls.map(({ id }) => id).reverse());
  });
});

Deno.test("listRequests says that a full last page is the last", async () => {
  await withDatabase((db) => {
    write(db, [row(), row()]);
    equal(listRequests(db, {}, 2).nextCursor, null);
    equal(listRequests(db, {}, 1).nextCursor === null, false);
    equal(listRequests(db, {}, 2, "not a cursor").items.length, 2);
  });
});

Deno.test("listRequests and countRequests filter alike", async () => {
  await withDatabase((db) => {
    write(db, [
      row(),
      row({ provider: "openai", requestedAt: NOON + 5 }),
      row({ attribution: { slug: "b", layer: "env" } }),
    ]);
    const filters: [RequestFilter, number][] = [
      [{}, 3],
      [{ provider: "openai" }, 1],
      [{ projectId: 2 }, 1],
      [{ from: NOON + 1 }, 1],
      [{ to: NOON + 5 }, 2],
      [{ projectId: 1, provider: "openai", from: NOON, to: NOON + 6 }, 1],
    ];
    for (const [filter, expected] of filters) {
      equal(listRequests(db, filter, 10).items.length, expected);
      equal(countRequests(db, filter), expected);
    }
  });
});

Deno.test("findRequest gives back what was recorded, unknown values as null", async () => {
  await withDatabase((db) => {
    const [known, cut, unpriced] = [row({ requestedModel: "sonnet" }), cutRow(), unpricedRow()];
    write(db, [known, cut, unpriced]);
    const found = findRequest(db, known.id);
    equal(found?.project, "demo");
    equal(found?.requestedModel, "sonnet");
    equal(found?.cacheWriteTokens, 7);
    equal(found?.costPico, 1_000_000_000_000n);
    equal(found?.costUsdMinorUnits, 100_000);
    equal(found?.tokensComplete, true);
    equal(found?.requestedAt, NOON);
    equal(findRequest(db, cut.id)?.inputTokens, null);
    equal(findRequest(db, cut.id)?.latencyMs, null);
    equal(findRequest(db, cut.id)?.tokensComplete, false);
    equal(findRequest(db, unpriced.id)?.costMissing, "unknown_model");
    equal(findRequest(db, "absent"), null);
  });
});
