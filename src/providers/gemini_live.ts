/**
 * Reads a socket of Gemini Live. Messages are JSON, as text or binary. A turn ends with `turnComplete`; its usage is the last
 * one said in it, and may follow the end in a message of its own.
 *
 * Most errors come as the code and reason of the server's close frame. One that comes before anything was answered, such as
 * for a key that is not valid or a model that is not there, is a failed call; one between two turns has failed none.
 *
 * Sources: types of `@google/genai` 3.1.0. That usage is per turn and not per session was observed by others; that it may
 * follow the end is a precaution.
 *
 * Imports: domain, ./adapter.ts, ./closing.ts, ./error_body.ts, ./gemini_usage.ts, ./json.ts, ./reading.ts, ./request_body.ts.
 *
 * @module
 */

import { type ProviderError, UNKNOWN_USAGE, type UsageUnknown } from "../domain/exchange.ts";
import type { ClientTurn, Closing, SocketEmit, SocketReader } from "./adapter.ts";
import { closeError } from "./closing.ts";
import { errorOf } from "./error_body.ts";
import { mapLiveUsage } from "./gemini_usage.ts";
import { countIn, type JsonObject, nameIn, objectIn, parseObject, rawUsageOf } from "./json.ts";
import { type Endpoint, readingOf } from "./reading.ts";
import { NOTHING_ASKED, withoutModelsPrefix } from "./request_body.ts";

/** The Live API. */
export const GEMINI_LIVE: Endpoint = { provider: "gemini", kind: "chat" };

interface Turn {
  readonly turn: number;
  /** Whether an answer was asked for, or has begun. */
  wanted: boolean;
  usage: JsonObject | null;
}

/** Reads one socket. */
export class GeminiLiveSocket implements SocketReader {
  readonly #emit: SocketEmit;
  #model: string | null = null;
  #current: Turn = newTurn(0);
  /** A turn that ended without usage, which may still come. */
  #ended: Turn | null = null;

  constructor(emit: SocketEmit) {
    this.#emit = emit;
  }

  clientMessage(text: string): ClientTurn | null {
    const message = parseObject(text);
    if (message === null) return null;
    this.#model = withoutModelsPrefix(nameIn(objectIn(message, "setup"), "model")) ?? this.#model;
    const content = objectIn(message, "clientContent") ?? objectIn(message, "client_content");
    const asks = content?.["turnComplete"] === true || content?.["turn_complete"] === true ||
      objectIn(message, "toolResponse") !== null || objectIn(message, "tool_response") !== null ||
      typeof objectIn(message, "realtimeInput")?.["text"] === "string";
    this.#current.wanted ||= asks;
    return { turn: this.#current.turn, asks };
  }

  serverMessage(text: string): number | null {
    const message = parseObject(text);
    const usage = objectIn(message, "usageMetadata");
    const content = objectIn(message, "serverContent");
    const error = errorOf(message, null);
    const called = objectIn(message, "toolCall") !== null;
    if (usage === null && content === null && error === null && !called) return null;
    const ended = this.#ended;
    if (ended !== null) {
      const late = content === null && !called && error === null;
      if (late) take(ended, usage);
      this.#close(ended, { complete: true });
      if (late) return ended.turn;
    }
    const turn = this.#current;
    take(turn, usage);
    turn.wanted ||= usage !== null || called || objectIn(content, "modelTurn") !== null ||
      objectIn(content, "outputTranscription") !== null;
    if (error !== null) this.#close(turn, { complete: false, error });
    else if (content?.["turnComplete"] === true && turn.usage !== null) this.#close(turn, { complete: true });
    else if (content?.["turnComplete"] === true && turn.wanted) {
      this.#ended = turn;
      this.#current = newTurn(turn.turn + 1);
    }
    return turn.turn;
  }

  end(closing: Closing | null = null): void {
    const error = closeError(closing);
    if (this.#ended !== null) this.#close(this.#ended, { complete: true });
    const refused = error !== null && this.#current.turn === 0 && this.#model !== null;
    if (this.#current.wanted || refused) this.#close(this.#current, { complete: false, error });
  }

  #close(turn: Turn, how: { readonly complete: boolean; readonly error?: ProviderError | null }): void {
    if (turn === this.#ended) this.#ended = null;
    else this.#current = newTurn(turn.turn + 1);
    const mapped = turn.usage === null ? null : mapLiveUsage(turn.usage);
    const tokens = mapped?.usage ?? UNKNOWN_USAGE;
    const counted = tokens.input !== null && tokens.output !== null;
    // Counts of a turn that failed in its middle are not final.
    const failed = (how.error ?? null) !== null && turn.usage === null;
    const why: UsageUnknown = how.complete || failed ? "not_reported" : "cut";
    this.#emit(
      readingOf(GEMINI_LIVE, { mode: "websocket", asked: { ...NOTHING_ASKED, model: this.#model } }, {
        complete: how.complete,
        usageUnknown: counted && how.complete ? null : why,
        usage: tokens,
        modalities: mapped?.modalities ?? null,
        servedTier: nameIn(turn.usage, "serviceTier") ?? nameIn(turn.usage, "trafficType"),
        inconsistent: mapped?.inconsistent ?? false,
        error: how.error ?? null,
        rawUsage: rawUsageOf(turn.usage),
      }),
      turn.turn,
    );
  }
}

function newTurn(turn: number): Turn {
  return { turn, wanted: false, usage: null };
}

/** The last usage rules. One without counts only adds to what was said. */
function take(turn: Turn, usage: JsonObject | null): void {
  if (usage === null) return;
  turn.usage = countIn(usage, "promptTokenCount") === null ? { ...turn.usage, ...usage } : usage;
}
