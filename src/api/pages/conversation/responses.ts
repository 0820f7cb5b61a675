/**
 * Bodies of OpenAI's Responses: a list of items in, a list of items out.
 *
 * Imports: ./blocks.ts, ./json.ts, ./messages.ts, ./turns.ts.
 *
 * @module
 */

import { blockParts, callPart, contentParts, resultPart, thinkingParts } from "./blocks.ts";
import { type JsonObject, objectOf, objectsOf, textOf } from "./json.ts";
import { messageTurn, stopNote } from "./messages.ts";
import { appendText, type Part, type Turn } from "./turns.ts";

/** Turns of a request with `input`: a text, or items. */
export function responsesTurns(body: JsonObject): Turn[] {
  const instructions = contentParts(body["instructions"]);
  const system: Turn[] = instructions.length > 0 ? [{ role: "system", parts: instructions }] : [];
  const input = body["input"];
  const items = objectsOf(input);
  const turns = items.length > 0 ? items.map(itemTurn) : [{ role: "user" as const, parts: contentParts(input) }];
  return [...system, ...turns];
}

/** One item, of a request or an answer. */
export function itemTurn(item: JsonObject): Turn {
  const type = textOf(item["type"]) ?? "message";
  if (type === "message") return messageTurn(item);
  if (type.endsWith("_call_output")) return { role: "tool", parts: [resultPart(item, item["call_id"])] };
  if (type === "function_call" || type === "custom_tool_call") {
    return { role: "assistant", parts: [callPart(item["name"], item["arguments"] ?? item["input"], item["call_id"])] };
  }
  if (type === "reasoning") return { role: "assistant", parts: reasoningParts(item) };
  if (type.endsWith("_call") && type !== "image_generation_call") {
    return {
      role: "assistant",
      parts: [callPart(type.slice(0, -"_call".length), item["action"] ?? item["arguments"])],
    };
  }
  return { role: "assistant", parts: blockParts(item) };
}

function reasoningParts(item: JsonObject): Part[] {
  const texts = [...objectsOf(item["summary"]), ...objectsOf(item["content"])]
    .map((part) => textOf(part["text"]) ?? "").filter((text) => text !== "");
  return thinkingParts(texts.join("\n\n"));
}

/** The answer, not streamed. */
export function responsesAnswer(response: JsonObject): Turn[] {
  const parts = objectsOf(response["output"]).map(itemTurn).flatMap((turn) => turn.parts);
  const incomplete = objectOf(response["incomplete_details"])?.["reason"];
  return [{ role: "assistant", parts: [...parts, ...stopNote(incomplete)] }];
}

/** Puts a stream of events together: the last event holds it all; a stream that was cut, what its pieces add up to. */
export function responsesStream(events: readonly JsonObject[]): Turn[] {
  const last = events.findLast((event) => {
    return objectsOf(objectOf(event["response"])?.["output"]).length > 0 && event["type"] !== "response.created" &&
      event["type"] !== "response.in_progress";
  });
  const whole = objectOf(last?.["response"]);
  if (whole !== null) return responsesAnswer(whole);
  const parts: Part[] = [];
  for (const event of events) {
    const delta = textOf(event["delta"]) ?? "";
    if (event["type"] === "response.output_text.delta") appendText(parts, "text", delta);
    if (event["type"] === "response.reasoning_summary_text.delta") appendText(parts, "thinking", delta);
    const item = objectOf(event["item"]);
    if (event["type"] === "response.output_item.done" && item !== null && item["type"] === "function_call") {
      parts.push(callPart(item["name"], item["arguments"], item["call_id"]));
    }
  }
  return [{ role: "assistant", parts }];
}
