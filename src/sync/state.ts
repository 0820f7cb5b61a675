/**
 * The state of sync as a person sees it, made from what is on disk. Asks no server.
 *
 * Imports: domain (types).
 *
 * @module
 */

import type { Pairing, PauseReason, SyncRecord } from "../domain/cloud.ts";
import type { Config } from "../domain/config.ts";

/** What is wrong with the setup, so that nothing is sent. */
export type NotConfigured =
  /** There are no credentials. */
  | "not_paired"
  /** `cloud.enabled` is false. */
  | "disabled"
  /** config.toml names another server than the one that gave the token. */
  | "other_server"
  /** The database knows nothing of this pairing: it was replaced since. */
  | "other_database";

/** The state, and why. Times: UTC epoch ms. */
export type CloudState =
  | { readonly kind: "NOT-CONFIGURED"; readonly reason: NotConfigured }
  | { readonly kind: "ACTIVE" }
  | {
    readonly kind: "DEGRADED";
    readonly error: string;
    readonly failures: number;
    readonly nextTryAt: number | null;
  }
  | { readonly kind: "PAUSED"; readonly reason: PauseReason };

/** What a state is made from. */
export interface CloudFacts {
  readonly config: Pick<Config["cloud"], "enabled" | "baseUrl">;
  /** `null` without usable credentials. */
  readonly credentials: Pairing | null;
  readonly record: SyncRecord | null;
}

/** The state of these facts. */
export function stateOf({ config, credentials, record }: CloudFacts): CloudState {
  if (credentials === null) return { kind: "NOT-CONFIGURED", reason: "not_paired" };
  if (!config.enabled) return { kind: "NOT-CONFIGURED", reason: "disabled" };
  if (config.baseUrl !== credentials.baseUrl) return { kind: "NOT-CONFIGURED", reason: "other_server" };
  if (record === null || record.disconnectedAt !== null || !isSame(record, credentials)) {
    return { kind: "NOT-CONFIGURED", reason: "other_database" };
  }
  if (record.pausedReason !== null) return { kind: "PAUSED", reason: record.pausedReason };
  if (record.lastError === null) return { kind: "ACTIVE" };
  const { lastError: error, failures, nextTryAt } = record;
  return { kind: "DEGRADED", error, failures, nextTryAt };
}

/** A sentence for a person. */
export function describeState(state: CloudState): string {
  switch (state.kind) {
    case "ACTIVE":
      return "rows are sent as they are recorded";
    case "DEGRADED":
      return `the last try failed: ${state.error}`;
    case "PAUSED":
      return PAUSED[state.reason];
    case "NOT-CONFIGURED":
      return UNCONFIGURED[state.reason];
  }
}

/** What to do about a state; `null` = nothing. */
export function adviceFor(state: CloudState): string | null {
  if (state.kind === "ACTIVE" || state.kind === "DEGRADED") return null;
  if (state.kind === "PAUSED") {
    return state.reason === "paused_manual"
      ? "Run: halton-meter cloud resume"
      : "Ask an admin of the workspace, then run: halton-meter cloud resume, or pair again with: halton-meter cloud connect";
  }
  return state.reason === "disabled"
    ? "Set cloud.enabled = true in config.toml, or pair again with: halton-meter cloud connect"
    : "Run: halton-meter cloud connect";
}

const PAUSED: Readonly<Record<PauseReason, string>> = {
  paused_manual: "paused by hand",
  paused_unauthorised: "the server does not accept the token any more",
  paused_forbidden: "the server does not let this machine in any more",
};

const UNCONFIGURED: Readonly<Record<NotConfigured, string>> = {
  not_paired: "this machine is not paired; nothing is sent",
  disabled: "cloud.enabled is false; nothing is sent",
  other_server: "cloud.base_url is not the server that this machine was paired with; nothing is sent",
  other_database: "the database knows nothing of this pairing; nothing is sent",
};

function isSame(a: Pairing, b: Pairing): boolean {
  return a.machineId === b.machineId && a.workspaceId === b.workspaceId && a.baseUrl === b.baseUrl;
}
