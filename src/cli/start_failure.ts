/**
 * Why a process of the meter could not start, put into its log and taken from there: a service has no terminal.
 *
 * Imports: domain, log.ts, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { errorLabel, formatLogLine } from "../log.ts";
import { openLogFile } from "./log_file.ts";
import { tailOf } from "./log_lines.ts";

/** A process that is started again and again writes one line each time; a running one no more than these in a minute. */
const LOOKED_AT = 200;

/** Runs `start`, and notes in the log at `path` why it failed. @throws what it throws. */
export async function notingFailure<T>(part: "daemon" | "edge", path: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    note(part, path, error instanceof MeterError ? error.message : errorLabel(error));
    throw error;
  }
}

/** Why the process with the log at `path` did not start the last time that it was tried; null when it did, or nobody knows. */
export function whyNotStarted(path: string): string | null {
  try {
    for (const line of (tailOf([path], LOOKED_AT)?.lines ?? []).toReversed()) {
      const [, part, outcome] = /"event":"(daemon|edge)\.startup\.(ready|failed)"/.exec(line) ?? [];
      if (part === undefined) continue;
      if (outcome === "ready") return null;
      const { reason } = JSON.parse(line) as { readonly reason?: unknown };
      return typeof reason === "string" ? reason : null;
    }
  } catch {
    // There is no log, or it cannot be read.
  }
  return null;
}

function note(part: "daemon" | "edge", path: string, reason: string): void {
  try {
    const file = openLogFile(path);
    file.write(formatLogLine({ event: `${part}.startup.failed`, reason }, new Date()));
    file.close();
  } catch {
    // The folder may be the very thing that cannot be used.
  }
}
