/**
 * Reads a session of OpenAI's Live API, and one of Realtime translation: a stream of audio both ways, billed by the second,
 * without turns. The session tells its seconds as a running total, the last time when it closes; a translation does not tell
 * them. Answers that a session has delegated to a Responses model come wrapped, and are billed by themselves.
 *
 * A socket that attaches to a session of another connection is not read: it tells the same seconds again.
 *
 * Sources: the vendor's event reference; the total when it closes was observed by others.
 *
 * Imports: domain, ./adapter.ts, ./closing.ts, ./error_body.ts, ./json.ts, ./openai_endpoints.ts, ./reading.ts,
 * ./request_body.ts, ./responses_events.ts, ./socket_surface.ts.
 *
 * @module
 */

import { type ProviderError, UNKNOWN_USAGE } from "../domain/exchange.ts";
import type { ClientTurn, Closing, RequestFacts, SocketEmit, SocketReader } from "./adapter.ts";
import { closeError } from "./closing.ts";
import { errorOf } from "./error_body.ts";
import { type JsonObject, nameIn, objectIn, parseObject, rawUsageOf } from "./json.ts";
import { OPENAI_AUDIO, OPENAI_RESPONSES } from "./openai_endpoints.ts";
import { readingOf } from "./reading.ts";
import { NOTHING_ASKED } from "./request_body.ts";
import { ResponseEvents } from "./responses_events.ts";
import { nameInQuery } from "./socket_surface.ts";

/** The session itself; delegated answers count from 1. */
const SESSION_TURN = 0;

/** Reads one socket. */
export class LiveSocket implements SocketReader {
  readonly #emit: SocketEmit;
  readonly #delegated: ResponseEvents;
  #requestedModel: string | null;
  #servedModel: string | null = null;
  #delegateModel: string | null = null;
  #id: string | null = null;
  #usage: JsonObject | null = null;
  /** A session was asked for or has begun. */
  #begun = false;
  #error: ProviderError | null = null;
  #over = false;

  constructor(request: RequestFacts, emit: SocketEmit) {
    this.#emit = emit;
    this.#requestedModel = nameInQuery(request, "model");
    const delegateModel = () => this.#delegateModel;
    const context = {
      mode: "websocket",
      get asked() {
        return { ...NOTHING_ASKED, model: delegateModel() };
      },
      headModel: null,
    } as const;
    this.#delegated = new ResponseEvents(OPENAI_RESPONSES, context, (reading, turn) => emit(reading, turn + 1));
  }

  clientMessage(text: string): ClientTurn | null {
    const message = parseObject(text);
    if (message === null) return null;
    if (message["type"] === "session.start" || message["type"] === "session.update") {
      const session = objectIn(message, "session");
      this.#requestedModel = nameIn(session, "model") ?? this.#requestedModel;
      this.#learnDelegate(session);
      this.#begun = true;
    }
    return { turn: SESSION_TURN, asks: message["type"] === "session.start" };
  }

  serverMessage(text: string): number | null {
    const event = parseObject(text);
    const type = event?.["type"];
    if (event === null || typeof type !== "string" || this.#over) return null;
    if (type === "response.event") return this.#delegate(objectIn(event, "event"));
    const session = objectIn(event, "session");
    this.#id = nameIn(session, "id") ?? this.#id;
    this.#servedModel = nameIn(session, "model") ?? this.#servedModel;
    this.#learnDelegate(session);
    // An update without seconds, such as one about the context window alone, keeps those of before.
    const usage = objectIn(event, "usage");
    if (secondsIn(usage) !== null) this.#usage = usage;
    // Errors are about messages of the client; a session that one of them ended tells so by closing.
    if (type === "error") this.#error = errorOf(event, null);
    else this.#begun = true;
    if (type === "session.closed") this.#close(true, null);
    return SESSION_TURN;
  }

  end(closing: Closing | null = null): void {
    this.#delegated.end(null, closing);
    if (!this.#over && this.#begun) this.#close(false, closeError(closing));
  }

  #learnDelegate(session: JsonObject | null): void {
    const responses = objectIn(objectIn(session, "delegation"), "responses");
    this.#delegateModel = nameIn(responses, "model") ?? this.#delegateModel;
  }

  #delegate(event: JsonObject | null): number | null {
    const turn = event === null ? null : this.#delegated.wrapped(event);
    return turn === null ? null : turn + 1;
  }

  #close(complete: boolean, closed: ProviderError | null): void {
    this.#over = true;
    const seconds = secondsIn(this.#usage);
    const error = closed ?? (seconds === null ? this.#error : null);
    const why = complete || error !== null ? "not_reported" : "cut";
    this.#emit(
      readingOf(OPENAI_AUDIO, { mode: "websocket", asked: { ...NOTHING_ASKED, model: this.#requestedModel } }, {
        complete,
        usageUnknown: complete && seconds !== null ? null : why,
        usage: UNKNOWN_USAGE,
        extra: seconds === null ? {} : { audioSeconds: seconds },
        servedModel: this.#servedModel,
        responseId: this.#id,
        error,
        rawUsage: rawUsageOf(this.#usage),
      }),
      SESSION_TURN,
    );
  }
}

function secondsIn(usage: JsonObject | null): number | null {
  const seconds = usage?.["seconds"];
  return typeof seconds === "number" && Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}
