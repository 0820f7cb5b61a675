/**
 * Reads Anthropic responses that list many billable ones: batch results, one JSON object per line, and the events of managed
 * agents' sessions. One reading each; the same ones return whenever they are fetched again, so that callers tell repeats by
 * the response id.
 *
 * Imports: domain, ./adapter.ts, ./anthropic.ts, ./anthropic_usage.ts, ./error_body.ts, ./http_reader.ts, ./json.ts,
 * ./reading.ts, ./request_body.ts.
 *
 * @module
 */

import type { Mode } from "../domain/exchange.ts";
import type { Emit } from "./adapter.ts";
import { messageDocumentReading } from "./anthropic.ts";
import { MessageUsage } from "./anthropic_usage.ts";
import { errorOf } from "./error_body.ts";
import type { Call, ResponseFormat } from "./http_reader.ts";
import { type JsonObject, nameIn, objectIn, objectsIn, parseObject, rawUsageOf } from "./json.ts";
import { readingOf } from "./reading.ts";
import { NOTHING_ASKED } from "./request_body.ts";

const ANTHROPIC_CHAT = { provider: "anthropic", kind: "chat" } as const;

/** What a batch line asked for is in the request that created the batch, not here. */
const BATCH_CALL = { asked: NOTHING_ASKED, mode: "batch" as Mode };

/** Batch results. A line whose request failed, expired or was cancelled bills nothing. */
export function batchResultsFormat(call: Call, emit: Emit): ResponseFormat {
  return {
    document: () => {},
    event: (_type, data) => {
      const result = objectIn(parseObject(data), "result");
      if (result === null) return;
      const message = objectIn(result, "message");
      if (message !== null) {
        const reading = messageDocumentReading("anthropic", BATCH_CALL, message);
        return emit({ ...reading, servedTier: reading.servedTier ?? "batch" });
      }
      emit(readingOf(ANTHROPIC_CHAT, BATCH_CALL, {
        complete: true,
        usageUnknown: "not_reported",
        servedTier: "batch",
        billable: false,
        error: errorOf(objectIn(result, "error") ?? result, call.status),
      }));
    },
    end: () => {},
  };
}

/**
 * Session events, streamed or listed. Only `span.model_request_end` counts: sessions and outcomes repeat running totals.
 */
export function sessionEventsFormat(call: Call, emit: Emit): ResponseFormat {
  function take(event: JsonObject): void {
    const reported = objectIn(event, "model_usage");
    if (event["type"] !== "span.model_request_end" || reported === null) return;
    const usage = new MessageUsage();
    usage.merge(reported);
    const tokens = usage.tokens(true);
    emit(readingOf(ANTHROPIC_CHAT, call, {
      complete: true,
      usageUnknown: tokens.input === null || tokens.output === null ? "not_reported" : null,
      usage: tokens,
      servedModel: nameIn(event, "model"),
      responseId: nameIn(event, "id"),
      speed: nameIn(reported, "speed"),
      rawUsage: rawUsageOf(reported),
    }));
  }
  return {
    document: (value) => objectsIn(value, "data").forEach(take),
    event: (_type, data) => {
      if (!data.includes("span.model_request_end")) return;
      const event = parseObject(data);
      if (event !== null) take(event);
    },
    end: () => {},
  };
}
