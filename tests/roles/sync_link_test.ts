import { rejects, strictEqual as equal } from "node:assert/strict";
import { RecorderSyncLink, SyncRecorderLink } from "../../src/roles/sync_link.ts";
import { beginPairing, readSyncRecord } from "../../src/store/cloud_record.ts";
import { NOON, withDatabase } from "../store/sample.ts";

const PAIRING = { machineId: "m", workspaceId: "w", baseUrl: "https://a.example.com" };
const BEGIN = { kind: "begin", holder: "daemon", pairing: PAIRING } as const;

Deno.test("SyncRecorderLink has commands carried out by the recorder, one after the other", async () => {
  await withDatabase(async (db) => {
    const recorder = new RecorderSyncLink(() => db, () => NOON);
    const sync = new SyncRecorderLink();
    const { port1, port2 } = new MessageChannel();
    recorder.connect(port1);
    sync.connect(port2);
    equal(await sync.keep(BEGIN), false, "there is no pairing");
    beginPairing(db, PAIRING, NOON);
    equal(await sync.keep(BEGIN), true);
    equal(await sync.keep({ kind: "failed", holder: "daemon", error: "e", nextTryAt: 5 }), true);
    equal(readSyncRecord(db)?.nextTryAt, 5);
    sync.close();
    port1.close();
  });
});

Deno.test("SyncRecorderLink says so when the recorder is not there", async () => {
  const recorder = new RecorderSyncLink(() => null, () => NOON);
  const sync = new SyncRecorderLink();
  const { port1, port2 } = new MessageChannel();
  recorder.connect(port1);
  sync.connect(port2);
  await rejects(sync.keep(BEGIN), /Cannot make the change/);
  const owed = sync.keep(BEGIN);
  sync.close();
  await rejects(owed, /does not answer/);
  port1.close();
});
