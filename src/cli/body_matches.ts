/**
 * Finds words in stored bodies, and cuts the place out for showing.
 *
 * Bodies are JSON as a rule, so a text is looked for as typed and as JSON writes it. A streamed answer holds its sentences in
 * pieces; those are joined and searched as well.
 *
 * Imports: ./table.ts.
 *
 * @module
 */

import { showable } from "./table.ts";

/** Characters that are shown on either side of a find. */
const AROUND = 40;
/** A body with more streams of text than this is searched as it stands only. */
const MAX_STREAMS = 1_000;

/** Answers with the surroundings of the first find in a text, or `null`. */
export type Finder = (text: string) => string | null;

/** @param wanted Compared without regard to case; not empty. */
export function createFinder(wanted: string): Finder {
  const quoted = JSON.stringify(wanted).slice(1, -1);
  const forms = [...new Set([wanted, quoted, asciiOnly(quoted)].map((form) => form.toLowerCase()))];
  return (text) =>
    excerptOf(text, forms) ?? joinedStreams(text).map((stream) => excerptOf(stream, forms)).find(isFound) ?? null;
}

function isFound(excerpt: string | null): boolean {
  return excerpt !== null;
}

function excerptOf(text: string, forms: readonly string[]): string | null {
  const lower = text.toLowerCase();
  // Lower case may have another length in some scripts; then places would be off.
  const source = lower.length === text.length ? text : lower;
  for (const form of forms) {
    const at = lower.indexOf(form);
    if (at < 0) continue;
    const [from, to] = [Math.max(0, at - AROUND), Math.min(source.length, at + form.length + AROUND)];
    const middle = showable(source.slice(from, to).replace(/\s+/g, " "));
    return `${from > 0 ? "…" : ""}${middle}${to < source.length ? "…" : ""}`;
  }
  return null;
}

/** `é` as `\u00e9`, which is how some libraries write JSON. */
function asciiOnly(text: string): string {
  return text.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** What the strings of one place in successive events of a stream make together. */
function joinedStreams(text: string): string[] {
  const streams = new Map<string, string[]>();
  for (const event of eventsIn(text)) collect(event, "", streams);
  return [...streams.values()].filter((pieces) => pieces.length > 1).map((pieces) => pieces.join(""));
}

/** The events of an event stream, or the elements of an array of chunks; none for any other text. */
function eventsIn(text: string): unknown[] {
  if (/^\s*\[/.test(text)) {
    const chunks = parsed(text);
    return Array.isArray(chunks) ? chunks : [];
  }
  if (!/^(?:data|event|id):/m.test(text.slice(0, 200))) return [];
  return [...text.matchAll(/^data: ?(\{.*\})\r?$/gm)].map(([, data = ""]) => parsed(data));
}

/** Elements of an array count as one place, unless they carry an `index`. */
function collect(value: unknown, place: string, streams: Map<string, string[]>): void {
  if (typeof value === "string") {
    const pieces = streams.get(place);
    if (pieces !== undefined) pieces.push(value);
    else if (streams.size < MAX_STREAMS) streams.set(place, [value]);
  } else if (Array.isArray(value)) {
    for (const element of value) collect(element, place, streams);
  } else if (typeof value === "object" && value !== null) {
    const index = "index" in value ? `#${value.index}` : "";
    for (const [key, member] of Object.entries(value)) collect(member, `${place}${index}.${key}`, streams);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
