/**
 * The port between sync and the recorder: sync reads the database and may not change it, so what a pass has changed travels as
 * a command to the recorder, which carries it out and answers when it is on disk.
 *
 * Imports: domain, store, ./api_messages.ts (types), ./pending_asks.ts.
 *
 * @module
 */

import type { SyncCommand, SyncKeeper } from "../domain/cloud.ts";
import { carryOutSync } from "../store/cloud_record.ts";
import type { Database } from "../store/database.ts";
import type { RefusedAsk } from "./api_messages.ts";
import { PendingAsks, refusedAsk } from "./pending_asks.ts";

/** Sync to recorder. */
interface SyncToRecorder {
  readonly id: number;
  readonly command: SyncCommand;
}

/** Recorder to sync. */
type RecorderToSync = { readonly kind: "done"; readonly id: number; readonly kept: boolean } | RefusedAsk;

/** A recorder that is busy with a sweep answers within this. */
const ANSWER_MS = 20_000;

/** The recorder's end. */
export class RecorderSyncLink {
  readonly #db: () => Database | null;
  readonly #now: () => number;
  #port: MessagePort | null = null;

  /** @param db `null` while the recorder does not run. */
  constructor(db: () => Database | null, now: () => number) {
    this.#db = db;
    this.#now = now;
  }

  /** Takes a new port in place of the one before. */
  connect(port: MessagePort): void {
    this.#port?.close();
    this.#port = port;
    port.onmessage = (event: MessageEvent<SyncToRecorder>) => {
      port.postMessage(this.#answer(event.data));
    };
  }

  #answer({ id, command }: SyncToRecorder): RecorderToSync {
    try {
      const db = this.#db();
      if (db === null) throw new Error("Not running");
      return { kind: "done", id, kept: carryOutSync(db, command, this.#now()) };
    } catch (error) {
      return refusedAsk(id, error);
    }
  }
}

/** Sync's end. */
export class SyncRecorderLink {
  readonly #asks = new PendingAsks<Extract<RecorderToSync, { kind: "done" }>>(ANSWER_MS);
  #port: MessagePort | null = null;

  /** Takes a new recorder's port; what the one before owed is given up. */
  connect(port: MessagePort): void {
    this.close();
    this.#port = port;
    port.onmessage = (event: MessageEvent<RecorderToSync>) => this.#asks.answer(event.data);
  }

  /** @throws {MeterError} when the recorder refuses, or does not answer. */
  readonly keep: SyncKeeper = async (command) => {
    const { kept } = await this.#asks.ask((id) => {
      this.#port?.postMessage({ id, command } satisfies SyncToRecorder);
    });
    return kept;
  };

  close(): void {
    this.#asks.abandon();
    this.#port?.close();
    this.#port = null;
  }
}
