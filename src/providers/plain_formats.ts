/**
 * Formats without token usage: token counting, which bills nothing, and endpoints that bill in units other than tokens.
 *
 * Imports: domain, ./adapter.ts, ./http_reader.ts, ./json.ts, ./provider_cost.ts, ./reading.ts.
 *
 * @module
 */

import type { Provider, RequestKind, TokenUsage } from "../domain/exchange.ts";
import type { Emit } from "./adapter.ts";
import type { Call, ResponseFormat } from "./http_reader.ts";
import { type JsonObject, nameIn, objectIn, rawUsageOf } from "./json.ts";
import { providerCostIn } from "./provider_cost.ts";
import { readingOf } from "./reading.ts";

/** Counting spends no tokens; the estimate itself is kept as raw usage. */
const SPENT_NOTHING: TokenUsage = { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, thinking: 0 };

/** Token counting of `provider`: a reading that bills nothing. */
export function countTokensFormat(provider: Provider, call: Call, emit: Emit): ResponseFormat {
  let estimate: JsonObject | null = null;
  return {
    document: (value) => {
      const { input_tokens, totalTokens } = value;
      estimate = {
        ...(input_tokens === undefined ? {} : { input_tokens }),
        ...(totalTokens === undefined ? {} : { totalTokens }),
      };
    },
    event: () => {},
    end: ({ documentWhole, error }) => {
      emit(readingOf({ provider, kind: "count_tokens" }, call, {
        usage: SPENT_NOTHING,
        complete: documentWhole,
        usageUnknown: null,
        billable: false,
        error,
        rawUsage: rawUsageOf(estimate),
      }));
    },
  };
}

/** An endpoint that reports no tokens, at most what it charged. */
export function unitPricedFormat(provider: Provider, kind: RequestKind, call: Call, emit: Emit): ResponseFormat {
  let document: JsonObject | null = null;
  return {
    document: (value) => {
      document = value;
    },
    event: () => {},
    end: ({ documentWhole, failedStatus, fault, error }) => {
      const usage = objectIn(document, "usage") ?? objectIn(document, "usageMetadata");
      emit(readingOf({ provider, kind }, call, {
        complete: documentWhole,
        usageUnknown: failedStatus ? "not_reported" : fault ?? "not_reported",
        servedModel: nameIn(document, "model"),
        responseId: nameIn(document, "id"),
        providerCostPico: providerCostIn(usage),
        error,
        rawUsage: rawUsageOf(usage),
      }));
    },
  };
}
