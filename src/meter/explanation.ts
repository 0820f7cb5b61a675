/**
 * How the cost of one stored call came about: recomputed from what its row holds with the prices in force when it was made, and
 * compared with the cost that is stored.
 *
 * Imports: domain, ./cost.ts, ./price_advice.ts, ./price_notes.ts, ./rates.ts (types).
 *
 * @module
 */

import type { Cost, Reading } from "../domain/exchange.ts";
import { costOf, type ExplainedCost } from "./cost.ts";
import { type Advice, adviceFor } from "./price_advice.ts";
import { priceNotes } from "./price_notes.ts";
import type { RateTable } from "./rates.ts";

/** What a stored call must hold to be explained. */
export interface ExplainableCall {
  /** `null` = the row does not hold what its price depends on. */
  readonly reading: Reading | null;
  /** UTC epoch ms. */
  readonly requestedAt: number;
  /** Id of the call that counts, when this one is a repeated fetch. */
  readonly duplicateOf: string | null;
  readonly cost: { readonly pico: bigint | null; readonly missing: string | null };
}

/** One call, its cost as stored and as it would be now. */
export interface Explanation<Call extends ExplainableCall = ExplainableCall> {
  readonly call: Call;
  /** `null` = the row does not hold what its price depends on, or it is a repeated fetch. */
  readonly cost: ExplainedCost | null;
  /** Whether the stored cost is the recomputed one; true when there is nothing to compare. */
  readonly agrees: boolean;
  readonly notes: readonly string[];
  /** For a call that would have no cost now either. */
  readonly advice: Advice | null;
}

/** Recomputes the cost of a stored call. */
export function explain<Call extends ExplainableCall>(call: Call, table: RateTable): Explanation<Call> {
  const { reading, requestedAt } = call;
  if (call.duplicateOf !== null) {
    const advice = {
      ...adviceFor("duplicate", "", null, null),
      todo: `halton-meter pricing explain ${call.duplicateOf}`,
    };
    return { call, cost: null, agrees: true, notes: [], advice };
  }
  if (reading === null) return { call, cost: null, agrees: true, notes: [], advice: null };
  const cost = costOf(reading, table, requestedAt);
  const unpriced = reading.parts.find(({ model }) => {
    return model !== null && table.find(reading.provider, model, requestedAt) === null;
  });
  return {
    call,
    cost,
    agrees: agrees(call.cost, cost),
    notes: priceNotes(reading, table, requestedAt),
    advice: cost.kind === "unpriced"
      ? adviceFor(cost.reason, reading.provider, (unpriced ?? reading.parts[0]).model, reading)
      : null,
  };
}

function agrees(stored: ExplainableCall["cost"], cost: Cost): boolean {
  const pico = cost.kind === "priced" ? cost.pico : cost.kind === "free" ? 0n : null;
  return stored.pico === pico && stored.missing === (cost.kind === "unpriced" ? cost.reason : null);
}
