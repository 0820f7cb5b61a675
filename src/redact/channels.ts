/**
 * Finds secrets that a stream delivers in pieces, and masks each piece where it stands.
 *
 * Strings of one place in successive events (json_strings.ts) are joined and searched as one text. The first piece of a secret
 * becomes the mask, the others become empty. Only bytes between the quotes of those strings change.
 *
 * Imports: ./characters.ts, ./json_strings.ts, ./redact.ts, ./scan.ts, ./unfinished.ts.
 *
 * @module
 */

import { afterEscape, BACKSLASH } from "./characters.ts";
import { type EventBreak, stringsByPlace, type StringValue } from "./json_strings.ts";
import { type Edit, maskEdits } from "./redact.ts";
import { type Ending, type Find, findSecrets, type Found } from "./scan.ts";
import { addLastWord, unfinishedWord } from "./unfinished.ts";

/**
 * What providers send when a text is complete: `content_block_stop`, `message_stop`, `response.output_text.done`,
 * `response.completed`, `"finish_reason":"stop"`, `"finishReason": "STOP"`, `[DONE]`. A text after the last of these is cut.
 */
const COMPLETE =
  /\[DONE\]|"[a-z_.]{1,60}(?:_stop|\.(?:stop|done|completed|incomplete|failed))"|"finish_?[rR]eason"\s{0,8}:\s{0,8}"/g;

/** Edits for every secret of a text made of events, whether one string holds it or several. */
export function streamEdits(text: string, eventBreak: EventBreak, find: Find = findSecrets): Edit[] {
  let completeAt = -1;
  for (const match of text.matchAll(COMPLETE)) completeAt = match.index;
  const found = find(text, "cut");
  const split: Edit[] = [];
  for (const pieces of stringsByPlace(text, eventBreak)) {
    // A secret within one string is found where it stands.
    const last = pieces.length > 1 ? pieces.at(-1) : undefined;
    if (last === undefined) continue;
    const joined = new Joined(text, pieces);
    split.push(...joined.edits(last.start > completeAt ? "cut" : "whole", eventBreak === "blank-line", find));
    joined.keepEscapes(found);
  }
  // What the joined text shows of a secret is listed first, since it knows what stands around it.
  return [...split, ...maskEdits(text, found.filter(({ start, end }) => start < end))];
}

/** The text that several strings make together, and where each part of it stands in the source. */
class Joined {
  readonly #source: string;
  readonly #pieces: readonly StringValue[];
  /** Where each piece begins in the joined text; one more than there are pieces. */
  readonly #offsets: number[] = [0];
  readonly #text: string;

  constructor(source: string, pieces: readonly StringValue[]) {
    this.#source = source;
    this.#pieces = pieces;
    const decoded = pieces.map((piece) => decode(source, piece));
    this.#text = decoded.join("");
    for (const { length } of decoded) this.#offsets.push((this.#offsets.at(-1) ?? 0) + length);
  }

  /** @param told Whether an ending of `cut` is what the stream itself tells, so that its last word may be half of one. */
  edits(ending: Ending, told: boolean, find: Find): Edit[] {
    const edits: Edit[] = [];
    let index = 0;
    const last = told && ending === "cut" ? unfinishedWord(this.#text) : null;
    for (const secret of maskEdits(this.#text, addLastWord(find(this.#text, ending), last))) {
      let mask = secret.mask.replaceAll('"', '\\"');
      for (; index < this.#pieces.length; index++) {
        const range = this.#rangeIn(index, secret);
        if (range !== null) {
          edits.push({ ...range, rule: secret.rule, mask });
          mask = "";
        }
        if (secret.end <= (this.#offsets[index + 1] ?? 0)) break;
      }
    }
    return edits;
  }

  /** What piece number `index` holds of a secret of the joined text, in the source. */
  #rangeIn(index: number, secret: Found): { start: number; end: number } | null {
    const piece = this.#pieces[index];
    const offset = this.#offsets[index] ?? 0;
    const from = Math.max(secret.start, offset);
    const to = Math.min(secret.end, this.#offsets[index + 1] ?? 0);
    if (piece === undefined || from >= to) return null;
    return { start: sourceAt(this.#source, piece, from - offset), end: sourceAt(this.#source, piece, to - offset) };
  }

  /**
   * Moves finds at the start of a piece out of an escape sequence that the piece before began, such as `\` and `nalice@…` in
   * two deltas of a tool's JSON. `found` holds finds in the source, in order; they stay so.
   */
  keepEscapes(found: Found[]): void {
    for (const [index, piece] of this.#pieces.entries()) {
      const next = firstFrom(found, piece.start);
      const find = found[next];
      if (find === undefined || find.start > piece.start + ESCAPE_LENGTH || find.start >= piece.end) continue;
      const offset = this.#offsets[index] ?? 0;
      const start = offset + decode(this.#source, { ...piece, end: find.start }).length;
      const moved = afterEscape(this.#text, start);
      if (moved > start) found[next] = { ...find, start: sourceAt(this.#source, piece, moved - offset) };
    }
  }
}

/** Index of the first find that starts at or after `position`. */
function firstFrom(found: readonly Found[], position: number): number {
  let low = 0;
  let high = found.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((found[middle]?.start ?? 0) < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The longest escape sequence: `\uXXXX`. */
const ESCAPE_LENGTH = 6;

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
