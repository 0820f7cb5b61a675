/**
 * Carries out what the api asks of the recorder, one command after the other, and tells the api of new rows.
 *
 * Imports: store, roles.
 *
 * @module
 */

import type { Database } from "../store/database.ts";
import { changeProject } from "../store/project_changes.ts";
import type { ApiToRecorder, RecorderCommand, RecorderToApi } from "./api_messages.ts";
import { refusedAsk } from "./pending_asks.ts";

/** What commands work on. */
export interface CommandTarget {
  /** `null` while the recorder does not run. */
  readonly db: () => Database | null;
  /** Called after each change, so that it holds for the next call. */
  readonly changed: () => void;
  readonly now: () => number;
}

/** The recorder's end of the port to the api. */
export class ApiLink {
  readonly #target: CommandTarget;
  #port: MessagePort | null = null;

  constructor(target: CommandTarget) {
    this.#target = target;
  }

  /** Takes a new api's port in place of the one before. */
  connect(port: MessagePort): void {
    this.#port?.close();
    this.#port = port;
    port.onmessage = (event: MessageEvent<ApiToRecorder>) => {
      port.postMessage(answerTo(event.data, this.#target));
    };
  }

  /** Rows were written. */
  written(): void {
    this.#port?.postMessage({ kind: "written" } satisfies RecorderToApi);
  }

  close(): void {
    this.#port?.close();
    this.#port = null;
  }
}

function answerTo({ id, command }: ApiToRecorder, target: CommandTarget): RecorderToApi {
  try {
    const db = target.db();
    if (db === null) throw new Error("Not running");
    carryOut(db, command, target.now());
    target.changed();
    return { kind: "done", id };
  } catch (error) {
    return refusedAsk(id, error);
  }
}

function carryOut(db: Database, command: RecorderCommand, now: number): void {
  switch (command.kind) {
    case "project.change":
      return changeProject(db, command.change, now);
    default:
      command.kind satisfies never;
      throw new Error("Unknown command");
  }
}
