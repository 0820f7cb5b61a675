/**
 * The `halton-meter logs` and `halton-meter audit` commands, which are loaded when they are used.
 *
 * @module
 */

import { buildCommand, buildRouteMap } from "@stricli/core";
import type { MeterContext } from "./app.ts";
import type { AuditFlags } from "./audit_list.ts";
import type { LogsFlags } from "./logs_command.ts";

function optional<const Placeholder extends string>(placeholder: Placeholder, brief: string) {
  return { kind: "parsed", parse: String, optional: true, placeholder, brief } as const;
}

/** `halton-meter logs [daemon|edge]`. */
export const logs = buildCommand<LogsFlags, [string?], MeterContext>({
  loader: async () => (await import("./logs_command.ts")).logsCommand,
  parameters: {
    flags: {
      follow: { kind: "boolean", default: false, brief: "Go on with lines as they are written, until Ctrl-C" },
      lines: optional("n", "How many lines to begin with (default 50)"),
      json: { kind: "boolean", default: false, brief: "Print lines as they stand in the file" },
    },
    positional: {
      kind: "tuple",
      parameters: [{ parse: String, placeholder: "part", brief: "daemon or edge (default daemon)", optional: true }],
    },
    aliases: { f: "follow", n: "lines" },
  },
  docs: { brief: "Show the log of the daemon or of the edge" },
});

/** `halton-meter audit list`. */
export const audit = buildRouteMap<"list", MeterContext>({
  routes: {
    list: buildCommand<AuditFlags, [], MeterContext>({
      loader: async () => (await import("./audit_list.ts")).auditListCommand,
      parameters: {
        flags: {
          since: optional("7d", "How far back: 30m, 24h, 7d; a bare number is days"),
          limit: optional("n", "At most so many (default 50)"),
          json: { kind: "boolean", default: false, brief: "Print JSON for programs" },
        },
      },
      docs: { brief: "Show what was done to the store and its settings, newest first" },
    }),
  },
  docs: { brief: "The trail of changes: deletions, exports, settings" },
});
