import { strictEqual as equal } from "node:assert/strict";
import { bodyStats } from "../../src/store/bodies.ts";
import { BodyRemoval } from "../../src/store/body_removal.ts";
import { BodyTotal } from "../../src/store/body_total.ts";
import { type Database, openForWriting } from "../../src/store/database.ts";
import { body, NOON, row, withDatabase, writerOf } from "./sample.ts";

const now = () => Promise.resolve();
const ALL = { before: Number.MAX_SAFE_INTEGER, projectId: null };

function fill(db: Database, calls: number): void {
  const writer = writerOf(db);
  for (let each = 0; each < calls; each += 1) writer.record(row(), [body({ text: "x".repeat(1 + each % 9) })]);
  writer.flush();
}

function remove(db: Database, enoughBytes: number | null): number {
  const removal = new BodyRemoval(db, { ...ALL, enoughBytes }, { event: "bodies.swept", details: {} }, NOON);
  while (removal.step());
  return removal.removed.bytes;
}

Deno.test("BodyTotal measures what is stored, in steps, and then what is new", async () => {
  await withDatabase(async (db) => {
    const total = new BodyTotal(db);
    equal(await total.measure(now), 0);
    fill(db, 2_500);
    let pauses = 0;
    equal(await total.measure(() => Promise.resolve(void pauses++)), bodyStats(db).storedBytes);
    equal(pauses, 2);
    fill(db, 10);
    equal(await total.measure(() => Promise.resolve(void pauses++)), bodyStats(db).storedBytes);
    equal(pauses, 2, "only the new ones were looked at");
  });
});

Deno.test("BodyTotal follows removals, also of everything, after which row numbers begin anew", async () => {
  await withDatabase(async (db) => {
    const total = new BodyTotal(db);
    fill(db, 100);
    await total.measure(now);
    total.removed(remove(db, 50));
    equal(await total.measure(now), bodyStats(db).storedBytes);
    total.removed(remove(db, null));
    fill(db, 20);
    equal(await total.measure(now), bodyStats(db).storedBytes);
  });
});

Deno.test("BodyTotal measures anew when another process has written, and gives nothing when it does so meanwhile", async () => {
  await withDatabase(async (db, path) => {
    const total = new BodyTotal(db);
    fill(db, 2_500);
    await total.measure(now);
    const other = openForWriting(path, { now: NOON });
    remove(other, 500);
    equal(await total.measure(now), bodyStats(db).storedBytes);
    remove(other, 500);
    const meanwhile = () => {
      remove(other, 1);
      return Promise.resolve();
    };
    equal(await total.measure(meanwhile), null);
    equal(await total.measure(now), bodyStats(db).storedBytes);
    other.close();
  });
});
