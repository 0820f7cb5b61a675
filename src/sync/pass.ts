/**
 * One pass: sends what waits, oldest first, until nothing does or something stops it. Every step is kept before the next one is
 * taken, so that a pass that dies anywhere is gone on with; what it had sent and not kept is sent again, which the server
 * tells by the request's id.
 *
 * Imports: domain (types), ./answers.ts, ./body_envelope.ts, ./client.ts, ./envelope.ts.
 *
 * @module
 */

import type {
  Pairing,
  Parked,
  PendingBodies,
  PendingRow,
  PendingRows,
  SyncKeeper,
  SyncSource,
} from "../domain/cloud.ts";
import type { PauseReason } from "../domain/cloud.ts";
import { describeFailure, type Failure, noAnswer, type Taken } from "./answers.ts";
import { bodyEnvelope } from "./body_envelope.ts";
import { BATCH_PATH, bodyPath, type SyncClient } from "./client.ts";
import { batchOf, type EnvelopeOptions, MOST_ROWS } from "./envelope.ts";

/** A POST and what came of it, as it is shown: `POST {path} → {outcome}`. */
export interface PostLine {
  readonly path: string;
  readonly outcome: string;
}

/** What a pass works with. */
export interface PassOptions {
  /** Tells this pass from every other one. */
  readonly holder: string;
  /** What the client's token is for. */
  readonly pairing: Pairing;
  readonly source: SyncSource;
  readonly keep: SyncKeeper;
  readonly client: SyncClient;
  readonly envelope: EnvelopeOptions;
  /** `cloud.body_sync`. */
  readonly bodies: boolean;
  /** Stops between two steps. */
  readonly stop: AbortSignal;
  readonly posted: (line: PostLine) => void;
  /** When the next try may be, after so many failures in a row and with what the server asked for; `null` = not by itself. */
  readonly nextTryAt: (failures: number, retryAfterMs: number | null) => number | null;
}

/** What a pass has sent. */
export interface PassCounts {
  /** Rows that the server has now, those that it had already included. */
  readonly rows: number;
  /** Rows and bodies that it refused, which are left out from now on. */
  readonly parked: number;
  readonly bodies: number;
}

/** How a pass ended. */
export type PassEnd =
  | { readonly kind: "done" }
  | { readonly kind: "stopped" }
  /** Another pass is at work, or the pairing is another one. */
  | { readonly kind: "busy" }
  | { readonly kind: "paused"; readonly reason: PauseReason }
  | { readonly kind: "failed"; readonly error: string; readonly nextTryAt: number | null };

/** The end and the counts. */
export type PassResult = PassEnd & PassCounts;

/** So many rows in a row that are refused one by one mean that the server is wrong, not each of them. */
const MOST_REFUSED = 10;

/** Runs a pass. */
export async function runPass(options: PassOptions): Promise<PassResult> {
  const pass = new Pass(options);
  return { ...await pass.run(), ...pass.counts };
}

type Refusal = Extract<Failure, { kind: "refused" }>;

/** The end that a step has brought about; `null` = go on. */
type Stop = PassEnd | null;

class Pass {
  readonly #options: PassOptions;
  readonly counts = { rows: 0, parked: 0, bodies: 0 };
  #refusedInARow = 0;
  /** Whether something that takes batches has answered in this pass. */
  #proven = false;
  /** Rows that were refused before it had: whatever stands in between may have refused them. */
  #held: { readonly row: PendingRow; readonly refusal: Refusal }[] = [];

  constructor(options: PassOptions) {
    this.#options = options;
  }

  async run(): Promise<PassEnd> {
    const { holder, keep, source, pairing: { machineId, workspaceId, baseUrl } } = this.#options;
    const reason = source.record()?.pausedReason ?? null;
    if (reason !== null) return { kind: "paused", reason };
    if (!await keep({ kind: "begin", holder, pairing: { machineId, workspaceId, baseUrl } })) return { kind: "busy" };
    try {
      return await this.#sendRows() ?? await this.#sendBodies() ?? { kind: "done" };
    } finally {
      await keep({ kind: "end", holder });
    }
  }

  async #sendRows(): Promise<Stop> {
    for (;;) {
      if (this.#options.stop.aborted) return { kind: "stopped" };
      const waiting = this.#options.source.rows(MOST_ROWS);
      if (waiting === null) return null;
      const stop = await this.#sendSome(waiting) ?? await this.#unproven();
      if (stop !== null) return stop;
    }
  }

  /** Sends as many of the rows as one batch holds, in as many batches as that needs; more while a row is held. */
  async #sendSome({ queue, rows }: PendingRows): Promise<Stop> {
    if (this.#options.stop.aborted) return { kind: "stopped" };
    const { text, count } = batchOf(rows, this.#options.envelope);
    const stop = await this.#sendBatch({ queue, rows: rows.slice(0, count) }, text);
    const rest = rows.slice(count);
    if (stop !== null || this.#held.length === 0 || rest.length === 0) return stop;
    return await this.#sendSome({ queue, rows: rest });
  }

  async #sendBatch({ queue, rows: batch }: PendingRows, text: string): Promise<Stop> {
    const { client, posted } = this.#options;
    const outcome = namedOnly(batch, await client.batch(text, batch.length));
    posted({ path: BATCH_PATH, outcome: batchText(outcome) });
    if (outcome.kind === "taken") {
      this.#refusedInARow = 0;
      this.#proven = true;
      const stop = await this.#keepHeld(queue);
      if (stop !== null) return stop;
      const parked = rejectedOf(batch, outcome);
      this.counts.rows += batch.length - parked.length;
      return await this.#kept({ queue, rows: batch }, parked);
    }
    if (outcome.kind !== "refused") return await this.#failed(outcome);
    const [only] = batch;
    if (batch.length === 1 && only !== undefined) {
      if (++this.#refusedInARow > MOST_REFUSED) return await this.#failed(outcome);
      this.#held.push({ row: only, refusal: outcome });
      return this.#proven ? await this.#keepHeld(queue) : null;
    }
    const half = Math.ceil(batch.length / 2);
    return await this.#sendSome({ queue, rows: batch.slice(0, half) }) ??
      await this.#sendSome({ queue, rows: batch.slice(half) });
  }

  /** Parks the rows that were refused one by one: the server takes others. */
  async #keepHeld(queue: PendingRows["queue"]): Promise<Stop> {
    const held = this.#held;
    this.#held = [];
    if (held.length === 0) return null;
    const parked = held.map(({ row, refusal }): Parked => ({ seq: row.seq, part: "row", code: codeOf(refusal) }));
    return await this.#kept({ queue, rows: held.map(({ row }) => row) }, parked);
  }

  /** Rows are not given up on the word of an answer that may come from anywhere, such as a proxy that is set up wrong. */
  async #unproven(): Promise<Stop> {
    const refusal = this.#held.at(-1)?.refusal;
    return refusal === undefined ? null : await this.#failed(refusal);
  }

  async #kept({ queue, rows }: PendingRows, parked: readonly Parked[]): Promise<Stop> {
    this.counts.parked += parked.length;
    const sent = rows.map(({ seq, revision }) => ({ seq, revision }));
    const { holder, keep } = this.#options;
    return await keep({ kind: "sent", holder, queue, sent, parked }) ? null : { kind: "busy" };
  }

  async #sendBodies(): Promise<Stop> {
    const { bodies, source, stop, keep, holder } = this.#options;
    if (!bodies) return null;
    for (;;) {
      if (stop.aborted) return { kind: "stopped" };
      const waiting = source.bodies();
      if (waiting === null) return await this.#noBodiesLeft();
      const parked = await this.#sendBoth(waiting);
      if ("kind" in parked) return parked;
      this.counts.parked += parked.length;
      if (!await keep({ kind: "bodies", holder, seq: waiting.seq, parked })) return { kind: "busy" };
    }
  }

  /** Rows without bodies are not looked at again by the next pass. */
  async #noBodiesLeft(): Promise<Stop> {
    const { source, keep, holder } = this.#options;
    const record = source.record();
    if (record === null || record.bodyPosition >= record.position) return null;
    return await keep({ kind: "bodies", holder, seq: record.position, parked: [] }) ? null : { kind: "busy" };
  }

  /** Sends the directions of one request, the request's first. @returns what was refused, or why it stopped. */
  async #sendBoth({ seq, id, bodies }: PendingBodies): Promise<readonly Parked[] | PassEnd> {
    const parked: Parked[] = [];
    for (const body of bodies) {
      const outcome = await this.#options.client.body(bodyEnvelope(id, body));
      const text = outcome.kind !== "taken"
        ? failureText(outcome)
        : outcome.stored
        ? "204"
        : `200 {stored: false, reason: ${outcome.reason}}`;
      this.#options.posted({ path: bodyPath(id), outcome: text });
      if (outcome.kind === "taken") this.counts.bodies++;
      else if (outcome.kind === "refused") parked.push({ seq, part: body.direction, code: codeOf(outcome) });
      else return await this.#failed(outcome);
    }
    return parked;
  }

  async #failed(failure: Failure): Promise<PassEnd> {
    const { holder, keep, nextTryAt, stop } = this.#options;
    if (failure.kind === "transient" && stop.aborted) return { kind: "stopped" }; // The request was broken off.
    if (failure.kind === "unauthorised" || failure.kind === "forbidden") {
      const reason = failure.kind === "forbidden" ? "paused_forbidden" : "paused_unauthorised";
      await keep({ kind: "paused", holder, reason });
      return { kind: "paused", reason };
    }
    const error = describeFailure(failure);
    const failures = (this.#options.source.record()?.failures ?? 0) + 1;
    const at = nextTryAt(failures, failure.kind === "transient" ? failure.retryAfterMs : null);
    await keep({ kind: "failed", holder, error, nextTryAt: at });
    return { kind: "failed", error, nextTryAt: at };
  }
}

/** Rows that the server says it refused are rows of the batch, each once: else its answer is no answer to it. */
function namedOnly(rows: readonly PendingRow[], outcome: Taken | Failure): Taken | Failure {
  if (outcome.kind !== "taken" || rejectedOf(rows, outcome).length === outcome.rejected.length) return outcome;
  return noAnswer("the server refused rows that it was not sent");
}

function rejectedOf(rows: readonly PendingRow[], { rejected }: Taken): Parked[] {
  const codes = new Map(rejected.map(({ requestId, code }) => [requestId, code]));
  return rows.flatMap(({ seq, id }): Parked[] => {
    const code = codes.get(id.toLowerCase());
    return code === undefined ? [] : [{ seq, part: "row", code }];
  });
}

function codeOf({ status, code }: Refusal): string {
  return code === "not_said" ? `http_${status}` : code;
}

function batchText(outcome: Taken | Failure): string {
  if (outcome.kind !== "taken") return failureText(outcome);
  const { accepted, duplicates, rejected } = outcome;
  return `200 {accepted: ${accepted}, duplicates: ${duplicates}, rejected: ${rejected.length}}`;
}

function failureText(failure: Failure): string {
  switch (failure.kind) {
    case "unauthorised":
      return "401";
    case "forbidden":
      return "403";
    case "refused":
      return `${failure.status} {code: ${failure.code}}`;
    case "transient":
      return `failed: ${failure.why}`;
  }
}
