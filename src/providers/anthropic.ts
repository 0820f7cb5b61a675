/**
 * Reads Anthropic Messages, streamed or not; xAI serves the same format.
 *
 * A reading is complete after `message_stop`. The counts are final from the `message_delta` that names a stop reason, so a
 * stream that is cut between the two lacks nothing but its end. Before any `message_delta` the output count is a placeholder
 * and is not reported.
 *
 * Imports: domain, ./adapter.ts, ./anthropic_usage.ts, ./error_body.ts, ./http_reader.ts, ./json.ts, ./provider_cost.ts,
 * ./reading.ts.
 *
 * @module
 */

import type { Provider, ProviderError, Reading } from "../domain/exchange.ts";
import type { Emit } from "./adapter.ts";
import { MessageUsage } from "./anthropic_usage.ts";
import { errorOf } from "./error_body.ts";
import type { Call, Ending, ResponseFormat } from "./http_reader.ts";
import { countIn, type JsonObject, nameIn, objectIn, objectsIn, parseObject, rawUsageOf } from "./json.ts";
import { providerCostIn } from "./provider_cost.ts";
import { readingOf, whyUnknown } from "./reading.ts";

/** What nearly all events begin with; they carry nothing billable. */
const DELTA = '{"type":"content_block_delta"', STOP = '{"type":"content_block_stop"', PING = '{"type":"ping"';

const CLEAN_DOCUMENT: Ending = { fault: null, documentWhole: true, list: false, failedStatus: false, error: null };

/** One message, open until the next one starts or the response ends. */
class Message {
  readonly id: string | null;
  readonly usage = new MessageUsage();
  model: string | null;
  error: ProviderError | null = null;
  /** A count of the output was seen, not its placeholder. */
  outputKnown = false;
  /** The counts cannot change any more. */
  final = false;
  stopped = false;
  /** The model put something out, be it thinking alone. */
  begun = false;
  refused = false;

  constructor(message: JsonObject | null) {
    this.id = nameIn(message, "id");
    this.model = nameIn(message, "model");
    this.usage.merge(objectIn(message, "usage"));
  }
}

/** Reads one response of Anthropic's Messages format. */
export class MessagesFormat implements ResponseFormat {
  readonly #provider: Provider;
  readonly #call: Call;
  readonly #emit: Emit;
  #message: Message | null = null;
  #error: ProviderError | null = null;
  #emitted = false;

  constructor(provider: Provider, call: Call, emit: Emit) {
    this.#provider = provider;
    this.#call = call;
    this.#emit = emit;
  }

  document(value: JsonObject): void {
    if (value["type"] !== "error") this.#message = wholeMessage(value);
  }

  event(type: string, data: string): void {
    if (data.startsWith(DELTA) || data.startsWith(STOP) || data.startsWith(PING)) return;
    if (type === "content_block_start" && !data.includes('"fallback"')) {
      this.#open().begun = true;
      return;
    }
    const event = parseObject(data);
    if (event === null) return;
    switch (event["type"]) {
      case "message_start":
        return this.#start(objectIn(event, "message"));
      case "content_block_start": {
        const block = objectIn(event, "content_block");
        this.#open().begun = true;
        if (block?.["type"] === "fallback") {
          this.#open().model = nameIn(objectIn(block, "to"), "model") ?? this.#open().model;
        }
        return;
      }
      case "message_delta":
        return this.#delta(event);
      case "message_stop":
        this.#open().stopped = true;
        return;
      case "error":
        if (this.#message === null || this.#message.stopped) this.#error = errorOf(event, null);
        else this.#message.error = errorOf(event, null);
    }
  }

  end(ending: Ending): void {
    const message = this.#message;
    if (message !== null) return this.#close(message, ending);
    if (this.#emitted) return;
    // An error before the message bills nothing.
    const refused = this.#error !== null;
    const usageUnknown = ending.failedStatus || refused
      ? "not_reported"
      : ending.fault ?? (ending.documentWhole ? "not_reported" : "cut");
    this.#emit(readingOf({ provider: this.#provider, kind: "chat" }, this.#call, {
      complete: ending.documentWhole,
      usageUnknown,
      billable: !refused,
      error: this.#error ?? ending.error,
    }));
  }

  /** The message at hand; a stream joined in its middle has no beginning. */
  #open(): Message {
    return this.#message ??= new Message(null);
  }

  /** Relays splice a second message into a stream: another id, or a start after a stop, opens it. */
  #start(message: JsonObject | null): void {
    const current = this.#message;
    if (current !== null && !current.stopped && current.id === nameIn(message, "id")) {
      current.usage.merge(objectIn(message, "usage"));
      return;
    }
    if (current !== null) this.#close(current, { ...CLEAN_DOCUMENT, documentWhole: false, fault: "cut" });
    this.#message = new Message(message);
  }

  #delta(event: JsonObject): void {
    const message = this.#open();
    const usage = objectIn(event, "usage");
    message.usage.merge(usage);
    if (countIn(usage, "output_tokens") !== null) message.outputKnown = true;
    const reason = nameIn(objectIn(event, "delta"), "stop_reason");
    if (reason !== null) message.final = message.outputKnown;
    message.refused = reason === "refusal";
  }

  #close(message: Message, ending: Ending): void {
    this.#emitted = true;
    this.#message = null;
    this.#emit(messageReading(this.#provider, this.#call, message, ending));
  }
}

/** The reading of a message that is a whole document inside another one, such as a line of batch results. */
export function messageDocumentReading(
  provider: Provider,
  call: Pick<Call, "asked" | "mode">,
  value: JsonObject,
): Reading {
  return messageReading(provider, call, wholeMessage(value), CLEAN_DOCUMENT);
}

function wholeMessage(value: JsonObject): Message {
  const message = new Message(value);
  message.outputKnown = true;
  // Only a list that was seen to be empty says that nothing was put out.
  message.begun = !Array.isArray(value["content"]) || value["content"].length > 0;
  message.refused = value["stop_reason"] === "refusal";
  const fallback = objectsIn(value, "content").findLast((block) => block["type"] === "fallback");
  message.model = nameIn(objectIn(fallback ?? null, "to"), "model") ?? message.model;
  return message;
}

function messageReading(
  provider: Provider,
  call: Pick<Call, "asked" | "mode">,
  message: Message,
  ending: Ending,
): Reading {
  const usage = message.usage.raw();
  const complete = message.stopped || ending.documentWhole;
  const tokens = message.usage.tokens(message.outputKnown);
  const searches = countIn(objectIn(usage, "server_tool_use"), "web_search_requests");
  const extraParts = message.usage.extraParts(call.asked.model ?? message.model);
  // Since 2026-06-02 Anthropic does not charge for what it declines before anything was put out, whatever it counts.
  const declined = provider === "anthropic" && message.refused && !message.begun && extraParts.length === 0;
  return readingOf({ provider, kind: "chat" }, call, {
    complete,
    usageUnknown: whyUnknown(tokens, complete || message.final, ending),
    usage: tokens,
    extraParts,
    extra: searches === null || searches === 0 ? {} : { webSearchRequests: searches },
    servedModel: message.usage.fallbackModel() ?? message.model,
    responseId: message.id,
    servedTier: nameIn(usage, "service_tier"),
    speed: nameIn(usage, "speed"),
    inferenceGeo: nameIn(usage, "inference_geo"),
    providerCostPico: providerCostIn(usage),
    inconsistent: message.usage.inconsistent,
    billable: !declined,
    error: message.error ?? ending.error,
    rawUsage: message.usage.seen ? rawUsageOf(usage) : null,
  });
}
