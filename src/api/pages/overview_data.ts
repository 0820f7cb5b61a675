/**
 * What the overview shows, read at once.
 *
 * Imports: domain (types), store, pages.
 *
 * @module
 */

import { ratesOf } from "../present_detail.ts";
import type { Provider } from "../../domain/exchange.ts";
import type { QuotaSample } from "../../domain/quota.ts";
import type { RateTable } from "../../meter/rates.ts";
import { lastRequestedAt, sumUsage, usageCells, type UsageSums } from "../../store/queries.ts";
import { latestQuota } from "../../store/quota.ts";
import { lastDays, type ModelUsage, type Stats, usageStats } from "../../store/stats.ts";
import { everyDay, type View, windowsOf } from "./view.ts";

/** A quota that was not heard of for this long is no news: 14 days, twice the longest window known. */
const RECENT_MS = 14 * 86_400_000;

/** Days of the overview's chart and tables. */
export const OVERVIEW_DAYS = 30;

/** Spend of some days and of as many before. */
export interface Spend {
  readonly days: number;
  readonly current: UsageSums;
  readonly before: UsageSums;
}

/** What reading from caches saved. */
export interface CacheSavings {
  readonly readTokens: number;
  /** Tokens of prompts, cached ones included. */
  readonly promptTokens: number;
  /** Against paying the input price for the same tokens; `null` when no price of these models is known. */
  readonly savedPico: bigint | null;
  /** Cached tokens of models without a known price for them, which are not in `savedPico`. */
  readonly withoutPrice: number;
}

/** Everything. */
export interface Overview {
  readonly lastCallAt: number | null;
  readonly spend: readonly Spend[];
  readonly stats: Stats;
  readonly cache: CacheSavings;
  readonly quota: readonly QuotaSample[];
}

/** Reads it. */
export function readOverview(view: View): Overview {
  const { db, now, timeZone } = view;
  const stats = everyDay(usageStats(db, lastDays(OVERVIEW_DAYS, now, timeZone)), view, OVERVIEW_DAYS);
  return {
    lastCallAt: lastRequestedAt(db),
    spend: [1, 7, OVERVIEW_DAYS].map((days) => spendOf(view, days, stats)),
    stats,
    cache: cacheSavings(stats.byModel, ratesOf(view.deps.config()), now),
    quota: latestQuota(db).filter(({ sampledAt }) => now - sampledAt < RECENT_MS),
  };
}

function spendOf(view: View, days: number, stats: Stats): Spend {
  const { current, before } = windowsOf(view, days);
  return {
    days,
    current: days === OVERVIEW_DAYS ? stats.totals : sumUsage(usageCells(view.db, current)),
    before: sumUsage(usageCells(view.db, before)),
  };
}

/** Reads at today's list prices; what writing to caches cost extra is not in it. */
export function cacheSavings(models: readonly ModelUsage[], rates: RateTable, now: number): CacheSavings {
  let [readTokens, promptTokens, withoutPrice] = [0, 0, 0];
  let savedPico: bigint | null = null;
  for (const { provider, model, sums } of models) {
    const read = sums.cacheReadTokens ?? 0;
    readTokens += read;
    promptTokens += (sums.inputTokens ?? 0) + read + (sums.cacheWriteTokens ?? 0);
    if (read === 0) continue;
    const prices = model === null ? undefined : rates.find(provider as Provider, model, now)?.rate.prices.perToken;
    if (prices?.input === undefined || prices.cacheRead === undefined) withoutPrice += read;
    else savedPico = (savedPico ?? 0n) + BigInt(read) * (prices.input - prices.cacheRead);
  }
  return { readTokens, promptTokens, savedPico: readTokens === 0 ? 0n : savedPico, withoutPrice };
}
