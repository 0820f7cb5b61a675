/**
 * Reads Gemini's generateContent family: one document, an event stream, or one JSON array sent element by element. Code Assist
 * wraps the same in an envelope.
 *
 * Chunks repeat cumulative usage, some of them only a part of it, so it is merged member by member. A stream is complete with
 * a finish reason or a blocked prompt; an array with its closing bracket.
 *
 * Imports: domain, ./adapter.ts, ./error_body.ts, ./gemini_chunk.ts, ./gemini_usage.ts, ./http_reader.ts, ./json.ts,
 * ./openai_usage.ts (types), ./reading.ts, ./request_body.ts, ./surface.ts.
 *
 * @module
 */

import { type ProviderError, UNKNOWN_USAGE } from "../domain/exchange.ts";
import type { Emit, RequestFacts } from "./adapter.ts";
import { errorOf } from "./error_body.ts";
import { readChunk } from "./gemini_chunk.ts";
import { mapEmbeddingMetadata, mapUsageMetadata } from "./gemini_usage.ts";
import type { Call, Ending, ResponseFormat } from "./http_reader.ts";
import { type JsonObject, nameIn, objectIn, objectsIn, parseObject, rawUsageOf } from "./json.ts";
import type { MappedUsage } from "./openai_usage.ts";
import { type Endpoint, readingOf, whyUnknown } from "./reading.ts";
import { withoutModelsPrefix } from "./request_body.ts";
import { pathOf } from "./surface.ts";

/** What differs between the endpoints that use this format. */
export interface GeminiEndpoint extends Endpoint {
  map(usage: JsonObject): MappedUsage;
  /** Responses come wrapped in `{"response": …, "traceId": …}`. */
  readonly envelope: boolean;
}

/** The generateContent family. */
export const GEMINI_GENERATE: GeminiEndpoint = {
  provider: "gemini",
  kind: "chat",
  map: mapUsageMetadata,
  envelope: false,
};

/** Embeddings. Older models report no usage. */
export const GEMINI_EMBED: GeminiEndpoint = {
  provider: "gemini",
  kind: "embedding",
  map: mapEmbeddingMetadata,
  envelope: false,
};

const MODEL_IN_PATH = /^\/v1[a-z0-9]*\/((?:models|tunedModels|dynamic)(?:\/|%2F)[^/:]+?)(?::|%3A)/i;

/** An object that begins a line, which no event does. */
const BARE_OBJECT = /(?:^|[\r\n])(\{)/g;

/** The one type of Code Assist's credits that is bought with money. */
const MONEY_LIKE = "GOOGLE_ONE_AI";

/** Chunks that are parsed as a whole for model and id before these are taken to be missing. */
const CHUNKS_WITH_NAMES = 4;

/** Reads one response. */
export class GeminiFormat implements ResponseFormat {
  readonly #endpoint: GeminiEndpoint;
  readonly #call: Call;
  readonly #emit: Emit;
  readonly #usage = new Map<string, unknown>();
  #model: string | null = null;
  #id: string | null = null;
  #chunks = 0;
  #finished = false;
  /** Something was generated. */
  #begun = false;
  #error: ProviderError | null = null;
  #credits: readonly JsonObject[] = [];
  /** Queries that grounding sent to Google Search, as the longest list says. */
  #queries = 0;

  constructor(endpoint: GeminiEndpoint, call: Call, emit: Emit) {
    this.#endpoint = endpoint;
    this.#call = call;
    this.#emit = emit;
  }

  document(value: JsonObject): void {
    this.#take(value);
  }

  event(_type: string, data: string): void {
    const named = ++this.#chunks > CHUNKS_WITH_NAMES || (this.#model !== null && this.#id !== null);
    const chunk = named ? readChunk(data, this.#endpoint.envelope) : parseObject(data);
    if (chunk !== null) this.#take(chunk);
  }

  trailer(text: string): void {
    const start = [...text.matchAll(BARE_OBJECT)].at(-1);
    if (start === undefined || this.#error !== null) return;
    this.#error = errorOf(parseObject(text.slice(start.index + start[0].length - 1)), null);
  }

  end(ending: Ending): void {
    const usage = this.#usage.size === 0 ? null : Object.fromEntries(this.#usage);
    const mapped = usage === null ? null : this.#endpoint.map(usage);
    const tokens = mapped?.usage ?? UNKNOWN_USAGE;
    const complete = ending.documentWhole || (this.#finished && !ending.list);
    const { asked, mode, request } = this.#call;
    const call = { mode, asked: { ...asked, model: asked.model ?? modelInPath(request) } };
    this.#emit(readingOf(this.#endpoint, call, {
      complete,
      usageUnknown: whyUnknown(tokens, complete || this.#finished, ending),
      usage: tokens,
      modalities: mapped?.modalities ?? null,
      servedModel: this.#model,
      responseId: this.#id,
      servedTier: nameIn(usage, "serviceTier") ?? nameIn(usage, "trafficType"),
      inconsistent: mapped?.inconsistent ?? false,
      // An error instead of an answer bills nothing.
      billable: this.#begun || usage !== null || this.#error === null,
      paidWithCredits: drewOnCredits(this.#credits),
      ...this.#queries === 0 ? {} : { extra: { webSearchRequests: searchesOf(this.#model, this.#queries) } },
      error: this.#error ?? ending.error,
      rawUsage: rawUsageOf(this.#credits.length === 0 ? usage : { ...usage, consumedCredits: this.#credits }),
    }));
  }

  #take(chunk: JsonObject): void {
    this.#error = errorOf(chunk, null) ?? this.#error;
    const response = this.#endpoint.envelope ? objectIn(chunk, "response") : chunk;
    const credits = this.#endpoint.envelope ? objectsIn(chunk, "consumedCredits") : [];
    if (credits.length > 0) this.#credits = credits;
    const id = this.#endpoint.envelope ? nameIn(chunk, "traceId") : nameIn(chunk, "responseId");
    this.#id = id ?? this.#id;
    this.#model = withoutModelsPrefix(nameIn(response, "modelVersion")) ?? this.#model;
    for (const [key, value] of Object.entries(objectIn(response, "usageMetadata") ?? {})) {
      if (value !== null) this.#usage.set(key, value);
    }
    const candidates = objectsIn(response, "candidates");
    this.#begun ||= candidates.length > 0;
    for (const candidate of candidates) {
      const queries = objectIn(candidate, "groundingMetadata")?.["webSearchQueries"];
      if (Array.isArray(queries)) this.#queries = Math.max(this.#queries, queries.length);
    }
    this.#finished ||= candidates.some((candidate) => nameIn(candidate, "finishReason") !== null) ||
      nameIn(objectIn(response, "promptFeedback"), "blockReason") !== null;
  }
}

/** Searches as they are charged for: up to Gemini 2.5 a grounded answer is one, from Gemini 3 on each query (ai.google.dev, pricing). */
function searchesOf(model: string | null, queries: number): number {
  return model !== null && /^gemini-[12]\b/.test(model) ? 1 : queries;
}

/** Whether any credits that stand for money were consumed. Amounts are whole numbers as text. */
function drewOnCredits(consumed: readonly JsonObject[]): boolean {
  return consumed.some((credit) => {
    const amount = nameIn(credit, "creditAmount");
    return credit["creditType"] === MONEY_LIKE && amount !== null && /^\d{1,18}$/.test(amount) && BigInt(amount) > 0n;
  });
}

/** Readings named after the model in the path, for endpoints whose bodies name none. */
export function namedByPath(call: Call, emit: Emit): Emit {
  return (reading) => {
    const requestedModel = reading.requestedModel ?? modelInPath(call.request);
    const [response, ...others] = reading.parts;
    emit({ ...reading, requestedModel, parts: [{ ...response, model: response.model ?? requestedModel }, ...others] });
  };
}

/** The model that a path names, URL-decoded, `models/` stripped; `null` when it names none. */
export function modelInPath(request: RequestFacts): string | null {
  const model = MODEL_IN_PATH.exec(pathOf(request))?.[1];
  if (model === undefined) return null;
  try {
    return withoutModelsPrefix(decodeURIComponent(model));
  } catch {
    return withoutModelsPrefix(model);
  }
}
