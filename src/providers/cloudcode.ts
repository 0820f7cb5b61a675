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
import { type KnownHost, surface } from "./surface.ts";

const CODE_ASSIST: GeminiEndpoint = { provider: "gemini", kind: "chat", map: mapUsageMetadata, envelope: true };

/** The second one serves clients that are ahead of their release. It is known here and not decrypted. */
const HOSTS: readonly KnownHost[] = ["cloudcode-pa.googleapis.com", "daily-cloudcode-pa.googleapis.com"];

/** What Code Assist bills. All its other methods are chatter. */
export const CLOUDCODE_SURFACES: readonly Surface[] = HOSTS.flatMap((host) => {
  const post = { host, method: "POST" } as const;
  return [
    surface("cloudcode.generate", { ...post, path: "/v1internal:generateContent" }, (call, emit) => {
      return new GeminiFormat(CODE_ASSIST, call, emit);
    }),
    surface(
      "cloudcode.stream",
      { ...post, path: "/v1internal:streamGenerateContent", elements: "array" },
      (call, emit) => new GeminiFormat(CODE_ASSIST, call, emit),
    ),
    surface("cloudcode.count_tokens", { ...post, path: "/v1internal:countTokens" }, (call, emit) => {
      return countTokensFormat("gemini", call, emit);
    }),
  ];
});
