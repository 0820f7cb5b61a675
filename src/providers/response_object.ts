/**
 * Turns a `response` object of the Responses family into a reading: its own tokens, and those of image tools beside them.
 *
 * Source: types of `openai` 7.55.0 and recorded bodies.
 *
 * Imports: domain, ./error_body.ts, ./http_reader.ts (types), ./json.ts, ./openai_usage.ts, ./provider_cost.ts, ./reading.ts,
 * ./server_tools.ts.
 *
 * @module
 */

import {
  type ProviderError,
  type Reading,
  UNKNOWN_USAGE,
  type UsagePart,
  type UsageUnknown,
} from "../domain/exchange.ts";
import { errorOf, NAMELESS_ERROR } from "./error_body.ts";
import type { Call } from "./http_reader.ts";
import { countIn, type JsonObject, nameIn, objectIn, objectsIn, rawUsageOf } from "./json.ts";
import { mapMediaUsage, mapResponsesUsage } from "./openai_usage.ts";
import { providerCostIn } from "./provider_cost.ts";
import { type Endpoint, readingOf } from "./reading.ts";
import { serverToolsIn } from "./server_tools.ts";

/** An endpoint that answers with response objects. */
export type ResponsesEndpoint = Endpoint;

/** How the response object came. */
export interface ResponseOutcome {
  /** Its terminal event, or the whole document, was seen. */
  readonly complete: boolean;
  /** Why counts may be missing, when the transport tells. */
  readonly fault: UsageUnknown | null;
  readonly headModel: string | null;
  readonly error: ProviderError | null;
}

/** The reading of one response. `incomplete` and `failed` ones bill what they used. */
export function responseReading(
  endpoint: ResponsesEndpoint,
  call: Pick<Call, "asked" | "mode">,
  response: JsonObject,
  outcome: ResponseOutcome,
): Reading {
  const usage = objectIn(response, "usage");
  const mapped = usage === null ? null : mapResponsesUsage(usage);
  const tokens = mapped?.usage ?? UNKNOWN_USAGE;
  const counted = tokens.input !== null && tokens.output !== null;
  return readingOf(endpoint, call, {
    complete: outcome.complete,
    usageUnknown: counted && outcome.complete ? null : outcome.fault ?? "not_reported",
    usage: tokens,
    extraParts: imageParts(response),
    extra: extraOf(endpoint, response, usage),
    servedModel: nameIn(response, "model") ?? outcome.headModel,
    responseId: nameIn(response, "id"),
    servedTier: nameIn(response, "service_tier"),
    providerCostPico: providerCostIn(usage),
    inconsistent: mapped?.inconsistent ?? false,
    billable: !call.asked.warmUp && !(usage === null && failed(response, outcome)),
    error: outcome.error ?? errorOf({ error: response["error"] ?? null }, null) ??
      (response["status"] === "failed" ? NAMELESS_ERROR : null),
    rawUsage: rawUsageOf(usage === null ? null : withToolUsage(usage, objectIn(response, "tool_usage"))),
  });
}

/** Whether the provider gave up, as opposed to what it cut short: it states the usage of those. */
function failed(response: JsonObject, { error }: ResponseOutcome): boolean {
  return response["status"] === "failed" || (error !== null && Object.keys(response).length === 0);
}

/** Tokens of image tools, which `usage` leaves out and which are priced as the image model. */
function imageParts(response: JsonObject): UsagePart[] {
  const tool = objectsIn(response, "tools").find((candidate) => candidate["type"] === "image_generation");
  const model = nameIn(tool ?? null, "model");
  const drawings = objectsIn(response, "output").filter((item) => item["type"] === "image_generation_call");
  const reported = [
    objectIn(objectIn(response, "tool_usage"), "image_gen"),
    ...drawings.map((item) => objectIn(item, "svg_usage")),
  ];
  return reported.flatMap((usage): UsagePart[] => {
    if (usage === null) return [];
    const { usage: tokens, modalities } = mapMediaUsage(usage);
    if ((tokens.input ?? 0) + (tokens.cacheRead ?? 0) + (tokens.output ?? 0) === 0) return [];
    const part = { kind: "image_tool", model, usage: { ...tokens, thinking: null } } as const;
    return [modalities === null ? part : { ...part, modalities }];
  });
}

/** Calls of hosted tools that OpenAI charges by the call or by the container and counts nowhere but in the output. */
const CHARGED_CALLS: readonly unknown[] = ["file_search_call", "code_interpreter_call"];

function extraOf({ provider }: ResponsesEndpoint, response: JsonObject, usage: JsonObject | null) {
  const output = provider === "openai" ? objectsIn(response, "output") : [];
  const searches = countIn(objectIn(objectIn(response, "tool_usage"), "web_search"), "num_requests") ??
    output.filter(isSearch).length;
  const tools = serverToolsIn(usage) + output.filter((item) => CHARGED_CALLS.includes(item["type"])).length;
  return { ...(searches > 0 ? { webSearchRequests: searches } : {}), ...(tools > 0 ? { toolCalls: tools } : {}) };
}

/** Whether an output item is a search of the web. Opening a page and finding text in it come without a charge. */
function isSearch(item: JsonObject): boolean {
  if (item["type"] !== "web_search_call") return false;
  const action = objectIn(item, "action");
  return action === null || action["type"] === "search";
}

function withToolUsage(usage: JsonObject, toolUsage: JsonObject | null): JsonObject {
  return toolUsage === null ? usage : { ...usage, tool_usage: toolUsage };
}
