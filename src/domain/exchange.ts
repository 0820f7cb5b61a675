/**
 * The dictionary of what is metered: usage, cost, owner and the row they make. Types and their invariants only.
 *
 * @module
 */

/** Wire-format family and price list. Stored as it stands. */
export type Provider = "anthropic" | "openai" | "gemini" | "xai";

/**
 * Tokens of one billable part, whole numbers ≥ 0. `null` = not reported, which differs from 0.
 *
 * `input`, `cacheRead`, `cacheWrite5m` and `cacheWrite1h` are disjoint; their sum is the full prompt, against which
 * long-context thresholds are compared. `thinking` is a part of `output` and is never added to it.
 */
export interface TokenUsage {
  readonly input: number | null;
  readonly cacheRead: number | null;
  readonly cacheWrite5m: number | null;
  readonly cacheWrite1h: number | null;
  readonly output: number | null;
  readonly thinking: number | null;
}

/** Nothing reported. */
export const UNKNOWN_USAGE: TokenUsage = {
  input: null,
  cacheRead: null,
  cacheWrite5m: null,
  cacheWrite1h: null,
  output: null,
  thinking: null,
};

/**
 * One part of an exchange that is priced under one model. The first part of a reading is the response itself;
 * Anthropic compaction and advisor iterations follow as parts of their own, since the top-level counts leave them out.
 */
export interface UsagePart {
  readonly kind: "response" | "compaction" | "advisor" | "image_tool";
  /** Model this part is billed under; `null` when neither response nor request named one. */
  readonly model: string | null;
  readonly usage: TokenUsage;
  /** Tokens that have rates of their own. Absent = not told what the counts consist of; `{}` = told, and all of it text. */
  readonly modalities?: ModalityTokens;
}

/**
 * Audio, image and video tokens; subsets of `input` (after cache is taken out), `cacheRead` and `output`. Absent = none,
 * but for `cacheReadImage`, where absent = not told and 0 = told that there were none.
 */
export interface ModalityTokens {
  readonly inputAudio?: number;
  readonly inputImage?: number;
  readonly inputVideo?: number;
  readonly cacheReadAudio?: number;
  readonly cacheReadImage?: number;
  readonly outputAudio?: number;
  readonly outputImage?: number;
  readonly outputVideo?: number;
}

/** What a call was for. */
export type RequestKind = "chat" | "embedding" | "image" | "audio" | "count_tokens" | "other";

/** Transport of the response. */
export type Mode = "standard" | "streaming" | "websocket" | "batch";

/** Why token counts are missing or not final. */
export type UsageUnknown =
  | "not_requested" // OpenAI chat stream without stream_options.include_usage
  | "not_reported" // the provider's format has no usage here
  | "cut" // the response ended before its terminal event
  | "unreadable" // the copy could not be decoded or parsed
  | "dropped"; // the copy was given up under memory pressure

/** An error as the provider told it: identifiers only, never the message text, which may quote the prompt. */
export interface ProviderError {
  /** E.g. `overloaded_error`, `insufficient_quota`, `RESOURCE_EXHAUSTED`. */
  readonly type: string | null;
  readonly code: string | null;
  /** Status named inside the body (Gemini `error.code`, WebSocket error frames), when it differs from the head's. */
  readonly status: number | null;
}

/** Charges beside tokens, counted in the provider's unit. */
export interface ExtraUsage {
  readonly webSearchRequests?: number;
  readonly audioSeconds?: number;
  readonly toolCalls?: number;
}

/** What an adapter learned about one billable response. */
export interface Reading {
  readonly provider: Provider;
  readonly kind: RequestKind;
  readonly mode: Mode;
  /** Model asked for, as sent (a leading `models/` stripped). */
  readonly requestedModel: string | null;
  /** Model that served, from the response. */
  readonly servedModel: string | null;
  /** Message, response, chat or trace id, to tell a repeated fetch from a new charge. */
  readonly responseId: string | null;
  readonly requestedTier: string | null;
  /** Tier, speed or traffic type named by the response; the last one said wins. */
  readonly servedTier: string | null;
  /** Anthropic `usage.speed` (`fast` has a price list of its own). */
  readonly speed: string | null;
  /** Anthropic `usage.inference_geo`. */
  readonly inferenceGeo: string | null;
  /** First the response, then parts billed beside it. Never empty. */
  readonly parts: readonly [UsagePart, ...UsagePart[]];
  readonly extra: ExtraUsage;
  /** The provider's own charge in pico-dollars (xAI `cost_in_usd_ticks`), which beats any price table. */
  readonly providerCostPico: bigint | null;
  /** True when the terminal event (or the whole JSON body) was seen, so the counts are final. */
  readonly complete: boolean;
  /** Set exactly when some count of the first part that should be there is missing or not final. */
  readonly usageUnknown: UsageUnknown | null;
  /** The reported total fits neither reading of the parts; counts follow the documented rule. */
  readonly inconsistent: boolean;
  /** False for what bills nothing by documentation: token counting, warm-ups. */
  readonly billable: boolean;
  /** True when the response says that it drew on credits bought in advance (Code Assist `consumedCredits`). Absent = it says nothing. */
  readonly paidWithCredits?: true;
  readonly error: ProviderError | null;
  /** The provider's usage object as JSON text, for later re-pricing. Holds numbers and enum words, no content. */
  readonly rawUsage: string | null;
}

/** The seven classes, provider-agnostic and locked. */
export type ErrorClass = "rate_limit" | "server_error" | "bad_request" | "auth" | "timeout" | "network" | "unknown";

/** Who pays, as far as the wire tells. */
export type BillingBasis = "metered" | "subscription" | "credits" | "unknown";

/** Which rule named the project. */
export type AttributionLayer = "run" | "env" | "rcfile" | "git" | "smart_default";

/** The owner of a call. */
export interface Attribution {
  readonly slug: string;
  readonly layer: AttributionLayer;
}

/** A price, or what it lacks. */
export type Cost =
  | { readonly kind: "priced"; readonly pico: bigint; readonly ratesSource: string; readonly match: RateMatch }
  | { readonly kind: "free" }
  | { readonly kind: "unpriced"; readonly reason: CostMissing };

/** How a model was found in the price list. */
export type RateMatch = "exact" | "alias" | "pattern" | "provider_charge";

/** Why a cost is NULL. */
export type CostMissing =
  | "unknown_model"
  | "model_not_reported"
  | "usage_unknown"
  | "usage_incomplete"
  | "rate_missing"
  | "tier_unknown"
  | "implausible_cost";

/** One row of `requests`, complete and redacted, ready to be written. Times are UTC epoch milliseconds. */
export interface ExchangeRow {
  readonly id: string;
  readonly attribution: Attribution;
  readonly provider: Provider;
  readonly host: string;
  readonly method: string;
  /** Path and query, redacted. */
  readonly path: string;
  readonly requestedModel: string | null;
  readonly model: string | null;
  readonly mode: Mode;
  readonly requestKind: RequestKind;
  /** Sums over all parts; `null` where any needed count is unknown. */
  readonly usage: TokenUsage;
  /** JSON of the parts beyond the first, or null. */
  readonly extraParts: string | null;
  /** JSON of the `TokenUsage` of the response alone, where `usage` adds other parts to it; else null. */
  readonly responseUsage: string | null;
  /** JSON of the response's `ModalityTokens`, or null when they were not told. */
  readonly modalities: string | null;
  /** JSON of `ExtraUsage`, or null without any. */
  readonly extraUsage: string | null;
  readonly rawUsage: string | null;
  readonly providerCostPico: bigint | null;
  /** Whether the terminal event was seen. */
  readonly responseComplete: boolean;
  /** False for what bills nothing: token counts, warm-ups, calls that were refused before anything was generated. */
  readonly billable: boolean;
  readonly cost: Cost;
  readonly billingBasis: BillingBasis;
  readonly requestedTier: string | null;
  readonly servedTier: string | null;
  readonly speed: string | null;
  readonly inferenceGeo: string | null;
  readonly responseId: string | null;
  readonly clientName: string | null;
  readonly clientVersion: string | null;
  readonly status: "success" | "error";
  readonly httpStatus: number | null;
  readonly errorClass: ErrorClass | null;
  readonly providerErrorCode: string | null;
  readonly providerErrorType: string | null;
  readonly requestedAt: number;
  /** Request head seen to first response body byte, ms; null when none came. */
  readonly ttftMs: number | null;
  /** Request head seen to last response byte, ms. */
  readonly latencyMs: number | null;
  readonly tokensComplete: boolean;
  readonly usageUnknown: UsageUnknown | null;
  readonly usageInconsistent: boolean;
  /** Body bytes as they crossed the wire, content coding included. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** 64 hex digits: HMAC-SHA-256 of the request body under the per-install key; null without a body. */
  readonly promptHash: string | null;
  /** Working directory of the process that called, redacted; kept only where the user shares it. Absent = not kept. */
  readonly sourceWorkdir?: string;
}

/** One direction's body, redacted and cut, ready to be written. */
export interface BodyRow {
  readonly direction: "request" | "response";
  readonly contentType: string | null;
  /** Redacted text, at most `max_body_bytes` of UTF-8, cut at a character boundary. */
  readonly text: string;
  /** Decoded size before redaction and cut, in bytes. */
  readonly originalSize: number;
  readonly truncated: boolean;
  /** Rule name → times fired. */
  readonly redactions: Readonly<Record<string, number>>;
}
