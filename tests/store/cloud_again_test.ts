import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { resendDays, unparkAll } from "../../src/store/cloud_again.ts";
import { pendingBodies, pendingRows, sharedDays, syncCounts } from "../../src/store/cloud_pending.ts";
import { beginPairing, carryOutSync, noteBodySync } from "../../src/store/cloud_record.ts";
import type { Database } from "../../src/store/database.ts";
import { auditTrail } from "../../src/store/settings.ts";
import { body, NOON, row, withDatabase, writerOf } from "./sample.ts";

const PAIRING = { machineId: "m", workspaceId: "w", baseUrl: "https://a.example.com" };
const HOLDER = "test";
const DAY_MS = 86_400_000;

function record(db: Database, requestedAt: number, bodies = false): void {
  const writer = writerOf(db);
  writer.record(row({ requestedAt }), bodies ? [body(), body({ direction: "response" })] : []);
  writer.flush();
}

/** Marks what waits as sent. @returns the rows. */
function send(db: Database, parked: Parameters<typeof parkedOf>[0] = []): { seq: number; revision: number }[] {
  carryOutSync(db, { kind: "begin", holder: HOLDER, pairing: PAIRING }, NOON);
  const found = pendingRows(db, 500);
  if (found === null) return [];
  carryOutSync(
    db,
    { kind: "sent", holder: HOLDER, queue: found.queue, sent: found.rows, parked: parkedOf(parked) },
    NOON,
  );
  return found.rows.map(({ seq, revision }) => ({ seq, revision }));
}

function parkedOf(seqs: readonly number[]) {
  return seqs.map((seq) => ({ seq, part: "row", code: "bad_row" }) as const);
}

Deno.test("unparkAll lets rows that the server refused be tried again", async () => {
  await withDatabase((db) => {
    beginPairing(db, PAIRING, NOON);
    for (let call = 0; call < 3; call++) record(db, NOON + 1_000);
    send(db, [2]);
    deepEqual(syncCounts(db), { waiting: 0, parked: 1, notShared: 0 });
    equal(sharedDays(db, 0)[0]?.requests, 2, "it is not among what was shared");
    equal(unparkAll(db), 1);
    deepEqual(send(db), [{ seq: 2, revision: 1 }]);
    deepEqual(syncCounts(db), { waiting: 0, parked: 0, notShared: 0 });
    equal(sharedDays(db, 0)[0]?.requests, 3);
  });
});

Deno.test("unparkAll lets refused bodies be tried again while their upload is on, and forgets those that are gone", async () => {
  await withDatabase((db) => {
    beginPairing(db, PAIRING, NOON);
    noteBodySync(db, true);
    for (let call = 0; call < 3; call++) record(db, NOON + 1_000, true);
    send(db);
    const refused = (seq: number, part: "request" | "response") => ({ seq, part, code: "http_413" }) as const;
    const bodies = (seq: number, parked: ReturnType<typeof refused>[]) =>
      carryOutSync(db, { kind: "bodies", holder: HOLDER, seq, parked }, NOON);
    bodies(1, [refused(1, "response")]);
    bodies(2, [refused(2, "request"), refused(2, "response")]);
    bodies(3, []);
    equal(pendingBodies(db), null);
    noteBodySync(db, false);
    equal(unparkAll(db), 0, "its upload is off");
    noteBodySync(db, true);
    db.exec("DELETE FROM request_bodies WHERE direction = 'request'");
    equal(unparkAll(db), 2);
    equal(syncCounts(db).parked, 2, "the third is gone");
    const first = pendingBodies(db);
    deepEqual([first?.seq, first?.bodies.map(({ direction }) => direction)], [1, ["response"]]);
    bodies(1, []);
    equal(pendingBodies(db)?.seq, 2);
    bodies(2, [refused(2, "response")]);
    equal(pendingBodies(db), null, "refused once more");
    equal(syncCounts(db).parked, 1);
  });
});

Deno.test("resendDays queues what was shared of the days, with a higher revision, and nothing else", async () => {
  await withDatabase((db) => {
    record(db, NOON); // Before the pairing.
    beginPairing(db, PAIRING, NOON);
    record(db, NOON + 1);
    record(db, NOON + DAY_MS);
    record(db, NOON + DAY_MS);
    send(db, [4]);
    record(db, NOON + DAY_MS); // Waits.
    equal(resendDays(db, ["2026-04-16", "2026-04-17"], NOON), 1);
    deepEqual(send(db), [{ seq: 5, revision: 1 }]);
    deepEqual(send(db), [{ seq: 3, revision: 2 }]);
    deepEqual(send(db), []);
    equal(resendDays(db, ["2026-04-15"], NOON), 1);
    deepEqual(send(db), [{ seq: 2, revision: 2 }]);
    deepEqual(auditTrail(db, 1).map(({ event, details }) => [event, details]), [["cloud.resend", {
      calls: 1,
      days: 1,
    }]]);
  });
});
