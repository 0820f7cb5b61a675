/**
 * Tells the supervisor who calls, over its unix socket. Never waited for: a notice that cannot be sent is counted, and the
 * call it belongs to is attributed to the default project.
 *
 * Imports: roles/control_messages.ts (types), roles/splice.ts.
 *
 * @module
 */

import type { ClientMessage, LinkMessage } from "./control_messages.ts";
import { closeQuietly, writeAll } from "./splice.ts";

/** Notices kept while the socket is slow or reconnecting. */
const MAX_QUEUED = 1000;

/** A daemon that is gone is looked for again after this. */
const RETRY_MS = 200;

/** Sends notices in order over one lasting connection. */
export class Notices {
  readonly #socket: string;
  readonly #now: () => number;
  #connection: Deno.UnixConn | null = null;
  #queue: string[] = [];
  #sending = false;
  #notBefore = 0;
  #lost = 0;

  /** @param now Monotonic milliseconds. */
  constructor(socket: string, now: () => number) {
    this.#socket = socket;
    this.#now = now;
  }

  /** Notices that never reached the supervisor. */
  get lost(): number {
    return this.#lost;
  }

  send(message: ClientMessage | LinkMessage): void {
    if (this.#queue.length >= MAX_QUEUED || this.#now() < this.#notBefore) {
      this.#lost++;
      return;
    }
    this.#queue.push(JSON.stringify(message) + "\n");
    if (!this.#sending) this.#drain();
  }

  async #drain(): Promise<void> {
    this.#sending = true;
    while (this.#queue.length > 0) {
      const lines = this.#queue;
      this.#queue = [];
      // A lasting connection may be to a supervisor that is gone; its successor listens at the same path.
      const lasting = this.#connection !== null;
      if (await this.#written(lines) || (lasting && await this.#written(lines))) continue;
      this.#lost += lines.length;
      this.#notBefore = this.#now() + RETRY_MS;
    }
    this.#sending = false;
  }

  async #written(lines: readonly string[]): Promise<boolean> {
    try {
      this.#connection ??= await Deno.connect({ transport: "unix", path: this.#socket });
      await writeAll(this.#connection, new TextEncoder().encode(lines.join("")));
      return true;
    } catch {
      this.close();
      this.#connection = null;
      return false;
    }
  }

  close(): void {
    if (this.#connection !== null) closeQuietly(this.#connection);
  }
}
