/**
 * The list of all surfaces, and the choice among them.
 *
 * Imports: ./adapter.ts, ./anthropic_surfaces.ts, ./cloudcode.ts, ./gemini_surfaces.ts, ./openai_surfaces.ts, ./xai.ts.
 *
 * @module
 */

import type { RequestFacts, Surface } from "./adapter.ts";
import { ANTHROPIC_SURFACES } from "./anthropic_surfaces.ts";
import { CLOUDCODE_SURFACES } from "./cloudcode.ts";
import { GEMINI_SURFACES } from "./gemini_surfaces.ts";
import { CODEX_SURFACES, OPENAI_SURFACES } from "./openai_surfaces.ts";
import { XAI_SURFACES } from "./xai.ts";

/** Every kind of endpoint that is read. At most one matches a request, so the order is only that of the search. */
export const SURFACES: readonly Surface[] = [
  ...ANTHROPIC_SURFACES,
  ...OPENAI_SURFACES,
  ...CODEX_SURFACES,
  ...GEMINI_SURFACES,
  ...CLOUDCODE_SURFACES,
  ...XAI_SURFACES,
];

/** The surface that reads `request`; `null` for a path that bills nothing over plain HTTP, which gets no row. */
export function surfaceFor(request: RequestFacts): Surface | null {
  return SURFACES.find((surface) => surface.matches(request)) ?? null;
}
