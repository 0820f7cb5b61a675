/**
 * The pairing in the database: made, paused, ended, and moved on by a pass. Every change is one transaction, notes what a person
 * would want to know in the audit trail, and may be made from any process that may write.
 *
 * Imports: node:sqlite (types), domain, ./settings.ts, ./transaction.ts.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { Pairing, Parked, PauseReason, SyncCommand, SyncRecord } from "../domain/cloud.ts";
import { audit } from "./settings.ts";
import { inTransaction } from "./transaction.ts";

/**
 * A pass renews its lease with every step; one that has said nothing for so long is dead. Longer than any request may take.
 * Whoever knows sooner that the holder is dead frees it: {@link freeLease}.
 */
export const LEASE_MS = 60_000;

const REASONS: readonly PauseReason[] = ["paused_manual", "paused_unauthorised", "paused_forbidden"];

/** What is known of the pairing; `null` when there never was one. */
export function readSyncRecord(db: DatabaseSync): SyncRecord | null {
  const row = db.prepare("SELECT * FROM cloud_pairing").get();
  if (row === undefined) return null;
  const number = (name: string) => row[name] === null ? null : Number(row[name]);
  const text = (name: string) => typeof row[name] === "string" ? row[name] : null;
  return {
    machineId: String(row["machine_id"]),
    workspaceId: String(row["workspace_id"]),
    baseUrl: String(row["base_url"]),
    pairedAt: Number(row["paired_at"]),
    disconnectedAt: number("disconnected_at"),
    fromSeq: Number(row["from_seq"]),
    floorAt: Number(row["floor_at"]),
    position: Number(row["position"]),
    backfillTo: Number(row["backfill_to"]),
    backfillPosition: Number(row["backfill_position"]),
    bodyPosition: Number(row["body_position"]),
    pausedReason: REASONS.find((reason) => reason === row["paused_reason"]) ?? null,
    lastSyncAt: number("last_sync_at"),
    lastError: text("last_error"),
    lastErrorAt: number("last_error_at"),
    failures: Number(row["failures"]),
    nextTryAt: number("next_try_at"),
  };
}

/**
 * Begins a pairing. What was recorded before is not shared; a new token for a pairing that still holds changes no position, so
 * that nothing that waits is lost.
 */
export function beginPairing(db: DatabaseSync, pairing: Pairing, now: number): void {
  inTransaction(db, () => {
    const before = readSyncRecord(db);
    const renewed = before !== null && before.disconnectedAt === null && isPairing(before, pairing);
    if (renewed) {
      // A pass at work has the token before, which the server refuses from now on: that must not pause the new one.
      db.exec(
        "UPDATE cloud_pairing SET paused_reason = NULL, last_error = NULL, failures = 0, next_try_at = NULL, " +
          "lease_holder = NULL",
      );
    } else {
      db.exec("DELETE FROM cloud_pairing; DELETE FROM cloud_changes; DELETE FROM cloud_parked");
      const newest = Number(db.prepare("SELECT coalesce(max(seq), 0) AS seq FROM requests").get()?.["seq"]);
      db.prepare(
        `INSERT INTO cloud_pairing (one, machine_id, workspace_id, base_url, paired_at, from_seq, floor_at, position,
           backfill_to, backfill_position, body_sync, body_position, failures)
         VALUES (1, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?, 0)`,
      ).run(pairing.machineId, pairing.workspaceId, pairing.baseUrl, now, newest, now, newest, newest);
    }
    const { machineId: machine_id, workspaceId: workspace_id, baseUrl: base_url } = pairing;
    audit(db, "cloud.paired", { workspace_id, machine_id, base_url, renewed }, now);
  });
}

/** Ends the pairing. @param revoked Whether the server confirmed that the token holds no more. */
export function endPairing(db: DatabaseSync, revoked: boolean, now: number): void {
  inTransaction(db, () => {
    const before = readSyncRecord(db);
    db.prepare("UPDATE cloud_pairing SET disconnected_at = ?, lease_holder = NULL WHERE disconnected_at IS NULL").run(
      now,
    );
    db.exec("DELETE FROM cloud_changes");
    audit(db, "cloud.disconnected", { workspace_id: before?.workspaceId ?? null, revoked }, now);
  });
}

/** Pauses, or with `null` resumes. What is already so is not noted again. */
export function setPaused(db: DatabaseSync, reason: PauseReason | null, now: number): void {
  inTransaction(db, () => writePaused(db, reason, now));
}

/** Lets calls from before the pairing be sent, up to the newest one. @returns how many are sent for that. */
export function allowBackfill(db: DatabaseSync, now: number): number {
  return inTransaction(db, () => {
    // Up to the newest of them and no further: every later look begins where the last one was sent.
    db.exec(
      `UPDATE cloud_pairing SET backfill_to =
         (SELECT coalesce(max(seq), 0) FROM requests WHERE NOT (seq > from_seq AND requested_at >= floor_at))`,
    );
    const calls = Number(
      db.prepare(
        `SELECT count(*) AS n FROM requests, cloud_pairing WHERE seq > backfill_position AND seq <= backfill_to
         AND NOT (seq > from_seq AND requested_at >= floor_at)`,
      ).get()?.["n"],
    );
    audit(db, "cloud.backfill", { calls }, now);
    return calls;
  });
}

/** Follows `cloud.body_sync`. Turned on, it holds for calls from then on, never for bodies that are there already. */
export function noteBodySync(db: DatabaseSync, on: boolean): void {
  // Parameters are not numbered here and below: older runtimes bind each number only once.
  if (!on) {
    db.exec("UPDATE cloud_pairing SET body_sync = 0 WHERE body_sync = 1");
    return;
  }
  db.exec(
    `UPDATE cloud_pairing SET body_sync = 1,
       body_position = max(body_position, (SELECT coalesce(max(seq), 0) FROM requests)) WHERE body_sync = 0`,
  );
}

/** Notes a change of what is shared. `setting` as typed. */
export function notePrivacy(db: DatabaseSync, setting: string, value: string, now: number): void {
  audit(db, "cloud.privacy_changed", { setting, value }, now);
}

/** Who has the lease; `null` = nobody. */
export function leaseHolder(db: DatabaseSync): string | null {
  const holder = db.prepare("SELECT lease_holder FROM cloud_pairing").get()?.["lease_holder"];
  return typeof holder === "string" ? holder : null;
}

/** Takes the lease from a holder that is known to be dead. */
export function freeLease(db: DatabaseSync, holder: string): void {
  db.prepare("UPDATE cloud_pairing SET lease_holder = NULL, leased_at = NULL WHERE lease_holder = ?").run(holder);
}

/** Carries out what a pass has changed. @returns false when the pass has no right to it (any more). */
export function carryOutSync(db: DatabaseSync, command: SyncCommand, now: number): boolean {
  return inTransaction(db, () => {
    if (command.kind === "begin") return takeLease(db, command, now);
    const renewed = db.prepare(
      "UPDATE cloud_pairing SET leased_at = ? WHERE lease_holder = ? AND disconnected_at IS NULL",
    ).run(now, command.holder).changes;
    if (Number(renewed) !== 1) return false;
    switch (command.kind) {
      case "sent":
        moveOn(db, command, now);
        return true;
      case "bodies":
        db.prepare("UPDATE cloud_pairing SET body_position = max(body_position, ?)").run(command.seq);
        db.prepare("DELETE FROM cloud_parked WHERE seq = ? AND part <> 'row' AND parked_at = 0").run(command.seq);
        park(db, command.parked, now);
        succeeded(db, now);
        return true;
      case "failed":
        db.prepare(
          "UPDATE cloud_pairing SET last_error = ?, last_error_at = ?, failures = failures + 1, next_try_at = ?",
        ).run(command.error, now, command.nextTryAt);
        return true;
      case "paused":
        writePaused(db, command.reason, now);
        return true;
      case "end":
        db.exec("UPDATE cloud_pairing SET lease_holder = NULL, leased_at = NULL");
        return true;
    }
  });
}

function takeLease(db: DatabaseSync, { holder, pairing }: Extract<SyncCommand, { kind: "begin" }>, now: number) {
  const record = readSyncRecord(db);
  if (record === null || record.disconnectedAt !== null || !isPairing(record, pairing)) return false;
  // A lease from the future was taken before the clock went back.
  const taken = db.prepare(
    `UPDATE cloud_pairing SET lease_holder = ?, leased_at = ?
     WHERE lease_holder IS NULL OR lease_holder = ? OR leased_at > ? OR leased_at + ${LEASE_MS} < ?`,
  ).run(holder, now, holder, now, now).changes;
  if (Number(taken) !== 1) return false;
  if (now < record.pairedAt) db.exec("UPDATE cloud_pairing SET floor_at = 0");
  return true;
}

function moveOn(db: DatabaseSync, command: Extract<SyncCommand, { kind: "sent" }>, now: number): void {
  const { queue, sent, parked } = command;
  const last = sent.at(-1)?.seq;
  if (last === undefined) return;
  if (queue === "new") db.prepare("UPDATE cloud_pairing SET position = max(position, ?)").run(last);
  if (queue === "backfill") {
    db.prepare("UPDATE cloud_pairing SET backfill_position = max(backfill_position, ?)").run(last);
  }
  const revisionOf = db.prepare("SELECT revision FROM requests WHERE seq = ?");
  const settle = db.prepare("DELETE FROM cloud_changes WHERE seq = ?");
  // A row that changed while it was under way was not yet behind the position, so that its trigger noted nothing.
  const again = db.prepare("INSERT INTO cloud_changes (seq) VALUES (?) ON CONFLICT DO NOTHING");
  const unpark = db.prepare("DELETE FROM cloud_parked WHERE seq = ? AND part = 'row'");
  for (const { seq, revision } of sent) {
    (Number(revisionOf.get(seq)?.["revision"] ?? revision) > revision ? again : settle).run(seq);
    unpark.run(seq);
  }
  park(db, parked, now);
  succeeded(db, now);
}

function park(db: DatabaseSync, parked: readonly Parked[], now: number): void {
  const insert = db.prepare("INSERT OR REPLACE INTO cloud_parked (seq, part, code, parked_at) VALUES (?, ?, ?, ?)");
  for (const { seq, part, code } of parked) insert.run(seq, part, code, now);
}

function succeeded(db: DatabaseSync, now: number): void {
  db.prepare("UPDATE cloud_pairing SET last_sync_at = ?, last_error = NULL, failures = 0, next_try_at = NULL").run(now);
}

function writePaused(db: DatabaseSync, reason: PauseReason | null, now: number): void {
  const changed = db.prepare(
    "UPDATE cloud_pairing SET paused_reason = ?, next_try_at = NULL WHERE paused_reason IS NOT ?",
  ).run(reason, reason).changes;
  if (Number(changed) === 0) return;
  if (reason === null) {
    audit(db, "cloud.resumed", {}, now);
    return;
  }
  // A pass at work stops at its next step.
  db.exec("UPDATE cloud_pairing SET lease_holder = NULL, leased_at = NULL");
  audit(db, "cloud.paused", { reason }, now);
}

/** Whether two mean the same machine in the same workspace of the same server. */
export function isPairing(a: Pairing, b: Pairing): boolean {
  return a.machineId === b.machineId && a.workspaceId === b.workspaceId && a.baseUrl === b.baseUrl;
}
