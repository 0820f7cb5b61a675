/**
 * Reads one HTTP exchange: tells events, one document and a list of documents apart, and hands their pieces to the format
 * of the endpoint. Holds the request body and a JSON response body up to the caps of json_body.ts.
 *
 * Formats know the providers; this file knows none.
 *
 * Imports: domain, http1/sse.ts, ./adapter.ts, ./error_body.ts, ./json.ts, ./json_body.ts, ./json_elements.ts,
 * ./request_body.ts, ./tail_window.ts.
 *
 * @module
 */

import type { Mode, ProviderError, Reading, UsageUnknown } from "../domain/exchange.ts";
import { SseReader } from "../http1/sse.ts";
import type { Emit, ExchangeReader, RequestFacts, TellQuota } from "./adapter.ts";
import { errorOf, NAMELESS_ERROR } from "./error_body.ts";
import { isObject, type JsonObject, objectIn } from "./json.ts";
import { JsonBody } from "./json_body.ts";
import { type ElementLayout, JsonElements } from "./json_elements.ts";
import { type AskedCall, NOTHING_ASKED, RequestBody } from "./request_body.ts";
import { TailWindow } from "./tail_window.ts";

/** What is known of the exchange while its response is read. */
export interface Call {
  readonly request: RequestFacts;
  /** Nothing until the request body has ended. */
  readonly asked: AskedCall;
  /** `null` until the response head. */
  readonly status: number | null;
  readonly headers: ReadonlyMap<string, string>;
  /** By the form of the response; by the request while there is none. */
  readonly mode: Mode;
  /** Takes events that tell of an allowance. */
  readonly tellQuota: TellQuota;
}

/** How a response ended. */
export interface Ending {
  /** Why what was read is not all there is. `null` when the body was read to its end. */
  readonly fault: UsageUnknown | null;
  /** Whether all of a document or list was seen. False for event streams, which have terminal events instead. */
  readonly documentWhole: boolean;
  /** The body was a list: its end mark counts, not that of an element. */
  readonly list: boolean;
  /** The provider answered with a status of 400 or more. */
  readonly failedStatus: boolean;
  /** Set when the status says so, or when the document was an error. */
  readonly error: ProviderError | null;
}

/** Reads one provider's responses. Calls come in order; `end` is the last and is always made. */
export interface ResponseFormat {
  /** The response is one JSON object. Members may be missing when it was longer than the cap. */
  document(value: JsonObject): void;
  /** One event of a stream, or one element of a list, whose type is then empty. */
  event(type: string, data: string): void;
  /** The last bytes of an event stream, for providers that write errors outside of events. Comes before `end`. */
  trailer?(text: string): void;
  end(ending: Ending): void;
}

/** Longest error body that is kept, in bytes. */
const MAX_ERROR_BYTES = 256 * 1024;

/** Longest error looked for outside of events, in bytes. */
const TRAILER_BYTES = 8 * 1024;

const OPEN_BRACE = 0x7b, OPEN_BRACKET = 0x5b;
/** Space, tab, line ends, and the bytes of a byte order mark. */
const BLANK_BYTES: readonly (number | undefined)[] = [0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf];

/** The exchange reader behind every surface. */
export class HttpReader implements ExchangeReader {
  readonly #call: CallState;
  readonly #format: ResponseFormat;
  readonly #elements: ElementLayout | null;
  readonly #emit: Emit;
  #requestBody: RequestBody | null;
  /** Readings made before the request was read to its end, which a compressed one may be after its answer. */
  #early: Reading[] = [];
  #body: JsonBody | null = null;
  #list: JsonElements | null = null;
  #events: SseReader | null = null;
  #trailer: TailWindow | null = null;
  #opaque = false;
  /** The whole answer is an error, whatever its status. */
  #refused = false;
  #skipped = false;
  #gap = false;

  /** @param elements How the endpoint lists several documents in one body, if it does. */
  constructor(
    request: RequestFacts,
    elements: ElementLayout | null,
    emit: Emit,
    format: (call: Call, emit: Emit) => ResponseFormat,
    tellQuota: TellQuota = () => {},
  ) {
    this.#call = new CallState(request, tellQuota);
    this.#elements = elements;
    this.#emit = emit;
    this.#format = format(this.#call, (made) => {
      const reading = this.#refused && !counted(made) ? { ...made, billable: false } : made;
      if (this.#requestBody === null) emit(reading);
      else this.#early.push(reading);
    });
    this.#requestBody = new RequestBody(request.headers.get("content-type") ?? "");
  }

  requestBody(bytes: Uint8Array): void {
    this.#requestBody?.read(bytes);
  }

  requestEnd(whole: boolean): void {
    if (this.#requestBody !== null) this.#call.asked = this.#requestBody.asked(whole);
    this.#requestBody = null;
    for (const reading of this.#early.splice(0)) this.#emit(withAsked(reading, this.#call.asked));
  }

  responseHead(status: number, headers: ReadonlyMap<string, string>): void {
    this.#call.status = status;
    this.#call.headers = headers;
  }

  responseBody(bytes: Uint8Array): void {
    if (this.#reading === null && !this.#opaque) {
      const first = bytes.find((byte) => !BLANK_BYTES.includes(byte));
      if (first === undefined) return;
      this.#choose(first);
    }
    this.#reading?.read(bytes);
    this.#trailer?.read(bytes);
  }

  /** Bytes of the response body are missing here: the copy was given up for a while. */
  responseGap(): void {
    this.#gap = true;
    this.#body?.gap();
    this.#events?.gap();
    this.#list?.gap();
  }

  end(clean: boolean): void {
    this.requestEnd(false);
    this.#events?.end();
    if (this.#trailer !== null) this.#format.trailer?.(new TextDecoder().decode(this.#trailer.bytes()));
    this.#format.end(this.#ending(clean));
  }

  get #reading(): JsonBody | JsonElements | SseReader | null {
    return this.#body ?? this.#list ?? this.#events;
  }

  /** JSON is told by its first byte, since errors come as JSON where a stream was asked for. */
  #choose(first: number): void {
    const json = first === OPEN_BRACE || first === OPEN_BRACKET;
    const contentType = this.#call.contentType;
    const sink = {
      event: (type: string, data: string) => this.#format.event(type, data),
      element: (text: string) => this.#format.event("", text),
      skipped: () => {
        this.#skipped = true;
      },
    };
    if ((this.#call.status ?? 0) >= 400) {
      this.#body = new JsonBody(MAX_ERROR_BYTES);
      this.#call.streaming = false;
    } else if (json && (this.#elements === "lines" || (this.#elements === "array" && first === OPEN_BRACKET))) {
      this.#list = new JsonElements(this.#elements, sink);
      if (this.#elements === "array") this.#call.streaming = true;
    } else if (json || contentType.startsWith("application/json")) {
      this.#body = new JsonBody();
      this.#call.streaming = false;
    } else if (contentType === "" || contentType.startsWith("text/event-stream")) {
      this.#events = new SseReader(sink);
      if (this.#format.trailer !== undefined) this.#trailer = new TailWindow(TRAILER_BYTES);
      this.#call.streaming = true;
    } else this.#opaque = true;
    if (this.#gap) this.responseGap();
  }

  #ending(clean: boolean): Ending {
    const failedStatus = (this.#call.status ?? 0) >= 400;
    const fault = this.#faultOfTransport(clean);
    const ending = { fault, failedStatus, list: this.#list !== null, error: failedStatus ? NAMELESS_ERROR : null };
    if (this.#events !== null) return { ...ending, documentWhole: false };
    if (this.#list !== null) {
      const whole = fault === null && this.#list.closed;
      return { ...ending, fault: whole ? null : fault ?? "cut", documentWhole: whole };
    }
    const content = this.#body?.content() ?? { kind: "empty" };
    if (content.kind === "empty") return { ...ending, documentWhole: fault === null && !this.#call.announcesEvents };
    const told = errorOf(content.value, this.#call.status);
    const error = told ?? ending.error;
    // A document that failed on its way says so in its own words, and is billed for what it counts.
    this.#refused = told !== null;
    if (!failedStatus && isObject(content.value)) this.#format.document(content.value);
    const readable = content.kind !== "broken" && (isObject(content.value) || error !== null);
    // The end of a document that has a gap tells the usage like that of one too long to be kept.
    const whole = readable && (fault !== "dropped" || (content.kind === "members" && tellsUsage(content.value)));
    return { ...ending, documentWhole: whole, fault: whole ? null : fault ?? "unreadable", error };
  }

  #faultOfTransport(clean: boolean): UsageUnknown | null {
    if (this.#gap) return "dropped";
    if (!clean || this.#call.status === null) return "cut";
    if (this.#skipped) return "unreadable";
    // Audio, subtitles and plain text are what some endpoints answer with; a page of markup is not.
    return this.#opaque && this.#call.contentType.startsWith("text/html") ? "unreadable" : null;
  }
}

function tellsUsage(document: JsonObject): boolean {
  return [document, objectIn(document, "response")].some((object) =>
    objectIn(object, "usage") !== null || objectIn(object, "usageMetadata") !== null
  );
}

/** Whether any tokens or seconds were told. */
function counted({ parts, extra, providerCostPico }: Reading): boolean {
  const { input, output } = parts[0].usage;
  return input !== null || output !== null || parts.length > 1 || extra.audioSeconds !== undefined ||
    providerCostPico !== null;
}

/** A reading that was made while nothing was known of what the request asked for. */
function withAsked(reading: Reading, asked: AskedCall): Reading {
  const [response, ...others] = reading.parts;
  const requestedModel = asked.model ?? reading.requestedModel;
  return {
    ...reading,
    requestedModel,
    requestedTier: asked.tier ?? reading.requestedTier,
    billable: reading.billable && !asked.warmUp,
    parts: [
      { ...response, model: reading.servedModel ?? requestedModel },
      // Compaction is billed under the model asked for.
      ...others.map((part) => part.kind === "compaction" ? { ...part, model: requestedModel ?? part.model } : part),
    ],
  };
}

class CallState implements Call {
  asked: AskedCall = NOTHING_ASKED;
  status: number | null = null;
  headers: ReadonlyMap<string, string> = new Map();
  streaming: boolean | null = null;
  readonly request: RequestFacts;
  readonly tellQuota: TellQuota;

  constructor(request: RequestFacts, tellQuota: TellQuota) {
    this.request = request;
    this.tellQuota = tellQuota;
  }

  /** Lower case; empty when none was sent. */
  get contentType(): string {
    return (this.headers.get("content-type") ?? "").toLowerCase();
  }

  get announcesEvents(): boolean {
    return this.status === null ? this.asked.stream : this.contentType.startsWith("text/event-stream");
  }

  get mode(): Mode {
    return this.streaming ?? this.announcesEvents ? "streaming" : "standard";
  }
}
