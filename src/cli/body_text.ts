/**
 * A stored body as a person reads it: JSON indented, event streams as one paragraph per event, control characters harmless.
 *
 * Works on text that was cut anywhere: nothing is parsed into values, so that every digit and every key stays as it was.
 *
 * Imports: nothing.
 *
 * @module
 */

const INDENT = "  ";
/** Deeper nesting is not indented any further, so that a hostile text cannot make the lines grow without end. */
const MAX_INDENT = 40;

/** The text of a body, laid out. `contentType` as sent, or null. */
export function readableBody(text: string, contentType: string | null): string {
  const type = contentType?.toLowerCase() ?? "";
  if (type.includes("event-stream") || /^(?:data:|event:|id:|retry:|:)/.test(text)) return readableEvents(text);
  if (/ndjson|jsonl|json-seq/.test(type)) return text.split("\n").map(readableValue).join("\n");
  return readableValue(text);
}

/** Text without characters that would steer a terminal; line breaks and tabs stay. */
export function harmless(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => character === "\n" || character === "\t" ? character : "\ufffd",
  );
}

/** Each field on a line of its own, the data indented below. */
function readableEvents(text: string): string {
  return text.split(/\r\n|\n|\r/).map((line) => {
    const data = /^data: ?(.*)$/.exec(line)?.[1];
    return data === undefined ? line : `data: ${readableValue(data)}`;
  }).join("\n");
}

/** `[DONE]`, which ends some streams, is no JSON. */
function readableValue(text: string): string {
  return /^\s*(?:\{|\[\s*(?:["{[\]\-\dtfn]|$))/.test(text) ? indentJson(text) : text;
}

/** Puts members and elements on lines of their own. White space between tokens goes; tokens stay as they are. */
export function indentJson(text: string): string {
  const pieces: string[] = [];
  let depth = 0;
  const newLine = () => pieces.push("\n", INDENT.repeat(Math.min(Math.max(depth, 0), MAX_INDENT)));
  for (const token of jsonTokens(text)) {
    if (token === "{" || token === "[") {
      pieces.push(token);
      depth++;
      newLine();
    } else if (token === "}" || token === "]") {
      depth--;
      newLine();
      pieces.push(token);
    } else if (token === ",") {
      pieces.push(token);
      newLine();
    } else pieces.push(token === ":" ? ": " : token);
  }
  return pieces.join("");
}

/** Strings, words, marks, and `{}` or `[]` as one; the last token may be cut. */
function* jsonTokens(text: string): Generator<string> {
  const token = /[{[]\s{0,64}[}\]]|[{}[\],:]|[^\s"{}[\],:]+|"/g;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [found] = match;
    if (found === '"') {
      const end = stringEnd(text, match.index);
      token.lastIndex = end;
      yield text.slice(match.index, end);
    } else yield found.length > 1 && /^[{[]/.test(found) ? found.replace(/\s+/g, "") : found;
  }
}

/** Where the string that begins at `start` ends, its closing quote included. A loop, since a string may have megabytes. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}
