/**
 * Reads a stored body as a conversation, by its shape rather than by its address: the formats do not collide.
 *
 * A body may have been cut, and a stream may have ended early; what is there is shown. `null` means that no known format
 * fits, and only the raw text can be shown.
 *
 * Imports: pages/conversation.
 *
 * @module
 */

import { contentParts, toolNames } from "./blocks.ts";
import { geminiAnswer, geminiTurns } from "./gemini.ts";
import { type JsonObject, listOf, objectOf, objectsOf, parseCutJson, parseJson, textOf } from "./json.ts";
import { anthropicAnswer, anthropicStream, chatStream, choiceTurns, messageTurns } from "./messages.ts";
import { responsesAnswer, responsesStream, responsesTurns } from "./responses.ts";
import type { Conversation, Turn } from "./turns.ts";

/** Settings of a request that change what it costs or how it answers. */
const SETTINGS = [
  "max_tokens",
  "max_completion_tokens",
  "max_output_tokens",
  "temperature",
  "top_p",
  "stream",
  "service_tier",
  "reasoning_effort",
  "speed",
];

/** The request's body. */
export function readRequest(text: string): Conversation | null {
  const body = objectOf(parseCutJson(text)) ?? firstMessage(text);
  if (body === null) return null;
  const inner = objectOf(body["request"]) ?? objectOf(body["response"]) ?? body; // Code Assist and sockets wrap it.
  const turns = requestTurns(inner);
  if (turns === null) return null;
  const settings = { ...inner, ...objectOf(inner["generationConfig"]), ...objectOf(inner["thinking"]) };
  return {
    turns: withToolNames(turns),
    tools: toolNames(inner["tools"]),
    settings: Object.entries(settings).flatMap(([name, value]) => {
      const shown = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
      return shown && (SETTINGS.includes(name) || /^(?:budget_tokens|maxOutputTokens|topP)$/.test(name))
        ? [[name, String(value)] as const]
        : [];
    }),
  };
}

/** Formats tie a result to its call by an id; readers would rather see the tool's name. */
function withToolNames(turns: readonly Turn[]): Turn[] {
  const names = new Map<string, string>();
  for (const part of turns.flatMap(({ parts }) => parts)) {
    if (part.kind === "call" && part.id !== null) names.set(part.id, part.name);
  }
  return turns.map(({ role, parts }) => ({
    role,
    parts: parts.map((part) => part.kind === "result" ? { ...part, of: names.get(part.of ?? "") ?? part.of } : part),
  }));
}

function requestTurns(body: JsonObject): Turn[] | null {
  if (Array.isArray(body["messages"])) return messageTurns(body);
  if (Array.isArray(body["contents"])) return geminiTurns(body);
  if (body["input"] !== undefined) return responsesTurns(body);
  if (body["prompt"] !== undefined) return [{ role: "user", parts: contentParts(body["prompt"]) }];
  return null;
}

/** The response's body: JSON, an event stream, or messages of a socket. */
export function readResponse(text: string): Conversation | null {
  const events = eventsOf(text);
  const value = events.length > 0 ? null : parseCutJson(text);
  const objects = events.length > 0 ? events : Array.isArray(value) ? objectsOf(value) : [objectOf(value) ?? {}];
  const turns = answerTurns(
    objects.map((each) =>
      objectOf(each["response"]) !== null && each["type"] === undefined
        ? objectOf(each["response"]) ?? {} // Code Assist wraps each chunk.
        : each
    ),
  );
  return turns === null ? null : { turns, tools: [], settings: [] };
}

function answerTurns(objects: readonly JsonObject[]): Turn[] | null {
  const [first] = objects;
  if (first === undefined) return null;
  const typed = (prefix: string) => objects.some(({ type }) => typeof type === "string" && type.startsWith(prefix));
  const failure = objects.map(({ error }) => error).find((error) => error !== undefined && error !== null);
  const failed: Turn[] = failure === undefined ? [] : [{ role: "assistant", parts: [errorNote(failure)] }];
  const turns = typed("message_start") || typed("content_block")
    ? anthropicStream(objects)
    : typed("response.")
    ? responsesStream(objects)
    : objects.some((chunk) => Array.isArray(chunk["candidates"]) || chunk["promptFeedback"] !== undefined)
    ? geminiAnswer(objects)
    : objects.some((chunk) => chunk["object"] === "chat.completion.chunk" || chunkChoice(chunk))
    ? chatStream(objects)
    : Array.isArray(first["choices"])
    ? choiceTurns(first)
    : Array.isArray(first["output"])
    ? responsesAnswer(first)
    : first["type"] === "message" || Array.isArray(first["content"])
    ? anthropicAnswer(first)
    : [];
  const all = [...turns, ...failed];
  return all.length > 0 ? all : null;
}

function chunkChoice(chunk: JsonObject): boolean {
  return objectsOf(chunk["choices"]).some((choice) => choice["delta"] !== undefined);
}

function errorNote(error: unknown) {
  const text = textOf(error) ?? textOf(objectOf(error)?.["message"]) ?? "no message";
  return { kind: "note", text: `error: ${text}` } as const;
}

/** Data of an event stream's events, and messages of a socket, one a line. A last event that was cut is read as far as it goes. */
function eventsOf(text: string): JsonObject[] {
  if (/^\s*[{[]/.test(text)) return socketMessages(text);
  if (!/^(?:data|event|id|retry|:)/m.test(text.slice(0, 4_096))) return [];
  return text.split(/\r?\n\r?\n|\r\r/).flatMap((block) => {
    const data = block.split(/\r\n|\n|\r/).flatMap((line) =>
      line.startsWith("data:") ? [line.slice(5).trimStart()] : []
    );
    const value = objectOf(parseCutJson(data.join("\n")));
    return value === null ? [] : [value];
  });
}

function socketMessages(text: string): JsonObject[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length < 2 || parseJson(text) !== undefined) return [];
  const messages = lines.map((line) => objectOf(parseJson(line)));
  // The last line may have been cut.
  const known = messages.filter((message) => message !== null);
  return known.length >= Math.max(2, lines.length - 1) ? known : [];
}

/** The message of a socket that asks for an answer. */
function firstMessage(text: string): JsonObject | null {
  return socketMessages(text).find((message) => {
    return listOf(message["input"]).length > 0 || textOf(message["type"])?.startsWith("response.create") === true;
  }) ?? null;
}
