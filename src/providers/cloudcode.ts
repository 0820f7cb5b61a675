/**
 * Google's Code Assist: the generateContent family in an envelope, with the model in the request body.
 *
 * Imports: ./adapter.ts, ./gemini.ts, ./gemini_usage.ts, ./plain_formats.ts, ./surface.ts.
 *
 * @module
 */

import type { Surface } from "./adapter.ts";
import { type GeminiEndpoint, GeminiFormat } from "./gemini.ts";
import { mapUsageMetadata } from "./gemini_usage.ts";
import { countTokensFormat } from "./plain_formats.ts";
import { surface } from "./surface.ts";

const CODE_ASSIST: GeminiEndpoint = { provider: "gemini", kind: "chat", map: mapUsageMetadata, envelope: true };

const HOST = { host: "cloudcode-pa.googleapis.com", method: "POST" } as const;

/** What Code Assist bills. All its other methods are chatter. */
export const CLOUDCODE_SURFACES: readonly Surface[] = [
  surface("cloudcode.generate", { ...HOST, path: "/v1internal:generateContent" }, (call, emit) => {
    return new GeminiFormat(CODE_ASSIST, call, emit);
  }),
  surface(
    "cloudcode.stream",
    { ...HOST, path: "/v1internal:streamGenerateContent", elements: "array" },
    (call, emit) => {
      return new GeminiFormat(CODE_ASSIST, call, emit);
    },
  ),
  surface("cloudcode.count_tokens", { ...HOST, path: "/v1internal:countTokens" }, (call, emit) => {
    return countTokensFormat("gemini", call, emit);
  }),
];
