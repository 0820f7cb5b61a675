/**
 * What `status` says of subscriptions' allowances: the newest sample of every window, as far as it is recent.
 *
 * Imports: domain (types), store.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import type { QuotaSample } from "../domain/quota.ts";
import { openReadOnly } from "../store/database.ts";
import { latestQuota } from "../store/quota.ts";
import { dayLabel, timeLabel } from "./report_period.ts";

/** A window that was not heard of for this long is no news: 14 days, twice the longest one known. */
const RECENT_MS = 14 * 86_400_000;

/** One window in `status --json`. Times are ISO 8601. */
export interface QuotaReport {
  readonly provider: string;
  readonly window: string;
  readonly used_percent: number | null;
  readonly resets_at: string | null;
  readonly status: string | null;
  readonly sampled_at: string;
}

/** Recent samples; none when there is no database, or one that cannot be read, which other commands tell. */
export function readQuota(database: string, now: number): QuotaReport[] {
  try {
    const db = openReadOnly(database);
    try {
      const samples = db === null ? [] : latestQuota(db);
      return samples.filter(({ sampledAt }) => now - sampledAt < RECENT_MS).map(quotaReport);
    } finally {
      db?.close();
    }
  } catch (error) {
    if (error instanceof MeterError) return [];
    throw error;
  }
}

/** `quota anthropic 5h: 43 % used, resets 14:00`, in local time; null when no share was told. */
export function quotaLine({ provider, window, used_percent, resets_at }: QuotaReport, now: number): string | null {
  if (used_percent === null) return null;
  const used = `${Math.round(used_percent)} % used`;
  const resetsAt = resets_at === null ? null : Date.parse(resets_at);
  const line = `quota ${provider} ${window}: `;
  if (resetsAt === null) return line + used;
  if (resetsAt <= now) return `${line}begun anew at ${clock(resetsAt, now)}, ${used} before`;
  return `${line}${used}, resets ${clock(resetsAt, now)}`;
}

function quotaReport(sample: QuotaSample): QuotaReport {
  return {
    provider: sample.provider,
    window: sample.window,
    used_percent: sample.usedPercent,
    resets_at: sample.resetsAt === null ? null : new Date(sample.resetsAt).toISOString(),
    status: sample.status,
    sampled_at: new Date(sample.sampledAt).toISOString(),
  };
}

/** The time of day, behind the date unless it is today's. */
function clock(at: number, now: number): string {
  return dayLabel(at) === dayLabel(now) ? timeLabel(at) : `${dayLabel(at)} ${timeLabel(at)}`;
}
