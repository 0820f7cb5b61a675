/**
 * Reads the charge that xAI states with the usage.
 *
 * Imports: ./json.ts.
 *
 * @module
 */

import { countIn, type JsonObject } from "./json.ts";

/** xAI counts 10,000,000,000 ticks to the dollar; a dollar has 1,000,000,000,000 pico-dollars. */
const PICO_PER_TICK = 100n;

/** The provider's own charge in pico-dollars; `null` when it states none. */
export function providerCostIn(usage: JsonObject | null): bigint | null {
  const ticks = countIn(usage, "cost_in_usd_ticks");
  return ticks === null ? null : BigInt(ticks) * PICO_PER_TICK;
}
