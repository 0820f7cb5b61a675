/**
 * `halton-meter cloud pause` and `cloud resume`.
 *
 * Imports: roles, store, cli.
 *
 * @module
 */

import { failureText } from "../roles/cloud_line.ts";
import { readSyncRecord, setPaused } from "../store/cloud_record.ts";
import type { MeterContext } from "./app.ts";
import {
  cannot,
  type CloudSession,
  lineTo,
  openCloudSession,
  requirePaired,
  tellDaemon,
  withDatabase,
} from "./cloud_session.ts";

/** Sends nothing until `resume`. */
export async function cloudPauseCommand(this: MeterContext): Promise<void> {
  const session = await openCloudSession();
  requirePaired(session);
  withDatabase(session.paths, (db) => {
    // A pause that the server brought about says more, and is not lifted by a resume that asks nobody.
    if (readSyncRecord(db)?.pausedReason === null) setPaused(db, "paused_manual", Date.now());
  });
  await tellDaemon(session.paths);
  this.process.stdout.write("Paused: nothing is sent until you run: halton-meter cloud resume\n");
}

/** Lifts a pause; one that the server brought about only if the token is accepted now. */
export async function cloudResumeCommand(this: MeterContext): Promise<void> {
  const session = await openCloudSession();
  requirePaired(session);
  const reason = withDatabase(session.paths, readSyncRecord)?.pausedReason ?? null;
  if (reason === "paused_unauthorised" || reason === "paused_forbidden") await probe(session);
  withDatabase(session.paths, (db) => setPaused(db, null, Date.now()));
  await tellDaemon(session.paths);
  this.process.stdout.write(reason === null ? "It was not paused\n" : "Resumed\n");
}

async function probe(session: CloudSession): Promise<void> {
  const paired = requirePaired(session);
  const line = lineTo(session, paired.baseUrl, paired.token);
  const outcome = await line.client.whoami().finally(() => line.close());
  if (outcome.kind === "object") return;
  throw cannot("resume", failureText(outcome), "Pair this machine again with: halton-meter cloud connect");
}
