/**
 * A role's worker as the supervisor sees it: started with its permission row, asked by messages, watched for its end.
 *
 * @module
 */

import type { DestinationLog } from "./destinations.ts";
import type { Counters, FromWorker, ToWorker } from "./messages.ts";

/** A worker that does not answer within this is reported without its counters. */
const ANSWER_MS = 500;

/** A stopped worker is given this long to finish what it holds. */
const DRAIN_MS = 10_000;

/** Where a role's worker begins, its name and its row. */
export interface WorkerSpec {
  readonly name: string;
  readonly entry: URL;
  readonly permissions: Deno.PermissionOptionsObject;
}

/** What a worker said of itself. */
export interface WorkerStats {
  readonly counters: Counters;
  readonly notes: readonly string[];
}

/** What a worker answers a question with; `id` is the question's. */
type Answer = Extract<FromWorker, { readonly id: number }>;

/** The only way in which this program starts a worker: restricted to its row. */
export function startWorker(spec: WorkerSpec): Worker {
  return new Worker(spec.entry, { type: "module", name: spec.name, deno: { permissions: spec.permissions } });
}

/** One running worker. */
export class WorkerHandle {
  readonly name: string;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (answer: Answer | null) => void>();
  readonly #onMessage: (message: FromWorker) => void;
  readonly #onCrash: (reason: string) => void;
  #drained: ((finished: boolean) => void) | null = null;
  #nextId = 0;
  #ended = false;

  constructor(spec: WorkerSpec, onMessage: (message: FromWorker) => void, onCrash: (reason: string) => void) {
    this.name = spec.name;
    this.#onMessage = onMessage;
    this.#onCrash = onCrash;
    this.#worker = startWorker(spec);
    this.#worker.onmessage = (event: MessageEvent<FromWorker>) => this.#receive(event.data);
    this.#worker.onmessageerror = () => this.#crash("message could not be read");
    this.#worker.onerror = (event) => {
      event.preventDefault();
      // The message may quote what was being parsed: only the class of the error is passed on.
      this.#crash(/^(?:Uncaught )?(?:\(in promise\) )?([A-Za-z]+)/.exec(event.message)?.[1] ?? "unknown error");
    };
  }

  /** Sends a message; `transfer` moves ports and buffers. */
  send(message: ToWorker, transfer: Transferable[] = []): void {
    if (!this.#ended) this.#worker.postMessage(message, transfer);
  }

  /** Counters of the worker, or null when it does not answer in time. */
  async stats(withinMs: number = ANSWER_MS): Promise<WorkerStats | null> {
    const answer = await this.#ask((id) => ({ kind: "stats", id }), withinMs);
    return answer?.kind === "stats" ? { counters: answer.counters, notes: answer.notes ?? [] } : null;
  }

  /** Where the worker has connected to, or null when it does not answer in time. Only for roles that may be asked. */
  async destinations(): Promise<DestinationLog | null> {
    const answer = await this.#ask((id) => ({ kind: "destinations", id }));
    return answer?.kind === "destinations" ? answer.log : null;
  }

  #ask(question: (id: number) => ToWorker, withinMs = ANSWER_MS): Promise<Answer | null> {
    if (this.#ended) return Promise.resolve(null);
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#answer(id, null), withinMs);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.send(question(id));
    });
  }

  /** Asks the worker to finish and ends it; true when it finished in time. */
  async drain(withinMs: number = DRAIN_MS): Promise<boolean> {
    if (this.#ended) return false;
    const finished = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), withinMs);
      this.#drained = (finished) => {
        clearTimeout(timer);
        resolve(finished);
      };
      this.send({ kind: "drain" });
    });
    this.terminate();
    return finished;
  }

  terminate(): void {
    this.#ended = true;
    this.#worker.terminate();
    for (const id of [...this.#waiting.keys()]) this.#answer(id, null);
  }

  #receive(message: FromWorker): void {
    if (message.kind === "stats" || message.kind === "destinations") this.#answer(message.id, message);
    else if (message.kind === "crashed") this.#crash(message.reason);
    else if (message.kind === "drained") this.#drained?.(true);
    else this.#onMessage(message);
  }

  #answer(id: number, answer: Answer | null): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(answer);
  }

  #crash(reason: string): void {
    if (this.#ended) return;
    this.#drained?.(false);
    this.terminate();
    this.#onCrash(reason);
  }
}
