/**
 * Bodies made of messages: Anthropic Messages and OpenAI chat completions, and the older completions beside them.
 *
 * Imports: ./blocks.ts, ./json.ts, ./turns.ts.
 *
 * @module
 */

import { blockParts, callPart, contentParts, resultPart, thinkingParts } from "./blocks.ts";
import { type JsonObject, objectOf, objectsOf, textOf } from "./json.ts";
import { appendText, type OpenTurn, type Part, type Role, type Turn } from "./turns.ts";

/** Turns of a request with `messages`, the system prompt first. */
export function messageTurns(body: JsonObject): Turn[] {
  const system = contentParts(body["system"]);
  const turns = objectsOf(body["messages"]).map(messageTurn);
  return system.length > 0 ? [{ role: "system", parts: system }, ...turns] : turns;
}

/** One message of either format. */
export function messageTurn(message: JsonObject): Turn {
  const role = roleOf(message["role"]);
  if (role === "tool") return { role, parts: [resultPart(message, message["tool_call_id"])] };
  const reasoning = textOf(message["reasoning_content"] ?? message["reasoning"]);
  const parts: Part[] = [
    ...(reasoning === null ? [] : thinkingParts(reasoning)),
    ...contentParts(message["content"]),
    ...refusalParts(message["refusal"]),
    ...toolCalls(message["tool_calls"]),
  ];
  // Anthropic sends what tools gave back in the user's name.
  const onlyResults = parts.length > 0 && parts.every(({ kind }) => kind === "result");
  return { role: onlyResults ? "tool" : role, parts };
}

/** The role that a format's word stands for. */
export function roleOf(value: unknown): Role {
  switch (value) {
    case "system":
    case "developer":
      return "system";
    case "assistant":
    case "model":
      return "assistant";
    case "tool":
    case "function":
      return "tool";
    default:
      return "user";
  }
}

function refusalParts(refusal: unknown): Part[] {
  const text = textOf(refusal);
  return text === null || text === "" ? [] : [{ kind: "text", text }, { kind: "note", text: "refused" }];
}

function toolCalls(calls: unknown): Part[] {
  return objectsOf(calls).map((call) => {
    const called = objectOf(call["function"]) ?? objectOf(call["custom"]) ?? call;
    return callPart(called["name"], called["arguments"] ?? called["input"], call["id"]);
  });
}

/** The answer of Anthropic Messages, not streamed. */
export function anthropicAnswer(body: JsonObject): Turn[] {
  const parts = objectsOf(body["content"]).flatMap(blockParts);
  return [{ role: "assistant", parts: [...parts, ...stopNote(body["stop_reason"])] }];
}

/** The answer of chat completions or completions, not streamed: a turn for each choice. */
export function choiceTurns(body: JsonObject): Turn[] {
  return objectsOf(body["choices"]).map((choice) => {
    const message = objectOf(choice["message"]);
    const turn = message === null
      ? { role: "assistant" as const, parts: contentParts(choice["text"]) }
      : messageTurn(message);
    return { role: turn.role, parts: [...turn.parts, ...stopNote(choice["finish_reason"])] };
  });
}

/** A remark when an answer stopped for another reason than being done. */
export function stopNote(reason: unknown): Part[] {
  const word = textOf(reason);
  const ordinary = [
    "end_turn",
    "stop",
    "STOP",
    "tool_use",
    "tool_calls",
    "function_call",
    "stop_sequence",
    "completed",
  ];
  return word === null || ordinary.includes(word)
    ? []
    : [{ kind: "note", text: `stopped: ${word.replaceAll("_", " ")}` }];
}

/** Puts a stream of Anthropic events together. */
export function anthropicStream(events: readonly JsonObject[]): Turn[] {
  const blocks = new Map<number, OpenTurn>();
  const inputs = new Map<number, string>();
  const notes: Part[] = [];
  for (const event of events) {
    const index = Number(event["index"] ?? 0);
    const block = objectOf(event["content_block"]);
    if (event["type"] === "content_block_start" && block !== null) {
      blocks.set(index, { role: "assistant", parts: openParts(block) });
    }
    const delta = objectOf(event["delta"]);
    if (delta === null) continue;
    notes.push(...stopNote(delta["stop_reason"]));
    const parts = blocks.get(index)?.parts;
    if (parts === undefined) continue;
    appendText(parts, "text", textOf(delta["text"]) ?? "");
    appendText(parts, "thinking", textOf(delta["thinking"]) ?? "");
    const piece = textOf(delta["partial_json"]);
    if (piece !== null) inputs.set(index, (inputs.get(index) ?? "") + piece);
  }
  const parts = [...blocks].flatMap(([index, { parts: own }]) => {
    const input = inputs.get(index);
    return input === undefined
      ? own
      : own.map((part) => part.kind === "call" ? callPart(part.name, input, part.id) : part);
  });
  return [{ role: "assistant", parts: [...parts, ...notes] }];
}

/** What a block begins with; text and thinking arrive later. */
function openParts(block: JsonObject): Part[] {
  if (block["type"] === "text" && block["text"] === "") return [];
  if (block["type"] === "thinking" && block["thinking"] === "") return [];
  return blockParts(block);
}

interface OpenChoice extends OpenTurn {
  readonly calls: Map<number, { name: string; input: string }>;
  readonly notes: Part[];
}

/** Puts a stream of chat completion chunks together. */
export function chatStream(chunks: readonly JsonObject[]): Turn[] {
  const choices = new Map<number, OpenChoice>();
  for (const choice of chunks.flatMap((chunk) => objectsOf(chunk["choices"]))) {
    const index = Number(choice["index"] ?? 0);
    const open: OpenChoice = choices.get(index) ?? { role: "assistant", parts: [], calls: new Map(), notes: [] };
    choices.set(index, open);
    const delta = objectOf(choice["delta"]) ?? {};
    appendText(open.parts, "thinking", textOf(delta["reasoning_content"] ?? delta["reasoning"]) ?? "");
    appendText(open.parts, "text", textOf(delta["content"]) ?? textOf(choice["text"]) ?? "");
    appendText(open.parts, "text", textOf(delta["refusal"]) ?? "");
    for (const call of objectsOf(delta["tool_calls"])) addCall(open.calls, call);
    open.notes.push(...stopNote(choice["finish_reason"]));
  }
  return [...choices.values()].map(({ role, parts, calls, notes }) => ({
    role,
    parts: [...parts, ...[...calls.values()].map(({ name, input }) => callPart(name, input)), ...notes],
  }));
}

function addCall(calls: OpenChoice["calls"], call: JsonObject): void {
  const index = Number(call["index"] ?? 0);
  const open = calls.get(index) ?? { name: "", input: "" };
  calls.set(index, open);
  const called = objectOf(call["function"]) ?? {};
  open.name += textOf(called["name"]) ?? "";
  open.input += textOf(called["arguments"]) ?? "";
}
