/**
 * Redacts a message body in whichever form it has.
 *
 * JSON stays JSON, event streams and JSON lines keep every byte but those of secrets, forms and multipart bodies keep their
 * names and boundaries. In streams, a secret that is split over several deltas is found too (channels.ts). Bodies are taken
 * as they were kept: whole, or cut anywhere.
 *
 * Imports: ./channels.ts, ./multipart.ts, ./redact.ts, ./scan.ts, ./target.ts, ./unfinished.ts, types of ./json_strings.ts.
 *
 * @module
 */

import { streamEdits } from "./channels.ts";
import type { EventBreak } from "./json_strings.ts";
import { type Part, partsOf } from "./multipart.ts";
import { applyEdits, type Edit, maskEdits, placeholder, type Redacted } from "./redact.ts";
import { type Find, findSecrets, type Found } from "./scan.ts";
import { isSensitive, queryEdits } from "./target.ts";
import { addLastWord, isCutJson, unfinishedWord } from "./unfinished.ts";

/** How a body is read: as one text, as events, as the query of a form, or part by part. */
type Form = "text" | "form" | "multipart" | EventBreak;

/** What no secret can be read from. */
const BINARY = /^(?:image|audio|video|font)\//;

/**
 * Masks every secret of a body.
 *
 * @param text The decoded body, or as much of it as was kept.
 * @param contentType The `Content-Type` field as sent, or null. What the text looks like decides where it says nothing.
 * @param find What counts as a secret; the built-in rules unless told otherwise.
 */
export function redactBody(text: string, contentType: string | null, find: Find = findSecrets): Redacted {
  return applyEdits(text, bodyEdits(text, contentType, find));
}

/** What {@link redactBody} does to the text, stretch by stretch; stretches may overlap. */
export function bodyEdits(text: string, contentType: string | null, find: Find = findSecrets): Edit[] {
  const type = contentType?.toLowerCase() ?? "";
  const form = formOf(text, type);
  switch (form) {
    case "text":
      return maskEdits(text, withLastWord(text, find(text, "cut")));
    case "form":
      return [...queryEdits(text, find, true), ...maskEdits(text, find(text, "cut"))];
    case "multipart": {
      // The boundary is case-sensitive.
      const parts = partsOf(text, contentType ?? "");
      if (parts === null) return maskEdits(text, find(text, "cut"));
      return [
        ...headEdits(text, parts, find),
        ...parts.flatMap((part) => partEdits(text.slice(part.start, part.end), part, find)),
      ];
    }
    default:
      return streamEdits(text, form, find);
  }
}

/** What was found, and the last word of JSON that was cut. */
function withLastWord(text: string, found: Found[]): Found[] {
  return addLastWord(found, isCutJson(text) ? unfinishedWord(text) : null);
}

function formOf(text: string, contentType: string): Form {
  if (contentType.includes("text/event-stream") || /^\s{0,64}(?:data:|(?:event|id|retry): |:\s)/.test(text)) {
    return "blank-line";
  }
  if (contentType.includes("x-www-form-urlencoded")) return "form";
  if (contentType.startsWith("multipart/")) return "multipart";
  // Gemini streams without `alt=sse` are one array of chunks.
  if (/^\s{0,64}\[\s{0,64}\{/.test(text)) return "never";
  return /ndjson|jsonl|json-seq/.test(contentType) || looksLikeLines(text) ? "line" : "text";
}

/** Whether the first line is an object and the second begins one. */
function looksLikeLines(text: string): boolean {
  const lineEnd = text.indexOf("\n");
  if (lineEnd < 0 || !text.startsWith("{")) return false;
  return /\}\r?$/.test(text.slice(Math.max(0, lineEnd - 2), lineEnd)) && text.startsWith("{", lineEnd + 1);
}

/** Edits of what stands between the contents of parts: boundaries, names of fields and files. */
function headEdits(text: string, parts: readonly Part[], find: Find): Edit[] {
  let at = 0;
  return [...parts, { start: text.length, end: text.length }].flatMap(({ start, end }) => {
    const from = at;
    at = end;
    const head = text.slice(from, start);
    return maskEdits(head, find(head, "whole")).map((edit) => {
      return { ...edit, start: edit.start + from, end: edit.end + from };
    });
  });
}

/** Edits of one part, in the source of the whole body. A part that holds parts is searched as text. */
function partEdits(content: string, { start, contentType, name, isFile }: Part, find: Find): Edit[] {
  const type = contentType?.toLowerCase() ?? "";
  if (BINARY.test(type)) return [];
  if (name !== null && !isFile && isSensitive(name) && content !== "") {
    return [{ start, end: start + content.length, rule: "query", mask: placeholder("query") }];
  }
  const edits = type.startsWith("multipart/")
    ? maskEdits(content, find(content, "cut"))
    : bodyEdits(content, contentType, find);
  return edits.map((edit) => ({ ...edit, start: edit.start + start, end: edit.end + start }));
}
