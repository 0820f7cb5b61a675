/**
 * Hand-made transcripts with usage figures from recorded responses, one per provider and trap. The number in a name is that of
 * the transcript. Every transcript is read whole, at every split and byte by byte. Needs --allow-read=tests/transcripts.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { Reading } from "../../src/domain/exchange.ts";
import { counts, readOne } from "./feed.ts";

const MESSAGES = "POST api.anthropic.com/v1/messages?beta=true";
const RESPONSES = "POST api.openai.com/v1/responses";

interface Vector {
  readonly name: string;
  readonly call: string;
  readonly transcript: string;
  readonly request?: unknown;
  readonly counts: readonly (number | null)[];
  readonly model: string;
  readonly also?: (reading: Reading) => void;
}

const VECTORS: readonly Vector[] = [
  {
    name: "reads thinking tokens as a part of the output",
    call: MESSAGES,
    transcript: "anthropic/01_thinking.json",
    counts: [51, 0, 0, 0, 1699, 139],
    model: "claude-opus-5-5",
    also: (reading) => {
      deepEqual([reading.servedTier, reading.inferenceGeo, reading.mode], ["standard", "global", "standard"]);
    },
  },
  {
    name: "merges a cache that grows within the stream",
    call: MESSAGES,
    transcript: "anthropic/02_cache_growing.sse",
    counts: [6, 6289, 3337, 0, 198, 0],
    model: "claude-sonnet-5-5",
    also: (reading) => equal(reading.mode, "streaming"),
  },
  {
    name: "bills compaction beside the message, under the model asked for",
    call: MESSAGES,
    transcript: "anthropic/03_compaction.sse",
    request: { model: "claude-opus-5-5", stream: true },
    counts: [612, 0, 0, 0, 2819, null],
    model: "claude-sonnet-5-5",
    also: (reading) => {
      deepEqual(reading.parts.map((part) => [part.kind, part.model]), [
        ["response", "claude-sonnet-5-5"],
        ["compaction", "claude-opus-5-5"],
      ]);
      deepEqual(counts(reading, 1), [60385, 0, 0, 0, 522, null]);
    },
  },
  {
    name: "bills the advisor under its own model",
    call: MESSAGES,
    transcript: "anthropic/04_advisor.json",
    counts: [2414, 0, 0, 0, 3200, null],
    model: "claude-sonnet-5-5",
    also: (reading) => {
      deepEqual(reading.parts.slice(1).map((part) => [part.kind, part.model]), [["advisor", "claude-opus-5-5"]]);
      deepEqual(counts(reading, 1), [2728, 0, 0, 0, 874, null]);
    },
  },
  {
    name: "prices a fallback at the model that answered and not the declined attempt",
    call: MESSAGES,
    transcript: "anthropic/05_fallback.sse",
    request: { model: "A", stream: true },
    counts: [412, 0, 0, 0, 264, null],
    model: "B",
    also: (reading) => {
      equal(reading.parts.length, 1);
      equal(reading.requestedModel, "A");
    },
  },
  {
    name: "reads the older form whose last event has the output alone",
    call: MESSAGES,
    transcript: "anthropic/06_old_form.sse",
    counts: [17, 0, 0, 0, 65, null],
    model: "claude-3-haiku-20240307",
  },
  {
    name: "takes cache writes out of the input",
    call: RESPONSES,
    transcript: "openai/07_cache_write.json",
    counts: [8, 0, 4012, 0, 5, 0],
    model: "gpt-5.6-2026-07-01",
  },
  {
    name: "reads the terminal event of a stream",
    call: RESPONSES,
    transcript: "openai/08_responses.sse",
    counts: [3103, 2944, 0, 0, 1623, 1408],
    model: "gpt-5.6-2026-07-01",
    also: (reading) => deepEqual([reading.servedTier, reading.mode], ["default", "streaming"]),
  },
  {
    name: "adds server-side tool results to the input",
    call: "POST generativelanguage.googleapis.com/v1beta/models/gemini-3-pro:generateContent",
    transcript: "gemini/10_tool_use.json",
    counts: [136, 0, 0, 0, 414, 213],
    model: "gemini-3-pro",
  },
  {
    name: "takes missing visible output for none",
    call: "POST generativelanguage.googleapis.com/v1beta/models/gemini-3-pro:generateContent",
    transcript: "gemini/11_no_visible_output.json",
    counts: [15, 0, 0, 0, 2, 2],
    model: "gemini-3-pro",
  },
  {
    name: "merges usage member by member",
    call: "POST generativelanguage.googleapis.com/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse",
    transcript: "gemini/12_traffic_type_first.sse",
    counts: [26, 0, 0, 0, 155, 132],
    model: "gemini-3-pro",
    also: (reading) => equal(reading.servedTier, "ON_DEMAND"),
  },
  {
    name: "reads an interaction",
    call: "POST generativelanguage.googleapis.com/v1beta/interactions",
    transcript: "gemini/13_interaction.sse",
    counts: [220, 0, 0, 0, 1763, 1173],
    model: "gemini-3-pro",
  },
  {
    name: "makes reasoning a part of the output where the total has it beside the completion",
    call: "POST api.x.ai/v1/chat/completions",
    transcript: "xai/15_chat.json",
    counts: [1, 11, 0, 0, 291, 290],
    model: "grok-3-mini",
    also: (reading) => equal(reading.providerCostPico, 146_625_000n),
  },
  {
    name: "leaves reasoning inside the completion where the total says so",
    call: "POST api.x.ai/v1/chat/completions",
    transcript: "xai/16_reseller.json",
    counts: [5, 682, 0, 0, 240, 165],
    model: "grok-4",
  },
  {
    name: "reads response.done as the end",
    call: "POST api.x.ai/v1/responses",
    transcript: "xai/17_responses.sse",
    counts: [22651, 4585, 0, 0, 3077, 1091],
    model: "grok-4",
  },
];

function transcript(name: string): string {
  return Deno.readTextFileSync(new URL(`../transcripts/${name}`, import.meta.url));
}

for (const vector of VECTORS) {
  Deno.test(`surfaceFor() ${vector.name} (${vector.transcript})`, () => {
    const reading = readOne({
      call: vector.call,
      response: transcript(vector.transcript),
      ...(vector.request === undefined ? {} : { request: vector.request }),
    });
    deepEqual(counts(reading), vector.counts);
    deepEqual([reading.complete, reading.usageUnknown, reading.inconsistent, reading.error], [true, null, false, null]);
    equal(reading.parts[0].model, vector.model);
    vector.also?.(reading);
  });
}

Deno.test("surfaceFor() gives seconds, not tokens, for a model billed by time (openai/09_transcription_duration.json)", () => {
  const reading = readOne({
    call: "POST api.openai.com/v1/audio/transcriptions",
    response: transcript("openai/09_transcription_duration.json"),
  });
  deepEqual(counts(reading), [null, null, null, null, null, null]);
  deepEqual([reading.extra, reading.usageUnknown, reading.complete], [{ audioSeconds: 37 }, null, true]);
});

Deno.test("surfaceFor() flags counts that do not add up to their total (gemini/14_code_assist.sse)", () => {
  const reading = readOne({
    call: "POST cloudcode-pa.googleapis.com/v1internal:streamGenerateContent?alt=sse",
    request: { model: "gemini-2.5-pro", request: {} },
    response: transcript("gemini/14_code_assist.sse"),
  });
  deepEqual(counts(reading), [10, 0, 0, 0, 0, 0]);
  deepEqual([reading.inconsistent, reading.complete, reading.usageUnknown], [true, false, "cut"]);
  deepEqual([reading.responseId, reading.requestedModel], ["2", "gemini-2.5-pro"]);
  equal(JSON.parse(reading.rawUsage ?? "").consumedCredits[0].creditAmount, "5");
});
