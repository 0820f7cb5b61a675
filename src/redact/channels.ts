/**
 * Finds secrets that a stream delivers in pieces, and masks each piece where it stands.
 *
 * Strings of one place in successive events (json_strings.ts) are joined and searched as one text. The first piece of a secret
 * becomes the mask, the others become empty. Only bytes between the quotes of those strings change.
 *
 * Imports: ./characters.ts, ./json_strings.ts, ./redact.ts, ./scan.ts.
 *
 * @module
 */

import { BACKSLASH } from "./characters.ts";
import { type EventBreak, stringsByPlace, type StringValue } from "./json_strings.ts";
import { type Edit, maskEdits } from "./redact.ts";
import { findSecrets } from "./scan.ts";

/**
 * What providers send when a text is complete: `content_block_stop`, `message_stop`, `response.output_text.done`,
 * `response.completed`, `"finish_reason":"stop"`, `"finishReason": "STOP"`, `[DONE]`. A text after the last of these is cut.
 */
const COMPLETE =
  /\[DONE\]|"[a-z_.]{1,60}(?:_stop|\.(?:stop|done|completed|incomplete|failed))"|"finish_?[rR]eason"\s{0,8}:\s{0,8}"/g;

/** Edits for every secret in the joined pieces of a text made of events. */
export function splitSecretEdits(text: string, eventBreak: EventBreak): Edit[] {
  let completeAt = -1;
  for (const match of text.matchAll(COMPLETE)) completeAt = match.index;
  const edits: Edit[] = [];
  for (const pieces of stringsByPlace(text, eventBreak)) {
    // A secret within one string is found where it stands.
    const last = pieces.length > 1 ? pieces.at(-1) : undefined;
    if (last !== undefined) edits.push(...editsOf(text, pieces, last.start > completeAt ? "cut" : "whole"));
  }
  return edits;
}

function editsOf(text: string, pieces: readonly StringValue[], ending: "cut" | "whole"): Edit[] {
  const decoded = pieces.map((piece) => decode(text, piece));
  const joined = decoded.join("");
  const edits: Edit[] = [];
  let index = 0;
  let offset = 0;
  for (const { start, end, rule, mask } of maskEdits(joined, findSecrets(joined, ending))) {
    let first = true;
    for (;;) {
      const piece = pieces[index];
      const length = decoded[index]?.length ?? 0;
      if (piece === undefined) break;
      const from = Math.max(start - offset, 0);
      const to = Math.min(end - offset, length);
      if (from < to) {
        const range = { start: sourceAt(text, piece, from), end: sourceAt(text, piece, to) };
        edits.push({ ...range, rule, mask: first ? mask.replaceAll('"', '\\"') : "" });
        first = false;
      }
      if (end - offset <= length) break;
      offset += length;
      index++;
    }
  }
  return edits;
}

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** The text that a JSON string stands for. A half escape at the end of a cut string is left out. */
function decode(text: string, { start, end, escaped }: StringValue): string {
  const source = text.slice(start, end);
  if (!escaped) return source;
  return source.replaceAll(/\\(?:u([0-9a-fA-F]{4})|u[^]{0,3}$|([^])|$)/g, (_, code?: string, letter?: string) => {
    if (code !== undefined) return String.fromCharCode(parseInt(code, 16));
    return letter === undefined ? "" : ESCAPES[letter] ?? letter;
  });
}

/** Where in the source the decoded unit number `units` of a string begins. */
function sourceAt(text: string, { start, end, escaped }: StringValue, units: number): number {
  if (!escaped) return start + units;
  let at = start;
  for (let unit = 0; unit < units && at < end; unit++) {
    if (text.charCodeAt(at) !== BACKSLASH) at++;
    else at += text[at + 1] === "u" ? 6 : 2;
  }
  return Math.min(at, end);
}
