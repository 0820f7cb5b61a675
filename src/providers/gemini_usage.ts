/**
 * Maps Gemini's usage objects to disjoint counts. Thoughts are outside the candidates here, and the results of server-side
 * tools are outside the prompt.
 *
 * Source: types of `@google/genai` 3.1.0 and recorded bodies.
 *
 * Imports: domain, ./json.ts, ./openai_usage.ts, ./token_counts.ts.
 *
 * @module
 */

import type { ModalityTokens, TokenUsage } from "../domain/exchange.ts";
import { countIn, type JsonObject, nameIn, objectsIn } from "./json.ts";
import { mapInputOnly, type MappedUsage } from "./openai_usage.ts";
import { modalitiesOf, reconcile } from "./token_counts.ts";

/** Maps `usageMetadata` of the generateContent family. What is missing beside a prompt count is 0. */
export function mapUsageMetadata(usage: JsonObject): MappedUsage {
  const prompt = countIn(usage, "promptTokenCount");
  const missing = prompt === null ? null : 0;
  const counts = reconcile({
    prompt,
    besidePrompt: countIn(usage, "toolUsePromptTokenCount") ?? 0,
    cached: countIn(usage, "cachedContentTokenCount"),
    cacheWrite: 0,
    completion: countIn(usage, "candidatesTokenCount") ?? missing,
    reasoning: countIn(usage, "thoughtsTokenCount") ?? missing,
    total: countIn(usage, "totalTokenCount"),
  }, "outside");
  return {
    ...counts,
    modalities: byModality(counts.usage, {
      prompt: [...details(usage, "promptTokensDetails"), ...details(usage, "toolUsePromptTokensDetails")],
      cached: details(usage, "cacheTokensDetails"),
      output: details(usage, "candidatesTokensDetails"),
    }),
  };
}

/** Maps `usageMetadata` of Live, which says `response` for `candidates`. */
export function mapLiveUsage(usage: JsonObject): MappedUsage {
  return mapUsageMetadata({
    ...usage,
    candidatesTokenCount: usage["responseTokenCount"] ?? usage["candidatesTokenCount"],
    candidatesTokensDetails: usage["responseTokensDetails"] ?? usage["candidatesTokensDetails"],
  });
}

/** Maps `usageMetadata` of embeddings, which spell the list of modalities in the singular. */
export function mapEmbeddingMetadata(usage: JsonObject): MappedUsage {
  const mapped = mapInputOnly(countIn(usage, "promptTokenCount"));
  const prompt = [...details(usage, "promptTokenDetails"), ...details(usage, "promptTokensDetails")];
  return { ...mapped, modalities: byModality(mapped.usage, { prompt, cached: [], output: [] }) };
}

/** Maps `usage` of interactions. */
export function mapInteractionUsage(usage: JsonObject): MappedUsage {
  const prompt = countIn(usage, "total_input_tokens");
  const missing = prompt === null ? null : 0;
  const counts = reconcile({
    prompt,
    besidePrompt: countIn(usage, "total_tool_use_tokens") ?? 0,
    cached: countIn(usage, "total_cached_tokens"),
    cacheWrite: 0,
    completion: countIn(usage, "total_output_tokens") ?? missing,
    reasoning: countIn(usage, "total_thought_tokens") ?? missing,
    total: countIn(usage, "total_tokens"),
  }, "outside");
  return {
    ...counts,
    modalities: byModality(counts.usage, {
      prompt: [...details(usage, "input_tokens_by_modality"), ...details(usage, "tool_use_tokens_by_modality")],
      cached: details(usage, "cached_tokens_by_modality"),
      output: details(usage, "output_tokens_by_modality"),
    }),
  };
}

/** One entry of a list such as `promptTokensDetails`. */
interface Detail {
  /** Upper case. */
  readonly modality: string;
  readonly tokens: number;
}

/** What the counts consist of; empty lists = not told. */
interface Details {
  readonly prompt: readonly Detail[];
  readonly cached: readonly Detail[];
  readonly output: readonly Detail[];
}

/** Reads one list. The two formats spell its members differently. */
function details(usage: JsonObject, list: string): Detail[] {
  return objectsIn(usage, list).flatMap((entry) => {
    const modality = nameIn(entry, "modality")?.toUpperCase() ?? null;
    const tokens = countIn(entry, "tokenCount") ?? countIn(entry, "tokens");
    return modality === null || tokens === null ? [] : [{ modality, tokens }];
  });
}

/** The pages of a document are billed like images. `null` = nothing was told. */
function byModality(usage: TokenUsage, { prompt, cached, output }: Details): ModalityTokens | null {
  if (prompt.length + cached.length + output.length === 0) return null;
  const tokens = (list: readonly Detail[], ...names: string[]) =>
    list.reduce((sum, { modality, tokens }) => names.includes(modality) ? sum + tokens : sum, 0);
  const images = ["IMAGE", "DOCUMENT"];
  return modalitiesOf(usage, {
    promptAudio: tokens(prompt, "AUDIO"),
    promptImage: tokens(prompt, ...images),
    promptVideo: tokens(prompt, "VIDEO"),
    cachedAudio: tokens(cached, "AUDIO"),
    cachedImage: tokens(cached, ...images),
    cachedVideo: tokens(cached, "VIDEO"),
    outputAudio: tokens(output, "AUDIO"),
    outputImage: tokens(output, "IMAGE"),
    outputVideo: tokens(output, "VIDEO"),
  });
}
