/**
 * The `halton-meter connections` command, which is loaded when it is used.
 *
 * @module
 */

import { buildCommand } from "@stricli/core";
import type { MeterContext } from "./app.ts";

/** `halton-meter connections`. */
export const connections = buildCommand<{ json: boolean }, [], MeterContext>({
  loader: async () => (await import("./connections_command.ts")).connectionsCommand,
  parameters: { flags: { json: { kind: "boolean", default: false, brief: "Print JSON for programs" } } },
  docs: {
    brief: "List every place that the meter has connected to, by role, and why it could",
    fullDescription: "Lists every place outside this program that the meter has connected to since it started: which " +
      "role did, on whose word, how often, and how many connections are open now. Roles that cannot connect to " +
      "anything are shown with the reason. Asks the running processes over their unix sockets and nobody else.",
  },
});
