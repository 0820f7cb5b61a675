/**
 * `halton-meter logs`: the log of the daemon or of the edge.
 *
 * Imports: domain, os, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { paths } from "../os/paths.ts";
import type { MeterContext } from "./app.ts";
import { rotatedNames } from "./log_file.ts";
import { followedLines, readableLine, tailOf } from "./log_lines.ts";
import { untilStopped } from "./signals.ts";
import { limitOf } from "./stored.ts";

const DEFAULT_LINES = 50;

/** Flags of the command. */
export interface LogsFlags {
  readonly follow: boolean;
  readonly lines?: string;
  readonly json: boolean;
}

/** Prints the last lines and, when asked to follow, those that come, until a signal. */
export async function logsCommand(this: MeterContext, flags: LogsFlags, part = "daemon"): Promise<void> {
  const count = limitOf(flags.lines, DEFAULT_LINES, "--lines");
  const file = fileOf(part);
  const tail = tailOf([file, ...rotatedNames(file)], count);
  if (tail === null && !flags.follow) {
    throw new MeterError("bad_input", `Cannot show the log of the ${part}: there is no ${file} yet`, {
      hint: `Run "halton-meter ${part}" once`,
    });
  }
  const { stdout } = this.process;
  const print = (line: string) => stdout.write(`${flags.json ? line : readableLine(line)}\n`);
  tail?.lines.forEach(print);
  if (!flags.follow) return;
  const stop = new AbortController();
  untilStopped().then(() => stop.abort());
  for await (const line of followedLines(file, tail?.offset ?? 0, stop.signal)) print(line);
}

function fileOf(part: string): string {
  const { daemonLog, edgeLog } = paths();
  if (part === "daemon") return daemonLog;
  if (part === "edge") return edgeLog;
  throw new MeterError("wrong_usage", `Cannot show the log of ${JSON.stringify(part)}: there is no such part`, {
    hint: "Give daemon or edge",
  });
}
