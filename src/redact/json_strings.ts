/**
 * Walks JSON source and reports every string value with the place where it stands, without building values.
 *
 * Made for event streams, JSON lines and arrays of chunks: several JSON texts in a row, the last of which may be cut
 * anywhere. Whatever is not JSON (`data:`, event names, comments) is passed over; nothing makes it fail.
 *
 * A place is the path of keys from the start of its event, elements of an array being alike unless they carry an `index`,
 * together with what tells two streams on one path apart: the event's `type` and the indexes and ids of the objects on
 * the path. Strings of one place in successive events are the pieces of one text.
 *
 * Imports: ./characters.ts.
 *
 * @module
 */

import { BACKSLASH, QUOTE } from "./characters.ts";

/** A string value: its source between the quotes. */
export interface StringValue {
  readonly start: number;
  readonly end: number;
  /** Whether the source holds escape sequences. */
  readonly escaped: boolean;
}

/** Where one event ends and the next begins. */
export type EventBreak = "blank-line" | "line" | "never";

/** Numbers and ids that tell parallel streams apart (Anthropic and OpenAI event formats). */
const MARKS = new Set(["index", "output_index", "content_index", "summary_index", "item_id", "stream_id", "jsonPath"]);

/** Strings that name things and repeat from event to event; joined, they would only make noise. */
const CONSTANT = new Set(
  ("id object model type role event_id response_id call_id tool_use_id obfuscation status finish_reason finishReason " +
    "stop_reason system_fingerprint service_tier modelVersion responseId traceId name event_type created_at").split(
      " ",
    ),
);

/** Deeper strings are not reported; no provider nests so deep. */
const MAX_DEPTH = 32;

/** Longer keys and ids are told apart by their beginning. */
const MAX_NAME = 96;
/** Marks of one object beyond this many characters are left out. */
const MAX_MARKS = 256;

/** A place that was met in some event; the same object for every event that has it. */
interface Stop {
  readonly next: Map<string, Stop>;
  /** Key → the stop that was last reached by it, whatever its marks. */
  readonly latest: Map<string, Stop>;
  /** Key → string values in the order of the text. */
  readonly strings: Map<string, StringValue[]>;
}

/** An object or array that is open, and its key in the one around it. */
interface Place {
  readonly parent: Place | null;
  readonly key: string;
  readonly depth: number;
  readonly isArray: boolean;
  marks: string;
  closed: boolean;
  /** Found when first asked for, after the event has been read to its end. */
  stop: Stop | null;
}

function newStop(): Stop {
  return { next: new Map(), latest: new Map(), strings: new Map() };
}

function placeIn(parent: Place | null, key: string, isArray: boolean): Place {
  return { parent, key, depth: parent === null ? 0 : parent.depth + 1, isArray, marks: "", closed: false, stop: null };
}

/** An object that the end of the text cut short may lack its marks; it is taken for the one last met under its key. */
function stopOf(place: Place, root: Stop): Stop {
  if (place.parent === null) return root;
  if (place.stop !== null) return place.stop;
  const around = stopOf(place.parent, root);
  const name = place.key + place.marks;
  const known = around.next.get(name) ?? (place.closed ? undefined : around.latest.get(place.key));
  const stop = known ?? newStop();
  if (known === undefined) around.next.set(name, stop);
  around.latest.set(place.key, stop);
  place.stop = stop;
  return stop;
}

/** Reads `text` from its start and groups its string values by place, each group in the order of the text. */
export function stringsByPlace(text: string, eventBreak: EventBreak): StringValue[][] {
  return new Walk(text, eventBreak).run();
}

class Walk {
  readonly #text: string;
  readonly #eventBreak: EventBreak;
  readonly #root = newStop();
  readonly #groups: StringValue[][] = [];
  /** Strings of the current event, whose places' marks may still change. */
  #pending: { place: Place; key: string; value: StringValue }[] = [];
  #place: Place = placeIn(null, "", true);
  /** The key whose value comes next; null before a key and in arrays. */
  #key: string | null = null;

  constructor(text: string, eventBreak: EventBreak) {
    this.#text = text;
    this.#eventBreak = eventBreak;
  }

  run(): StringValue[][] {
    const text = this.#text;
    let at = 0;
    while (at < text.length) {
      switch (text.charCodeAt(at)) {
        case QUOTE:
          at = this.#string(at + 1);
          continue;
        case 0x7b: // {
          this.#open(false);
          break;
        case 0x5b: // [
          this.#open(true);
          break;
        case 0x7d: // }
        case 0x5d: // ]
          this.#close();
          break;
        case 0x2c: // ,
          this.#key = null;
          break;
        case 0x0a:
        case 0x0d:
          this.#lineBreak(at);
          break;
        default:
          if (this.#key !== null && MARKS.has(this.#key)) at = this.#number(at) - 1;
      }
      at++;
    }
    this.#endEvent();
    return this.#groups;
  }

  #open(isArray: boolean): void {
    this.#place = placeIn(this.#place, this.#key ?? "#", isArray);
    this.#key = null;
  }

  #close(): void {
    this.#place.closed = true;
    this.#place = this.#place.parent ?? this.#place;
    this.#key = null;
    // An element of an outermost array, or a text of its own, is an event.
    if (this.#place.depth <= 1 && this.#place.isArray) this.#flush();
  }

  #lineBreak(at: number): void {
    if (this.#eventBreak === "never") return;
    const text = this.#text;
    const next = text[at] === "\r" && text[at + 1] === "\n" ? at + 2 : at + 1;
    const blank = text[next] === "\n" || text[next] === "\r";
    if (this.#eventBreak === "line" || blank) this.#endEvent();
  }

  #endEvent(): void {
    this.#flush();
    this.#place = placeIn(null, "", true);
    this.#key = null;
  }

  #flush(): void {
    for (const { place, key, value } of this.#pending) {
      const { strings } = stopOf(place, this.#root);
      const group = strings.get(key);
      if (group !== undefined) {
        group.push(value);
        continue;
      }
      const begun = [value];
      strings.set(key, begun);
      this.#groups.push(begun);
    }
    this.#pending = [];
  }

  /** Reads the string whose source starts at `start`; answers where reading goes on. */
  #string(start: number): number {
    const text = this.#text;
    let end = start;
    let escaped = false;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === QUOTE || code === 0x0a || code === 0x0d) break;
      if (code !== BACKSLASH) continue;
      escaped = true;
      end++;
    }
    end = Math.min(end, text.length);
    const next = text.charCodeAt(end) === QUOTE ? end + 1 : end;
    if (!this.#place.isArray && this.#key === null) {
      this.#key = text.slice(start, Math.min(end, start + MAX_NAME));
    } else {
      this.#value({ start, end, escaped });
    }
    return next;
  }

  #value(value: StringValue): void {
    const place = this.#place;
    const key = this.#key ?? "#";
    if (MARKS.has(key) || (key === "type" && this.#isEvent(place))) this.#mark(key, value.start, value.end);
    if (place.depth === 0 || place.depth > MAX_DEPTH || CONSTANT.has(key) || MARKS.has(key)) return;
    this.#pending.push({ place, key, value });
  }

  /** Passes over a number and marks its object with it; anything else is left to the walk. */
  #number(start: number): number {
    let end = start;
    while (end < this.#text.length && "-0123456789".includes(this.#text.charAt(end))) end++;
    if (end > start) this.#mark(this.#key ?? "", start, end);
    return Math.max(end, start + 1);
  }

  #mark(key: string, start: number, end: number): void {
    if (this.#place.marks.length > MAX_MARKS) return;
    this.#place.marks += `[${key}=${this.#text.slice(start, Math.min(end, start + MAX_NAME))}]`;
  }

  #isEvent(place: Place): boolean {
    return place.depth === 1 || (place.depth === 2 && place.parent?.isArray === true);
  }
}
