/**
 * Counts what xAI's usage tells of tools that ran on its side, each of which is charged by the call.
 *
 * Imports: ./json.ts.
 *
 * @module
 */

import { countIn, type JsonObject, objectIn } from "./json.ts";

/**
 * Calls of tools: the total, or else the sum over the kinds of calls; and the sources of live search, which is charged by the
 * source. 0 where nothing is told.
 */
export function serverToolsIn(usage: JsonObject | null): number {
  const details = objectIn(usage, "server_side_tool_usage_details");
  const kinds = Object.keys(details ?? {}).reduce((sum, kind) => sum + (countIn(details, kind) ?? 0), 0);
  return (countIn(usage, "num_server_side_tools_used") ?? kinds) + (countIn(usage, "num_sources_used") ?? 0);
}
