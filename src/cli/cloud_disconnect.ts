/**
 * `halton-meter cloud disconnect`: has the token revoked, forgets it, and turns sync off. What was recorded stays. What cannot
 * be done from here, since the server cannot be reached, is said.
 *
 * Imports: os, roles, store, cli.
 *
 * @module
 */

import { removeCredentials } from "../os/cloud_credentials.ts";
import { failureText } from "../roles/cloud_line.ts";
import { endPairing, readSyncRecord } from "../store/cloud_record.ts";
import type { MeterContext } from "./app.ts";
import {
  type CloudSession,
  lineTo,
  openLenientSession,
  tellDaemon,
  withDatabase,
  writeCloudSettings,
} from "./cloud_session.ts";
import { showable } from "./table.ts";

/** Revokes, and wipes. */
export async function cloudDisconnectCommand(this: MeterContext): Promise<void> {
  const { stdout } = this.process;
  const session = await openLenientSession();
  const { paths, credentials } = session;
  const notRevoked = session.unreadable ? "cloud-credentials.json could not be read" : await revoke(session);
  // First the database: a pass that is at work stops there, whatever goes wrong with the files.
  const paired = withDatabase(paths, (db) => {
    const record = readSyncRecord(db);
    if (record === null || record.disconnectedAt !== null) return false;
    endPairing(db, notRevoked === null && credentials !== null, Date.now());
    return true;
  });
  const removed = removeCredentials(paths);
  try {
    // The workspace's name for itself is what tells others on this machine, such as the local API, that there is a pairing.
    if (session.config.cloud.enabled || session.config.cloud.workspaceId !== null) {
      await writeCloudSettings(paths, [{ key: ["enabled"], value: false }, { key: ["workspace_id"], value: null }]);
    }
  } finally {
    await tellDaemon(paths);
  }
  if (!removed && !paired) {
    stdout.write("This machine is not paired; nothing is sent\n");
    return;
  }
  stdout.write(
    "Disconnected: the token is forgotten and nothing is sent any more. Recorded calls stay on this machine\n",
  );
  if (notRevoked === null) return;
  stdout.write(`The token could not be revoked: ${showable(notRevoked)}\n`);
  const name = credentials === null ? "" : ` of ${showable(credentials.workspaceName)}`;
  stdout.write(`  Remove this machine${machineText(session)} from the list of devices${name}\n`);
}

/** @returns `null` when the token holds no more, else why that is not known. */
async function revoke(session: CloudSession): Promise<string | null> {
  const { credentials } = session;
  if (credentials === null) return null;
  const line = lineTo(session, credentials.baseUrl, credentials.token);
  try {
    const outcome = await line.client.disconnect();
    // A page that is not there is no word of the server on the token: its own refusals have a code.
    const unknown = outcome.kind === "transient" || (outcome.kind === "refused" && outcome.code === "not_said");
    return unknown ? failureText(outcome) : null;
  } finally {
    line.close();
  }
}

function machineText({ credentials }: CloudSession): string {
  if (credentials === null) return "";
  return ` (${showable(credentials.hostname ?? credentials.machineId)})`;
}
