/**
 * Reads Chat Completions, legacy completions and embeddings, streamed or not, of OpenAI and of those who serve its format.
 *
 * A stream reports usage in a chunk of its own, and at OpenAI only to those who asked for it. It is complete after `[DONE]`;
 * the counts are final with the chunk that has usage and no choices.
 *
 * Imports: domain, ./adapter.ts, ./error_body.ts, ./http_reader.ts, ./json.ts, ./openai_usage.ts, ./provider_cost.ts,
 * ./reading.ts, ./request_body.ts, ./server_tools.ts.
 *
 * @module
 */

import { type ProviderError, type Reading, UNKNOWN_USAGE, type UsageUnknown } from "../domain/exchange.ts";
import type { Emit } from "./adapter.ts";
import { errorOf } from "./error_body.ts";
import type { Call, Ending, ResponseFormat } from "./http_reader.ts";
import { type JsonObject, nameIn, objectIn, parseObject, rawUsageOf } from "./json.ts";
import type { MappedUsage } from "./openai_usage.ts";
import { providerCostIn } from "./provider_cost.ts";
import { type Endpoint, readingOf, whyUnknown } from "./reading.ts";
import { withoutModelsPrefix } from "./request_body.ts";
import { serverToolsIn } from "./server_tools.ts";

/** What differs between the endpoints that use this format. */
export interface ChatEndpoint extends Endpoint {
  map(usage: JsonObject): MappedUsage;
  /** A stream has usage only if the request set `stream_options.include_usage`. */
  readonly usageOnRequest: boolean;
}

/** Chunks that are looked at for id and model before they are taken to be missing. */
const CHUNKS_WITH_NAMES = 8;

/** Reads one response. */
export class ChatFormat implements ResponseFormat {
  readonly #endpoint: ChatEndpoint;
  readonly #call: Call;
  readonly #emit: Emit;
  readonly #found = new ChatFound();
  #chunks = 0;
  #error: ProviderError | null = null;
  /** The newest chunk that was not parsed; the last one of all names the tier. */
  #unread: string | null = null;
  #done = false;

  constructor(endpoint: ChatEndpoint, call: Call, emit: Emit) {
    this.#endpoint = endpoint;
    this.#call = call;
    this.#emit = emit;
  }

  document(value: JsonObject): void {
    this.#found.merge(value);
    this.#found.final = true;
  }

  event(type: string, data: string): void {
    if (data === "[DONE]") {
      this.#done = true;
      return;
    }
    if (type !== "error" && ++this.#chunks > CHUNKS_WITH_NAMES && isPlainChunk(data)) {
      this.#unread = data;
      return;
    }
    this.#read(type, data);
  }

  end(ending: Ending): void {
    if (this.#unread !== null) this.#read("", this.#unread);
    const found = this.#found;
    const complete = this.#done || ending.documentWhole;
    found.final ||= complete;
    this.#emit({
      ...chatReading(this.#endpoint, this.#call, found, ending),
      complete,
      // An error instead of an answer bills nothing.
      billable: found.begun || found.usage !== null || this.#error === null,
      error: this.#error ?? ending.error,
    });
  }

  #read(type: string, data: string): void {
    this.#unread = null;
    const chunk = parseObject(data);
    if (chunk === null) return;
    // The event may be the error itself, without a member of that name.
    this.#error = errorOf(chunk, null) ?? (type === "error" ? errorOf({ error: chunk }, null) : null) ?? this.#error;
    this.#found.merge(chunk);
  }
}

/** A completion as a whole document inside another one, such as a line of batch output. */
export function chatDocumentReading(
  endpoint: ChatEndpoint,
  call: Pick<Call, "asked" | "mode">,
  value: JsonObject,
): Reading {
  const found = new ChatFound();
  found.merge(value);
  found.final = true;
  return chatReading(endpoint, call, found, {
    fault: null,
    documentWhole: true,
    list: false,
    failedStatus: false,
    error: null,
  });
}

/** What the chunks of one completion said. */
class ChatFound {
  id: string | null = null;
  model: string | null = null;
  tier: string | null = null;
  usage: JsonObject | null = null;
  final = false;
  /** Something was generated. */
  begun = false;

  merge(chunk: JsonObject): void {
    // xAI answers with the id of the request where the completion is to be fetched later.
    this.id ??= nameIn(chunk, "id") ?? nameIn(chunk, "request_id");
    this.model ??= nameIn(chunk, "model");
    this.tier = nameIn(chunk, "service_tier") ?? this.tier;
    const usage = objectIn(chunk, "usage");
    const choices = chunk["choices"];
    this.begun ||= Array.isArray(choices) && choices.length > 0;
    if (usage === null) return;
    this.usage = usage;
    this.final = Array.isArray(choices) && choices.length === 0;
  }
}

function chatReading(
  endpoint: ChatEndpoint,
  call: Pick<Call, "asked" | "mode">,
  found: ChatFound,
  ending: Ending,
): Reading {
  const mapped = found.usage === null ? null : endpoint.map(found.usage);
  const usage = mapped?.usage ?? UNKNOWN_USAGE;
  const tools = serverToolsIn(found.usage);
  return readingOf(endpoint, call, {
    complete: ending.documentWhole,
    usageUnknown: notRequested(endpoint, call, found, ending) ?? whyUnknown(usage, found.final, ending),
    usage,
    modalities: mapped?.modalities ?? null,
    extra: tools > 0 ? { toolCalls: tools } : {},
    // Gemini's compatible path may name its models as its own API does.
    servedModel: withoutModelsPrefix(found.model),
    responseId: found.id,
    servedTier: found.tier,
    providerCostPico: providerCostIn(found.usage),
    inconsistent: mapped?.inconsistent ?? false,
    rawUsage: rawUsageOf(found.usage),
  });
}

function notRequested(
  endpoint: ChatEndpoint,
  call: Pick<Call, "asked" | "mode">,
  found: ChatFound,
  ending: Ending,
): UsageUnknown | null {
  const applies = endpoint.usageOnRequest && call.mode === "streaming" && !ending.failedStatus && found.usage === null;
  return applies && call.asked.includeUsage === false ? "not_requested" : null;
}

/**
 * Whether a chunk has choices and no usage object. Quotes inside model text are escaped, so a member name cannot be text; a
 * whole string such as the token `"usage"` can be, and then the chunk is parsed.
 */
function isPlainChunk(data: string): boolean {
  if (!data.includes('"choices"') || data.startsWith('{"error"')) return false;
  const at = data.lastIndexOf('"usage"');
  return at < 0 || data.startsWith(":null", at + 7);
}
