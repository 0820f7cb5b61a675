/**
 * The table of `halton-meter cloud` commands, which are loaded when they are used.
 *
 * @module
 */

import { buildCommand, buildRouteMap } from "@stricli/core";
import type { MeterContext } from "./app.ts";
import type { ConnectFlags } from "./cloud_connect.ts";
import type { PreviewFlags, SyncFlags } from "./cloud_pass.ts";
import type { ReconcileFlags } from "./cloud_reconcile.ts";

const json = { kind: "boolean", brief: "Print JSON for programs", default: false } as const;
const yes = { kind: "boolean", brief: "Confirm on the command line", default: false } as const;

type None = Record<never, never>;

const connect = buildCommand<ConnectFlags, [], MeterContext>({
  loader: async () => (await import("./cloud_connect.ts")).cloudConnectCommand,
  parameters: {
    flags: {
      url: {
        kind: "parsed",
        parse: String,
        optional: true,
        placeholder: "url",
        brief: "The team server; else cloud.base_url of config.toml",
      },
      noBrowser: { kind: "boolean", default: false, brief: "Only print where to approve" },
    },
  },
  docs: {
    brief: "Pair this machine with a workspace of a team server",
    fullDescription:
      "Prints a code and the page on which a member of the workspace approves it, and waits. Until then " +
      "nothing on this machine changes. Calls recorded before are not shared, and prompts are in no case unless you " +
      "turn body sync on.",
  },
});

const disconnect = buildCommand<None, [], MeterContext>({
  loader: async () => (await import("./cloud_disconnect.ts")).cloudDisconnectCommand,
  parameters: {},
  docs: { brief: "Revoke and forget the token; recorded calls stay" },
});

const status = buildCommand<{ json: boolean }, [], MeterContext>({
  loader: async () => (await import("./cloud_status.ts")).cloudStatusCommand,
  parameters: { flags: { json } },
  docs: { brief: "Show the state of sync and what waits; asks no server" },
});

const whoami = buildCommand<{ json: boolean }, [], MeterContext>({
  loader: async () => (await import("./cloud_status.ts")).cloudWhoamiCommand,
  parameters: { flags: { json } },
  docs: { brief: "Ask the server which workspace and machine this is" },
});

/** `halton-meter cloud sync`, and `halton-meter sync`. */
export const sync = buildCommand<SyncFlags, [], MeterContext>({
  loader: async () => (await import("./cloud_pass.ts")).cloudSyncCommand,
  parameters: {
    flags: {
      backfill: { kind: "boolean", default: false, brief: "Also share calls from before the pairing" },
      parked: { kind: "boolean", default: false, brief: "Also try again what the server refused" },
      yes,
    },
  },
  docs: {
    brief: "Send what waits now, with a line for each POST",
    fullDescription:
      "Sends what waits and ends. A daemon does so by itself every few seconds; the two never do it at " +
      "the same time.",
  },
});

const pause = buildCommand<None, [], MeterContext>({
  loader: async () => (await import("./cloud_pause.ts")).cloudPauseCommand,
  parameters: {},
  docs: { brief: "Send nothing until resumed" },
});

const resume = buildCommand<None, [], MeterContext>({
  loader: async () => (await import("./cloud_pause.ts")).cloudResumeCommand,
  parameters: {},
  docs: { brief: "Go on; after a refused token only if the server accepts it again" },
});

const preview = buildCommand<PreviewFlags, [], MeterContext>({
  loader: async () => (await import("./cloud_pass.ts")).cloudPreviewCommand,
  parameters: {
    flags: { raw: { kind: "boolean", brief: "As it is sent, byte for byte, in one line", default: false } },
  },
  docs: { brief: "Print exactly what the next batch would send; sends nothing" },
});

const reconcile = buildCommand<ReconcileFlags, [], MeterContext>({
  loader: async () => (await import("./cloud_reconcile.ts")).cloudReconcileCommand,
  parameters: {
    flags: {
      days: { kind: "parsed", parse: String, optional: true, placeholder: "n", brief: "How many days (30)" },
      resend: { kind: "boolean", default: false, brief: "Send the rows of days that differ again" },
      json,
    },
  },
  docs: {
    brief: "Compare the days' totals with the server's; exit code 4 when one differs",
    fullDescription:
      "Compares, for each UTC day, how many calls were shared, their tokens and their cost. A day differs when the " +
      "server lost a row, has another cost for one, or has more. --resend sends what was shared of such days again, as " +
      "after a server was restored from a backup; nothing is counted twice.",
  },
});

const privacy = buildRouteMap<"show" | "set", MeterContext>({
  routes: {
    show: buildCommand<{ json: boolean }, [], MeterContext>({
      loader: async () => (await import("./cloud_privacy.ts")).privacyShowCommand,
      parameters: { flags: { json } },
      docs: { brief: "Show what the server may learn" },
    }),
    set: buildCommand<None, string[], MeterContext>({
      loader: async () => (await import("./cloud_privacy.ts")).privacySetCommand,
      parameters: {
        positional: {
          kind: "array",
          minimum: 2,
          parameter: { parse: String, placeholder: "setting", brief: "A setting and its value" },
        },
      },
      docs: {
        brief: "Change what the server may learn",
        customUsage: [
          "preset minimal|standard|full",
          "hostname|prompt_hash|source_workdir on|off|default",
          "body-sync on|off",
          "project SLUG preset minimal|standard|full|default",
          "project SLUG hostname|prompt_hash|source_workdir on|off|default",
        ],
        fullDescription:
          "Writes config.toml; a running daemon follows at once. Every preset sends model, tokens, cost, " +
          "latency, status and project; standard adds hostname and prompt_hash, full also source_workdir. Prompts and " +
          "responses are in no preset: body-sync is a switch of its own.",
      },
    }),
  },
  docs: { brief: "What the server may learn" },
});

const ROUTES = { connect, disconnect, status, whoami, sync, pause, resume, preview, privacy, reconcile };

/** `halton-meter cloud …`. */
export const cloud = buildRouteMap<keyof typeof ROUTES, MeterContext>({
  routes: ROUTES,
  docs: { brief: "Sync with a team server; off until you pair" },
});
