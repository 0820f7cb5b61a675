/**
 * Thins what response heads and events say of allowances out to a sample a minute and window.
 *
 * Imports: domain (types), providers/quota.ts.
 *
 * @module
 */

import type { QuotaSample } from "../domain/quota.ts";
import { quotaIn, quotaInEvent } from "../providers/quota.ts";

/** Least distance between two samples of a window. */
const PAUSE_MS = 60_000;

/** Windows that are remembered; a provider has a handful. */
const MAX_WINDOWS = 64;

/** Remembers when each window was sampled last. */
export class QuotaSampler {
  readonly #keep: (sample: QuotaSample) => void;
  readonly #sampledAt = new Map<string, number>();

  constructor(keep: (sample: QuotaSample) => void) {
    this.#keep = keep;
  }

  /** Looks at one response head. @param at UTC epoch ms. */
  take(host: string, fields: readonly string[], at: number): void {
    this.#keepSome(quotaIn(host, fields, at), at);
  }

  /** Looks at one event. @param at UTC epoch ms. */
  takeEvent(host: string, event: string, at: number): void {
    this.#keepSome(quotaInEvent(host, event, at), at);
  }

  #keepSome(samples: readonly QuotaSample[], at: number): void {
    for (const sample of samples) {
      const key = `${sample.provider}\n${sample.window}`;
      const last = this.#sampledAt.get(key);
      if (last !== undefined && at - last < PAUSE_MS && at >= last) continue;
      if (last === undefined && this.#sampledAt.size >= MAX_WINDOWS) continue;
      this.#sampledAt.set(key, at);
      this.#keep(sample);
    }
  }
}
