/**
 * Questions to another role that have not been answered yet. Each is answered once, or given up after a time.
 *
 * Imports: domain, log.ts, ./api_messages.ts (types).
 *
 * @module
 */

import { type ErrorCode, MeterError } from "../domain/errors.ts";
import { errorLabel } from "../log.ts";
import type { RefusedAsk } from "./api_messages.ts";

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Beyond this many a role is taken for stuck. */
const MAX_PENDING = 64;

/** Questions by number. */
export class PendingAsks<Answer extends { readonly id: number }> {
  readonly #waiting = new Map<number, Waiting<Answer>>();
  readonly #withinMs: number;
  #nextId = 0;

  constructor(withinMs: number) {
    this.#withinMs = withinMs;
  }

  /**
   * Sends a question and waits for its answer.
   *
   * @throws {MeterError} what was refused; `daemon_not_running` when nobody answers in time.
   */
  ask(send: (id: number) => void): Promise<Answer> {
    if (this.#waiting.size >= MAX_PENDING) return Promise.reject(unanswered());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(unanswered());
      }, this.#withinMs);
      this.#waiting.set(id, { resolve, reject, timer });
      send(id);
    });
  }

  /** Takes an answer; one that nobody waits for any more is let go. */
  answer(answer: Answer | RefusedAsk): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    clearTimeout(waiting.timer);
    if (isRefused(answer)) waiting.reject(refusedError(answer));
    else waiting.resolve(answer);
  }

  /** Gives all up: the role is gone. */
  abandon(): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(unanswered());
    }
    this.#waiting.clear();
  }
}

function isRefused(answer: { readonly id: number }): answer is RefusedAsk {
  return "kind" in answer && answer.kind === "refused";
}

function unanswered(): MeterError {
  return new MeterError("daemon_not_running", "Cannot do this: a part of the daemon does not answer", {
    hint: "Try again in a few seconds, then run halton-meter status",
  });
}

/** A failure as it crosses to another role. What nobody foresaw is told by its class alone. */
export function refusedAsk(id: number, error: unknown): RefusedAsk {
  if (!(error instanceof MeterError)) {
    return { kind: "refused", id, code: "failed", message: `Cannot make the change: ${errorLabel(error)}`, hint: null };
  }
  return { kind: "refused", id, code: error.code, message: error.message, hint: error.hint ?? null };
}

function refusedError({ code, message, hint }: RefusedAsk): MeterError {
  // The code was a MeterError's on the other side.
  return new MeterError(code as ErrorCode, message, hint === null ? {} : { hint });
}
