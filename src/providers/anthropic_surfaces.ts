/**
 * What Anthropic bills, by path. Creating a batch bills nothing yet: its results do.
 *
 * Imports: ./adapter.ts, ./anthropic.ts, ./anthropic_lists.ts, ./plain_formats.ts, ./surface.ts.
 *
 * @module
 */

import type { Surface } from "./adapter.ts";
import { MessagesFormat } from "./anthropic.ts";
import { batchResultsFormat, sessionEventsFormat } from "./anthropic_lists.ts";
import { countTokensFormat, unitPricedFormat } from "./plain_formats.ts";
import { surface } from "./surface.ts";

const POST = { host: "api.anthropic.com", method: "POST" } as const;
const GET = { host: "api.anthropic.com", method: "GET" } as const;

/** In the order of how often they are met. */
export const ANTHROPIC_SURFACES: readonly Surface[] = [
  surface("anthropic.messages", { ...POST, path: "/v1/messages" }, (call, emit) => {
    return new MessagesFormat("anthropic", call, emit);
  }),
  surface("anthropic.count_tokens", { ...POST, path: "/v1/messages/count_tokens" }, (call, emit) => {
    return countTokensFormat("anthropic", call, emit);
  }),
  surface(
    "anthropic.batch_results",
    { ...GET, path: /^\/v1\/messages\/batches\/[^/]+\/results$/, elements: "lines" },
    batchResultsFormat,
  ),
  // The legacy endpoint's format has no usage.
  surface("anthropic.complete", { ...POST, path: "/v1/complete" }, (call, emit) => {
    return unitPricedFormat("anthropic", "chat", call, emit);
  }),
  surface(
    "anthropic.session_events",
    { ...GET, path: /^\/v1\/sessions\/[^/]+(?:\/threads\/[^/]+)?\/events(?:\/stream)?$/ },
    sessionEventsFormat,
  ),
];
