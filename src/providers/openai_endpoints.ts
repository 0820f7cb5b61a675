/**
 * OpenAI's endpoints as data.
 *
 * Imports: ./openai.ts (types), ./openai_usage.ts, ./reading.ts (types).
 *
 * @module
 */

import type { ChatEndpoint } from "./openai.ts";
import { mapChatUsage, mapEmbeddingUsage } from "./openai_usage.ts";
import type { Endpoint } from "./reading.ts";

/** Chat Completions and legacy completions. */
export const OPENAI_CHAT: ChatEndpoint = {
  provider: "openai",
  kind: "chat",
  map: (usage) => mapChatUsage(usage, "inside"),
  usageOnRequest: true,
};

/** Embeddings. */
export const OPENAI_EMBEDDINGS: ChatEndpoint = {
  provider: "openai",
  kind: "embedding",
  map: mapEmbeddingUsage,
  usageOnRequest: false,
};

/** The Responses family, Codex's backend included. */
export const OPENAI_RESPONSES: Endpoint = { provider: "openai", kind: "chat" };

/** Images. */
export const OPENAI_IMAGES: Endpoint = { provider: "openai", kind: "image" };

/** Transcription and speech. */
export const OPENAI_AUDIO: Endpoint = { provider: "openai", kind: "audio" };
