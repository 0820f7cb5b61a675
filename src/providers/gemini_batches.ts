/**
 * Reads the inlined responses of a finished Gemini batch. Every poll of a finished batch lists them again, so that callers
 * tell repeats by the response id.
 *
 * Imports: domain, ./adapter.ts, ./gemini_usage.ts, ./http_reader.ts, ./json.ts, ./reading.ts, ./request_body.ts.
 *
 * @module
 */

import type { Mode } from "../domain/exchange.ts";
import type { Emit } from "./adapter.ts";
import { mapUsageMetadata } from "./gemini_usage.ts";
import type { Call, ResponseFormat } from "./http_reader.ts";
import { type JsonObject, nameIn, objectIn, objectsIn, rawUsageOf } from "./json.ts";
import { readingOf } from "./reading.ts";
import { NOTHING_ASKED, withoutModelsPrefix } from "./request_body.ts";

const BATCH_CALL = { asked: NOTHING_ASKED, mode: "batch" as Mode };

/** A batch as its status endpoint shows it. Responses that went to a file are not in it. */
export function geminiBatchFormat(_call: Call, emit: Emit): ResponseFormat {
  return {
    document: (value) => {
      const list = objectIn(objectIn(value, "response"), "inlinedResponses");
      for (const entry of objectsIn(list, "inlinedResponses")) takeResponse(objectIn(entry, "response"), emit);
    },
    event: () => {},
    end: () => {},
  };
}

function takeResponse(response: JsonObject | null, emit: Emit): void {
  const usage = objectIn(response, "usageMetadata");
  if (usage === null) return;
  const mapped = mapUsageMetadata(usage);
  emit(readingOf({ provider: "gemini", kind: "chat" }, BATCH_CALL, {
    complete: true,
    usageUnknown: mapped.usage.input === null || mapped.usage.output === null ? "not_reported" : null,
    usage: mapped.usage,
    modalities: mapped.modalities,
    servedModel: withoutModelsPrefix(nameIn(response, "modelVersion")),
    responseId: nameIn(response, "responseId"),
    servedTier: "batch",
    inconsistent: mapped.inconsistent,
    rawUsage: rawUsageOf(usage),
  }));
}
