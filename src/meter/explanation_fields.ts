/**
 * An explained cost and a price as fields for programs, which the API and the command line print alike.
 *
 * Imports: ./explanation.ts (types), ./rate_line.ts (types), ./rates.ts (types).
 *
 * @module
 */

import type { ExplainableCall, Explanation } from "./explanation.ts";
import type { ListedRate } from "./rates.ts";

/** A stored cost with its sources. */
interface StoredCost {
  readonly pico: bigint | null;
  readonly missing: string | null;
  readonly ratesSource: string | null;
  readonly match: string | null;
}

/**
 * `{stored, recomputed, agrees, lines, notes, advice}`.
 *
 * @param amount The fields of an amount of pico-dollars; `null` = unknown.
 */
export function explanationFields<Call extends ExplainableCall & { readonly cost: StoredCost }, Amount>(
  { call, cost, agrees, notes, advice }: Explanation<Call>,
  amount: (pico: bigint | null) => Amount,
) {
  return {
    stored: {
      ...amount(call.cost.pico),
      cost_missing: call.cost.missing,
      rates_source: call.cost.ratesSource,
      rate_match: call.cost.match,
    },
    recomputed: cost === null ? null : {
      ...amount(cost.kind === "priced" ? cost.pico : cost.kind === "free" ? 0n : null),
      cost_missing: cost.kind === "unpriced" ? cost.reason : null,
      rates_source: cost.kind === "priced" ? cost.ratesSource : null,
      rate_match: cost.kind === "priced" ? cost.match : null,
    },
    agrees,
    lines: (cost?.explain ?? []).map(({ label, unit, count, pricePerMillion, factor, pico }) => ({
      label,
      unit,
      count,
      usd_per_million: pricePerMillion,
      factor,
      ...amount(pico),
    })),
    notes: [...notes],
    advice,
  };
}

/**
 * `{provider, model, source, valid_from, valid_until, prices, tiers}`. Prices are decimal text in USD: per million tokens, but `web_search`
 * per thousand, `audio_hour` per hour. Absent = no price.
 */
export function rateFields(rate: ListedRate) {
  return {
    provider: rate.provider,
    model: rate.id,
    source: rate.source,
    valid_from: dayOf(rate.from),
    valid_until: dayOf(rate.until),
    prices: named(rate.prices),
    tiers: (rate.tiers ?? []).map(({ above, prices }) => ({ prompt_over: above, prices: named(prices) })),
  };
}

/** A UTC day, or an instant where it is not midnight; `null` = unbounded. */
export function dayOf(at: string | number | null): string | null {
  return typeof at === "number" ? new Date(at).toISOString().replace(/T00:00:00\.000Z$/, "") : at;
}

/** Names in snake case: `cache_write_5m`. */
function named(prices: ListedRate["prices"]): Record<string, string> {
  const snakeCase = (key: string) => key.replace(/[A-Z]|\d+(?=[mh]$)/g, (part) => `_${part.toLowerCase()}`);
  return Object.fromEntries(
    Object.entries(prices).flatMap(([key, price]) => price === undefined ? [] : [[snakeCase(key), price]]),
  );
}
