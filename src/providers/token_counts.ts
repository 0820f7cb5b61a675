/**
 * Turns the counts of providers that report overlapping ones into disjoint ones, and checks them against the reported total.
 *
 * Imports: domain.
 *
 * @module
 */

import type { ModalityTokens, TokenUsage } from "../domain/exchange.ts";

/** Counts as reported. `null` = not reported. */
export interface ReportedCounts {
  /** Whole prompt; cached and written tokens included. */
  readonly prompt: number | null;
  /** Prompt tokens that `prompt` leaves out, such as results of server-side tools. */
  readonly besidePrompt?: number;
  readonly cached: number | null;
  readonly cacheWrite: number | null;
  readonly completion: number | null;
  readonly reasoning: number | null;
  readonly total: number | null;
}

/** Where a provider documents reasoning to be counted. */
export type ReasoningPlace = "inside" | "outside";

/** Disjoint counts. */
export interface ReconciledCounts {
  readonly usage: TokenUsage;
  /** The reported total fits neither place of the reasoning tokens. */
  readonly inconsistent: boolean;
}

/**
 * Makes the counts disjoint. The total decides whether reasoning is a part of the completion, since providers and those who
 * resell them differ; where it fits neither reading, `documented` holds and the counts are flagged.
 */
export function reconcile(reported: ReportedCounts, documented: ReasoningPlace): ReconciledCounts {
  const { prompt, completion, total } = reported;
  const beside = reported.besidePrompt ?? 0;
  const reasoning = reported.reasoning ?? 0;
  let place = documented;
  let inconsistent = false;
  if (prompt !== null && completion !== null && total !== null) {
    const withoutReasoning = prompt + beside + completion;
    if (total === withoutReasoning) place = "inside";
    else if (total === withoutReasoning + reasoning) place = "outside";
    else inconsistent = true;
  }
  const output = completion === null ? null : completion + (place === "outside" ? reasoning : 0);
  inconsistent ||= output !== null && reasoning > output;
  return {
    usage: {
      input: prompt === null ? null : uncached(prompt, reported.cached ?? 0, reported.cacheWrite ?? 0) + beside,
      cacheRead: reported.cached ?? 0,
      cacheWrite5m: reported.cacheWrite ?? 0,
      cacheWrite1h: 0,
      output,
      thinking: reported.reasoning,
    },
    inconsistent,
  };
}

/** More cached than prompt tokens means that the provider reported them apart. */
function uncached(prompt: number, cached: number, cacheWrite: number): number {
  const unread = cached > prompt ? prompt : prompt - cached;
  return Math.max(0, unread - cacheWrite);
}

/** Modality counts before they are fitted to the usage they are subsets of. `null` = not reported. */
export interface ReportedModalities {
  readonly promptAudio?: number | null;
  readonly cachedAudio?: number | null;
  readonly promptImage?: number | null;
  readonly outputAudio?: number | null;
  readonly outputImage?: number | null;
}

/**
 * Modalities as subsets of disjoint counts. Providers count them over the whole prompt; where the cached share is not told,
 * cached tokens are taken to be text.
 */
export function modalitiesOf(usage: TokenUsage, reported: ReportedModalities): ModalityTokens {
  const cacheReadAudio = Math.min(reported.cachedAudio ?? 0, usage.cacheRead ?? 0);
  const inputAudio = Math.min(Math.max(0, (reported.promptAudio ?? 0) - cacheReadAudio), usage.input ?? 0);
  const inputImage = Math.min(reported.promptImage ?? 0, (usage.input ?? 0) - inputAudio);
  const outputAudio = Math.min(reported.outputAudio ?? 0, usage.output ?? 0);
  const outputImage = Math.min(reported.outputImage ?? 0, (usage.output ?? 0) - outputAudio);
  return {
    ...(inputAudio > 0 ? { inputAudio } : {}),
    ...(inputImage > 0 ? { inputImage } : {}),
    ...(cacheReadAudio > 0 ? { cacheReadAudio } : {}),
    ...(outputAudio > 0 ? { outputAudio } : {}),
    ...(outputImage > 0 ? { outputImage } : {}),
  };
}
