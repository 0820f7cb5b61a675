/**
 * What providers said of allowances over time. A small series: a sample a minute and window at most.
 *
 * Imports: node:sqlite (types), domain.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { Provider } from "../domain/exchange.ts";
import type { QuotaSample } from "../domain/quota.ts";

/** Older samples go when a new one of the same window comes: 400 days. */
const KEPT_MS = 400 * 86_400_000;

/** Prepares the statements and returns the function that writes one sample. It throws what SQLite throws. */
export function prepareQuotaInsert(db: DatabaseSync): (sample: QuotaSample) => void {
  const insert = db.prepare(
    `INSERT OR REPLACE INTO quota_samples (provider, period, sampled_at, used_percent, resets_at, status)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const forget = db.prepare("DELETE FROM quota_samples WHERE provider = ? AND period = ? AND sampled_at < ?");
  return ({ provider, window, sampledAt, usedPercent, resetsAt, status }) => {
    const at = Math.floor(sampledAt);
    insert.run(provider, window, at, usedPercent, resetsAt === null ? null : Math.floor(resetsAt), status);
    forget.run(provider, window, at - KEPT_MS);
  };
}

/** The newest sample of every window, by provider and window. */
export function latestQuota(db: DatabaseSync): QuotaSample[] {
  const rows = db.prepare(
    `SELECT provider, period, max(sampled_at) AS sampled_at, used_percent, resets_at, status
     FROM quota_samples GROUP BY provider, period ORDER BY provider, period`,
  ).all();
  return rows.map((row) => ({
    // Written by this program, from values of this type.
    provider: row["provider"] as Provider,
    window: String(row["period"]),
    usedPercent: numberOrNull(row["used_percent"]),
    resetsAt: numberOrNull(row["resets_at"]),
    status: typeof row["status"] === "string" ? row["status"] : null,
    sampledAt: Number(row["sampled_at"]),
  }));
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
