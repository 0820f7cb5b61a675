import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { Queue, SyncCommand } from "../../src/domain/cloud.ts";
import { pendingBodies, pendingRows, sharedDays, syncCounts } from "../../src/store/cloud_pending.ts";
import {
  allowBackfill,
  beginPairing,
  carryOutSync,
  endPairing,
  freeLease,
  LEASE_MS,
  leaseHolder,
  noteBodySync,
  readSyncRecord,
  setPaused,
} from "../../src/store/cloud_record.ts";
import type { Database } from "../../src/store/database.ts";
import { auditTrail } from "../../src/store/settings.ts";
import { body, NOON, row, withDatabase, writerOf } from "./sample.ts";

const PAIRING = { machineId: "m", workspaceId: "w", baseUrl: "https://a.example.com" };
const HOLDER = "test";

function record(db: Database, count: number, requestedAt = NOON + 1_000, withBody = false): string[] {
  const writer = writerOf(db);
  const rows = Array.from({ length: count }, () => row({ requestedAt }));
  for (const each of rows) writer.record(each, withBody ? [body()] : []);
  writer.flush();
  return rows.map(({ id }) => id);
}

function waiting(db: Database, limit = 500): { queue: Queue; seqs: number[] } | null {
  const found = pendingRows(db, limit);
  return found === null ? null : { queue: found.queue, seqs: found.rows.map(({ seq }) => seq) };
}

function keep(db: Database, command: SyncCommand, now = NOON): boolean {
  return carryOutSync(db, command, now);
}

/** Marks what waits as sent. */
function send(db: Database, limit = 500): number {
  equal(keep(db, { kind: "begin", holder: HOLDER, pairing: PAIRING }), true);
  const found = pendingRows(db, limit);
  if (found === null) return 0;
  equal(keep(db, { kind: "sent", holder: HOLDER, queue: found.queue, sent: found.rows, parked: [] }), true);
  return found.rows.length;
}

Deno.test("D7 beginPairing shares nothing that was recorded, or under way, before it", async () => {
  await withDatabase((db) => {
    record(db, 3, NOON - 5_000);
    beginPairing(db, PAIRING, NOON);
    record(db, 1, NOON - 1); // Began before, ended after.
    equal(waiting(db), null);
    record(db, 2);
    deepEqual(waiting(db), { queue: "new", seqs: [5, 6] });
    deepEqual(syncCounts(db), { waiting: 2, parked: 0, notShared: 4 });
  });
});

Deno.test("D7 a change of a call from before the pairing does not share it", async () => {
  await withDatabase((db) => {
    record(db, 2, NOON - 5_000);
    beginPairing(db, PAIRING, NOON);
    record(db, 1);
    equal(send(db), 1);
    db.exec("UPDATE requests SET cost_pico = 1");
    deepEqual(waiting(db), { queue: "changed", seqs: [3] });
  });
});

Deno.test("allowBackfill queues what is from before the pairing once, after what is new", async () => {
  await withDatabase((db) => {
    record(db, 3, NOON - 5_000);
    beginPairing(db, PAIRING, NOON);
    record(db, 1);
    equal(allowBackfill(db, NOON), 3);
    deepEqual(waiting(db), { queue: "new", seqs: [4] });
    send(db);
    deepEqual(waiting(db, 2), { queue: "backfill", seqs: [1, 2] });
    send(db, 2);
    deepEqual(waiting(db), { queue: "backfill", seqs: [3] });
    send(db);
    equal(waiting(db), null);
    equal(allowBackfill(db, NOON), 0);
    const found = readSyncRecord(db);
    deepEqual(
      [found?.backfillTo, found?.backfillPosition],
      [3, 3],
      "later looks pass over no row that was shared anyway",
    );
    deepEqual(auditTrail(db, 2).map(({ event, details }) => [event, details["calls"]]), [
      ["cloud.backfill", 0],
      ["cloud.backfill", 3],
    ]);
    db.exec("UPDATE requests SET cost_pico = 1 WHERE seq = 2");
    deepEqual(waiting(db), { queue: "changed", seqs: [2] }, "what was shared is kept up to date");
  });
});

Deno.test("carryOutSync queues a row again that changed after it was sent, with a higher revision", async () => {
  await withDatabase((db) => {
    beginPairing(db, PAIRING, NOON);
    record(db, 3);
    db.exec("UPDATE requests SET cost_pico = 7 WHERE seq = 1");
    equal(waiting(db)?.queue, "new");
    equal(pendingRows(db, 1)?.rows[0]?.revision, 2, "a change before it was sent travels with it");
    send(db);
    equal(waiting(db), null);
    db.exec("UPDATE requests SET cost_pico = 8 WHERE seq = 2; UPDATE requests SET ttft_ms = 1 WHERE seq = 3");
    deepEqual(waiting(db), { queue: "changed", seqs: [2] });
    equal(pendingRows(db, 1)?.rows[0]?.revision, 2);
    send(db);
    equal(waiting(db), null);
  });
});

Deno.test("carryOutSync does not lose a change that was made while the row was under way", async () => {
  await withDatabase((db) => {
    beginPairing(db, PAIRING, NOON);
    record(db, 2);
    keep(db, { kind: "begin", holder: HOLDER, pairing: PAIRING });
    const found = pendingRows(db, 500);
    db.exec("UPDATE requests SET cost_pico = 7 WHERE seq = 2");
    keep(db, { kind: "sent", holder: HOLDER, queue: "new", sent: found?.rows ?? [], parked: [] });
    deepEqual(waiting(db), { queue: "changed", seqs: [2] });
    const again = pendingRows(db, 500);
    db.exec("UPDATE requests SET cost_pico = 8 WHERE seq = 2");
    keep(db, { kind: "sent", holder: HOLDER, queue: "changed", sent: again?.rows ?? [], parked: [] });
    deepEqual(waiting(db), { queue: "changed", seqs: [2] }, "changed once more on its way");
    send(db);
    equal(waiting(db), null);
  });
});

Deno.test("carryOutSync lets one pass at a time move the position, and a dead one's lease run out", async () => {
  await withDatabase((db) => {
    beginPairing(db, PAIRING, NOON);
    record(db, 1);
    const begin = (holder: string, now: number) => keep(db, { kind: "begin", holder, pairing: PAIRING }, now);
    const sent = (holder: string) =>
      keep(db, { kind: "sent", holder, queue: "new", sent: [{ seq: 1, revision: 1 }], parked: [] });
    equal(begin("a", NOON), true);
    equal(begin("b", NOON + 1), false);
    equal(begin("a", NOON + 2), true, "its own is renewed");
    equal(sent("b"), false);
    equal(readSyncRecord(db)?.position, 0);
    equal(begin("b", NOON + 2 + LEASE_MS), false);
    equal(begin("b", NOON + 3 + LEASE_MS), true, "the other one is dead");
    equal(sent("a"), false);
    equal(sent("b"), true);
    equal(keep(db, { kind: "end", holder: "a" }), false);
    equal(keep(db, { kind: "end", holder: "b" }), true);
    equal(begin("a", NOON), true);
    equal(begin("b", NOON - LEASE_MS), true, "taken before the clock went back");
    equal(keep(db, { kind: "begin", holder: "b", pairing: { ...PAIRING, workspaceId: "x" } }), false);
  });
});

Deno.test("carryOutSync goes by the order of recording alone once the clock was set back", async () => {
  await withDatabase((db) => {
    record(db, 1, NOON - 100);
    beginPairing(db, PAIRING, NOON);
    record(db, 2, NOON - 3_600_000);
    equal(waiting(db), null);
    keep(db, { kind: "begin", holder: HOLDER, pairing: PAIRING }, NOON - 3_599_000);
    deepEqual(waiting(db)?.seqs, [2, 3], "and still nothing that was recorded before");
  });
});

Deno.test("beginPairing keeps the position for a new token, and forgets it after a disconnect", async () => {
  await withDatabase((db) => {
    beginPairing(db, PAIRING, NOON);
    record(db, 2);
    setPaused(db, "paused_unauthorised", NOON);
    beginPairing(db, PAIRING, NOON + 2_000);
    equal(readSyncRecord(db)?.pausedReason, null);
    deepEqual(waiting(db)?.seqs, [1, 2], "what waited is not lost");
    endPairing(db, true, NOON + 3_000);
    equal(waiting(db), null);
    equal(keep(db, { kind: "begin", holder: HOLDER, pairing: PAIRING }), false);
    record(db, 1, NOON + 4_000);
    beginPairing(db, PAIRING, NOON + 5_000);
    equal(waiting(db), null, "recorded while nothing was shared");
    deepEqual(auditTrail(db, 9).map(({ event }) => event), [
      "cloud.paired",
      "cloud.disconnected",
      "cloud.paired",
      "cloud.paused",
      "cloud.paired",
    ]);
  });
});

Deno.test("noteBodySync shares bodies of calls from then on, and again only from then on", async () => {
  await withDatabase((db) => {
    beginPairing(db, PAIRING, NOON);
    record(db, 2, NOON + 1, true);
    noteBodySync(db, true);
    send(db);
    equal(pendingBodies(db), null, "they were there before");
    const [id] = record(db, 1, NOON + 1, true);
    equal(pendingBodies(db), null, "its row is not with the server yet");
    send(db);
    equal(pendingBodies(db)?.id, id);
    noteBodySync(db, false);
    equal(pendingBodies(db), null);
    noteBodySync(db, true);
    equal(pendingBodies(db), null);
    record(db, 1, NOON + 1, true);
    send(db);
    equal(pendingBodies(db)?.seq, 4);
    keep(db, { kind: "bodies", holder: HOLDER, seq: 4, parked: [{ seq: 4, part: "response", code: "http_413" }] });
    equal(pendingBodies(db), null);
    equal(syncCounts(db).parked, 1);
  });
});

Deno.test("sharedDays adds up by UTC day, repeated fetches left out", async () => {
  await withDatabase((db) => {
    beginPairing(db, PAIRING, 0);
    record(db, 2, Date.UTC(2026, 3, 15, 23, 59, 59, 999));
    record(db, 1, Date.UTC(2026, 3, 16));
    send(db);
    record(db, 1, Date.UTC(2026, 3, 17)); // Waits.
    db.exec("UPDATE requests SET duplicate_of = 'x' WHERE seq = 2");
    const days = sharedDays(db, 0);
    deepEqual(days.map(({ date, requests, costPico }) => [date, requests, costPico]), [
      ["2026-04-15", 1, 1_000_000_000_000n],
      ["2026-04-16", 1, 1_000_000_000_000n],
    ]);
    deepEqual(days.map(({ promptTokens, completionTokens }) => [promptTokens, completionTokens]), [[100, 50], [
      100,
      50,
    ]]);
  });
});

Deno.test("setPaused ends the pass that is at work, and so does a new token", async () => {
  await withDatabase((db) => {
    beginPairing(db, PAIRING, NOON);
    record(db, 1);
    const begin = () => keep(db, { kind: "begin", holder: HOLDER, pairing: PAIRING });
    const refused = () => keep(db, { kind: "paused", holder: HOLDER, reason: "paused_unauthorised" });
    equal(begin(), true);
    setPaused(db, "paused_manual", NOON);
    equal(keep(db, { kind: "sent", holder: HOLDER, queue: "new", sent: [{ seq: 1, revision: 1 }], parked: [] }), false);
    setPaused(db, null, NOON);
    equal(begin(), true);
    beginPairing(db, PAIRING, NOON + 1);
    equal(refused(), false, "what the server says to the token before does not pause the new one");
    equal(readSyncRecord(db)?.pausedReason, null);
  });
});

Deno.test("freeLease takes the lease from the holder that it names, and from no other", async () => {
  await withDatabase((db) => {
    equal(leaseHolder(db), null);
    beginPairing(db, PAIRING, NOON);
    equal(keep(db, { kind: "begin", holder: "a", pairing: PAIRING }), true);
    freeLease(db, "b");
    equal(leaseHolder(db), "a");
    freeLease(db, "a");
    equal(leaseHolder(db), null);
    equal(keep(db, { kind: "begin", holder: "b", pairing: PAIRING }), true);
  });
});
