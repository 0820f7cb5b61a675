/**
 * The table of `halton-meter bodies` commands, which are loaded when they are used.
 *
 * @module
 */

import { buildCommand, buildRouteMap } from "@stricli/core";
import type { MeterContext } from "./app.ts";
import type { ExportFlags } from "./bodies_export.ts";
import type { ListFlags } from "./bodies_list.ts";
import type { PurgeFlags } from "./bodies_purge.ts";
import type { SearchFlags } from "./bodies_search.ts";
import type { ShowFlags } from "./bodies_show.ts";

const json = { kind: "boolean", brief: "Print JSON for programs", default: false } as const;
const since = {
  kind: "parsed",
  parse: String,
  optional: true,
  placeholder: "7d",
  brief: "How far back: 30m, 24h, 7d; a bare number is days",
} as const;
const project = {
  kind: "parsed",
  parse: String,
  optional: true,
  placeholder: "slug",
  brief: "One project only",
} as const;
const limit = {
  kind: "parsed",
  parse: String,
  optional: true,
  placeholder: "n",
  brief: "At most so many (default 20)",
} as const;

function one<const Placeholder extends string>(placeholder: Placeholder, brief: string) {
  return { kind: "tuple", parameters: [{ parse: String, placeholder, brief }] } as const;
}

function toggle(brief: string) {
  return { kind: "boolean", brief, default: false } as const;
}

const stats = buildCommand<{ json: boolean }, [], MeterContext>({
  loader: async () => (await import("./bodies_stats.ts")).bodiesStatsCommand,
  parameters: { flags: { json } },
  docs: { brief: "Show what is captured, how much is stored, and what was masked" },
});

const list = buildCommand<ListFlags, [], MeterContext>({
  loader: async () => (await import("./bodies_list.ts")).bodiesListCommand,
  parameters: { flags: { since, project, limit, json } },
  docs: { brief: "List calls whose bodies are stored, newest first" },
});

const show = buildCommand<ShowFlags, [string], MeterContext>({
  loader: async () => (await import("./bodies_show.ts")).bodiesShowCommand,
  parameters: {
    flags: {
      request: toggle("The request only"),
      response: toggle("The response only"),
      raw: toggle("As stored, not laid out"),
    },
    positional: one("id", "A call's id, or its first 8 characters or more"),
  },
  docs: {
    brief: "Show what is stored of one call",
    fullDescription:
      "Shows the stored request and response of one call, after redaction. On a terminal through $PAGER; " +
      "--raw into a pipe or a file gives the stored text and nothing else.",
  },
});

const search = buildCommand<SearchFlags, [string], MeterContext>({
  loader: async () => (await import("./bodies_search.ts")).bodiesSearchCommand,
  parameters: { flags: { since, project, limit, json }, positional: one("text", "What to look for, in any case") },
  docs: { brief: "Find stored bodies that hold a text" },
});

const exportTo = buildCommand<ExportFlags, [], MeterContext>({
  loader: async () => (await import("./bodies_export.ts")).bodiesExportCommand,
  parameters: {
    flags: {
      since,
      project,
      output: { kind: "parsed", parse: String, placeholder: "file", brief: "A new file, which only you can read" },
    },
  },
  docs: { brief: "Write stored bodies to a file, one line of JSON each" },
});

const purge = buildCommand<PurgeFlags, [], MeterContext>({
  loader: async () => (await import("./bodies_purge.ts")).bodiesPurgeCommand,
  parameters: {
    flags: {
      olderThan: {
        kind: "parsed",
        parse: String,
        placeholder: "30d",
        brief: "Bodies of calls before that: 24h, 30d, 4w; 0 for all",
      },
      project,
      vacuum: toggle("Give the space back to the system"),
      dryRun: toggle("Delete nothing, only say what would go"),
      json,
    },
  },
  docs: {
    brief: "Delete old bodies for good; calls and costs stay",
    fullDescription:
      "Deletes stored bodies for good and overwrites their place in the file and its log; calls and costs stay. " +
      "Works beside a running daemon. Ctrl-C stops; running it again goes on.",
  },
});

/** `halton-meter bodies …`. */
export const bodies = buildRouteMap<"stats" | "list" | "show" | "search" | "export" | "purge", MeterContext>({
  routes: { stats, list, show, search, export: exportTo, purge },
  docs: { brief: "Stored requests and responses: look, search, export, delete" },
});
