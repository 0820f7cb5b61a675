/**
 * Reads the Responses API over HTTP: created, streamed, compacted, and fetched again. Codex's backend and xAI serve the same
 * format.
 *
 * Imports: ./adapter.ts, ./http_reader.ts, ./json.ts, ./response_object.ts, ./responses_events.ts.
 *
 * @module
 */

import type { Emit } from "./adapter.ts";
import type { Call, Ending, ResponseFormat } from "./http_reader.ts";
import { type JsonObject, nameIn } from "./json.ts";
import { responseReading, type ResponsesEndpoint } from "./response_object.ts";
import { ResponseEvents } from "./responses_events.ts";

/** Reads one HTTP response of the Responses family. */
export class ResponsesFormat implements ResponseFormat {
  readonly #endpoint: ResponsesEndpoint;
  readonly #call: Call;
  readonly #emit: Emit;
  readonly #events: ResponseEvents;
  #document: JsonObject | null = null;

  constructor(endpoint: ResponsesEndpoint, call: Call, emit: Emit) {
    this.#endpoint = endpoint;
    this.#call = call;
    this.#emit = emit;
    const context = {
      get asked() {
        return call.asked;
      },
      get mode() {
        return call.mode;
      },
      get headModel() {
        return headModelOf(call);
      },
      tellQuota: (event: string) => call.tellQuota(event),
    };
    this.#events = new ResponseEvents(endpoint, context, emit);
  }

  document(value: JsonObject): void {
    this.#document = value;
  }

  event(type: string, data: string): void {
    this.#events.acceptText(type, data);
  }

  end(ending: Ending): void {
    this.#events.end(ending.fault);
    if (this.#events.emitted > 0) return;
    const fault = ending.failedStatus ? "not_reported" : ending.fault ?? (ending.documentWhole ? null : "cut");
    this.#emit(responseReading(this.#endpoint, this.#call, this.#document ?? {}, {
      complete: ending.documentWhole,
      fault,
      headModel: headModelOf(this.#call),
      error: ending.error,
    }));
  }
}

/** Keeps only readings with usage: fetching, polling or cancelling bills nothing, and an unfinished answer says nothing. */
export function onlyWithUsage(emit: Emit): Emit {
  return (reading) => {
    if (reading.rawUsage !== null) emit(reading);
  };
}

/** The model that Codex's backend names in the response head. */
function headModelOf(call: Call): string | null {
  return nameIn({ model: call.headers.get("openai-model") }, "model");
}
