/**
 * What a server needs to compute a row's cost from rates of its own, beside the row's counts: numbers and enumerated words only.
 *
 * Imports: ./wire.ts.
 *
 * @module
 */

import { amountOf, countOf, flagOf, nameOf, objectOf, parsed, picoOf, termOf, type Wire } from "./wire.ts";

/** A row's columns by name; those with JSON as text. */
type Columns = Readonly<Record<string, unknown>>;

/** As stored → on the wire. */
const MODALITIES: Readonly<Record<string, string>> = {
  inputAudio: "input_audio",
  inputImage: "input_image",
  inputVideo: "input_video",
  cacheReadAudio: "cache_read_audio",
  cacheReadImage: "cache_read_image",
  outputAudio: "output_audio",
  outputImage: "output_image",
  outputVideo: "output_video",
};

const PART_KINDS: readonly unknown[] = ["compaction", "advisor", "image_tool"];

/** `cost_inputs` of a row. A key that says nothing is left out. */
export function costInputsOf(columns: Columns): Wire {
  return withoutNulls({
    requested_tier: termOf(columns["requested_tier"]),
    served_tier: termOf(columns["served_tier"]),
    speed: termOf(columns["speed"]),
    inference_geo: termOf(columns["inference_geo"]),
    billable: flagOf(columns["billable"]),
    response_complete: flagOf(columns["response_complete"]),
    provider_cost_pico: picoOf(columns["provider_cost_pico"]),
    modalities: modalitiesOf(columns["modalities"]),
    extra_usage: extraOf(columns["extra_usage"]),
    extra_parts: partsOf(columns["extra_parts"]),
    response_usage: usageOf(columns["response_usage"]),
  });
}

/** `{}` = told, and all of it text, which differs from `null`. */
function modalitiesOf(stored: unknown): Wire | null {
  const told = objectOf(stored);
  if (told === null) return null;
  return withoutNulls(Object.fromEntries(
    Object.entries(MODALITIES).map(([name, wire]) => [wire, countOf(told[name])]),
  ));
}

function extraOf(stored: unknown): Wire | null {
  const extra = objectOf(stored);
  return extra === null ? null : withoutNulls({
    web_search_requests: countOf(extra["webSearchRequests"]),
    audio_seconds: amountOf(extra["audioSeconds"]),
    tool_calls: countOf(extra["toolCalls"]),
  });
}

function partsOf(stored: unknown): readonly Wire[] | null {
  const list = parsed(stored);
  if (!Array.isArray(list)) return null;
  return list.map((item) => {
    const part = objectOf(item);
    const kind = part?.["kind"];
    return {
      kind: typeof kind === "string" && PART_KINDS.includes(kind) ? kind : null,
      model: nameOf(part?.["model"], 200),
      ...usageOf(part?.["usage"] ?? {}),
      modalities: modalitiesOf(part?.["modalities"]),
    };
  });
}

/** The six counts of one part. */
function usageOf(stored: unknown): Wire | null {
  const usage = objectOf(stored);
  return usage === null ? null : {
    prompt_tokens: countOf(usage["input"]),
    completion_tokens: countOf(usage["output"]),
    thinking_tokens: countOf(usage["thinking"]),
    cache_read_tokens: countOf(usage["cacheRead"]),
    cache_write_5m_tokens: countOf(usage["cacheWrite5m"]),
    cache_write_1h_tokens: countOf(usage["cacheWrite1h"]),
  };
}

function withoutNulls(values: Wire): Wire {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
