/**
 * The bundled table against the package it was built from. Needs read access to the package cache and the project.
 *
 * @module
 */

import { calcPrice, type Usage } from "@pydantic/genai-prices";
import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { buildSeed, formatSeed, pinnedVersion } from "../../scripts/build_rates.ts";
import type { ModalityTokens, Provider, Reading, TokenUsage } from "../../src/domain/exchange.ts";
import { costOf } from "../../src/meter/cost.ts";
import type { PriceText, SeedLine } from "../../src/meter/rate_line.ts";
import { createRateTable } from "../../src/meter/rates.ts";
import seed from "../../src/meter/seed_rates.json" with { type: "json" };
import { bareReading } from "./bare_reading.ts";

const THEIRS: Readonly<Record<string, string>> = {
  anthropic: "anthropic",
  gemini: "google",
  openai: "openai",
  xai: "x-ai",
};
const root = new URL("../../", import.meta.url);

/** Lines that are meant to differ from the package, and why. Everything else must agree. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "gemini gemma-3": "the package has no price, which it totals to zero",
  "gemini gemma-3n": "the package has no price, which it totals to zero",
  "openai moderation": "the package has no price, which it totals to zero",
  "xai grok-voice-latest": "text messages are billed and readings do not count them",
  "xai grok-voice-think-fast-1.0": "text messages are billed and readings do not count them",
  "xai grok-voice-think-fast-2.0": "text messages are billed and readings do not count them",
};

interface Case {
  readonly usage: TokenUsage;
  readonly modalities: ModalityTokens;
  readonly extra: Reading["extra"];
  readonly theirs: Usage;
}

/** Counts for whatever the line has a price for, `size` tokens of prompt, no two alike. */
function caseFor(prices: PriceText, size: number): Case {
  const has = (key: keyof PriceText, count: number) => prices[key] === undefined ? 0 : count;
  const cacheReadAudio = has("cacheReadAudio", 7);
  const cacheReadImage = has("cacheReadImage", 11);
  const cacheRead = has("cacheRead", 101) + cacheReadAudio + cacheReadImage;
  const cacheWrite5m = has("cacheWrite5m", 211);
  const cacheWrite1h = has("cacheWrite1h", 307);
  const input = prices.audioHour === undefined ? size - cacheRead - cacheWrite5m - cacheWrite1h : 0;
  const inputAudio = has("inputAudio", 13);
  const inputImage = has("inputImage", 17);
  const inputVideo = has("inputVideo", 29);
  const outputAudio = has("outputAudio", 19);
  const outputImage = has("outputImage", 23);
  const outputVideo = has("outputVideo", 31);
  const output = has("output", 1009);
  const audioSeconds = has("audioHour", 3600);
  const theirs: Usage = {
    input_tokens: input + cacheRead + cacheWrite5m + cacheWrite1h,
    cache_read_tokens: cacheRead,
    cache_audio_read_tokens: cacheReadAudio,
    cache_image_read_tokens: cacheReadImage,
    cache_write_tokens: cacheWrite5m + cacheWrite1h,
    cache_write_1h_tokens: cacheWrite1h,
    output_tokens: output,
    input_audio_tokens: inputAudio + cacheReadAudio,
    input_image_tokens: inputImage + cacheReadImage,
    input_video_tokens: inputVideo,
    output_audio_tokens: outputAudio,
    output_image_tokens: outputImage,
    output_video_tokens: outputVideo,
    web_searches: has("webSearch", 3),
    audio_seconds: audioSeconds,
    input_audio_seconds: audioSeconds,
  };
  return {
    usage: { input, cacheRead, cacheWrite5m, cacheWrite1h, output, thinking: null },
    modalities: {
      inputAudio,
      inputImage,
      inputVideo,
      cacheReadAudio,
      cacheReadImage,
      outputAudio,
      outputImage,
      outputVideo,
    },
    extra: { webSearchRequests: has("webSearch", 3), ...(audioSeconds === 0 ? {} : { audioSeconds }) },
    theirs: Object.fromEntries(Object.entries(theirs).filter(([, count]) => count !== 0)),
  };
}

function reading(provider: Provider, model: string, one: Case): Reading {
  const { usage, modalities, extra } = one;
  const parts = [{ kind: "response", model, usage, modalities }] as const;
  return bareReading({ provider, requestedModel: model, servedModel: model, parts, extra });
}

/** A name that both sides understand as this line: the package need not accept its own ids. */
function nameFor(line: SeedLine): string {
  const spelled = "or" in line.match ? line.match.or : [line.match];
  const first = spelled[0];
  if (spelled.some((rule) => "equals" in rule && rule.equals === line.id) || first === undefined) return line.id;
  if ("equals" in first) return first.equals;
  if ("starts_with" in first) return first.starts_with;
  return line.id;
}

/** An instant within the line's period. */
function instantFor(line: SeedLine): number {
  if (line.from !== null) return Date.parse(line.from) + 1;
  const lines: readonly SeedLine[] = seed.lines;
  const next = lines.filter(({ provider, id, from }) => provider === line.provider && id === line.id && from !== null)
    .map(({ from }) => Date.parse(from ?? "")).sort((a, b) => a - b)[0];
  return (next ?? Date.UTC(2026, 10, 21)) - 1;
}

function near(ours: bigint, theirs: number): boolean {
  return Math.abs(Number(ours) / 1e12 - theirs) <= 1e-15 * Math.abs(theirs);
}

Deno.test("seed_rates.json is what the build script makes of the pinned package", async () => {
  const version = pinnedVersion(await Deno.readTextFile(new URL("deno.json", root)));
  equal(await Deno.readTextFile(new URL("src/meter/seed_rates.json", root)), formatSeed(buildSeed(version)));
});

Deno.test("seed_rates.json stays small and ordered, with one line per model and start", () => {
  const keys = seed.lines.map(({ provider, id, from }) => `${provider}\t${id}\t${from ?? ""}`);
  deepEqual(keys, [...new Set(keys)].sort());
  ok(formatSeed(buildSeed(seed.version)).length < 150_000);
  ok(seed.lines.length >= 200);
});

Deno.test("costOf() agrees with the package on every line, below and above every threshold", () => {
  const table = createRateTable();
  const lines: readonly SeedLine[] = seed.lines;
  const seen = new Set<string>();
  let compared = 0;
  for (const line of lines) {
    const key = `${line.provider} ${line.id}`;
    const provider = (["anthropic", "gemini", "openai", "xai"] as const).find((name) => name === line.provider);
    if (provider === undefined) throw new Error(key);
    const at = instantFor(line);
    const above = (line.tiers ?? []).map((tier) => tier.above);
    // Beyond the threshold by two: the boundary itself is a correction of ours.
    for (const size of [5000, ...above.flatMap((threshold) => [threshold - 1, threshold + 2])]) {
      const one = caseFor(line.prices, size);
      const model = nameFor(line);
      const theirs = calcPrice(one.theirs, model, {
        providerId: THEIRS[provider] ?? "",
        timestamp: new Date(at),
      });
      equal(theirs?.model.id, line.id, `${key} as ${model}`);
      const ours = costOf(reading(provider, model, one), table, at);
      const total = theirs?.total_price ?? NaN;
      if (ours.kind === "priced" && near(ours.pico, total)) compared++;
      else if (key in DIFFERENT) seen.add(key);
      else throw new Error(`${key} ${size}: ours ${JSON.stringify(ours, (_, v) => String(v))}, theirs ${total}`);
    }
  }
  deepEqual([...seen].sort(), Object.keys(DIFFERENT).sort());
  ok(compared > 230, `${compared} comparisons`);
});

Deno.test("costOf() differs from the package at exactly 272,000 tokens, where ours follows the vendor's words", () => {
  const table = createRateTable();
  const at = Date.UTC(2026, 10, 21);
  for (
    const model of ["gpt-5.4", "gpt-5.4-pro", "gpt-5.5", "gpt-5.5-pro", "gpt-5.6-sol", "gpt-5.6-luna", "gpt-6-astra"]
  ) {
    const one = caseFor({ input: "1" }, 272_000);
    const theirs = calcPrice(one.theirs, model, { providerId: "openai", timestamp: new Date(at) })?.total_price ?? NaN;
    const ours = costOf(reading("openai", model, one), table, at);
    ok(ours.kind === "priced" && near(ours.pico * 2n, theirs), model);
  }
});

Deno.test("costOf() differs from the package where a newer model would get an older one's price", () => {
  const table = createRateTable();
  const at = Date.UTC(2026, 10, 21);
  const one = caseFor({ input: "1", cacheRead: "1" }, 5000);
  const theirs = (model: string) => calcPrice(one.theirs, model, { providerId: "anthropic", timestamp: new Date(at) });
  equal(theirs("claude-sonnet-5-5")?.model.id, "claude-sonnet-5");
  const ours = costOf(reading("anthropic", "claude-sonnet-5-5", one), table, at);
  ok(ours.kind === "priced" && !near(ours.pico, theirs("claude-sonnet-5-5")?.total_price ?? NaN));
  equal(theirs("claude-sonnet-5-6")?.model.id, "claude-sonnet-5");
  const unknown = costOf(reading("anthropic", "claude-sonnet-5-6", one), table, at);
  ok(unknown.kind === "unpriced" && unknown.reason === "unknown_model");
});
