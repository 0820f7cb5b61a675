/**
 * Says in words what moved the prices of a call away from the plain list price: its tier, its region, the length of its
 * prompt.
 *
 * Imports: domain.
 *
 * @module
 */

import type { Reading } from "../domain/exchange.ts";
import { formatFraction } from "../domain/money.ts";
import { isAllowance, promptPrices } from "./cost_lines.ts";
import type { RateTable } from "./rates.ts";
import { regionFactor, tierFactor, tierOf } from "./tiers.ts";

/** Sentences, the first part's first; empty when every price is a list price. Nothing is said of what has no price. */
export function priceNotes(reading: Reading, table: RateTable, atMs: number): string[] {
  if (!reading.billable || reading.providerCostPico !== null) return [];
  const notes = new Set<string>();
  const tier = tierOf(reading);
  for (const { model, usage } of reading.parts) {
    const found = model === null ? null : table.find(reading.provider, model, atMs);
    if (found === null) continue;
    const { rate } = found;
    const { prices, long } = promptPrices(rate, usage);
    const applied = tierFactor(tier, rate.provider, rate.id, long);
    const region = regionFactor(rate.provider, reading.inferenceGeo, rate.id);
    if (long && applied?.basePricesOnly !== true) {
      const threshold = rate.tiers.find((each) => each.prices === prices)?.above ?? 0;
      notes.add(`The prompt of ${model} has more than ${threshold} tokens: every token at the long-context price`);
    }
    if (tier !== "standard" && applied !== null) {
      notes.add(`Served as ${tier}: token prices of ${model} times ${formatFraction(applied.factor)}`);
    }
    const searches = reading.extra.webSearchRequests ?? 0;
    if (searches > 0 && isAllowance(rate.provider, prices)) {
      notes.add(
        `Google searches are not in this cost (${searches}): a free allowance comes first, of which no response tells`,
      );
    }
    if (region !== null && region.num !== region.den) {
      notes.add(`Served in region ${reading.inferenceGeo}: token prices of ${model} times ${formatFraction(region)}`);
    }
  }
  return [...notes];
}
