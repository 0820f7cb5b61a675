/**
 * Reads a socket of the Realtime API, which OpenAI and xAI serve. Input is collected until a response begins, asked for by
 * the client or begun by the server when it hears a pause; each response, and each transcription of input, is billed by itself.
 *
 * The response names no model: it is that of the session, or of the URL while the session is not known.
 *
 * Sources: types of `openai` 7.55.0; for xAI, messages as published by its users, which carry usage beside the response.
 *
 * Imports: domain, ./adapter.ts, ./closing.ts, ./error_body.ts, ./json.ts, ./openai_usage.ts, ./provider_cost.ts, ./reading.ts,
 * ./request_body.ts, ./socket_surface.ts.
 *
 * @module
 */

import { type Provider, type ProviderError, UNKNOWN_USAGE, type UsageUnknown } from "../domain/exchange.ts";
import type { ClientTurn, Closing, RequestFacts, SocketEmit, SocketReader } from "./adapter.ts";
import { closeError } from "./closing.ts";
import { errorOf, NAMELESS_ERROR } from "./error_body.ts";
import { countIn, type JsonObject, nameIn, objectIn, parseObject, rawUsageOf } from "./json.ts";
import { mapMediaUsage } from "./openai_usage.ts";
import { providerCostIn } from "./provider_cost.ts";
import { readingOf } from "./reading.ts";
import { NOTHING_ASKED } from "./request_body.ts";
import { nameInQuery } from "./socket_surface.ts";

/** Responses that may be open at a time before the oldest is taken to be cut. */
const MAX_OPEN = 64;

const TRANSCRIBED = "conversation.item.input_audio_transcription.completed";

/** A response that was asked for or has begun. */
interface Open {
  readonly turn: number;
  /** The client's own id of the message that asked for it. */
  readonly eventId: string | null;
  /** Null until `response.created`. */
  id: string | null;
}

/** Reads one socket. */
export class RealtimeSocket implements SocketReader {
  readonly #provider: Provider;
  readonly #emit: SocketEmit;
  readonly #requestedModel: string | null;
  #sessionModel: string | null = null;
  #transcriptionModel: string | null = null;
  #turns = 0;
  /** The turn for which input is collected. */
  #next: number | null = null;
  #open: Open[] = [];

  constructor(provider: Provider, request: RequestFacts, emit: SocketEmit) {
    this.#provider = provider;
    this.#emit = emit;
    this.#requestedModel = nameInQuery(request, "model");
  }

  clientMessage(text: string): ClientTurn | null {
    const message = parseObject(text);
    switch (message?.["type"]) {
      case undefined:
        return null;
      case "response.create":
        return { turn: this.#begin(nameIn(message, "event_id")).turn, asks: true };
      case "response.cancel": {
        const open = this.#named(nameIn(message, "response_id")) ?? this.#open.find(({ id }) => id !== null);
        return open === undefined ? null : { turn: open.turn, asks: false };
      }
    }
    if (message?.["type"] === "session.update") this.#learn(objectIn(message, "session"), false);
    this.#next ??= this.#turns++;
    return { turn: this.#next, asks: false };
  }

  serverMessage(text: string): number | null {
    const event = parseObject(text);
    const type = event?.["type"];
    if (event === null || typeof type !== "string") return null;
    const response = objectIn(event, "response");
    if (/^(?:transcription_)?session\.(?:created|updated)$/.test(type)) this.#learn(objectIn(event, "session"), true);
    else if (type === "response.created") return this.#started(nameIn(response, "id")).turn;
    else if (type === "response.done") return this.#done(event, response);
    else if (type === TRANSCRIBED) return this.#transcribed(event);
    else if (type === "error") return this.#failed(event);
    return this.#named(nameIn(event, "response_id"))?.turn ?? null;
  }

  end(closing: Closing | null = null): void {
    const error = closeError(closing);
    for (const open of [...this.#open]) {
      this.#cut(open, error, error !== null && open.id === null ? "not_reported" : "cut");
    }
  }

  /** Of the model, only the server's word counts. The client may name the one that transcribes. */
  #learn(session: JsonObject | null, fromServer: boolean): void {
    if (fromServer) this.#sessionModel = nameIn(session, "model") ?? this.#sessionModel;
    const transcription = objectIn(objectIn(objectIn(session, "audio"), "input"), "transcription") ??
      objectIn(session, "input_audio_transcription");
    this.#transcriptionModel = nameIn(transcription, "model") ?? this.#transcriptionModel;
  }

  #begin(eventId: string | null): Open {
    const open = { turn: this.#next ?? this.#turns++, eventId, id: null };
    this.#next = null;
    this.#open.push(open);
    const oldest = this.#open[0];
    if (this.#open.length > MAX_OPEN && oldest !== undefined) this.#cut(oldest, null, "cut");
    return open;
  }

  #named(id: string | null): Open | undefined {
    return id === null ? undefined : this.#open.find((open) => open.id === id);
  }

  #started(id: string | null): Open {
    const open = this.#open.find((candidate) => candidate.id === null) ?? this.#begin(null);
    open.id = id;
    return open;
  }

  #done(event: JsonObject, response: JsonObject | null): number {
    const id = nameIn(response, "id") ?? nameIn(event, "response_id");
    const open = this.#named(id) ?? this.#started(id);
    this.#open = this.#open.filter((other) => other !== open);
    const usage =
      [objectIn(response, "usage"), objectIn(event, "usage")].find((candidate) =>
        countIn(candidate, "input_tokens") !== null
      ) ?? null;
    const mapped = usage === null ? null : mapMediaUsage(usage);
    const thinking = countIn(objectIn(usage, "output_token_details"), "reasoning_tokens");
    const tokens = { ...mapped?.usage ?? UNKNOWN_USAGE, thinking };
    const failure = objectIn(objectIn(response, "status_details"), "error");
    this.#emit(
      readingOf({ provider: this.#provider, kind: "chat" }, this.#call(this.#requestedModel), {
        complete: true,
        usageUnknown: tokens.input !== null && tokens.output !== null ? null : "not_reported",
        usage: tokens,
        modalities: mapped?.modalities ?? null,
        servedModel: this.#sessionModel,
        responseId: id,
        providerCostPico: providerCostIn(usage),
        inconsistent: mapped?.inconsistent ?? false,
        error: response?.["status"] === "failed" ? errorOf({ error: failure ?? {} }, null) ?? NAMELESS_ERROR : null,
        rawUsage: rawUsageOf(usage),
      }),
      open.turn,
    );
    return open.turn;
  }

  /** Billed under a model of its own, by tokens or by time. */
  #transcribed(event: JsonObject): number | null {
    const usage = objectIn(event, "usage");
    if (usage === null) return null;
    const seconds = usage["type"] === "duration" ? usage["seconds"] : null;
    const timed = typeof seconds === "number" && seconds >= 0;
    const mapped = timed ? null : mapMediaUsage(usage);
    const tokens = mapped?.usage ?? UNKNOWN_USAGE;
    const counted = timed || (tokens.input !== null && tokens.output !== null);
    const turn = this.#turns++;
    this.#emit(
      readingOf({ provider: this.#provider, kind: "audio" }, this.#call(this.#transcriptionModel), {
        complete: true,
        usageUnknown: counted ? null : "not_reported",
        usage: tokens,
        modalities: mapped?.modalities ?? null,
        extra: timed ? { audioSeconds: seconds } : {},
        responseId: nameIn(event, "item_id"),
        inconsistent: mapped?.inconsistent ?? false,
        rawUsage: rawUsageOf(usage),
      }),
      turn,
    );
    return turn;
  }

  /** Most errors are about other messages of the client, which bill nothing and leave the responses alone. */
  #failed(event: JsonObject): number | null {
    const error = errorOf(event, null) ?? NAMELESS_ERROR;
    const about = nameIn(objectIn(event, "error"), "event_id");
    const open = this.#open.find(({ id, eventId }) => id === null && eventId === about);
    if (open === undefined && error.type === "invalid_request_error") return null;
    const failed = open ?? { turn: this.#turns++, eventId: null, id: null };
    this.#cut(failed, error, "not_reported");
    return failed.turn;
  }

  #cut(open: Open, error: ProviderError | null, why: UsageUnknown): void {
    this.#open = this.#open.filter((other) => other !== open);
    this.#emit(
      readingOf({ provider: this.#provider, kind: "chat" }, this.#call(this.#requestedModel), {
        complete: false,
        usageUnknown: why,
        servedModel: this.#sessionModel,
        responseId: open.id,
        error,
      }),
      open.turn,
    );
  }

  #call(model: string | null) {
    return { mode: "websocket", asked: { ...NOTHING_ASKED, model } } as const;
  }
}
