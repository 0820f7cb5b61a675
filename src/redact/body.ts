/**
 * Redacts a message body in whichever form it has.
 *
 * JSON stays JSON, event streams and JSON lines keep every byte but those of secrets, forms keep their names. In streams, a
 * secret that is split over several deltas is found too (channels.ts). Bodies are taken as they were kept: whole, or cut
 * anywhere.
 *
 * Imports: ./channels.ts, ./redact.ts, ./target.ts, types of ./json_strings.ts.
 *
 * @module
 */

import { streamEdits } from "./channels.ts";
import type { EventBreak } from "./json_strings.ts";
import { addCounts, applyEdits, type Redacted, redactText } from "./redact.ts";
import { redactQuery } from "./target.ts";

/** How a body is read: as one text, as events, or as the query of a form. */
type Form = "text" | "form" | EventBreak;

/**
 * Masks every secret of a body.
 *
 * @param text The decoded body, or as much of it as was kept.
 * @param contentType The `Content-Type` field as sent, or null. What the text looks like decides where it says nothing.
 */
export function redactBody(text: string, contentType: string | null): Redacted {
  const form = formOf(text, contentType?.toLowerCase() ?? "");
  if (form === "text") return redactText(text, "cut");
  if (form === "form") {
    const query = redactQuery(text);
    const rest = redactText(query.text, "cut");
    return { text: rest.text, counts: addCounts(query.counts, rest.counts) };
  }
  return applyEdits(text, streamEdits(text, form));
}

function formOf(text: string, contentType: string): Form {
  if (contentType.includes("text/event-stream") || /^\s{0,64}(?:data:|(?:event|id|retry): |:\s)/.test(text)) {
    return "blank-line";
  }
  if (contentType.includes("x-www-form-urlencoded")) return "form";
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
