import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import type { SyncRecord } from "../../src/domain/cloud.ts";
import { adviceFor, describeState, stateOf } from "../../src/sync/state.ts";

const PAIRING = { machineId: "m", workspaceId: "w", baseUrl: "https://a.example.com" };
const CONFIG = { enabled: true, baseUrl: PAIRING.baseUrl };
const RECORD: SyncRecord = {
  ...PAIRING,
  pairedAt: 1,
  disconnectedAt: null,
  fromSeq: 0,
  floorAt: 0,
  position: 0,
  backfillTo: 0,
  backfillPosition: 0,
  bodyPosition: 0,
  pausedReason: null,
  lastSyncAt: null,
  lastError: null,
  lastErrorAt: null,
  failures: 0,
  nextTryAt: null,
};

Deno.test("stateOf is NOT-CONFIGURED unless token, setting, server and database agree", () => {
  const facts = { config: CONFIG, credentials: PAIRING, record: RECORD };
  deepEqual(stateOf(facts), { kind: "ACTIVE" });
  const reasons = [
    stateOf({ ...facts, credentials: null }),
    stateOf({ ...facts, config: { ...CONFIG, enabled: false } }),
    stateOf({ ...facts, config: { ...CONFIG, baseUrl: "https://evil.example.com" } }),
    stateOf({ ...facts, record: null }),
    stateOf({ ...facts, record: { ...RECORD, workspaceId: "other" } }),
    stateOf({ ...facts, record: { ...RECORD, disconnectedAt: 5 } }),
  ];
  deepEqual(reasons.map((state) => state.kind === "NOT-CONFIGURED" && state.reason), [
    "not_paired",
    "disabled",
    "other_server",
    "other_database",
    "other_database",
    "other_database",
  ]);
});

Deno.test("stateOf puts a pause before an error, and an error before being well", () => {
  const failed = { ...RECORD, lastError: "the server answered 503", failures: 3, nextTryAt: 9 };
  const base = { config: CONFIG, credentials: PAIRING };
  deepEqual(stateOf({ ...base, record: failed }), {
    kind: "DEGRADED",
    error: "the server answered 503",
    failures: 3,
    nextTryAt: 9,
  });
  for (const reason of ["paused_manual", "paused_unauthorised", "paused_forbidden"] as const) {
    const state = stateOf({ ...base, record: { ...failed, pausedReason: reason } });
    deepEqual(state, { kind: "PAUSED", reason });
    match(adviceFor(state) ?? "", /cloud resume/);
    equal(describeState(state).length > 5, true);
  }
});
