/**
 * `halton-meter cloud status` and `cloud whoami`: the state of sync from what is on this machine, and what the server says of
 * the token.
 *
 * Imports: domain, roles, store, sync, cli.
 *
 * @module
 */

import type { SyncRecord } from "../domain/cloud.ts";
import { failureText } from "../roles/cloud_line.ts";
import { readSyncRecord } from "../store/cloud_record.ts";
import { type SyncCounts, syncCounts } from "../store/cloud_pending.ts";
import { openReadOnly } from "../store/database.ts";
import { adviceFor, type CloudState, describeState, stateOf } from "../sync/state.ts";
import type { MeterContext } from "./app.ts";
import { cannot, type CloudSession, lineTo, openCloudSession, requirePaired } from "./cloud_session.ts";
import { countLabel } from "./quantities.ts";
import { showable } from "./table.ts";
import { VERSION } from "./version.ts";

/** What the database knows of sync. */
interface Known {
  readonly record: SyncRecord | null;
  readonly counts: SyncCounts;
}

const NOTHING: Known = { record: null, counts: { waiting: 0, parked: 0, notShared: 0 } };

/** Prints the state. */
export async function cloudStatusCommand(this: MeterContext, flags: { readonly json: boolean }): Promise<void> {
  const session = await openCloudSession();
  const known = knownOf(session);
  const { record } = known;
  const state = stateOf({ config: session.config.cloud, credentials: session.credentials, record });
  const shown = state.kind === "NOT-CONFIGURED" && session.credentials === null ? NOTHING : known;
  this.process.stdout.write(flags.json ? renderJson(session, state, shown) : renderText(session, state, shown));
}

/** Asks the server who this machine is to it. */
export async function cloudWhoamiCommand(this: MeterContext, flags: { readonly json: boolean }): Promise<void> {
  const session = await openCloudSession();
  const paired = requirePaired(session, "ask the server who this machine is");
  const line = lineTo(session, paired.baseUrl, paired.token);
  const outcome = await line.client.whoami().finally(() => line.close());
  if (outcome.kind !== "object") {
    throw cannot("ask the server who this machine is", failureText(outcome), "Run: halton-meter cloud status");
  }
  const told = (name: string) => typeof outcome.value[name] === "string" ? outcome.value[name] : null;
  const scopes = Array.isArray(outcome.value["scopes"]) ? outcome.value["scopes"].map(String) : [];
  const found = {
    workspace_id: told("workspace_id"),
    workspace_name: told("workspace_name"),
    machine_id: told("machine_id"),
    hostname: told("hostname"),
    base_url: paired.baseUrl,
    scopes,
    store_prompt_content: outcome.value["store_prompt_content"] === true,
  };
  if (flags.json) {
    this.process.stdout.write(`${JSON.stringify({ version: VERSION, ...found }, null, 2)}\n`);
    return;
  }
  this.process.stdout.write(lines([
    ["Workspace", `${found.workspace_name ?? "(unnamed)"} (${found.workspace_id ?? "unknown"})`],
    ["Machine", found.machine_id ?? "unknown"],
    ["Hostname", found.hostname ?? "not shared"],
    ["Server", found.base_url],
    ["Token may", scopes.join(", ") || "nothing"],
    ["Server keeps prompts", found.store_prompt_content ? "yes, if they are sent" : "no"],
  ]));
}

function knownOf({ paths }: CloudSession): Known {
  const db = openReadOnly(paths.database);
  if (db === null) return NOTHING;
  try {
    return { record: readSyncRecord(db), counts: syncCounts(db) };
  } finally {
    db.close();
  }
}

function renderText({ credentials, config }: CloudSession, state: CloudState, { record, counts }: Known): string {
  const advice = adviceFor(state);
  const rows: [string, string][] = [["State", `${state.kind}: ${describeState(state)}`]];
  if (credentials !== null) {
    rows.push(["Workspace", `${credentials.workspaceName} at ${credentials.baseUrl}`]);
    rows.push(["Last sync", record?.lastSyncAt ? new Date(record.lastSyncAt).toISOString() : "never"]);
    rows.push(["Unsynced rows", String(counts.waiting)]);
    if (counts.parked > 0) {
      const what = countLabel(counts.parked, "row or body", "rows and bodies");
      rows.push(["Refused", `${what}; try again with: halton-meter cloud sync --parked`]);
    }
    if (counts.notShared > 0) rows.push(["From before pairing", `${countLabel(counts.notShared, "call")}, not shared`]);
    if (record?.lastError && state.kind !== "DEGRADED") rows.push(["Last error", record.lastError]);
    if (state.kind === "DEGRADED" && state.nextTryAt !== null) {
      rows.push(["Next try", new Date(state.nextTryAt).toISOString()]);
    }
    rows.push(["Body sync", config.cloud.bodySync ? "on" : "off"]);
  }
  return lines(rows) + (advice === null ? "" : `${advice}\n`);
}

/** Times are ISO 8601 in UTC; what is not known is null. */
function renderJson({ credentials, config }: CloudSession, state: CloudState, { record, counts }: Known): string {
  const iso = (at: number | null | undefined) => at === null || at === undefined ? null : new Date(at).toISOString();
  const value = {
    version: VERSION,
    state: state.kind,
    reason: state.kind === "NOT-CONFIGURED" ? state.reason : null,
    paused_reason: state.kind === "PAUSED" ? state.reason : null,
    workspace_id: credentials?.workspaceId ?? null,
    workspace_name: credentials?.workspaceName ?? null,
    machine_id: credentials?.machineId ?? null,
    base_url: credentials?.baseUrl ?? null,
    last_sync_at: iso(record?.lastSyncAt),
    unsynced_rows: counts.waiting,
    parked: counts.parked,
    not_shared_rows: counts.notShared,
    last_error: record?.lastError ?? null,
    last_error_at: iso(record?.lastErrorAt),
    failures: record?.failures ?? 0,
    next_try_at: state.kind === "DEGRADED" ? iso(state.nextTryAt) : null,
    body_sync: config.cloud.bodySync,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Names and values in two columns. */
export function lines(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, value]) => `${name.padEnd(width)}${showable(value)}\n`).join("");
}
