/**
 * Readings, and the rows that the recorder makes of them, for tests of stored prices.
 *
 * @module
 */

import type { Cost, ExchangeRow, Reading } from "../../src/domain/exchange.ts";
import { costOf } from "../../src/meter/cost.ts";
import { createRateTable, type RateTable } from "../../src/meter/rates.ts";
import { newId } from "../../src/roles/ids.ts";
import { buildRow } from "../../src/roles/row_builder.ts";
import { bareReading } from "../meter/bare_reading.ts";
import { NOON } from "./sample.ts";

/** A finished call to a listed model with every prompt count. */
export function reading(changes: Partial<Reading> = {}): Reading {
  const model = changes.servedModel === undefined ? "claude-sonnet-4-6" : changes.servedModel;
  return bareReading({
    mode: "streaming",
    requestedModel: "claude-sonnet-4-6",
    servedModel: model,
    responseId: "msg_1",
    servedTier: "standard",
    parts: [{
      kind: "response",
      model,
      usage: { input: 1_001, cacheRead: 20_000, cacheWrite5m: 300, cacheWrite1h: 40, output: 507, thinking: 9 },
    }],
    rawUsage: '{"input_tokens":1001}',
    ...changes,
  });
}

/** One reading of each kind that is priced, or not priced, in a way of its own. */
export const READINGS: Readonly<Record<string, Reading>> = {
  plain: reading(),
  fast: reading({
    servedModel: "claude-opus-5-5",
    speed: "fast",
    inferenceGeo: "us",
    extra: { webSearchRequests: 3 },
    parts: [{
      kind: "response",
      model: "claude-opus-5-5",
      usage: { input: 7, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 11, thinking: null },
    }],
  }),
  advised: reading({
    parts: [
      reading().parts[0],
      {
        kind: "advisor",
        model: "claude-opus-5-5",
        usage: { input: 9, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 3, thinking: null },
      },
    ],
  }),
  batch: reading({ mode: "batch", servedTier: "batch" }),
  spoken: reading({
    provider: "openai",
    servedModel: "gpt-realtime",
    parts: [{
      kind: "response",
      model: "gpt-realtime",
      usage: { input: 100, cacheRead: 100, cacheWrite5m: 0, cacheWrite1h: 0, output: 10, thinking: 0 },
      modalities: { inputAudio: 40, cacheReadAudio: 50, cacheReadImage: 20, outputAudio: 10 },
    }],
  }),
  heard: reading({
    provider: "openai",
    servedModel: "whisper-1",
    extra: { audioSeconds: 37 },
    usageUnknown: "not_reported",
    parts: [{
      kind: "response",
      model: "whisper-1",
      usage: { input: null, cacheRead: null, cacheWrite5m: null, cacheWrite1h: null, output: null, thinking: null },
    }],
  }),
  charged: reading({ provider: "xai", servedModel: "grok-9", providerCostPico: 23_285_600_000n }),
  counted: reading({ kind: "count_tokens", billable: false }),
  cut: reading({ complete: false, usageUnknown: "cut" }),
  unknown: reading({
    servedModel: "foo-1",
    parts: [{ ...reading().parts[0], model: "foo-1" }],
  }),
  nameless: reading({ servedModel: null, requestedModel: null, parts: [{ ...reading().parts[0], model: null }] }),
};

/** The cost without its lines. */
export function priceOf(one: Reading, table: RateTable = createRateTable(), at = NOON): Cost {
  const { explain: _, ...cost } = costOf(one, table, at);
  return cost;
}

/** The row that the recorder makes of a reading. */
export function rowOf(one: Reading, changes: Partial<ExchangeRow> = {}, table?: RateTable): ExchangeRow {
  const requestedAt = changes.requestedAt ?? NOON;
  const seen = {
    facts: { host: "api.anthropic.com", method: "POST", target: "/v1/messages", headers: new Map<string, string>() },
    httpStatus: 200,
    requestedAt,
    firstByteAt: requestedAt + 100,
    endedAt: requestedAt + 900,
    requestBytes: 10,
    responseBytes: 20,
    promptHash: null,
    transport: null,
    cutBy: null,
    copyFailure: null,
  };
  const cost = priceOf(one, table, requestedAt);
  return { ...buildRow(newId(), one, cost, seen, { slug: "demo", layer: "git" }), ...changes };
}
