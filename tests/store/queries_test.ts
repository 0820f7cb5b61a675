import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { ExchangeRow } from "../../src/domain/exchange.ts";
import {
  groupUsage,
  lastRequestedAt,
  latencyP95,
  NO_USAGE,
  repeatedFetches,
  requestsSince,
  spendByProject,
  spendCells,
  sumsByDay,
  sumUsage,
  usageByClient,
  usageByDay,
  usageCells,
} from "../../src/store/queries.ts";
import { findProject } from "../../src/store/project_rows.ts";
import { NO_CALLS, plusBilled } from "../../src/store/stats.ts";
import { cutRow, NOON, row, unpricedRow, withDatabase, write } from "./sample.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ALWAYS = { from: 0, to: Number.MAX_SAFE_INTEGER };

function priced(pico: bigint): ExchangeRow["cost"] {
  return { kind: "priced", pico, ratesSource: "bundled-2026-05-01", match: "exact" };
}

Deno.test("usageCells counts exactly the calls of a half-open range, wherever it is cut", async () => {
  await withDatabase((db) => {
    const times = Array.from({ length: 400 }, (_, index) => NOON + index * 1_234_567);
    // Calls right at the edges of hours and days, where a roll-up and a rim meet.
    for (let hour = 0; hour < 100; hour += 7) times.push(NOON + hour * HOUR - 1, NOON + hour * HOUR);
    write(db, times.map((requestedAt) => row({ requestedAt })));
    const edges = [0, 1, HOUR - 1, HOUR, HOUR + 1, 12 * HOUR, 12 * HOUR + 1, DAY, 36 * HOUR, 60 * HOUR, 61 * HOUR + 5];
    for (const start of edges) {
      for (const end of edges) {
        const range = { from: NOON + start, to: NOON + end };
        const expected = times.filter((time) => time >= range.from && time < range.to).length;
        equal(sumUsage(usageCells(db, range)).requests, expected, `${start} to ${end}`);
      }
    }
    equal(sumUsage(usageCells(db, ALWAYS)).requests, times.length);
  });
});

Deno.test("sums leave unknown values out and say how many there were", async () => {
  await withDatabase((db) => {
    write(db, [row(), unpricedRow(), cutRow(), row({ status: "error", cost: { kind: "free" } })]);
    const sums = sumUsage(usageCells(db, ALWAYS));
    deepEqual(sums, {
      requests: 4,
      errors: 1,
      incomplete: 1,
      tokensUnknown: 1,
      unpriced: 2,
      inputTokens: 300,
      outputTokens: 150,
      thinkingTokens: 30,
      cacheReadTokens: 60,
      cacheWriteTokens: 21,
      costPico: 1_000_000_000_000n,
      notBilledRequests: 0,
      notBilledUnpriced: 0,
      notBilledPico: null,
      latencyMs: 2_400,
      latencyCount: 3,
      lastRequestedAt: NOON,
    });
  });
});

Deno.test("sums of nothing known are null, not zero", async () => {
  await withDatabase((db) => {
    write(db, [cutRow(), cutRow()]);
    for (const range of [ALWAYS, { from: NOON, to: NOON + 1 }]) {
      const sums = sumUsage(usageCells(db, range));
      equal(sums.requests, 2);
      equal(sums.inputTokens, null);
      equal(sums.costPico, null);
    }
    deepEqual(sumUsage([]), NO_USAGE);
    deepEqual(usageCells(db, { from: 0, to: 1 }), []);
  });
});

Deno.test("sums of costs stay exact beyond what a double can hold", async () => {
  await withDatabase((db) => {
    const odd = 2n ** 53n + 1n;
    write(db, [
      row({ cost: priced(odd) }),
      row({ cost: priced(odd) }),
      row({ cost: priced(odd), requestedAt: NOON + DAY }),
      row({ cost: priced(5_000_000_000_000_000_000n), attribution: { slug: "big", layer: "git" } }),
      // Roll-ups hold up to nine million dollars an hour and client.
      row({ cost: priced(5_000_000_000_000_000_000n), provider: "xai", clientName: "grok-cli" }),
    ]);
    equal(sumUsage(usageCells(db, ALWAYS)).costPico, 3n * odd + 10_000_000_000_000_000_000n);
    const days = usageByDay(db, [NOON, NOON + DAY, NOON + 2 * DAY], findProject(db, "demo")?.id ?? 0);
    equal(days.find(({ day, provider }) => day === 0 && provider === "anthropic")?.costPico, 2n * odd);
    equal(days.find(({ day }) => day === 1)?.costPico, odd);
  });
});

Deno.test("groupUsage adds cells up by key", async () => {
  await withDatabase((db) => {
    write(db, [row(), row({ provider: "openai", model: "gpt-5" }), row({ provider: "openai", model: null })]);
    const cells = usageCells(db, ALWAYS);
    const counts = (groups: ReturnType<typeof groupUsage<string | null>>) =>
      [...groups].map(([key, { requests }]) => [key, requests]).sort();
    deepEqual(counts(groupUsage(cells, ({ provider }) => provider)), [["anthropic", 1], ["openai", 2]]);
    deepEqual(
      counts(groupUsage(cells, ({ model }) => model)),
      [["claude-sonnet-4-6", 1], ["gpt-5", 1], [null, 1]].sort(),
    );
  });
});

Deno.test("usageCells and usageByDay see one project when asked to", async () => {
  await withDatabase((db) => {
    write(db, [row(), row({ attribution: { slug: "other", layer: "env" } }), row()]);
    const id = findProject(db, "other")?.id ?? 0;
    equal(sumUsage(usageCells(db, ALWAYS, id)).requests, 1);
    // Once from slots, once from the rims alone.
    for (const boundaries of [[NOON - HOUR, NOON + HOUR], [NOON, NOON + 1]]) {
      deepEqual(usageByDay(db, boundaries, id).map(({ requests }) => requests), [1]);
      deepEqual(usageByDay(db, boundaries).map(({ requests }) => requests), [3]);
    }
  });
});

Deno.test("latencyP95 is the nearest rank, whichever index it takes", async () => {
  await withDatabase((db) => {
    for (const size of [1, 2, 19, 20, 21, 100, 1_000, 1_001, 2_400]) {
      const slug = `of-${size}`;
      // A shuffled 1..size, and a slower call outside the range.
      const calls = Array.from({ length: size }, (_, index) =>
        row({
          attribution: { slug, layer: "git" },
          latencyMs: (index * 7_919) % size + 1,
        }));
      write(db, [...calls, row({ attribution: { slug, layer: "git" }, latencyMs: 99_999, requestedAt: NOON + DAY })]);
      const range = { from: NOON, to: NOON + 1 };
      const id = findProject(db, slug)?.id ?? 0;
      equal(latencyP95(db, range, id, size), Math.ceil(size * 0.95), `${size} calls`);
    }
    equal(latencyP95(db, ALWAYS, 1, 0), null);
  });
});

Deno.test("usageByDay keeps to the days it is given, also 23 and 25 hours long and at odd minutes", async () => {
  await withDatabase((db) => {
    const times = Array.from({ length: 500 }, (_, index) => NOON + index * 777_777);
    write(
      db,
      times.map((requestedAt, index) => index % 10 === 0 ? unpricedRow({ requestedAt }) : row({ requestedAt })),
    );
    const boundaries = [0, 23 * HOUR, 48 * HOUR, 48 * HOUR + 1_234_567, 72 * HOUR + 900_000].map((at) => NOON + at);
    const days = usageByDay(db, boundaries);
    equal(days.length, 4);
    for (const { day, requests, unpriced, costPico } of days) {
      const inside = times.map((time, index) => ({ time, index }))
        .filter(({ time }) => time >= (boundaries[day] ?? 0) && time < (boundaries[day + 1] ?? 0));
      equal(requests, inside.length);
      equal(unpriced, inside.filter(({ index }) => index % 10 === 0).length);
      equal(costPico, BigInt(requests - unpriced) * 1_000_000_000_000n);
    }
  });
});

Deno.test("repeatedFetches counts what the sums leave out", async () => {
  await withDatabase((db) => {
    const call = { provider: "openai", responseId: "resp_1" } as const;
    write(db, [row(call), row({ ...call, method: "GET" }), row({ ...call, method: "GET", requestedAt: NOON + DAY })]);
    equal(repeatedFetches(db, ALWAYS), 2);
    equal(repeatedFetches(db, { from: NOON, to: NOON + 1 }), 1);
    equal(repeatedFetches(db, ALWAYS, 99), 0);
    equal(requestsSince(db, NOON + 1), 1);
    equal(lastRequestedAt(db), NOON + DAY);
  });
});

Deno.test("usageByClient and sumsByDay agree with the calls themselves, wherever a range is cut", async () => {
  await withDatabase((db) => {
    const bases = ["metered", "subscription", "unknown", "credits"] as const;
    const calls = Array.from({ length: 300 }, (_, index) => {
      const changes = {
        requestedAt: NOON + index * 1_234_567,
        clientName: [null, "codex", "claude-code"][index % 3] ?? null,
        billingBasis: bases[index % 4] ?? "metered",
        attribution: { slug: `p${index % 2}`, layer: "git" },
      } as const;
      return index % 7 === 0 ? unpricedRow(changes) : row({ ...changes, cost: priced(BigInt(index)) });
    });
    for (let start = 0; start < calls.length; start += 23) write(db, calls.slice(start, start + 23));
    const edges = [0, 1, HOUR - 1, HOUR, 12 * HOUR, 36 * HOUR, 36 * HOUR + 1, 61 * HOUR + 5, 500 * DAY];
    for (const [slug, id] of [[null, null], ["p1", findProject(db, "p1")?.id ?? 0]] as const) {
      for (const [at, to] of edges.slice(1).entries()) {
        const range = { from: NOON + (edges[at] ?? 0), to: NOON + to };
        const inside = calls.filter(({ requestedAt, attribution }) =>
          requestedAt >= range.from && requestedAt < range.to && (slug === null || attribution.slug === slug)
        );
        const found = new Map(usageByClient(db, range, id).map(({ client, sums }) => [client, sums]));
        equal(found.size, new Set(inside.map(({ clientName }) => clientName)).size);
        for (const [client, members] of Map.groupBy(inside, ({ clientName }) => clientName)) {
          const free = members.filter(({ billingBasis }) =>
            billingBasis === "subscription" || billingBasis === "credits"
          );
          const worth = (rows: readonly ExchangeRow[]) =>
            rows.reduce((sum, { cost }) => sum + (cost.kind === "priced" ? cost.pico : 0n), 0n);
          const sums = found.get(client);
          deepEqual([sums?.requests, sums?.notBilledRequests], [members.length, free.length]);
          deepEqual([sums?.costPico ?? 0n, sums?.notBilledPico ?? 0n], [worth(members), worth(free)]);
          equal(sums?.inputTokens, members.length * 100);
          equal(sums?.unpriced, members.filter(({ cost }) => cost.kind === "unpriced").length);
        }
        deepEqual(sumsByDay(db, [range.from, range.to], id), [sumUsage(usageCells(db, range, id))]);
      }
    }
    deepEqual(sumsByDay(db, [0, 1, 2]), [NO_USAGE, NO_USAGE]);
    deepEqual(sumsByDay(db, [NOON + 900 * DAY, NOON + 901 * DAY]), [NO_USAGE]);
  });
  await withDatabase((db) => deepEqual(sumsByDay(db, [0, NOON, 2 * NOON]), [NO_USAGE, NO_USAGE]));
});

Deno.test("spendByProject adds up to what spendCells says, wherever a range is cut", async () => {
  await withDatabase((db) => {
    const bases = ["metered", "subscription", "credits", "unknown"] as const;
    write(
      db,
      Array.from({ length: 300 }, (_, index) => {
        const changes = {
          requestedAt: NOON + index * 1_234_567,
          attribution: { slug: `p${index % 3}`, layer: "git" },
          billingBasis: bases[index % 4] ?? "unknown",
          clientName: index % 5 === 0 ? null : `client-${index % 2}`,
        } as const;
        return index % 7 === 0 ? unpricedRow(changes) : row(changes);
      }),
    );
    const sums = (cells: ReturnType<typeof spendByProject>) =>
      [...Map.groupBy(cells, ({ projectId }) => projectId)].map(([id, members]) => {
        const { requests, unpriced, costPico, notBilledRequests, notBilledUnpriced, notBilledPico } = members.reduce(
          plusBilled,
          NO_CALLS,
        );
        return [id, requests, unpriced, costPico, notBilledRequests, notBilledUnpriced, notBilledPico];
      }).sort((a, b) => Number(a[0]) - Number(b[0]));
    const edges = [0, 1, HOUR - 1, HOUR, 12 * HOUR, DAY, 36 * HOUR + 900_000, 60 * HOUR + 7, 40 * DAY];
    for (const start of edges) {
      for (const end of edges) {
        const range = { from: NOON + start, to: NOON + end };
        for (const only of [null, findProject(db, "p1")?.id ?? 0]) {
          deepEqual(sums(spendByProject(db, range, only)), sums(spendCells(db, range, only)), `${start} to ${end}`);
        }
      }
    }
  });
});
