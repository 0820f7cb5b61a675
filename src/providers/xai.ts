/**
 * xAI serves OpenAI's and Anthropic's formats. In chat it counts reasoning beside the completion, and it states its own charge
 * with the usage.
 *
 * Its vendor SDK speaks gRPC to other paths, which are not read.
 *
 * Imports: domain, ./adapter.ts, ./anthropic.ts, ./openai.ts, ./openai_responses.ts, ./openai_usage.ts,
 * ./plain_formats.ts, ./reading.ts (types), ./realtime.ts, ./responses_socket.ts, ./socket_surface.ts, ./surface.ts.
 *
 * @module
 */

import type { RequestKind } from "../domain/exchange.ts";
import type { Surface } from "./adapter.ts";
import { MessagesFormat } from "./anthropic.ts";
import { type ChatEndpoint, ChatFormat } from "./openai.ts";
import { onlyWithUsage, ResponsesFormat } from "./openai_responses.ts";
import { mapChatUsage, mapEmbeddingUsage } from "./openai_usage.ts";
import { unitPricedFormat } from "./plain_formats.ts";
import type { Endpoint } from "./reading.ts";
import { RealtimeSocket } from "./realtime.ts";
import { responsesSocket } from "./responses_socket.ts";
import { socketSurface } from "./socket_surface.ts";
import { pathOf, surface } from "./surface.ts";

const POST = { host: "api.x.ai", method: "POST" } as const;
const GET = { host: "api.x.ai", method: "GET" } as const;

/** Streams report usage unasked. */
const XAI_CHAT: ChatEndpoint = {
  provider: "xai",
  kind: "chat",
  map: (usage) => mapChatUsage(usage, "outside"),
  usageOnRequest: false,
};
const XAI_EMBEDDINGS: ChatEndpoint = {
  provider: "xai",
  kind: "embedding",
  map: mapEmbeddingUsage,
  usageOnRequest: false,
};

/** The Responses family; sockets use it too. */
export const XAI_RESPONSES: Endpoint = { provider: "xai", kind: "chat" };

function byUnit(name: string, kind: RequestKind, path: string | RegExp): Surface {
  return surface(name, { ...POST, path }, (call, emit) => unitPricedFormat("xai", kind, call, emit));
}

/** In the order of how often they are met. */
export const XAI_SURFACES: readonly Surface[] = [
  surface("xai.chat", { ...POST, path: "/v1/chat/completions" }, (call, emit) => new ChatFormat(XAI_CHAT, call, emit)),
  surface("xai.responses", { ...POST, path: "/v1/responses" }, (call, emit) => {
    return new ResponsesFormat(XAI_RESPONSES, call, emit);
  }),
  socketSurface(
    "xai.responses_socket",
    { host: "api.x.ai", path: "/v1/responses" },
    XAI_RESPONSES,
    (_request, emit) => {
      return responsesSocket(XAI_RESPONSES, emit);
    },
  ),
  socketSurface("xai.realtime", { host: "api.x.ai", path: "/v1/realtime" }, XAI_RESPONSES, (request, emit) => {
    return new RealtimeSocket("xai", request, emit);
  }),
  surface("xai.messages", { ...POST, path: "/v1/messages" }, (call, emit) => new MessagesFormat("xai", call, emit)),
  surface(
    "xai.completions",
    { ...POST, path: "/v1/completions" },
    (call, emit) => new ChatFormat(XAI_CHAT, call, emit),
  ),
  surface(
    "xai.embeddings",
    { ...POST, path: "/v1/embeddings" },
    (call, emit) => new ChatFormat(XAI_EMBEDDINGS, call, emit),
  ),
  surface("xai.responses_retrieve", { ...GET, path: /^\/v1\/responses\/[^/]+$/ }, (call, emit) => {
    return new ResponsesFormat(XAI_RESPONSES, call, onlyWithUsage(emit));
  }),
  // Answers 202 without a body until the completion is ready.
  surface("xai.deferred", { ...GET, path: /^\/v1\/chat\/deferred-completion\/[^/]+$/ }, (call, emit) => {
    // Under the id that the start was answered with, so that the two are known to be one.
    const responseId = pathOf(call.request).split("/").at(-1) ?? null;
    return new ChatFormat(XAI_CHAT, call, onlyWithUsage((reading) => emit({ ...reading, responseId })));
  }),
  byUnit("xai.complete", "chat", "/v1/complete"),
  byUnit("xai.images", "image", /^\/v1\/images\/(?:generations|edits)$/),
  byUnit("xai.videos", "other", /^\/v1\/videos\/(?:generations|edits)$/),
  byUnit("xai.audio", "audio", /^\/v1\/(?:tts|stt)$/),
];
