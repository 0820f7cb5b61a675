/**
 * `halton-meter cloud connect`: pairs this machine with a workspace of a team server. Until someone approves the code, nothing
 * on this machine changes.
 *
 * Imports: domain, os, roles, store, sync, cli.
 *
 * @module
 */

import { serverUrl } from "../domain/config_checks.ts";
import { MeterError } from "../domain/errors.ts";
import { openInBrowser } from "../os/browser.ts";
import type { CloudChange } from "../os/config_cloud.ts";
import { loadConfig } from "../os/config_file.ts";
import { type Credentials, writeCredentials } from "../os/cloud_credentials.ts";
import { runForOutput } from "../os/run.ts";
import { type Approval, approvalOf, failureText, type PairingCode, pairingCodeOf } from "../roles/cloud_line.ts";
import type { CloudLine } from "../roles/cloud_line.ts";
import { beginPairing, noteBodySync, readSyncRecord } from "../store/cloud_record.ts";
import { allowedFor } from "../sync/privacy.ts";
import { nameOf } from "../sync/wire.ts";
import type { MeterContext } from "./app.ts";
import {
  cannot,
  type CloudSession,
  cloudSettingsText,
  lineTo,
  openLenientSession,
  tellDaemon,
  withDatabase,
  writeCloudSettings,
} from "./cloud_session.ts";
import { progressOn } from "./progress.ts";
import { untilStopped } from "./signals.ts";
import { showable } from "./table.ts";
import { VERSION } from "./version.ts";

/** Flags of the command. */
export interface ConnectFlags {
  readonly url?: string;
  readonly noBrowser: boolean;
}

/** A code lives ten minutes; the server says when it is over, and this bounds a server that does not. */
const CODE_LIFE_MS = 11 * 60_000;

/** After a poll without an answer. */
const RETRY_MS = 2_000;

/** A server that answers at once and asks for no pause is not asked all the time. */
const LEAST_WAIT_MS = 200;

/** Pairs. */
export async function cloudConnectCommand(this: MeterContext, flags: ConnectFlags): Promise<void> {
  const { stdout, stderr } = this.process;
  const session = await openLenientSession();
  const baseUrl = flags.url === undefined ? session.config.cloud.baseUrl : urlOf(flags.url);
  // A token that cannot be put to use is better not asked for.
  cloudSettingsText(session.paths, settingsFor({ baseUrl, workspaceId: crypto.randomUUID() }));
  const line = lineTo(session, baseUrl, null);
  const stopped = new AbortController();
  untilStopped().then(() => {
    stopped.abort();
    line.close();
  });
  const progress = progressOn(stderr);
  try {
    const machineId = withDatabase(session.paths, readSyncRecord)?.machineId ?? crypto.randomUUID();
    const hostname = ownHostname();
    const shared = allowedFor(session.config.cloud.upload, null).hostname ? nameOf(hostname, 253) : null;
    const machine = { machine_id: machineId, hostname: shared, version: VERSION };
    const code = await startedCode(line, machine, stopped.signal);
    stdout.write(`Pairing code: ${code.code}\nApprove at: ${code.approveUrl}\n`);
    if (!flags.noBrowser && stdout.columns !== null) await openPage(code.approveUrl);
    const approval = await approved(line, code, stopped.signal, progress);
    progress(null);
    const { token, workspaceId, workspaceName } = approval;
    const bodies = await adopt(session, { token, workspaceId, workspaceName, machineId, hostname, baseUrl });
    stdout.write(
      `Paired with ${
        showable(workspaceName)
      }. From now on, calls are shared as "halton-meter cloud privacy show" says;\n${BODIES[bodies]}\n`,
    );
  } finally {
    progress(null);
    line.close();
  }
}

/** What becomes of prompts and responses: `ended` = body sync was on, for another workspace. */
type BodySync = "off" | "on" | "ended";

const BODIES: Readonly<Record<BodySync, string>> = {
  off: "calls from before are not, and neither are prompts and responses.",
  on: "calls from before are not. Body sync is on: redacted prompts and responses of new calls are sent, too.\n" +
    "Turn it off with: halton-meter cloud privacy set body-sync off",
  ended: "calls from before are not, and neither are prompts and responses: body sync was on for another workspace,\n" +
    "and is off now. Turn it on for this one with: halton-meter cloud privacy set body-sync on",
};

/** The address as it is kept. @throws {MeterError} `wrong_usage` */
function urlOf(typed: string): string {
  const url = serverUrl(typed, { path: [], problems: [] });
  if (url !== undefined) return url;
  throw new MeterError("wrong_usage", "Cannot pair with this server: --url is not an https address without user name", {
    hint: "Give an address such as https://meter.example.com; http is for servers on this machine only",
  });
}

async function startedCode(
  { client }: CloudLine,
  machine: Parameters<CloudLine["client"]["pairingStart"]>[0],
  stopped: AbortSignal,
): Promise<PairingCode> {
  const outcome = await client.pairingStart(machine);
  if (stopped.aborted) throw interrupted();
  const code = outcome.kind === "object" ? pairingCodeOf(outcome.value) : null;
  if (code === null) throw cannot("pair", failureText(outcome), hintFor(failureText(outcome)));
  return code;
}

/** What to look at first. */
function hintFor(failure: string): string {
  if (failure.includes("certificate")) {
    return "Name the authority that signed the server's certificate in config.toml: upstream.ca_file, a file of PEM certificates";
  }
  return failure.includes("through the proxy")
    ? "Check upstream.proxy of config.toml"
    : "Check the address of the server, --url";
}

/** Asks until somebody has approved the code. */
async function approved(
  { client }: CloudLine,
  { code, pollToken, intervalMs }: PairingCode,
  stopped: AbortSignal,
  progress: (text: string) => void,
): Promise<Approval> {
  const until = performance.now() + CODE_LIFE_MS;
  let trouble = "";
  while (performance.now() < until) {
    progress(`waiting for approval${trouble} (Ctrl-C ends it)`);
    const outcome = await client.pairingPoll(code, pollToken);
    if (stopped.aborted) throw interrupted();
    const found = outcome.kind === "object" ? approvalOf(outcome.value) : null;
    if (found === "unusable") throw cannot("pair", "the server approved it with something else than was agreed on");
    if (found !== null && found !== "pending") return found;
    if (outcome.kind === "refused" || outcome.kind === "unauthorised" || outcome.kind === "forbidden") throw over();
    trouble = found === "pending" ? "" : `, ${failureText(outcome)}`;
    const asked = outcome.kind === "transient" ? outcome.retryAfterMs ?? RETRY_MS : intervalMs;
    await sleep(Math.min(Math.max(asked, LEAST_WAIT_MS), 30_000), stopped);
    if (stopped.aborted) throw interrupted();
  }
  throw over();
}

/** Credentials and position before the switch: there is no moment at which a token could be used for older calls. */
async function adopt(session: CloudSession, credentials: Credentials): Promise<BodySync> {
  const { paths } = session;
  const former = session.credentials;
  const { bodySync: wasOn } = (await loadConfig(paths.config)).cloud;
  await writeCredentials(paths, credentials);
  const another = withDatabase(paths, (db) => {
    const before = readSyncRecord(db);
    const { workspaceId, baseUrl } = credentials;
    // Whom prompts are shown to is agreed to for one workspace.
    const other = before !== null && (before.workspaceId !== workspaceId || before.baseUrl !== baseUrl);
    beginPairing(db, credentials, Date.now());
    noteBodySync(db, wasOn && !other);
    return other;
  });
  await writeCloudSettings(paths, [
    ...settingsFor(credentials),
    ...(wasOn && another ? [{ key: ["body_sync"], value: false }] : []),
  ]);
  await tellDaemon(paths);
  await revokeFormer(session, former, credentials.token);
  return !wasOn ? "off" : another ? "ended" : "on";
}

function settingsFor({ baseUrl, workspaceId }: Pick<Credentials, "baseUrl" | "workspaceId">): CloudChange[] {
  return [
    { key: ["enabled"], value: true },
    { key: ["base_url"], value: baseUrl },
    { key: ["workspace_id"], value: workspaceId },
  ];
}

/** A server that cannot be asked any more shows the device in its list. */
async function revokeFormer(session: CloudSession, former: Credentials | null, token: string): Promise<void> {
  if (former === null || former.token === token) return;
  const line = lineTo(session, former.baseUrl, former.token);
  await line.client.disconnect();
  line.close();
}

/** Kept here; whether it is sent, the policy says each time. */
function ownHostname(): string | null {
  try {
    return Deno.hostname();
  } catch {
    return null;
  }
}

async function openPage(url: string): Promise<void> {
  await openInBrowser(url, Deno.build.os === "darwin" ? "darwin" : "linux", Deno.env, runForOutput);
}

function sleep(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stopped.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}

function interrupted(): MeterError {
  return new MeterError("failed", "Nothing was changed: the pairing was interrupted before it was approved");
}

function over(): MeterError {
  return cannot("pair", "the code was not approved in time, or was used already", "Run it again for a new code");
}
