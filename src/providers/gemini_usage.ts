/**
 * Maps Gemini's usage objects to disjoint counts. Thoughts are outside the candidates here, and the results of server-side
 * tools are outside the prompt.
 *
 * Source: types of `@google/genai` 3.1.0 and recorded bodies.
 *
 * Imports: ./json.ts, ./openai_usage.ts, ./token_counts.ts.
 *
 * @module
 */

import { countIn, type JsonObject, objectsIn } from "./json.ts";
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
  const modalities = modalitiesOf(counts.usage, {
    promptAudio: modality(usage, "promptTokensDetails", "AUDIO"),
    cachedAudio: modality(usage, "cacheTokensDetails", "AUDIO"),
    outputAudio: modality(usage, "candidatesTokensDetails", "AUDIO"),
    outputImage: modality(usage, "candidatesTokensDetails", "IMAGE"),
  });
  return { ...counts, modalities };
}

/** Maps `usageMetadata` of embeddings. */
export function mapEmbeddingMetadata(usage: JsonObject): MappedUsage {
  return mapInputOnly(countIn(usage, "promptTokenCount"));
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
  const modalities = modalitiesOf(counts.usage, {
    promptAudio: tokensBy(usage, "input_tokens_by_modality", "audio"),
    cachedAudio: tokensBy(usage, "cached_tokens_by_modality", "audio"),
    outputAudio: tokensBy(usage, "output_tokens_by_modality", "audio"),
    outputImage: tokensBy(usage, "output_tokens_by_modality", "image"),
  });
  return { ...counts, modalities };
}

function modality(usage: JsonObject, list: string, name: string): number | null {
  return countIn(objectsIn(usage, list).find((entry) => entry["modality"] === name) ?? null, "tokenCount");
}

function tokensBy(usage: JsonObject, list: string, name: string): number | null {
  return countIn(objectsIn(usage, list).find((entry) => entry["modality"] === name) ?? null, "tokens");
}
