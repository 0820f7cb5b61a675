/**
 * Which addresses of this machine a TCP port is open on, as the machine's own tools tell.
 *
 * Imports: os/run.ts (types).
 *
 * @module
 */

import type { Runner } from "./run.ts";

/** A tool that has not told by then is not waited for. */
const TIMEOUT_MS = 2_000;

/** Addresses that a TCP port is open on; null when no tool tells. lsof shows other users' sockets to root only. */
export async function listenersOf(run: Runner, port: number): Promise<string[] | null> {
  const tools = [
    ["lsof", "-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fn"],
    ["ss", "-ltnH", `sport = :${port}`],
  ] as const;
  const told = await Promise.all(tools.map(async ([command, ...args]) => {
    try {
      return addressesIn((await run(command, args, { timeoutMs: TIMEOUT_MS })).stdout, port);
    } catch {
      return null; // Not installed, or hung.
    }
  }));
  const answers = told.filter((found) => found !== null);
  return answers.length === 0 ? null : [...new Set(answers.flat())];
}

/** Addresses before `:port` in what lsof and ss print, each once. */
export function addressesIn(text: string, port: number): string[] {
  const pattern = new RegExp(`(?:^|[\\s>n])(\\*|\\[[0-9a-fA-F:.%a-z]*\\]|[0-9.]+):${port}(?=\\s|$)`, "gm");
  return [...new Set([...text.matchAll(pattern)].map((match) => (match[1] ?? "").replace(/^\[|\]$/g, "")))];
}
