import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { LogEvent } from "../../src/log.ts";
import { BodySweep } from "../../src/roles/body_sweep.ts";
import { bodyStats } from "../../src/store/bodies.ts";
import type { Database } from "../../src/store/database.ts";
import { auditTrail } from "../../src/store/settings.ts";
import { body, noise, NOON, row, withDatabase, writerOf } from "../store/sample.ts";

const DAY = 86_400_000;

interface Bench {
  readonly db: Database;
  readonly sweep: BodySweep;
  readonly events: LogEvent[];
  settings: { enabled: boolean; maxBodyBytes: number; retentionDays: number; maxTotalBytes: number };
  now: number;
}

async function withSweep(test: (bench: Bench, path: string) => Promise<void>): Promise<void> {
  await withDatabase(async (db, path) => {
    const events: LogEvent[] = [];
    const settings = { enabled: true, maxBodyBytes: 1_000, retentionDays: 10, maxTotalBytes: 0 };
    const sweep = new BodySweep({
      db,
      settings: () => bench.settings,
      now: () => bench.now,
      log: (event) => events.push(event),
    });
    const bench: Bench = { db, sweep, events, settings, now: NOON };
    try {
      await test(bench, path);
    } finally {
      sweep.stop();
    }
  });
}

/** Bodies of 15 bytes, so many days before {@link NOON}. */
function fill(db: Database, calls: number, daysAgo: number, text = '{"messages":[]}'): void {
  const writer = writerOf(db);
  for (let each = 0; each < calls; each += 1) {
    writer.record(row({ requestedAt: NOON - daysAgo * DAY }), [body({ text })]);
  }
  writer.flush();
}

Deno.test("BodySweep deletes what is past retention at its first check, and says so once", async () => {
  await withSweep(async (bench) => {
    const { db, sweep, events } = bench;
    fill(db, 100, 11);
    fill(db, 5, 9);
    await sweep.check();
    equal(bodyStats(db).count, 5);
    const details = { cause: "retention", retention_days: 10, bodies: 100, bytes: 1_500 };
    deepEqual(auditTrail(db, 9), [{ occurredAt: NOON, event: "bodies.swept", details }]);
    const [event, ...others] = events;
    ok(event?.event === "bodies.swept" && others.length === 0);
    deepEqual([event.cause, event.bodies, event.bytes], ["retention", 100, 1_500]);
    deepEqual(sweep.counters(), { sweeps: 1, sweeps_failed: 0, swept_bodies: 100, swept_body_bytes: 1_500 });
    equal(db.prepare("SELECT count(*) AS n FROM requests").get()?.["n"], 105, "calls stay");
  });
});

Deno.test("BodySweep sweeps once a day by the wall clock, whichever way that jumps, and when the setting changes", async () => {
  await withSweep(async (bench) => {
    const { sweep } = bench;
    const sweepsAfter = async (change: () => void) => {
      change();
      await sweep.check();
      return sweep.counters()["sweeps"];
    };
    equal(await sweepsAfter(() => {}), 1);
    equal(await sweepsAfter(() => bench.now += DAY - 1), 1);
    equal(await sweepsAfter(() => bench.now += 1), 2);
    equal(await sweepsAfter(() => bench.now -= 3 * DAY), 3);
    equal(await sweepsAfter(() => bench.settings = { ...bench.settings, retentionDays: 3 }), 4);
    equal(await sweepsAfter(() => {}), 4);
    deepEqual(auditTrail(bench.db, 9), [], "nothing was deleted");
  });
});

Deno.test("BodySweep keeps all bodies within the budget at every check, the oldest go first", async () => {
  await withSweep(async (bench) => {
    const { db, sweep } = bench;
    bench.settings = { ...bench.settings, maxTotalBytes: 150 };
    for (let day = 9; day > 0; day -= 1) fill(db, 2, day);
    await sweep.check();
    deepEqual([bodyStats(db).storedBytes, bodyStats(db).oldest], [150, NOON - 5 * DAY]);
    fill(db, 3, 0);
    await sweep.check();
    equal(bodyStats(db).storedBytes, 150);
    await sweep.check();
    deepEqual(
      auditTrail(db, 9).map(({ details }) => [details["cause"], details["max_total_bytes"], details["bodies"]]),
      [
        ["budget", 150, 3],
        ["budget", 150, 8],
      ],
    );
  });
});

Deno.test("BodySweep gives space back, but for what the next bodies will need", async () => {
  await withSweep(async ({ db, sweep }) => {
    fill(db, 200, 11, noise(100_000));
    const pages = () => Number(db.prepare("PRAGMA page_count").get()?.["page_count"]);
    const before = pages();
    await sweep.check();
    ok(before > 4_500, `${before} pages`);
    ok(pages() < 2_200, `${pages()} pages are left`);
  });
});

Deno.test("BodySweep leaves time for rows between its steps", async () => {
  await withSweep(async ({ db, sweep }) => {
    fill(db, 250, 11, noise(100_000));
    const writer = writerOf(db);
    const delays: number[] = [];
    let due = performance.now() + 2;
    const timer = setInterval(() => {
      writer.record(row(), [body()]);
      writer.flush();
      delays.push(performance.now() - due);
      due = performance.now() + 2;
    }, 2);
    await sweep.check();
    clearInterval(timer);
    equal(bodyStats(db).count, delays.length);
    ok(delays.length > 20, `${delays.length} rows were written during the sweep`);
    delays.sort((a, b) => a - b);
    const late = delays.filter((delay) => delay > 50).length;
    ok(late <= delays.length / 20, `${late} of ${delays.length} rows were late, the latest by ${delays.at(-1)} ms`);
  });
});

Deno.test("BodySweep counts a failure, says so until a check succeeds, and tries again", async () => {
  await withSweep(async ({ db, sweep, events }) => {
    fill(db, 3, 11);
    db.exec("CREATE TRIGGER refuse BEFORE DELETE ON request_bodies BEGIN SELECT raise(ABORT, 'no'); END");
    await sweep.check();
    equal(sweep.counters()["sweeps_failed"], 1);
    match(sweep.notes().join(), /^Old bodies could not be deleted \(Error/);
    deepEqual(events.map(({ event }) => event), ["bodies.sweep.failed"]);
    db.exec("DROP TRIGGER refuse");
    await sweep.check();
    deepEqual([sweep.notes(), sweep.counters()["swept_bodies"]], [[], 3]);
  });
});

Deno.test("BodySweep stops between two steps, and does not touch a database that was closed", async () => {
  await withSweep(async ({ db, sweep, events }) => {
    fill(db, 200, 11, noise(20_000));
    const checking = sweep.check();
    sweep.stop();
    const left = bodyStats(db).count;
    ok(left > 0 && left < 200, `${left} are left after the first step`);
    await checking;
    equal(bodyStats(db).count, left);
    await sweep.check();
    equal(bodyStats(db).count, left);
    deepEqual(events.map(({ event }) => event), ["bodies.swept"]);
  });
});

Deno.test("BodySweep leaves no word of what it deleted in the file or its log, also what a killed one left there", async () => {
  await withSweep(async (bench, path) => {
    const places = () => [path, `${path}-wal`].filter((file) => Deno.readTextFileSync(file).includes("the marigold"));
    fill(bench.db, 3, 11, "the marigold");
    deepEqual(places(), [`${path}-wal`]);
    bench.db.exec("DELETE FROM request_bodies"); // As the last thing that somebody else did.
    deepEqual(places(), [`${path}-wal`]);
    await bench.sweep.check();
    deepEqual(places(), []);
    fill(bench.db, 3, 11, "the marigold");
    bench.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    deepEqual(places(), [path]);
    bench.now += DAY;
    await bench.sweep.check();
    deepEqual(places(), []);
  });
});

Deno.test("BodySweep waits a moment only for somebody who reads, and overwrites at the next check", async () => {
  await withSweep(async ({ db, sweep }, path) => {
    fill(db, 3, 11, "the marigold");
    const reader = new DatabaseSync(path, { readOnly: true });
    reader.exec("BEGIN");
    reader.prepare("SELECT count(*) FROM requests").get();
    await sweep.check();
    ok(Deno.readTextFileSync(`${path}-wal`).includes("the marigold"));
    deepEqual([bodyStats(db).count, sweep.notes()], [0, []]);
    reader.close();
    await sweep.check();
    equal(Deno.readTextFileSync(`${path}-wal`).length, 0);
  });
});
