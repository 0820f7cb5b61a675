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
  /** The part of `cacheWrite` that is kept for the longer of two lifetimes. */
  readonly longCacheWrite?: number | null;
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
  const written = reported.cacheWrite ?? 0;
  const long = Math.min(reported.longCacheWrite ?? 0, written);
  return {
    usage: {
      input: prompt === null ? null : uncached(prompt, reported.cached ?? 0, written) + beside,
      cacheRead: reported.cached ?? 0,
      cacheWrite5m: written - long,
      cacheWrite1h: long,
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
  readonly promptImage?: number | null;
  readonly promptVideo?: number | null;
  readonly cachedAudio?: number | null;
  readonly cachedImage?: number | null;
  readonly cachedVideo?: number | null;
  readonly outputAudio?: number | null;
  readonly outputImage?: number | null;
  readonly outputVideo?: number | null;
}

/**
 * Modalities as subsets of disjoint counts. Providers count them over the whole prompt, cached tokens included; where the
 * cached share of audio or video is not told, cached tokens are taken to be text. Cached video has no rate of its own at
 * any vendor, so it only leaves the count of new video.
 */
export function modalitiesOf(usage: TokenUsage, reported: ReportedModalities): ModalityTokens {
  const cached = sharesOf(usage.cacheRead, reported.cachedAudio, reported.cachedImage, reported.cachedVideo);
  const input = sharesOf(
    usage.input,
    (reported.promptAudio ?? 0) - cached.audio,
    (reported.promptImage ?? 0) - cached.image,
    (reported.promptVideo ?? 0) - cached.video,
  );
  const output = sharesOf(usage.output, reported.outputAudio, reported.outputImage, reported.outputVideo);
  return {
    ...(input.audio > 0 ? { inputAudio: input.audio } : {}),
    ...(input.image > 0 ? { inputImage: input.image } : {}),
    ...(input.video > 0 ? { inputVideo: input.video } : {}),
    ...(cached.audio > 0 ? { cacheReadAudio: cached.audio } : {}),
    ...(cached.image > 0 ? { cacheReadImage: cached.image } : {}),
    ...(output.audio > 0 ? { outputAudio: output.audio } : {}),
    ...(output.image > 0 ? { outputImage: output.image } : {}),
    ...(output.video > 0 ? { outputVideo: output.video } : {}),
  };
}

/** Shares of a count, cut so that together they are no more than the count. */
function sharesOf(
  whole: number | null,
  audio: number | null = 0,
  image: number | null = 0,
  video: number | null = 0,
): { readonly audio: number; readonly image: number; readonly video: number } {
  let left = whole ?? 0;
  const share = (reported: number | null): number => {
    const taken = Math.min(Math.max(0, reported ?? 0), left);
    left -= taken;
    return taken;
  };
  return { audio: share(audio), image: share(image), video: share(video) };
}
