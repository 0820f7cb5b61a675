/**
 * How much of a subscription's allowance is used up, as a provider says with its answers. Types only.
 *
 * @module
 */

import type { Provider } from "./exchange.ts";

/** One window of one provider's allowance at an instant. Account-wide: use from elsewhere is in it. */
export interface QuotaSample {
  readonly provider: Provider;
  /** The provider's name for the window, or its length: `5h`, `7d`. */
  readonly window: string;
  /** `null` = the provider told only the status. May pass 100. */
  readonly usedPercent: number | null;
  /** When the window begins anew, UTC epoch ms; `null` = not told. */
  readonly resetsAt: number | null;
  /** The provider's word, such as `allowed` or `rejected`. */
  readonly status: string | null;
  /** UTC epoch ms. */
  readonly sampledAt: number;
}
