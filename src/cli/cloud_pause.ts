/**
 * `halton-meter cloud pause` and `cloud resume`.
 *
 * Imports: domain, roles, store, sync, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { failureText } from "../roles/cloud_line.ts";
import { readSyncRecord, setPaused } from "../store/cloud_record.ts";
import type { Database } from "../store/database.ts";
import { adviceFor, describeState, stateOf } from "../sync/state.ts";
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
  requirePaired(session, "pause");
  withDatabase(session.paths, (db) => {
    mustHaveBegun(session, db, "pause");
    // A pause that the server brought about says more, and is not lifted by a resume that asks nobody.
    if (readSyncRecord(db)?.pausedReason === null) setPaused(db, "paused_manual", Date.now());
  });
  await tellDaemon(session.paths);
  this.process.stdout.write("Paused: nothing is sent until you run: halton-meter cloud resume\n");
}

/** Lifts a pause; one that the server brought about only if the token is accepted now. */
export async function cloudResumeCommand(this: MeterContext): Promise<void> {
  const session = await openCloudSession();
  requirePaired(session, "resume");
  const reason = withDatabase(session.paths, (db) => {
    mustHaveBegun(session, db, "resume");
    return readSyncRecord(db)?.pausedReason ?? null;
  });
  if (reason === "paused_unauthorised" || reason === "paused_forbidden") await probe(session);
  withDatabase(session.paths, (db) => setPaused(db, null, Date.now()));
  await tellDaemon(session.paths);
  this.process.stdout.write(reason === null ? "It was not paused\n" : "Resumed\n");
}

/** @throws {MeterError} `bad_input` when there is nowhere to note it. */
function mustHaveBegun({ config, credentials }: CloudSession, db: Database, action: string): void {
  const state = stateOf({ config: config.cloud, credentials, record: readSyncRecord(db) });
  if (state.kind !== "NOT-CONFIGURED" || state.reason !== "other_database") return;
  throw new MeterError("bad_input", `Cannot ${action}: ${describeState(state)}`, { hint: adviceFor(state) ?? "" });
}

async function probe(session: CloudSession): Promise<void> {
  const paired = requirePaired(session, "resume");
  const line = lineTo(session, paired.baseUrl, paired.token);
  const outcome = await line.client.whoami().finally(() => line.close());
  if (outcome.kind === "object") return;
  throw cannot("resume", failureText(outcome), "Pair this machine again with: halton-meter cloud connect");
}
