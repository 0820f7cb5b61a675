/**
 * Reads OpenAI responses that repeat or list what was billed elsewhere: output files of batches, one JSON object per line, and
 * runs of assistants, which report the same usage at every poll. Callers tell repeats by the response id.
 *
 * Imports: domain, ./adapter.ts, ./error_body.ts, ./http_reader.ts, ./json.ts, ./openai.ts, ./openai_endpoints.ts,
 * ./reading.ts, ./request_body.ts, ./response_object.ts.
 *
 * @module
 */

import type { Mode, Reading } from "../domain/exchange.ts";
import type { Emit } from "./adapter.ts";
import { errorOf } from "./error_body.ts";
import type { Call, ResponseFormat } from "./http_reader.ts";
import { countIn, type JsonObject, nameIn, objectIn, parseObject } from "./json.ts";
import { chatDocumentReading } from "./openai.ts";
import { OPENAI_CHAT, OPENAI_EMBEDDINGS, OPENAI_RESPONSES } from "./openai_endpoints.ts";
import { readingOf } from "./reading.ts";
import { NOTHING_ASKED } from "./request_body.ts";
import { responseReading } from "./response_object.ts";

/** What the lines of batch output begin with; any other file is not looked at. */
const BATCH_LINE = /^\{\s*"id"\s*:\s*"batch_req_/;

const BATCH_CALL = { asked: NOTHING_ASKED, mode: "batch" as Mode };

/** The output file of a batch; every other file gives no reading. */
export function batchOutputFormat(_call: Call, emit: Emit): ResponseFormat {
  return {
    document: () => {},
    event: (_type, data) => {
      if (!BATCH_LINE.test(data)) return;
      const reading = batchLineReading(objectIn(parseObject(data), "response"));
      if (reading !== null) emit({ ...reading, servedTier: "batch" });
    },
    end: () => {},
  };
}

function batchLineReading(response: JsonObject | null): Reading | null {
  const body = objectIn(response, "body");
  if (body === null) return null;
  const status = countIn(response, "status_code") ?? 200;
  if (status >= 400) {
    const error = errorOf(body, null);
    const found = { complete: true, usageUnknown: "not_reported", billable: false, error } as const;
    return readingOf(OPENAI_CHAT, BATCH_CALL, found);
  }
  switch (body["object"]) {
    case "response":
      return responseReading(OPENAI_RESPONSES, BATCH_CALL, body, {
        complete: true,
        fault: null,
        headModel: null,
        error: null,
      });
    case "list":
      return chatDocumentReading(OPENAI_EMBEDDINGS, BATCH_CALL, body);
    default:
      return chatDocumentReading(OPENAI_CHAT, BATCH_CALL, body);
  }
}

/** Runs of assistants. One reading once a run has usage. */
export function runFormat(call: Call, emit: Emit): ResponseFormat {
  let run: JsonObject | null = null;
  return {
    document: (value) => {
      run = value;
    },
    event: (type, data) => {
      if (type.startsWith("thread.run.") && !type.startsWith("thread.run.step.")) run = parseObject(data) ?? run;
    },
    end: () => {
      if (objectIn(run, "usage") === null || run === null || nameIn(run, "id") === null) return;
      emit({ ...chatDocumentReading(OPENAI_CHAT, call, run), complete: true });
    },
  };
}
