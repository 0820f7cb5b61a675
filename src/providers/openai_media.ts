/**
 * Reads OpenAI's images, transcription and speech, streamed or not. Models billed by time report seconds instead of tokens,
 * and some report nothing: text subtitles and raw audio have no place for it.
 *
 * Imports: domain, ./adapter.ts, ./error_body.ts, ./http_reader.ts, ./json.ts, ./openai_usage.ts, ./provider_cost.ts,
 * ./reading.ts.
 *
 * @module
 */

import { type ProviderError, UNKNOWN_USAGE, type UsagePart } from "../domain/exchange.ts";
import type { Emit } from "./adapter.ts";
import { errorOf } from "./error_body.ts";
import type { Call, Ending, ResponseFormat } from "./http_reader.ts";
import { type JsonObject, nameIn, objectIn, parseObject, rawUsageOf } from "./json.ts";
import { mapMediaUsage } from "./openai_usage.ts";
import { providerCostIn } from "./provider_cost.ts";
import { type Endpoint, readingOf, whyUnknown } from "./reading.ts";

/** Events after which the counts are final. Partial images and transcript deltas carry none. */
const ENDS: readonly unknown[] = [
  "image_generation.completed",
  "image_edit.completed",
  "transcript.text.done",
  "speech.audio.done",
];

/** Reads one response. */
export class MediaFormat implements ResponseFormat {
  readonly #endpoint: Endpoint;
  readonly #call: Call;
  readonly #emit: Emit;
  #last: JsonObject | null = null;
  #ended = false;
  #error: ProviderError | null = null;

  constructor(endpoint: Endpoint, call: Call, emit: Emit) {
    this.#endpoint = endpoint;
    this.#call = call;
    this.#emit = emit;
  }

  document(value: JsonObject): void {
    this.#last = value;
  }

  event(type: string, data: string): void {
    // Partial images are megabytes of text without usage.
    if (type !== "error" && !data.includes('"usage"') && !data.includes('"error"') && !data.includes(".done")) return;
    const event = parseObject(data);
    if (event === null) return;
    if (ENDS.includes(event["type"])) {
      this.#last = event;
      this.#ended = true;
    } else this.#error = errorOf(event, null) ?? this.#error;
  }

  end(ending: Ending): void {
    const usage = objectIn(this.#last, "usage");
    const seconds = usage?.["type"] === "duration" ? usage["seconds"] : undefined;
    const audioSeconds = typeof seconds === "number" && seconds >= 0 ? seconds : null;
    const mapped = usage === null || audioSeconds !== null ? null : mapMediaUsage(usage);
    const tokens = mapped === null ? UNKNOWN_USAGE : { ...mapped.usage, thinking: 0 };
    const complete = this.#ended || ending.documentWhole;
    this.#emit(readingOf(this.#endpoint, this.#call, {
      complete,
      usageUnknown: audioSeconds !== null && complete ? null : whyUnknown(tokens, complete, ending),
      usage: tokens,
      modalities: mapped?.modalities ?? null,
      extraParts: this.#svgParts(),
      extra: audioSeconds === null ? {} : { audioSeconds },
      servedModel: nameIn(this.#last, "model"),
      responseId: nameIn(this.#last, "id"),
      providerCostPico: providerCostIn(usage),
      inconsistent: mapped?.inconsistent ?? false,
      error: this.#error ?? ending.error,
      rawUsage: rawUsageOf(usage),
    }));
  }

  /** Vector drawings are billed beside the image. */
  #svgParts(): UsagePart[] {
    const usage = objectIn(this.#last, "svg_usage");
    if (usage === null) return [];
    const model = nameIn(this.#last, "model") ?? this.#call.asked.model;
    const { usage: tokens, modalities } = mapMediaUsage(usage);
    const part = { kind: "image_tool", model, usage: { ...tokens, thinking: null } } as const;
    return [modalities === null ? part : { ...part, modalities }];
  }
}
