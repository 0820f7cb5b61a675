/**
 * The requests of a paired machine, each with its one meaning of success. Opens nothing itself: the way to the server is given
 * to it.
 *
 * Imports: node:zlib, ./answers.ts, ./body_envelope.ts (types).
 *
 * @module
 */

import { gzipSync } from "node:zlib";
import {
  type Answer,
  batchOutcome,
  bodyOutcome,
  type BodyTaken,
  type Failure,
  noAnswer,
  objectOutcome,
  type Taken,
} from "./answers.ts";
import type { BodyEnvelope } from "./body_envelope.ts";

/** A request. `path` as the contract names it, below the server's base address. */
export interface SyncRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
  readonly withinMs: number;
}

/** A request without a whole answer. `message`: a few words of this program. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** Sends one request to the one server that it is for, and follows no redirect. @throws {NoAnswer} */
export type Send = (request: SyncRequest) => Promise<Answer>;

/** The object of an answer. */
export type ObjectOutcome = ReturnType<typeof objectOutcome>;

/** A batch that takes longer is given up; the server has then taken it or not, and is asked again. */
const BATCH_MS = 30_000;
/** The server holds a poll for up to 25 seconds. */
const POLL_MS = 40_000;
const SHORT_MS = 15_000;

/** Where rows go. */
export const BATCH_PATH = "/v1/requests/batch";

/** Smaller bodies do not shrink by enough to matter. */
const LEAST_GZIP = 1_024;

/** What a paired machine asks of its server. */
export class SyncClient {
  readonly #send: Send;
  readonly #token: string | null;

  /** @param token `null` while there is no pairing. */
  constructor(send: Send, token: string | null) {
    this.#send = send;
    this.#token = token;
  }

  /** Sends the text of an envelope with `count` rows. */
  async batch(text: string, count: number): Promise<Taken | Failure> {
    const answer = await this.#ask("POST", BATCH_PATH, text, BATCH_MS);
    return "kind" in answer ? answer : batchOutcome(answer, count);
  }

  async body(envelope: BodyEnvelope): Promise<BodyTaken | Failure> {
    const answer = await this.#ask("POST", bodyPath(envelope.request_id), JSON.stringify(envelope), BATCH_MS);
    return "kind" in answer ? answer : bodyOutcome(answer);
  }

  whoami(): Promise<ObjectOutcome> {
    return this.#object("GET", "/v1/daemon/whoami", null, SHORT_MS, [200]);
  }

  /** 404 and 410 mean that there is nothing left to revoke. */
  disconnect(): Promise<ObjectOutcome> {
    return this.#object("POST", "/v1/daemon/disconnect", {}, SHORT_MS, [204, 200], [404, 410]);
  }

  totals(machineId: string, days: readonly object[]): Promise<ObjectOutcome> {
    const path = "/v1/reconciliation/daemon-totals";
    return this.#object("POST", path, { machine_id: machineId, days }, BATCH_MS, [200], [400, 413]);
  }

  pairingStart(machine: { machine_id: string; hostname: string | null; version: string }): Promise<ObjectOutcome> {
    return this.#object("POST", "/v1/pairing/start", machine, SHORT_MS, [200, 201], [400, 404]);
  }

  pairingPoll(code: string, pollToken: string): Promise<ObjectOutcome> {
    return this.#object("POST", "/v1/pairing/poll", { code, poll_token: pollToken }, POLL_MS, [200], [400, 404, 410]);
  }

  async #object(
    method: SyncRequest["method"],
    path: string,
    body: object | null,
    withinMs: number,
    statuses: readonly number[],
    refused: readonly number[] = [],
  ): Promise<ObjectOutcome> {
    const answer = await this.#ask(method, path, body === null ? null : JSON.stringify(body), withinMs);
    return "kind" in answer ? answer : objectOutcome(answer, statuses, refused);
  }

  async #ask(
    method: SyncRequest["method"],
    path: string,
    text: string | null,
    withinMs: number,
  ): Promise<Answer | Extract<Failure, { kind: "transient" }>> {
    const plain = text === null ? null : new TextEncoder().encode(text);
    // Only batches may be packed: they repeat themselves.
    const packed = plain !== null && path === BATCH_PATH && plain.length >= LEAST_GZIP;
    const fields = {
      accept: "application/json",
      ...(this.#token !== null && { authorization: `Bearer ${this.#token}` }),
      ...(plain !== null && { "content-type": "application/json" }),
      ...(packed && { "content-encoding": "gzip" }),
    };
    try {
      return await this.#send({ method, path, fields, body: packed ? gzipSync(plain) : plain, withinMs });
    } catch (error) {
      if (error instanceof NoAnswer) return noAnswer(error.message);
      throw error;
    }
  }
}

/** Where one row's bodies go. */
export function bodyPath(requestId: string): string {
  return `/v1/requests/${requestId}/body`;
}
