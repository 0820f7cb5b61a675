/**
 * How the port passes between a process `edge` and the daemon, so that one process can be restarted at a time: a daemon
 * that serves the port gives it to an edge that starts, and an edge that leaves gives it to a daemon that runs.
 *
 * Imports: roles.
 *
 * @module
 */

import { type ControlLine, openControlLine } from "./control_line.ts";
import type { LetGo } from "./messages.ts";

/** The daemon lets go, or starts an edge of its own, within this. */
const ANSWER_MS = 5_000;

/** The port as a daemon has let go of it. */
export interface Released {
  readonly answer: LetGo;
  /** To be called when this process serves the port, or gives up. */
  done(): void;
}

/** Asks the daemon of process `daemonPid` for the port, if it is the one that holds it: process `holder`. */
export async function askForPort(socket: string, daemonPid: number | undefined, holder: number): Promise<Released> {
  const line = holder === daemonPid ? await openControlLine(socket) : null;
  const answer = await line?.ask({ t: "release-edge" }, ANSWER_MS);
  if (line === null || !saysYes(answer, "released")) {
    line?.close();
    return { answer: "refused", done: () => {} };
  }
  return { answer: saysYes(answer, "held") ? "held" : "closed", done: () => line.close() };
}

/**
 * Gives the port to the daemon at `socket`.
 *
 * @param letGo Called when the daemon is ready: holds the port, or closes it and returns false.
 * @returns the line to that daemon, which ends when it does; null when no daemon serves the port now.
 */
export async function givePort(socket: string, letGo: () => Promise<boolean>): Promise<ControlLine | null> {
  const line = await openControlLine(socket);
  if (line === null) return null;
  if (saysYes(await line.ask({ t: "take-edge" }, ANSWER_MS), "taken")) {
    const held = await letGo();
    if (saysYes(await line.ask({ t: "bind-edge", held }, ANSWER_MS), "bound")) return line;
  }
  line.close();
  return null;
}

function saysYes(answer: unknown, name: string): boolean {
  return typeof answer === "object" && answer !== null && (answer as Record<string, unknown>)[name] === true;
}
