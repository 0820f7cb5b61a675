/**
 * Waits for a moment in which restarting the daemon cuts no call.
 *
 * A daemon that ends lets calls finish for ten seconds, which answers of models often exceed. So a moment without a call is waited
 * for; where calls are many and short there may never be one, and those ten seconds do.
 *
 * Imports: roles (types).
 *
 * @module
 */

import type { DaemonStatus } from "../roles/daemon_status.ts";

/** Calls that go through the daemon. */
export interface CallsUnderWay {
  readonly count: number;
  /** Since the oldest of them began. */
  readonly longestMs: number;
}

/** How long what is waited for, in ms. */
export interface QuietLimits {
  readonly pollMs: number;
  /** A call under way for longer than this is a long one. */
  readonly longMs: number;
  /** Without a long call for so long, there are none. */
  readonly shortWaitMs: number;
  /** The SDKs of providers give up on a call after ten minutes. */
  readonly longWaitMs: number;
}

const LIMITS: QuietLimits = { pollMs: 200, longMs: 8_000, shortWaitMs: 15_000, longWaitMs: 600_000 };
/** A wait that is shorter is not worth a line. */
const SAID_AFTER_MS = 1_000;

/** What a daemon says of its calls; null when it does not, as versions before this one. */
export function callsUnderWay(status: DaemonStatus | null): CallsUnderWay | null {
  const { calls_under_way: count, longest_call_ms: longestMs } = status?.roles["interceptor"]?.counters ?? {};
  return count === undefined || longestMs === undefined ? null : { count, longestMs };
}

/** Returns when no call is under way, when all of them are short, or when the longest wait is over. */
export async function untilQuiet(
  look: () => Promise<CallsUnderWay | null>,
  say: (line: string) => void,
  limits: QuietLimits = LIMITS,
): Promise<void> {
  const begun = performance.now();
  let long = false;
  let said = false;
  for (;;) {
    const found = await look();
    if (found === null || found.count === 0) return;
    const waited = performance.now() - begun;
    long ||= found.longestMs > limits.longMs;
    if (!long && waited >= limits.shortWaitMs) return;
    if (waited >= limits.longWaitMs) {
      return say(`Going on with ${calls(found.count)} under way: what takes 10 seconds more is cut off`);
    }
    if (!said && waited >= Math.min(SAID_AFTER_MS, limits.shortWaitMs)) {
      const minutes = Math.ceil(limits.longWaitMs / 60_000);
      say(`Waiting for ${calls(found.count)} under way, ${minutes} minutes at most; Ctrl-C leaves everything as it is`);
      said = true;
    }
    await new Promise((resolve) => setTimeout(resolve, limits.pollMs));
  }
}

function calls(count: number): string {
  return count === 1 ? "1 call" : `${count} calls`;
}
