/**
 * Merges what Anthropic says of one message's usage and turns it into billable parts.
 *
 * Source: types of `@anthropic-ai/sdk` 1.11.0 and recorded streams.
 *
 * Imports: domain, ./json.ts.
 *
 * @module
 */

import { type TokenUsage, UNKNOWN_USAGE, type UsagePart } from "../domain/exchange.ts";
import { countIn, isObject, type JsonObject, nameIn, objectIn, objectsIn } from "./json.ts";

/** Iterations that are read; a message with more of one kind is not known. */
const MAX_ITERATIONS = 1000;

/** Cache writes by lifetime. */
interface CacheWrites {
  readonly short: number;
  readonly long: number;
}

/** The usage of one message, merged over its events. */
export class MessageUsage {
  readonly #members = new Map<string, unknown>();
  /** The total of cache writes was updated without its split. */
  #splitStale = false;

  /** Whether any usage was reported. */
  get seen(): boolean {
    return this.#members.size > 0;
  }

  /** A member that is present replaces the earlier one, also with 0; one that is absent or null keeps it. */
  merge(update: JsonObject | null): void {
    if (update === null) return;
    for (const [key, value] of Object.entries(update)) {
      if (value === null || value === undefined) continue;
      const earlier = this.#members.get(key);
      this.#members.set(key, isObject(earlier) && isObject(value) ? { ...earlier, ...value } : value);
    }
    if (objectIn(update, "cache_creation") !== null) this.#splitStale = false;
    else if (countIn(update, "cache_creation_input_tokens") !== null) this.#splitStale = true;
  }

  /** The merged object. */
  raw(): JsonObject {
    return Object.fromEntries(this.#members);
  }

  /** Counts of the message itself. @param outputKnown False while only the placeholder of the first event was seen. */
  tokens(outputKnown: boolean): TokenUsage {
    if (!this.seen) return UNKNOWN_USAGE;
    const usage = this.raw();
    const writes = cacheWrites(usage, this.#splitStale);
    return {
      input: countIn(usage, "input_tokens"),
      cacheRead: countIn(usage, "cache_read_input_tokens") ?? 0,
      cacheWrite5m: writes.short,
      cacheWrite1h: writes.long,
      output: outputKnown ? countIn(usage, "output_tokens") : null,
      thinking: outputKnown ? countIn(objectIn(usage, "output_tokens_details"), "thinking_tokens") : null,
    };
  }

  /** Whether a split of the cache writes that came with its total does not add up to it. */
  get inconsistent(): boolean {
    const usage = this.raw();
    const split = splitIn(usage);
    const total = countIn(usage, "cache_creation_input_tokens");
    return !this.#splitStale && split !== null && total !== null && split.short + split.long !== total;
  }

  /** Model of the fallback that answered, when one did. */
  fallbackModel(): string | null {
    const answered = this.#iterations().findLast((entry) => entry["type"] === "fallback_message");
    return nameIn(answered ?? null, "model");
  }

  /**
   * Parts that the message's own counts leave out. `message` and `fallback_message` entries are inside those counts, and a
   * declined attempt is not billed.
   *
   * @param requestedModel Compaction is billed under the model asked for.
   */
  extraParts(requestedModel: string | null): UsagePart[] {
    return this.#iterations().flatMap((entry): UsagePart[] => {
      const usage = iterationTokens(entry);
      if (entry["type"] === "compaction") return [{ kind: "compaction", model: requestedModel, usage }];
      if (entry["type"] === "advisor_message") return [{ kind: "advisor", model: nameIn(entry, "model"), usage }];
      return [];
    });
  }

  #iterations(): JsonObject[] {
    return objectsIn(this.raw(), "iterations").slice(0, MAX_ITERATIONS);
  }
}

/** Counts of one iteration, which reports all of them in one object. */
function iterationTokens(entry: JsonObject): TokenUsage {
  const single = new MessageUsage();
  single.merge(entry);
  return single.tokens(true);
}

/**
 * Splits cache writes by lifetime. Later events often repeat only the total, larger than before: the split known from earlier
 * is then scaled to it, unless the iterations carry one. Without any split all writes are short.
 */
function cacheWrites(usage: JsonObject, stale: boolean): CacheWrites {
  const total = countIn(usage, "cache_creation_input_tokens");
  const reported = splitIn(usage);
  if (reported !== null && (!stale || total === null)) {
    const rest = (total ?? 0) - reported.short - reported.long;
    return rest > 0 ? { short: reported.short + rest, long: reported.long } : reported;
  }
  const split = splitOfIterations(usage) ?? reported;
  const sum = split === null ? 0 : split.short + split.long;
  if (total === null || split === null || sum === 0) return { short: total ?? 0, long: 0 };
  const long = Math.round(total * split.long / sum);
  return { short: total - long, long };
}

function splitIn(usage: JsonObject): CacheWrites | null {
  const split = objectIn(usage, "cache_creation");
  const short = countIn(split, "ephemeral_5m_input_tokens");
  const long = countIn(split, "ephemeral_1h_input_tokens");
  return short === null && long === null ? null : { short: short ?? 0, long: long ?? 0 };
}

/** Sum over the iterations that the top level consists of: the fallback where one answered, else all messages. */
function splitOfIterations(usage: JsonObject): CacheWrites | null {
  const entries = objectsIn(usage, "iterations").slice(0, MAX_ITERATIONS);
  const fallbacks = entries.filter((entry) => entry["type"] === "fallback_message");
  const counted = fallbacks.length > 0 ? fallbacks : entries.filter((entry) => entry["type"] === "message");
  const splits = counted.map(splitIn).filter((split) => split !== null);
  if (splits.length === 0) return null;
  return {
    short: splits.reduce((sum, split) => sum + split.short, 0),
    long: splits.reduce((sum, split) => sum + split.long, 0),
  };
}
