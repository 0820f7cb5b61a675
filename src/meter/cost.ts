/**
 * Prices a reading: every part under its own model, at the prices in force when the call was made.
 *
 * All arithmetic is exact; a sum that is not a whole number of pico-dollars is rounded once, at the end, half to even.
 * What cannot be known is unpriced with a reason. Never throws for what a provider sent.
 *
 * Imports: domain.
 *
 * @module
 */

import type { Cost, CostMissing, RateMatch, Reading, UsagePart } from "../domain/exchange.ts";
import { add, formatFraction, type Fraction, multiply, ONE, roundHalfEven } from "../domain/money.ts";
import { type BareLine, extraLines, isTimed, type Lines, promptPrices, tokenLines, type Unit } from "./cost_lines.ts";
import { BUNDLED_SOURCE, OVERRIDE_SOURCE, type RateTable } from "./rates.ts";
import { combinedFactor, regionFactor, type Tier, tierFactor, tierOf } from "./tiers.ts";

/** `rates_source` of a charge that the provider itself reported. */
export const PROVIDER_SOURCE = "provider";

/** One line of the bill. The `pico` of all lines add up to the cost exactly. */
export interface CostLine {
  /** E.g. `input`, `cache write 1h`, `web search`; parts beside the response name themselves: `advisor: output`. */
  readonly label: string;
  readonly unit: Unit;
  readonly count: number;
  /** USD per million of the unit, as decimal text; for tokens the list price as published. */
  readonly pricePerMillion: string;
  /** What tier and region multiply it by, as decimal text, or `20/11` where no decimal is exact. */
  readonly factor: string;
  readonly pico: bigint;
}

/** A cost and how it came about; no lines when there is nothing to explain. */
export type ExplainedCost = Cost & { readonly explain: readonly CostLine[] };

interface FactoredLine extends BareLine {
  readonly factor: Fraction;
}

interface PricedPart {
  readonly lines: readonly FactoredLine[];
  readonly source: string;
  readonly match: Exclude<RateMatch, "provider_charge">;
}

/**
 * Ten thousand dollars. No call costs that much: a count or a price is wrong, and a few such rows would overflow sums of 64 bits
 * for good. The counts are kept, so that the call can be priced again.
 */
const MAX_PICO = 10n ** 16n;

/** From certain to doubtful; a cost is as certain as its most doubtful part. */
const CERTAINTY: readonly RateMatch[] = ["exact", "alias", "pattern"];

/**
 * Prices one reading.
 *
 * The order of precedence: what bills nothing is free; counts that are not final are not priced; the provider's own
 * charge beats any table; then each part needs a named and listed model, a tier whose price is known, every count that
 * its price depends on, and a rate for every count above zero.
 *
 * @param atMs When the call was made, UTC epoch milliseconds; prices change in the life of a model.
 * @returns Pico-dollars with `ratesSource` (`bundled-…`, `override` when any part was priced by one, or `provider`), or
 *   the reason why there is no cost.
 */
export function costOf(reading: Reading, table: RateTable, atMs: number): ExplainedCost {
  if (!reading.billable) return { kind: "free", explain: [] };
  // A stream may be cut after its usage was told in full; those counts are final.
  if (!reading.complete && reading.usageUnknown !== null) return unpriced("usage_incomplete");
  if (reading.providerCostPico !== null) return providerCharge(reading.providerCostPico);

  const tier = tierOf(reading);
  const parts: PricedPart[] = [];
  for (const part of reading.parts) {
    const priced = pricePart(reading, part, tier, table, atMs);
    if (typeof priced === "string") return unpriced(priced);
    parts.push(priced);
  }
  return total(parts);
}

function pricePart(
  reading: Reading,
  part: UsagePart,
  tier: Tier,
  table: RateTable,
  atMs: number,
): PricedPart | CostMissing {
  if (part.model === null) return "model_not_reported";
  const found = table.find(reading.provider, part.model, atMs);
  if (found === null) return "unknown_model";
  const { rate, source, match } = found;

  const { prices, long } = promptPrices(rate, part.usage);
  const ofTier = part.kind === "image_tool" && tier === "flex" ? null : tierFactor(tier, rate.provider, rate.id, long);
  const applied = combinedFactor(ofTier, regionFactor(rate.provider, reading.inferenceGeo, rate.id));
  if (applied === null) return "tier_unknown";
  const inForce = applied.basePricesOnly ? rate.prices : prices;

  const main = part === reading.parts[0];
  const tokens = tokenLines(part, rate, inForce);
  const extras: Lines = main ? extraLines(reading.extra, inForce, rate.provider) : { lines: [] };
  if ("missing" in tokens) return tokens.missing;
  if ("missing" in extras) return extras.missing;
  if (main && reading.usageUnknown !== null && !isTimed(inForce)) return "usage_unknown";

  const prefix = main ? "" : `${part.kind.replace("_", " ")}: `;
  const lines = [
    ...tokens.lines.map((line) => ({ ...line, label: prefix + line.label, factor: applied.factor })),
    // Tier and region are priced on tokens; searches and audio have one price.
    ...extras.lines.map((line) => ({ ...line, factor: ONE })),
  ];
  return { lines, source, match };
}

function total(parts: readonly PricedPart[]): ExplainedCost {
  const explain: CostLine[] = [];
  let exact: Fraction = { num: 0n, den: 1n };
  let pico = 0n;
  for (const line of parts.flatMap(({ lines }) => lines)) {
    exact = add(exact, multiply(multiply(countOf(line), line.price), line.factor));
    // Each line shows what it moves the rounded sum by, so that the lines add up to it.
    const sum = roundHalfEven(exact.num, exact.den);
    explain.push(explained(line, line.factor, sum - pico));
    pico = sum;
  }
  if (pico > MAX_PICO) return unpriced("implausible_cost");
  const match = CERTAINTY.findLast((grade) => parts.some((part) => part.match === grade)) ?? "exact";
  const ratesSource = parts.some(({ source }) => source === OVERRIDE_SOURCE) ? OVERRIDE_SOURCE : BUNDLED_SOURCE;
  return { kind: "priced", pico, ratesSource, match, explain };
}

function explained(line: BareLine, factor: Fraction, pico: bigint): CostLine {
  const pricePerMillion = formatFraction(multiply(line.price, { num: 1n, den: 1_000_000n }));
  return {
    label: line.label,
    unit: line.unit,
    count: line.count,
    pricePerMillion,
    factor: formatFraction(factor),
    pico,
  };
}

/** Counts are whole, but for seconds of audio, which are taken to the microsecond. */
function countOf(line: BareLine): Fraction {
  if (line.unit !== "seconds") return { num: BigInt(line.count), den: 1n };
  return { num: BigInt(Math.round(line.count * 1e6)), den: 1_000_000n };
}

function providerCharge(pico: bigint): ExplainedCost {
  if (pico > MAX_PICO) return unpriced("implausible_cost");
  const line: BareLine = { label: "provider charge", unit: "charge", count: 1, price: { num: pico, den: 1n } };
  const explain = [explained(line, ONE, pico)];
  return { kind: "priced", pico, ratesSource: PROVIDER_SOURCE, match: "provider_charge", explain };
}

function unpriced(reason: CostMissing): ExplainedCost {
  return { kind: "unpriced", reason, explain: [] };
}
