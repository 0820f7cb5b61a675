/**
 * What OpenAI and Codex's backend bill, by path, over plain HTTP and over sockets.
 *
 * Imports: domain, ./adapter.ts, ./openai.ts, ./openai_endpoints.ts, ./openai_lists.ts, ./openai_live.ts, ./openai_media.ts,
 * ./openai_responses.ts, ./plain_formats.ts, ./realtime.ts, ./responses_socket.ts, ./socket_surface.ts, ./surface.ts.
 *
 * @module
 */

import type { InterceptedHost } from "../domain/hosts.ts";
import type { Surface } from "./adapter.ts";
import { ChatFormat } from "./openai.ts";
import { OPENAI_AUDIO, OPENAI_CHAT, OPENAI_EMBEDDINGS, OPENAI_IMAGES, OPENAI_RESPONSES } from "./openai_endpoints.ts";
import { batchOutputFormat, runFormat } from "./openai_lists.ts";
import { LiveSocket } from "./openai_live.ts";
import { MediaFormat } from "./openai_media.ts";
import { onlyWithUsage, ResponsesFormat } from "./openai_responses.ts";
import { countTokensFormat, unitPricedFormat } from "./plain_formats.ts";
import { RealtimeSocket } from "./realtime.ts";
import { responsesSocket } from "./responses_socket.ts";
import { socketSurface } from "./socket_surface.ts";
import { surface } from "./surface.ts";

const POST = { host: "api.openai.com", method: "POST" } as const;
const GET = { host: "api.openai.com", method: "GET" } as const;
const CODEX = { host: "chatgpt.com", method: "POST" } as const;

function responses(name: string, path: string | RegExp, host: InterceptedHost = "api.openai.com"): Surface {
  return surface(
    name,
    { host, method: "POST", path },
    (call, emit) => new ResponsesFormat(OPENAI_RESPONSES, call, emit),
  );
}

function images(name: string, path: RegExp, host: InterceptedHost = "api.openai.com"): Surface {
  return surface(name, { host, method: "POST", path }, (call, emit) => new MediaFormat(OPENAI_IMAGES, call, emit));
}

function socket(name: string, path: string, host: InterceptedHost = "api.openai.com"): Surface {
  return socketSurface(name, { host, path }, OPENAI_RESPONSES, (_request, emit, tellQuota) => {
    return responsesSocket(OPENAI_RESPONSES, emit, tellQuota);
  });
}

function live(name: string, path: string): Surface {
  return socketSurface(name, { host: "api.openai.com", path }, OPENAI_AUDIO, (request, emit) => {
    return new LiveSocket(request, emit);
  });
}

function audio(name: string, path: string | RegExp): Surface {
  return surface(name, { ...POST, path }, (call, emit) => new MediaFormat(OPENAI_AUDIO, call, emit));
}

/** In the order of how often they are met. */
export const OPENAI_SURFACES: readonly Surface[] = [
  surface("openai.chat", { ...POST, path: "/v1/chat/completions" }, (call, emit) => {
    return new ChatFormat(OPENAI_CHAT, call, emit);
  }),
  responses("openai.responses", "/v1/responses"),
  surface("openai.embeddings", { ...POST, path: "/v1/embeddings" }, (call, emit) => {
    return new ChatFormat(OPENAI_EMBEDDINGS, call, emit);
  }),
  surface("openai.completions", { ...POST, path: "/v1/completions" }, (call, emit) => {
    return new ChatFormat(OPENAI_CHAT, call, emit);
  }),
  responses("openai.responses_compact", "/v1/responses/compact"),
  surface("openai.input_tokens", { ...POST, path: "/v1/responses/input_tokens" }, (call, emit) => {
    return countTokensFormat("openai", call, emit);
  }),
  surface("openai.responses_retrieve", { ...GET, path: /^\/v1\/responses\/[^/]+$/ }, (call, emit) => {
    return new ResponsesFormat(OPENAI_RESPONSES, call, onlyWithUsage(emit));
  }),
  surface("openai.responses_cancel", { ...POST, path: /^\/v1\/responses\/[^/]+\/cancel$/ }, (call, emit) => {
    return new ResponsesFormat(OPENAI_RESPONSES, call, onlyWithUsage(emit));
  }),
  responses("openai.decisions", "/v1/decisions"),
  images("openai.images", /^\/v1\/images\/(?:generations|edits|variations)$/),
  audio("openai.transcription", /^\/v1\/audio\/(?:transcriptions|translations)$/),
  audio("openai.speech", "/v1/audio/speech"),
  surface(
    "openai.batch_output",
    { ...GET, path: /^\/v1\/files\/[^/]+\/content$/, elements: "lines" },
    batchOutputFormat,
  ),
  surface("openai.runs_start", { ...POST, path: /^\/v1\/threads\/(?:runs|[^/]+\/runs)$/ }, runFormat),
  surface("openai.runs_poll", { ...GET, path: /^\/v1\/threads\/[^/]+\/runs\/[^/]+$/ }, runFormat),
  socket("openai.responses_socket", "/v1/responses"),
  socketSurface(
    "openai.realtime",
    { host: "api.openai.com", path: "/v1/realtime" },
    OPENAI_RESPONSES,
    (request, emit) => {
      return new RealtimeSocket("openai", request, emit);
    },
  ),
  live("openai.realtime_translation", "/v1/realtime/translations"),
  live("openai.live", "/v1/live/sessions"),
  surface(
    "openai.videos",
    { ...POST, path: "/v1/videos" },
    (call, emit) => unitPricedFormat("openai", "other", call, emit),
  ),
];

/** In the order of how often they are met. */
export const CODEX_SURFACES: readonly Surface[] = [
  socket("codex.responses_socket", "/backend-api/codex/responses", "chatgpt.com"),
  responses("codex.responses", "/backend-api/codex/responses", "chatgpt.com"),
  responses("codex.responses_compact", "/backend-api/codex/responses/compact", "chatgpt.com"),
  images("codex.images", /^\/backend-api\/codex\/images\/(?:generations|edits)$/, "chatgpt.com"),
  surface("codex.search", { ...CODEX, path: "/backend-api/codex/alpha/search" }, (call, emit) => {
    return unitPricedFormat("openai", "other", call, emit);
  }),
];
