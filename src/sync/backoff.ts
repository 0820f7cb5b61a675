/**
 * How long to wait before the next try: exponential with full jitter, so that a team's machines do not come back at once to a
 * server that has just come back itself; and never before the server said.
 *
 * Imports nothing.
 *
 * @module
 */

/** Bounds of the waiting time, ms. */
export interface BackoffBounds {
  /** Most after the first failure. */
  readonly firstMs: number;
  /** Most after any number of failures. */
  readonly mostMs: number;
}

/** Of the background role. */
export const BACKGROUND: BackoffBounds = { firstMs: 2_000, mostMs: 300_000 };

/** Of a command that somebody waits for. */
export const FOREGROUND: BackoffBounds = { firstMs: 500, mostMs: 8_000 };

/** A server may ask for more patience than this, but a mistaken header must not stop the sync for good. */
const MOST_RETRY_AFTER_MS = 3_600_000;

/** Beyond this many doublings every bound is long reached. */
const MOST_DOUBLINGS = 30;

/**
 * @param failures In a row, 1 or more.
 * @param retryAfterMs What the server asked for; `null` = nothing.
 * @param random From 0 up to, not including, 1.
 * @returns ms.
 */
export function delayAfter(
  failures: number,
  retryAfterMs: number | null,
  bounds: BackoffBounds,
  random: () => number = Math.random,
): number {
  const doublings = Math.min(Math.max(failures, 1) - 1, MOST_DOUBLINGS);
  const jitter = Math.floor(random() * Math.min(bounds.mostMs, bounds.firstMs * 2 ** doublings));
  return retryAfterMs === null ? jitter : Math.min(retryAfterMs, MOST_RETRY_AFTER_MS) + jitter;
}

/**
 * Reads `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date. A date is compared with the answer's own `Date`, so that a
 * clock of this machine that is wrong changes nothing; with this machine's clock when the answer has none.
 *
 * @param now UTC epoch ms.
 * @returns ms, however many; `null` for a field that is absent or unreadable.
 */
export function retryAfterOf(value: string | null, date: string | null, now: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  if (!/^[A-Za-z]{3,9},? /.test(text)) return null; // A date begins with the day of the week.
  const [until, sent] = [Date.parse(text), Date.parse(date ?? "")];
  return Number.isNaN(until) ? null : Math.max(0, until - (Number.isNaN(sent) ? now : sent));
}
