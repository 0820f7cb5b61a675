/**
 * Maps OpenAI's two usage objects to disjoint counts; xAI and Gemini's compatible path use the same names.
 *
 * Source: types of `openai` 7.55.0 and recorded bodies.
 *
 * Imports: domain, ./json.ts, ./token_counts.ts.
 *
 * @module
 */

import type { ModalityTokens } from "../domain/exchange.ts";
import { countIn, type JsonObject, objectIn } from "./json.ts";
import { modalitiesOf, type ReasoningPlace, reconcile, type ReconciledCounts } from "./token_counts.ts";

/** Counts and the subsets of them that have rates of their own. */
export interface MappedUsage extends ReconciledCounts {
  /** `null` = the provider did not tell what the counts consist of. */
  readonly modalities: ModalityTokens | null;
}

/** Maps `usage` of Chat Completions and of legacy completions. */
export function mapChatUsage(usage: JsonObject, documented: ReasoningPlace): MappedUsage {
  const prompt = objectIn(usage, "prompt_tokens_details");
  const completion = objectIn(usage, "completion_tokens_details");
  const counts = reconcile({
    prompt: countIn(usage, "prompt_tokens"),
    cached: countIn(prompt, "cached_tokens"),
    cacheWrite: countIn(prompt, "cache_write_tokens"),
    longCacheWrite: longWriteIn(prompt),
    completion: countIn(usage, "completion_tokens"),
    reasoning: countIn(completion, "reasoning_tokens"),
    total: countIn(usage, "total_tokens"),
  }, documented);
  const modalities = modalitiesOf(counts.usage, {
    promptAudio: countIn(prompt, "audio_tokens"),
    promptImage: countIn(prompt, "image_tokens"),
    outputAudio: countIn(completion, "audio_tokens"),
  });
  return { ...counts, modalities: unlessEmpty(modalities) };
}

/** Nothing found apart is no statement here: these formats leave out what they do not count. */
function unlessEmpty(modalities: ModalityTokens): ModalityTokens | null {
  return Object.keys(modalities).length === 0 ? null : modalities;
}

/**
 * Maps `usage` of chat on Gemini's compatible path, where thinking may be left out of `completion_tokens` though the total
 * has it: the output is what the total leaves beside the prompt.
 */
export function mapGeminiChatUsage(usage: JsonObject): MappedUsage {
  const mapped = mapChatUsage(usage, "inside");
  const prompt = countIn(usage, "prompt_tokens");
  const completion = countIn(usage, "completion_tokens");
  const total = countIn(usage, "total_tokens");
  if (prompt === null || total === null || total < prompt + (completion ?? 0)) return mapped;
  const output = total - prompt;
  const thinking = Math.max(mapped.usage.thinking ?? 0, output - (completion ?? 0));
  return { ...mapped, usage: { ...mapped.usage, output, thinking }, inconsistent: thinking > output };
}

/** Maps `usage` of embeddings, which are all input. */
export function mapEmbeddingUsage(usage: JsonObject): MappedUsage {
  return mapInputOnly(countIn(usage, "prompt_tokens"));
}

/** All input, nothing cached, no output. */
export function mapInputOnly(input: number | null): MappedUsage {
  return {
    usage: { input, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, thinking: 0 },
    inconsistent: false,
    modalities: null,
  };
}

/** Of the two lifetimes of cache writes, the one of 12 hours: newer models publish a price of its own for it. */
function longWriteIn(details: JsonObject | null): number | null {
  return countIn(objectIn(details, "cache_write_tokens_details"), "ttl_12h_tokens");
}

/** Maps `usage` of the Responses family. */
export function mapResponsesUsage(usage: JsonObject): MappedUsage {
  const input = objectIn(usage, "input_tokens_details");
  const output = objectIn(usage, "output_tokens_details");
  const counts = reconcile({
    prompt: countIn(usage, "input_tokens"),
    cached: countIn(input, "cached_tokens"),
    cacheWrite: countIn(input, "cache_write_tokens"),
    longCacheWrite: longWriteIn(input),
    completion: countIn(usage, "output_tokens"),
    reasoning: countIn(output, "reasoning_tokens"),
    total: countIn(usage, "total_tokens"),
  }, "inside");
  return { ...counts, modalities: null };
}

/**
 * Maps `usage` of images, transcription, speech and voice sessions, which count audio and image tokens apart. Where they
 * tell it, `cached_tokens_details` says the same of the cached part.
 */
export function mapMediaUsage(usage: JsonObject): MappedUsage {
  const input = objectIn(usage, "input_tokens_details") ?? objectIn(usage, "input_token_details");
  const output = objectIn(usage, "output_tokens_details") ?? objectIn(usage, "output_token_details");
  const cached = objectIn(input, "cached_tokens_details") ?? objectIn(usage, "cached_tokens_details");
  const counts = reconcile({
    prompt: countIn(usage, "input_tokens"),
    cached: countIn(input, "cached_tokens") ?? countIn(usage, "cached_tokens"),
    cacheWrite: null,
    completion: countIn(usage, "output_tokens"),
    reasoning: 0,
    total: countIn(usage, "total_tokens"),
  }, "inside");
  const modalities = modalitiesOf(counts.usage, {
    promptAudio: countIn(input, "audio_tokens"),
    promptImage: countIn(input, "image_tokens"),
    cachedAudio: countIn(cached, "audio_tokens"),
    cachedImage: countIn(cached, "image_tokens"),
    outputAudio: countIn(output, "audio_tokens"),
    outputImage: countIn(output, "image_tokens"),
  });
  // A prompt without images has none in its cached part either.
  const noneCached = countIn(cached, "image_tokens") === 0 || countIn(input, "image_tokens") === 0;
  const told = noneCached && (counts.usage.cacheRead ?? 0) > 0 ? { ...modalities, cacheReadImage: 0 } : modalities;
  return { ...counts, modalities: unlessEmpty(told) };
}
