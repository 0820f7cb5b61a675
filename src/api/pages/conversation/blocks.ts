/**
 * Content blocks of Anthropic messages, OpenAI chat messages and OpenAI response items as parts of a turn.
 *
 * Their names do not collide, so one reader serves all three. What is not known becomes a note with its type.
 *
 * Imports: ./json.ts, ./turns.ts.
 *
 * @module
 */

import { indented, type JsonObject, laidOut, listOf, objectOf, objectsOf, textOf } from "./json.ts";
import type { Part } from "./turns.ts";

/** The parts of a message's `content`: a text, or a list of blocks. */
export function contentParts(content: unknown): Part[] {
  const text = textOf(content);
  if (text !== null) return text === "" ? [] : [{ kind: "text", text }];
  return listOf(content).flatMap((block): Part[] => {
    const inner = textOf(block);
    if (inner !== null) return [{ kind: "text", text: inner }];
    const object = objectOf(block);
    return object === null ? [] : blockParts(object);
  });
}

/** One block. */
export function blockParts(block: JsonObject): Part[] {
  const type = textOf(block["type"]) ?? "block";
  switch (type) {
    case "text":
    case "input_text":
    case "output_text":
    case "summary_text":
    case "reasoning_text":
      return [{ kind: "text", text: textOf(block["text"]) ?? "" }];
    case "refusal":
      return [{ kind: "text", text: textOf(block["refusal"]) ?? "" }, { kind: "note", text: "refused" }];
    case "thinking":
      return thinkingParts(textOf(block["thinking"]));
    case "redacted_thinking":
      return [{ kind: "note", text: "thinking, encrypted by the provider" }];
    case "tool_use":
    case "server_tool_use":
    case "mcp_tool_use":
      return [callPart(block["name"], block["input"], block["id"])];
    default:
      return type.endsWith("tool_result") ? [resultPart(block)] : [mediaPart(type, block) ?? unknownPart(type)];
  }
}

/** Visible thinking; what the provider signed and left empty is said to be hidden. */
export function thinkingParts(text: string | null): Part[] {
  if (text === null || text === "") return [{ kind: "note", text: "thinking, not shown by the provider" }];
  return [{ kind: "thinking", text }];
}

/** Stands for a value that is nested too deep to be laid out. */
export const TOO_DEEP = "(deeply nested, see the raw text)";

/** A call of a tool. `input` is a value, or JSON text. */
export function callPart(name: unknown, input: unknown, id: unknown = null): Part {
  const text = textOf(input);
  return {
    kind: "call",
    id: textOf(id),
    name: textOf(name) ?? "tool",
    input: text === null ? laidOut(input ?? {}) ?? TOO_DEEP : indented(text),
  };
}

/** What a tool gave back, as one text; images in it are told of. */
export function resultPart(block: JsonObject, of: unknown = block["tool_use_id"]): Part {
  const content = block["content"] ?? block["output"];
  return { kind: "result", of: textOf(of), text: flatText(content), failed: block["is_error"] === true };
}

/** Text of a nested content. */
function flatText(content: unknown): string {
  const text = textOf(content);
  if (text !== null) return text;
  if (objectOf(content) !== null) return laidOut(content) ?? TOO_DEEP;
  return contentParts(content).map((part) => {
    return part.kind === "text" || part.kind === "thinking" || part.kind === "note" || part.kind === "result"
      ? part.text
      : part.kind === "media"
      ? `(${part.what})`
      : `${part.name} ${part.input}`;
  }).join("\n");
}

const MEDIA: Readonly<Record<string, string>> = {
  image: "image",
  image_url: "image",
  input_image: "image",
  image_generation_call: "image",
  document: "document",
  file: "file",
  input_file: "file",
  input_audio: "sound",
  audio: "sound",
  video_url: "video",
};

function mediaPart(type: string, block: JsonObject): Part | null {
  const what = Object.hasOwn(MEDIA, type) ? MEDIA[type] : undefined;
  if (what === undefined) return null;
  const source =
    ["source", "image_url", "input_audio", "file"].map((key) => objectOf(block[key])).find((found) => found !== null) ??
      block;
  const named = ["media_type", "format", "filename", "title", "file_id"].map((key) => textOf(source[key]))
    .find((found) => found !== null);
  const address = textOf(source["url"]) ?? textOf(block["image_url"]);
  return { kind: "media", what, detail: named ?? addressLabel(address) };
}

/** Where media is, without its data: the kind of a `data:` address, the host of another. */
function addressLabel(address: string | null): string | null {
  if (address === null) return null;
  const data = /^data:([^;,]*)/.exec(address);
  if (data !== null) return data[1] ?? null;
  return /^https?:\/\/([^/?#]+)/.exec(address)?.[1] ?? null;
}

function unknownPart(type: string): Part {
  return { kind: "note", text: `${type.replaceAll("_", " ")} (see the raw text)` };
}

/** Names of offered tools: Anthropic and Responses name them outside, chat inside `function`. */
export function toolNames(tools: unknown): string[] {
  return objectsOf(tools).flatMap((tool) => {
    const declared = objectsOf(tool["functionDeclarations"] ?? tool["function_declarations"]);
    if (declared.length > 0) return declared.map((each) => textOf(each["name"]) ?? "tool");
    const name = textOf(tool["name"]) ?? textOf(objectOf(tool["function"])?.["name"]) ?? textOf(tool["type"]);
    return [name ?? Object.keys(tool)[0] ?? "tool"];
  });
}
