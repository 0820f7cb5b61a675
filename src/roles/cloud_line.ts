/**
 * What a command of `cloud` speaks to the server with: the same requests and the same way as the sync role, in the command's own
 * process.
 *
 * Imports: domain, os, sync, roles.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import type { UpstreamSettings } from "../domain/upstream.ts";
import { isToken } from "../os/cloud_credentials.ts";
import { isSafePage, serverAddress } from "../sync/address.ts";
import { describeFailure, type Failure } from "../sync/answers.ts";
import { type ObjectOutcome, SyncClient } from "../sync/client.ts";
import { Destinations } from "./destinations.ts";
import { syncLine } from "./sync_http.ts";

/** A way to one server. */
export interface CloudLine {
  readonly client: SyncClient;
  close(): void;
}

/** Where to, and how. */
export interface CloudLineOptions {
  readonly baseUrl: string;
  readonly token: string | null;
  readonly upstream: UpstreamSettings;
  readonly version: string;
}

/** Opens nothing yet. @throws {MeterError} `wrong_usage` for an address that no token may go to. */
export function cloudLine({ baseUrl, token, upstream, version }: CloudLineOptions): CloudLine {
  const server = serverAddress(baseUrl);
  if (server === null) {
    throw new MeterError("wrong_usage", "Cannot use this server: its address is neither https nor on this machine", {
      hint: "Give an address such as https://meter.example.com",
    });
  }
  const destinations = new Destinations(() => Date.now());
  const line = syncLine({ server, upstream, destinations, agent: `halton-meter/${version}` });
  return { client: new SyncClient(line.send, token), close: () => line.close() };
}

/** A code that a person has to approve. */
export interface PairingCode {
  readonly code: string;
  readonly pollToken: string;
  readonly approveUrl: string;
  /** Between two polls, ms. */
  readonly intervalMs: number;
}

/** What the server gives out with a token. */
export interface Approval {
  readonly token: string;
  readonly workspaceId: string;
  readonly workspaceName: string;
}

/** The code in an answer; `null` for an answer that is not what was agreed on. */
export function pairingCodeOf(value: Readonly<Record<string, unknown>>): PairingCode | null {
  const { code, poll_token, approve_url, interval_s } = value;
  if (typeof code !== "string" || !/^[0-9A-Z]{4}-[0-9A-Z]{4}$/.test(code)) return null;
  if (typeof poll_token !== "string" || poll_token === "" || poll_token.length > 512) return null;
  if (typeof approve_url !== "string" || !isSafePage(approve_url)) return null;
  const seconds = typeof interval_s === "number" && interval_s >= 0 && interval_s <= 60 ? interval_s : 2;
  // As the parser writes it, the address is ASCII: no character in it can change how the line of a terminal reads.
  return { code, pollToken: poll_token, approveUrl: new URL(approve_url).href, intervalMs: seconds * 1_000 };
}

/** What a poll came to; `unusable` = it was approved, and what came with that is not what was agreed on. */
export function approvalOf(value: Readonly<Record<string, unknown>>): Approval | "pending" | "unusable" | null {
  const { status, token, workspace_id, workspace_name } = value;
  if (status === "pending") return "pending";
  if (status !== "approved") return null;
  if (!isToken(token) || typeof workspace_id !== "string" || !/^[!-~]{1,256}$/.test(workspace_id)) return "unusable";
  return {
    token,
    workspaceId: workspace_id,
    workspaceName: typeof workspace_name === "string" ? workspace_name.slice(0, 200) : workspace_id,
  };
}

/** The failure as a sentence's end; for an object, that it was not what was agreed on. */
export function failureText(outcome: Failure | ObjectOutcome): string {
  return outcome.kind === "object" ? "the server answered something else than was agreed on" : describeFailure(outcome);
}
