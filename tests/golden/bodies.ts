/**
 * Makes usage objects by the thousand: mostly plain ones, and some with each oddity that was met on the wire or can be feared.
 *
 * @module
 */

/** A repeatable source of whole numbers below a bound (xorshift32). */
export type Random = (bound: number) => number;

/** A source that gives the same numbers for the same seed. */
export function seeded(seed: number): Random {
  let state = (seed >>> 0) || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor((state >>> 0) / 2 ** 32 * bound);
  };
}

/** A usage object, before or after it was made odd. */
export type Usage = Record<string, unknown>;

/** Values that are no counts. */
const NO_COUNTS: readonly unknown[] = [null, -1, 1.5, "12", true, [], {}, 2 ** 60];

/** Members that no reader knows. */
const UNKNOWN_MEMBERS: Readonly<Record<string, unknown>> = {
  orchestration_tokens: 5,
  list_cost: { usd: "0.1" },
  num_sources_used: 0,
  notes: ["x"],
};

/** Small often, large sometimes, zero now and then. */
export function count(random: Random): number {
  const kind = random(8);
  if (kind === 0) return 0;
  return kind < 6 ? random(20_000) : random(3_000_000);
}

/** With one chance in `bound`. */
export function rarely(random: Random, bound: number): boolean {
  return random(bound) === 0;
}

/** Any of `values`. */
export function pick<T>(random: Random, values: readonly T[]): T {
  const value = values[random(values.length)];
  if (value === undefined) throw new RangeError("Nothing to pick from");
  return value;
}

/** Spoils one member in one body of twelve, and adds unknown members to one of six. */
export function spoiled(random: Random, usage: Usage): Usage {
  const result = { ...usage };
  if (rarely(random, 6)) Object.assign(result, UNKNOWN_MEMBERS);
  if (!rarely(random, 12)) return result;
  const key = pick(random, Object.keys(usage));
  const inner = result[key];
  if (typeof inner === "object" && inner !== null && !Array.isArray(inner) && Object.keys(inner).length > 0) {
    result[key] = { ...inner, [pick(random, Object.keys(inner))]: pick(random, NO_COUNTS) };
  } else if (rarely(random, 3)) delete result[key];
  else result[key] = pick(random, NO_COUNTS);
  return result;
}

/** Anthropic Messages. */
export function anthropicUsage(random: Random): Usage {
  const short = rarely(random, 2) ? count(random) : 0;
  const long = rarely(random, 3) ? count(random) : 0;
  const output = count(random);
  const off = rarely(random, 10) ? random(1000) - 500 : 0;
  return {
    input_tokens: count(random),
    ...(rarely(random, 4) ? {} : { cache_creation_input_tokens: Math.max(0, short + long + off) }),
    ...(rarely(random, 4) ? {} : { cache_read_input_tokens: rarely(random, 5) ? null : count(random) }),
    ...(rarely(random, 3)
      ? {}
      : { cache_creation: { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long } }),
    output_tokens: output,
    ...(rarely(random, 2) ? { output_tokens_details: { thinking_tokens: random(output + 1) } } : {}),
    ...(rarely(random, 5) ? { server_tool_use: { web_search_requests: random(9), web_fetch_requests: 1 } } : {}),
    service_tier: "standard",
    ...(rarely(random, 10)
      ? { iterations: [{ type: "compaction", input_tokens: count(random), output_tokens: count(random) }] }
      : {}),
  };
}

/** OpenAI or xAI chat. */
export function chatUsage(random: Random): Usage {
  const prompt = count(random);
  const completion = count(random);
  const reasoning = rarely(random, 2) ? random(completion + 1) : 0;
  const cached = rarely(random, 12) ? prompt + 1 + random(500) : random(prompt + 1);
  const totals = [prompt + completion, prompt + completion, prompt + completion + reasoning, prompt + 1];
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    ...(rarely(random, 8) ? {} : { total_tokens: pick(random, totals) }),
    ...(rarely(random, 3) ? {} : {
      prompt_tokens_details: {
        cached_tokens: cached,
        audio_tokens: rarely(random, 4) ? random(prompt + 1) : 0,
        ...(rarely(random, 3) ? { cache_write_tokens: random(Math.max(1, prompt - cached)) } : {}),
      },
    }),
    ...(rarely(random, 3) ? {} : {
      completion_tokens_details: {
        reasoning_tokens: reasoning,
        audio_tokens: rarely(random, 4) ? random(completion - reasoning + 1) : 0,
      },
    }),
  };
}

/** The Responses family. */
export function responsesUsage(random: Random): Usage {
  const input = count(random);
  const output = count(random);
  const reasoning = random(output + 1);
  const cached = rarely(random, 12) ? input + 1 + random(500) : random(input + 1);
  const write = random(Math.max(1, input - cached));
  return {
    input_tokens: input,
    ...(rarely(random, 4) ? {} : {
      input_tokens_details: { cached_tokens: cached, ...(rarely(random, 2) ? { cache_write_tokens: write } : {}) },
    }),
    output_tokens: output,
    ...(rarely(random, 4) ? {} : { output_tokens_details: { reasoning_tokens: reasoning } }),
    ...(rarely(random, 8)
      ? {}
      : { total_tokens: pick(random, [input + output, input + output, input + output + reasoning]) }),
  };
}

/** OpenAI embeddings. */
export function embeddingUsage(random: Random): Usage {
  const prompt = count(random);
  return { prompt_tokens: prompt, total_tokens: prompt };
}

/** Gemini generateContent. */
export function geminiUsage(random: Random): Usage {
  const prompt = count(random);
  const candidates = count(random);
  const thoughts = rarely(random, 2) ? count(random) : 0;
  const tool = rarely(random, 4) ? count(random) : 0;
  const sum = prompt + candidates + tool;
  const audio = rarely(random, 4) ? random(prompt + 1) : 0;
  const cached = rarely(random, 12) ? prompt + 1 + random(500) : random(prompt + 1);
  return {
    promptTokenCount: prompt,
    ...(rarely(random, 4) ? {} : { candidatesTokenCount: candidates }),
    ...(thoughts === 0 ? {} : { thoughtsTokenCount: thoughts }),
    ...(tool === 0 ? {} : { toolUsePromptTokenCount: tool }),
    ...(rarely(random, 3) ? { cachedContentTokenCount: cached } : {}),
    totalTokenCount: pick(random, [sum + thoughts, sum + thoughts, sum + thoughts, sum]),
    promptTokensDetails: [
      { modality: "TEXT", tokenCount: prompt - audio },
      ...(audio === 0 ? [] : [{ modality: "AUDIO", tokenCount: audio }]),
    ],
    ...(tool > 0 && rarely(random, 2)
      ? { toolUsePromptTokensDetails: [{ modality: "AUDIO", tokenCount: random(tool + 1) }] }
      : {}),
    ...(rarely(random, 4)
      ? {
        candidatesTokensDetails: [{ modality: pick(random, ["IMAGE", "AUDIO"]), tokenCount: random(candidates + 1) }],
      }
      : {}),
    serviceTier: "standard",
  };
}
