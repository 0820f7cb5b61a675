/**
 * Reads Gemini Interactions, streamed or not. One stream may hold several interactions, each with an id and a bill of its
 * own: an early one ends with `requires_continuation` and the next goes on.
 *
 * Imports: domain, ./adapter.ts, ./error_body.ts, ./gemini_usage.ts, ./http_reader.ts, ./json.ts, ./reading.ts,
 * ./request_body.ts.
 *
 * @module
 */

import { type ProviderError, type Reading, UNKNOWN_USAGE } from "../domain/exchange.ts";
import type { Emit } from "./adapter.ts";
import { errorOf } from "./error_body.ts";
import { mapInteractionUsage } from "./gemini_usage.ts";
import type { Call, Ending, ResponseFormat } from "./http_reader.ts";
import { type JsonObject, nameIn, objectIn, parseObject, rawUsageOf } from "./json.ts";
import { readingOf, whyUnknown } from "./reading.ts";
import { withoutModelsPrefix } from "./request_body.ts";

const WHOLE: Ending = { fault: null, documentWhole: true, list: false, failedStatus: false, error: null };

/** Steps, which make up nearly all of a stream and bill nothing. */
const STEP = '{"event_type":"step.';

/** Reads one response. */
export class InteractionsFormat implements ResponseFormat {
  readonly #call: Call;
  readonly #emit: Emit;
  /** The interaction under way, as its newest event showed it. */
  #open: JsonObject | null = null;
  #emitted = false;
  #error: ProviderError | null = null;

  constructor(call: Call, emit: Emit) {
    this.#call = call;
    this.#emit = emit;
  }

  document(value: JsonObject): void {
    this.#open = value;
  }

  event(type: string, data: string): void {
    if (data.startsWith(STEP)) return;
    const event = parseObject(data);
    if (event === null) return;
    const kind = event["event_type"] ?? type;
    const interaction = objectIn(event, "interaction");
    if (kind === "error") this.#error = errorOf(event, null) ?? errorOf({ error: event }, null);
    else if (interaction !== null && kind === "interaction.completed") {
      this.#give({ ...this.#open, ...interaction }, WHOLE);
      this.#open = null;
    } else if (interaction !== null) this.#open = { ...this.#open, ...interaction };
  }

  end(ending: Ending): void {
    if (this.#open !== null || !this.#emitted) this.#give(this.#open ?? {}, ending);
  }

  #give(interaction: JsonObject, ending: Ending): void {
    this.#emitted = true;
    this.#emit(interactionReading(this.#call, interaction, ending, this.#error ?? ending.error));
  }
}

function interactionReading(
  call: Call,
  interaction: JsonObject,
  ending: Ending,
  error: ProviderError | null,
): Reading {
  const usage = objectIn(interaction, "usage");
  const mapped = usage === null ? null : mapInteractionUsage(usage);
  const tokens = mapped?.usage ?? UNKNOWN_USAGE;
  return readingOf({ provider: "gemini", kind: "chat" }, call, {
    complete: ending.documentWhole,
    usageUnknown: whyUnknown(tokens, ending.documentWhole, ending),
    usage: tokens,
    modalities: mapped?.modalities ?? null,
    servedModel: withoutModelsPrefix(nameIn(interaction, "model")),
    responseId: nameIn(interaction, "id"),
    servedTier: nameIn(interaction, "service_tier"),
    inconsistent: mapped?.inconsistent ?? false,
    error,
    rawUsage: rawUsageOf(usage),
  });
}
