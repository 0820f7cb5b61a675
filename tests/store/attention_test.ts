import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { concernPage } from "../../src/store/attention.ts";
import { listProjects } from "../../src/store/project_rows.ts";
import { cutRow, NOON, row, unpricedRow, withDatabase, write } from "./sample.ts";

const HOUR = 3_600_000;

Deno.test("concernPage() finds calls without a cost and calls that are not complete, newest first", async () => {
  await withDatabase((db) => {
    const unpriced = [3, 50, 900].map((hours) => unpricedRow({ requestedAt: NOON - hours * HOUR }));
    const cut = cutRow({ requestedAt: NOON - 60 * HOUR });
    write(db, [row(), ...unpriced, cut, row({ requestedAt: NOON - 60 * HOUR })]);
    const ids = (concern: "unpriced" | "incomplete") => concernPage(db, { concern }, 10).items.map(({ id }) => id);
    deepEqual(ids("unpriced"), [unpriced[0]?.id, unpriced[1]?.id, cut.id, unpriced[2]?.id]);
    deepEqual(ids("incomplete"), [cut.id]);
  });
});

Deno.test("concernPage() pages through all of them once, also within one millisecond", async () => {
  await withDatabase((db) => {
    const rows = Array.from({ length: 25 }, (_, i) => unpricedRow({ requestedAt: NOON - Math.floor(i / 9) * HOUR }));
    write(db, [...rows, row()]);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: ReturnType<typeof concernPage> = concernPage(db, { concern: "unpriced" }, 4, cursor);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    equal(seen.length, 25);
    deepEqual(seen.toSorted(), rows.map(({ id }) => id).toSorted());
  });
});

Deno.test("concernPage() heeds project, provider, model and time", async () => {
  await withDatabase((db) => {
    const wanted = unpricedRow({ requestedAt: NOON - HOUR / 2, model: "x" });
    const others = [
      unpricedRow({ requestedAt: NOON - HOUR / 2, model: "y" }),
      unpricedRow({ requestedAt: NOON - 2 * HOUR, model: "x" }),
      unpricedRow({ requestedAt: NOON, model: "x" }),
      unpricedRow({ requestedAt: NOON - HOUR / 2, model: "x", provider: "openai" }),
      unpricedRow({ requestedAt: NOON - HOUR / 2, model: "x", attribution: { slug: "other", layer: "git" } }),
    ];
    const nameless = unpricedRow({ model: null, requestedModel: null });
    write(db, [wanted, ...others, nameless]);
    const projectId = listProjects(db).find(({ slug }) => slug === "demo")?.id;
    const filters = {
      concern: "unpriced",
      projectId,
      provider: "anthropic",
      model: "x",
      from: NOON - HOUR,
      to: NOON,
    } as const;
    deepEqual(concernPage(db, filters, 10).items.map(({ id }) => id), [wanted.id]);
    deepEqual(concernPage(db, { concern: "unpriced", model: "" }, 10).items.map(({ id }) => id), [nameless.id]);
  });
});
