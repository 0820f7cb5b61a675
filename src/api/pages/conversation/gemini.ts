/**
 * Bodies of Gemini: contents in, candidates out.
 *
 * Imports: ./blocks.ts, ./json.ts, ./messages.ts, ./turns.ts.
 *
 * @module
 */

import { callPart, TOO_DEEP } from "./blocks.ts";
import { type JsonObject, laidOut, objectOf, objectsOf, textOf } from "./json.ts";
import { roleOf, stopNote } from "./messages.ts";
import { appendText, type Part, type Turn } from "./turns.ts";

/** Turns of a request with `contents`. */
export function geminiTurns(body: JsonObject): Turn[] {
  const system = objectOf(body["systemInstruction"] ?? body["system_instruction"]);
  return [
    ...(system === null ? [] : [{ role: "system" as const, parts: contentParts(system) }]),
    ...objectsOf(body["contents"]).map(contentTurn),
  ];
}

/** The answer: one object, or the chunks of a stream, whose texts are joined. */
export function geminiAnswer(chunks: readonly JsonObject[]): Turn[] {
  const candidates = new Map<number, Part[]>();
  for (const candidate of chunks.flatMap((chunk) => objectsOf(chunk["candidates"]))) {
    const index = Number(candidate["index"] ?? 0);
    const parts = candidates.get(index) ?? [];
    candidates.set(index, parts);
    for (const part of contentParts(objectOf(candidate["content"]) ?? {})) {
      if (part.kind === "text" || part.kind === "thinking") appendText(parts, part.kind, part.text);
      else parts.push(part);
    }
    parts.push(...stopNote(candidate["finishReason"]));
  }
  const blocked = chunks.map((chunk) => objectOf(chunk["promptFeedback"])?.["blockReason"]).find((why) =>
    why !== undefined
  );
  const notes = stopNote(blocked);
  if (candidates.size === 0 && notes.length > 0) return [{ role: "assistant", parts: notes }];
  return [...candidates.values()].map((parts) => ({ role: "assistant", parts }));
}

function contentTurn(content: JsonObject): Turn {
  const parts = contentParts(content);
  const onlyResults = parts.length > 0 && parts.every(({ kind }) => kind === "result");
  return { role: onlyResults ? "tool" : roleOf(content["role"]), parts };
}

function contentParts(content: JsonObject): Part[] {
  return objectsOf(content["parts"]).map(partOf);
}

function partOf(part: JsonObject): Part {
  const text = textOf(part["text"]);
  if (text !== null) return { kind: part["thought"] === true ? "thinking" : "text", text };
  const media = objectOf(part["inlineData"] ?? part["inline_data"] ?? part["fileData"] ?? part["file_data"]);
  if (media !== null) {
    const type = textOf(media["mimeType"] ?? media["mime_type"]);
    return { kind: "media", what: type?.split("/")[0] ?? "file", detail: type };
  }
  const call = objectOf(part["functionCall"] ?? part["function_call"]);
  if (call !== null) return callPart(call["name"], call["args"]);
  const result = objectOf(part["functionResponse"] ?? part["function_response"]);
  if (result !== null) {
    const given = laidOut(result["response"] ?? {}) ?? TOO_DEEP;
    return { kind: "result", of: textOf(result["name"]), text: given, failed: false };
  }
  const code = objectOf(part["executableCode"]);
  if (code !== null) return callPart("code", code["code"]);
  const output = objectOf(part["codeExecutionResult"]);
  if (output !== null) return { kind: "result", of: "code", text: textOf(output["output"]) ?? "", failed: false };
  return { kind: "note", text: `${Object.keys(part)[0] ?? "empty part"} (see the raw text)` };
}
