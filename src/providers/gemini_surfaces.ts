/**
 * What the Gemini API bills, by path. The method of a model follows a colon. Creating a batch bills nothing yet: its responses
 * do.
 *
 * Imports: ./adapter.ts, ./gemini.ts, ./gemini_batches.ts, ./gemini_interactions.ts, ./openai.ts, ./openai_media.ts,
 * ./gemini_live.ts, ./openai_responses.ts, ./openai_usage.ts, ./plain_formats.ts, ./socket_surface.ts, ./surface.ts.
 *
 * @module
 */

import type { Surface } from "./adapter.ts";
import { GEMINI_EMBED, GEMINI_GENERATE, GeminiFormat, namedByPath } from "./gemini.ts";
import { geminiBatchFileFormat, geminiBatchFormat } from "./gemini_batches.ts";
import { InteractionsFormat } from "./gemini_interactions.ts";
import { GEMINI_LIVE, GeminiLiveSocket } from "./gemini_live.ts";
import { type ChatEndpoint, ChatFormat } from "./openai.ts";
import { MediaFormat } from "./openai_media.ts";
import { onlyWithUsage } from "./openai_responses.ts";
import { mapEmbeddingUsage, mapGeminiChatUsage } from "./openai_usage.ts";
import { countTokensFormat, unitPricedFormat } from "./plain_formats.ts";
import { socketSurface } from "./socket_surface.ts";
import { surface } from "./surface.ts";

const POST = { host: "generativelanguage.googleapis.com", method: "POST" } as const;
const GET = { host: "generativelanguage.googleapis.com", method: "GET" } as const;

const COMPATIBLE_CHAT: ChatEndpoint = {
  provider: "gemini",
  kind: "chat",
  map: mapGeminiChatUsage,
  usageOnRequest: true,
};
const COMPATIBLE_EMBEDDINGS: ChatEndpoint = {
  provider: "gemini",
  kind: "embedding",
  map: mapEmbeddingUsage,
  usageOnRequest: false,
};

/** The vendor's JavaScript SDK puts two slashes in front. Sessions with a token of their own are "constrained". */
const LIVE =
  /^\/{1,2}ws\/google\.ai\.generativelanguage\.v1\w*\.GenerativeService\.BidiGenerateContent(?:Constrained)?$/;

/** A path below one of the API's versions. */
function below(rest: string): RegExp {
  return new RegExp(`^/v1(?:beta1?|alpha)?/${rest}$`);
}

/** The path of a method of a model. */
function methodOfModel(methods: string): RegExp {
  return below(`(?:models|tunedModels|dynamic)(?:/|%2F)[^/:]+(?::|%3A)(?:${methods})`);
}

/** In the order of how often they are met. */
export const GEMINI_SURFACES: readonly Surface[] = [
  surface(
    "gemini.stream",
    { ...POST, path: methodOfModel("streamGenerateContent"), elements: "array" },
    (call, emit) => {
      return new GeminiFormat(GEMINI_GENERATE, call, emit);
    },
  ),
  surface("gemini.generate", { ...POST, path: methodOfModel("generateContent") }, (call, emit) => {
    return new GeminiFormat(GEMINI_GENERATE, call, emit);
  }),
  surface("gemini.count_tokens", { ...POST, path: methodOfModel("countTokens") }, (call, emit) => {
    return countTokensFormat("gemini", call, namedByPath(call, emit));
  }),
  surface("gemini.embed", { ...POST, path: methodOfModel("embedContent|batchEmbedContents") }, (call, emit) => {
    return new GeminiFormat(GEMINI_EMBED, call, emit);
  }),
  surface(
    "gemini.interactions",
    { ...POST, path: below("interactions") },
    (call, emit) => new InteractionsFormat(call, emit),
  ),
  surface("gemini.interactions_retrieve", { ...GET, path: below("interactions/[^/]+") }, (call, emit) => {
    return new InteractionsFormat(call, onlyWithUsage(emit));
  }),
  surface("gemini.interactions_cancel", { ...POST, path: below("interactions/[^/]+/cancel") }, (call, emit) => {
    return new InteractionsFormat(call, onlyWithUsage(emit));
  }),
  surface("gemini.openai_chat", { ...POST, path: below("openai/chat/completions") }, (call, emit) => {
    return new ChatFormat(COMPATIBLE_CHAT, call, emit);
  }),
  surface("gemini.openai_embeddings", { ...POST, path: below("openai/embeddings") }, (call, emit) => {
    return new ChatFormat(COMPATIBLE_EMBEDDINGS, call, emit);
  }),
  surface("gemini.openai_images", { ...POST, path: below("openai/images/generations") }, (call, emit) => {
    return new MediaFormat({ provider: "gemini", kind: "image" }, call, emit);
  }),
  socketSurface(
    "gemini.live",
    { host: "generativelanguage.googleapis.com", path: LIVE },
    GEMINI_LIVE,
    (_request, emit) => {
      return new GeminiLiveSocket(emit);
    },
  ),
  surface("gemini.batch", { ...GET, path: below("batches/[^/]+") }, geminiBatchFormat),
  surface(
    "gemini.batch_output",
    { ...GET, path: /^\/download\/v1(?:beta1?|alpha)?\/files\/[^/]+(?::|%3A)download$/, elements: "lines" },
    geminiBatchFileFormat,
  ),
  surface("gemini.predict", { ...POST, path: methodOfModel("predict|predictLongRunning") }, (call, emit) => {
    return unitPricedFormat("gemini", "image", call, namedByPath(call, emit));
  }),
  // Cache storage is priced per hour.
  surface("gemini.cached_contents", { ...POST, path: below("cachedContents") }, (call, emit) => {
    return unitPricedFormat("gemini", "other", call, emit);
  }),
];
