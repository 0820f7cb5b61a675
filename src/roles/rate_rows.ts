/**
 * The price list as rows of `pricing_rates`.
 *
 * Imports: meter (types), store (types).
 *
 * @module
 */

import type { PriceText } from "../meter/rate_line.ts";
import type { ListedRate } from "../meter/rates.ts";
import type { RateRow } from "../store/rates.ts";

/** One row per line and prompt threshold. */
export function rateRows(list: readonly ListedRate[]): RateRow[] {
  return list.flatMap((line) => [
    rateRow(line, 0, line.prices),
    ...(line.tiers ?? []).map(({ above, prices }) => rateRow(line, above, prices)),
  ]);
}

function rateRow(line: ListedRate, promptOver: number, prices: PriceText): RateRow {
  const { input, output, cacheRead, cacheWrite5m, cacheWrite1h, ...others } = prices;
  const other = Object.fromEntries(Object.entries(others).filter((entry) => entry[1] !== undefined));
  return {
    provider: line.provider,
    model: line.id,
    variant: "standard",
    promptOver,
    input: input ?? null,
    output: output ?? null,
    cacheRead: cacheRead ?? null,
    cacheWrite5m: cacheWrite5m ?? null,
    cacheWrite1h: cacheWrite1h ?? null,
    other: Object.keys(other).length === 0 ? null : other as Record<string, string>,
    validFrom: instant(line.from),
    validUntil: instant(line.until),
    source: line.source,
  };
}

function instant(day: string | number | null): number | null {
  return typeof day === "string" ? Date.parse(`${day}T00:00:00Z`) : day;
}
