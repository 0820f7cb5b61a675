/**
 * Reads the events of OpenAI's Responses API, which are the same over server-sent events and over WebSocket: one reading per
 * terminal event. Several responses may be under way at once, told apart by `stream_id` and response id.
 *
 * Imports: domain, ./adapter.ts, ./closing.ts, ./error_body.ts, ./json.ts, ./quota.ts, ./request_body.ts,
 * ./response_object.ts.
 *
 * @module
 */

import type { Mode, ProviderError, UsageUnknown } from "../domain/exchange.ts";
import type { Closing, SocketEmit, TellQuota } from "./adapter.ts";
import { closeError } from "./closing.ts";
import { errorOf } from "./error_body.ts";
import { type JsonObject, nameIn, objectIn, parseObject } from "./json.ts";
import { QUOTA_EVENT } from "./quota.ts";
import { askedBy, type AskedCall, NOTHING_ASKED } from "./request_body.ts";
import { responseReading, type ResponsesEndpoint } from "./response_object.ts";

/** Responses of one socket that may be open at a time before the oldest is taken to be cut. */
const MAX_OPEN = 64;

const BEGINNINGS: readonly string[] = ["response.created", "response.queued", "response.in_progress"];
const ENDS: readonly string[] = [
  "response.completed",
  "response.incomplete",
  "response.failed",
  "response.cancelled",
  "response.done",
];

/** Outside of a string, since quotes inside of one are escaped. */
const STREAM_ID = /"stream_id"\s*:\s*"([^"\\]{1,256})"/;

const TYPE_FIRST = /^\s*\{\s*"type"\s*:\s*"([a-z_.]+)"/;

/** Where the type begins in compact JSON, and the third letters of the types that matter, for a quick look. */
const COMPACT = '{"type":"response.';
const COMPACT_FIRST_LETTERS = "cqifd";

/** A response that has been asked for or has begun. */
interface Open {
  /** Counted from 0 over the whole connection. */
  readonly turn: number;
  readonly stream: string;
  asked: AskedCall | null;
  /** The newest `response` object seen; null before `response.created`. */
  response: JsonObject | null;
}

/** What holds for all responses of the connection. */
export interface EventsContext {
  readonly mode: Mode;
  /** What the HTTP request asked for; on a socket, responses are announced by {@link ResponseEvents.request} instead. */
  readonly asked: AskedCall;
  /** Model named by the response head (`openai-model`), for responses that name none. */
  readonly headModel: string | null;
  readonly tellQuota?: TellQuota | undefined;
}

/** Follows the responses of one HTTP stream or of one socket. */
export class ResponseEvents {
  readonly #endpoint: ResponsesEndpoint;
  readonly #context: EventsContext;
  readonly #emit: SocketEmit;
  #open: Open[] = [];
  #turns = 0;
  #emitted = 0;
  /** Turn of the event just read. */
  #touched: number | null = null;

  /**
   * @param context Read at each emission, so its members may be getters.
   * @param emit Gets each reading with its turn, which plain HTTP has no use for.
   */
  constructor(endpoint: ResponsesEndpoint, context: EventsContext, emit: SocketEmit) {
    this.#endpoint = endpoint;
    this.#context = context;
    this.#emit = emit;
  }

  /** Readings given so far. */
  get emitted(): number {
    return this.#emitted;
  }

  /** A client's `response.create` on a socket. @returns Its turn. */
  request(message: JsonObject): number {
    // Early versions of the protocol put the body under `response`.
    const body = objectIn(message, "response") ?? message;
    return this.#begin(streamOf(message), askedBy(body), null);
  }

  /** The turn of a response that is under way. */
  turnOf(id: string): number | null {
    return this.#open.find(({ response }) => nameIn(response, "id") === id)?.turn ?? null;
  }

  /** A server's message on a socket. @returns The turn it belongs to. */
  message(data: string): number | null {
    this.#touched = null;
    this.acceptText("", data);
    if (this.#touched !== null) return this.#touched;
    const stream = STREAM_ID.exec(data)?.[1] ?? "";
    const ofStream = this.#open.filter((open) => open.stream === stream);
    return (ofStream.find(({ response }) => response !== null) ?? ofStream[0])?.turn ?? null;
  }

  /** A server event that came wrapped in another one. @returns The turn it belongs to. */
  wrapped(event: JsonObject): number | null {
    this.#touched = null;
    this.accept(event);
    return this.#touched;
  }

  /** A server event as text. Parses only those that begin or end a response. @param hint The `event:` line, if any. */
  acceptText(hint: string, data: string): void {
    if (data.startsWith(COMPACT) && !COMPACT_FIRST_LETTERS.includes(data.charAt(COMPACT.length))) return;
    const type = TYPE_FIRST.exec(data)?.[1];
    if (type === QUOTA_EVENT || (type === undefined && data.includes(QUOTA_EVENT))) this.#context.tellQuota?.(data);
    if (type !== undefined && !isWanted(type)) return;
    // The type inside the data rules; the hint saves a parse only when it is known to agree with it.
    if (type === undefined && hint !== "" && !isWanted(hint) && data.includes(`"type":"${hint}"`)) return;
    const event = parseObject(data);
    if (event !== null) this.accept(event);
  }

  /** A server event. Unknown types are ignored. */
  accept(event: JsonObject): void {
    const type = event["type"];
    // Gateways write an error without a type, as the API does outside of streams.
    if (type === "error" || (type === undefined && errorOf(event, null) !== null)) return this.#fail(event);
    if (typeof type !== "string") return;
    const response = objectIn(event, "response");
    if (response === null) return;
    const stream = streamOf(event);
    if (BEGINNINGS.includes(type)) {
      const open = this.#find(stream, nameIn(response, "id"));
      if (open !== null) open.response = response;
      this.#touched = open?.turn ?? this.#begin(stream, null, response);
    } else if (ENDS.includes(type)) {
      const open = this.#find(stream, nameIn(response, "id"));
      this.#close(open ?? this.#unannounced(stream), response, null, null);
    }
  }

  /**
   * No more events: responses under way were cut.
   *
   * @param fault Why, when the transport knows better.
   * @param closing The provider's close frame, which may say that they failed.
   */
  end(fault: UsageUnknown | null, closing: Closing | null = null): void {
    const error = closeError(closing);
    for (const open of [...this.#open]) this.#close(open, null, error, fault ?? "cut");
  }

  #begin(stream: string, asked: AskedCall | null, response: JsonObject | null): number {
    const turn = this.#turns++;
    this.#open.push({ turn, stream, asked, response });
    const oldest = this.#open[0];
    if (this.#open.length > MAX_OPEN && oldest !== undefined) this.#close(oldest, null, null, "cut");
    return turn;
  }

  #unannounced(stream: string): Open {
    return { turn: this.#turns++, stream, asked: null, response: null };
  }

  /** The open response of that id; else the oldest one of the stream that has no id yet. */
  #find(stream: string, id: string | null): Open | null {
    const ofStream = this.#open.filter((open) => open.stream === stream);
    return ofStream.find((open) => id !== null && nameIn(open.response, "id") === id) ??
      ofStream.find((open) => nameIn(open.response, "id") === null || id === null) ?? null;
  }

  #fail(event: JsonObject): void {
    const stream = streamOf(event);
    const open = this.#open.find((candidate) => candidate.stream === stream) ?? this.#unannounced(stream);
    this.#close(open, null, errorOf(event, null), "cut");
  }

  #close(open: Open, ending: JsonObject | null, error: ProviderError | null, fault: UsageUnknown | null): void {
    this.#open = this.#open.filter((other) => other !== open);
    this.#emitted++;
    this.#touched = open.turn;
    const begun = open.response;
    // Codex may end a response with nothing but id and usage.
    const response = ending === null ? begun : { ...begun, ...ending };
    const asked = open.asked ?? this.#context.asked;
    this.#emit(
      responseReading(this.#endpoint, { asked, mode: this.#context.mode }, response ?? {}, {
        complete: ending !== null,
        fault: error !== null && begun === null ? "not_reported" : fault,
        headModel: this.#context.headModel,
        error,
      }),
      open.turn,
    );
  }
}

/** A context for a socket, where each response has a request of its own. */
export function socketContext(tellQuota?: TellQuota): EventsContext {
  return { mode: "websocket", asked: NOTHING_ASKED, headModel: null, tellQuota };
}

function isWanted(type: string): boolean {
  return type === "error" || BEGINNINGS.includes(type) || ENDS.includes(type);
}

function streamOf(message: JsonObject): string {
  return nameIn(message, "stream_id") ?? "";
}
