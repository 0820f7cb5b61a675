/**
 * The workers of a daemon, one a role: started with their rows, waited for until they are ready, started again when they crash,
 * later each time.
 *
 * Imports: domain, log.ts, roles.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import type { LogEvent } from "../log.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { permissionsOf, type Role, type RowInputs } from "./permissions.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** First pause before a crashed role is started again; doubled each time up to the second. */
const RESTART_MS = 250;
const MAX_RESTART_MS = 30_000;

/** A role that is asked in vain so often in a row is hung. */
const SILENCES = 3;

const ENTRIES: Readonly<Record<Role, URL>> = {
  edge: new URL("./edge_worker.ts", import.meta.url),
  interceptor: new URL("./interceptor_worker.ts", import.meta.url),
  recorder: new URL("./recorder_worker.ts", import.meta.url),
  api: new URL("./api_worker.ts", import.meta.url),
  sync: new URL("./sync_worker.ts", import.meta.url),
};

/** What the owner of the workers does for them. */
export interface WorkersOptions {
  /** What the rows are made from, asked at each start: the server to send to may be another one by then. */
  readonly row: () => RowInputs;
  readonly log: (event: LogEvent) => void;
  /** Something that a role says unasked. */
  readonly heard: (role: Role, message: FromWorker) => void;
  /** A role that had worked is gone; it comes back. */
  readonly lost: (role: Role) => void;
  /** Starts a role that is gone. */
  readonly restart: (role: Role) => Promise<void>;
  /** Where each role's worker begins. */
  readonly entries?: Readonly<Partial<Record<Role, URL>>>;
}

type Kind = FromWorker["kind"];
type MessageOf<K extends Kind> = Extract<FromWorker, { readonly kind: K }>;

function isOf<K extends Kind>(message: FromWorker, kinds: readonly K[]): message is MessageOf<K> {
  return kinds.some((kind) => kind === message.kind);
}

/** A role that was started and has not answered yet. */
interface Waiting {
  /** @returns whether this is what was waited for */
  readonly take: (message: FromWorker) => boolean;
  readonly reject: (error: Error) => void;
}

/** At most one worker a role, and those that go on after another has taken their place. */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #handles = new Map<Role, WorkerHandle>();
  /** Who waits for which role to say that it is ready. */
  readonly #waiting = new Map<Role, Waiting>();
  readonly #restarts = new Map<Role, number>();
  /** How often in a row each role was asked in vain. */
  readonly #silences = new Map<Role, number>();
  readonly #retired = new Set<WorkerHandle>();
  readonly #timers = new Map<Role, ReturnType<typeof setTimeout>>();
  #closed = false;

  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  /** Those that run. */
  get running(): ReadonlyMap<Role, WorkerHandle> {
    return this.#handles;
  }

  /** How often each role crashed. */
  get restarts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#restarts);
  }

  has(role: Role): boolean {
    return this.#handles.has(role);
  }

  get(role: Role): WorkerHandle | undefined {
    return this.#handles.get(role);
  }

  /** Starts the role's worker. */
  start(role: Role, message: ToWorker, transfer: Transferable[] = []): void {
    const worker = new WorkerHandle(
      {
        name: role,
        entry: this.#options.entries?.[role] ?? ENTRIES[role],
        permissions: permissionsOf(role, this.#options.row()),
      },
      (message) => this.#receive(role, message),
      (reason) => this.#retired.has(worker) ? this.#retired.delete(worker) : this.#crashed(role, reason),
    );
    this.#handles.set(role, worker);
    this.#options.log({ event: "role.started", role });
    worker.send(message, transfer);
  }

  /** Tells a role something, if it runs. */
  send(role: Role, message: ToWorker, transfer: Transferable[] = []): void {
    this.#handles.get(role)?.send(message, transfer);
  }

  /** @returns what the role says next of these kinds. @throws {MeterError} what it failed with, or that it is gone */
  answer<K extends Kind>(role: Role, ...kinds: readonly K[]): Promise<MessageOf<K>> {
    return new Promise((resolve, reject) => {
      const take = (message: FromWorker) => {
        const taken = isOf(message, kinds);
        if (taken) resolve(message);
        return taken;
      };
      this.#waiting.set(role, { take, reject });
    });
  }

  /** Ends the role's worker at once. */
  drop(role: Role): void {
    this.#handles.get(role)?.terminate();
    this.#handles.delete(role);
  }

  /** Ends the role's worker when it has finished, or after `withinMs`. Another may be started meanwhile. */
  async finish(role: Role, withinMs: number): Promise<void> {
    const worker = this.#handles.get(role);
    this.#handles.delete(role);
    await worker?.drain(withinMs);
  }

  /** Makes room for another worker of the role; this one goes on. */
  detach(role: Role): void {
    this.#handles.delete(role);
  }

  /** Lets a worker whose place was taken go on for at most `withinMs`. */
  retire(worker: WorkerHandle, withinMs: number): void {
    this.#retired.add(worker);
    worker.drain(withinMs).then(() => this.#retired.delete(worker));
  }

  /** Starts a role that is gone; one that cannot start now is tried again later. */
  async restart(role: Role): Promise<void> {
    try {
      await this.#options.restart(role);
    } catch (error) {
      this.drop(role);
      this.#crashed(role, error instanceof MeterError ? error.message : "could not start");
    }
  }

  /**
   * Asks a role whether it is there, and starts it anew when it is the {@link SILENCES}th time in a row that it says nothing. A
   * worker that is caught in a loop does not crash by itself.
   *
   * @param withinMs What it may take: a busy machine is no hung worker.
   */
  async look(role: Role, withinMs: number): Promise<void> {
    const worker = this.#handles.get(role);
    if (worker === undefined || this.#waiting.has(role)) return;
    const heard = await worker.stats(withinMs) !== null;
    if (this.#handles.get(role) !== worker) return;
    const silences = heard ? 0 : (this.#silences.get(role) ?? 0) + 1;
    this.#silences.set(role, silences % SILENCES);
    if (silences < SILENCES) return;
    worker.terminate();
    this.#crashed(role, "it does not answer");
  }

  /** Starts none again from now on; those that run go on. */
  close(): void {
    this.#closed = true;
    this.#timers.forEach(clearTimeout);
  }

  /** Ends those whose place was taken. */
  terminateRetired(): void {
    for (const worker of this.#retired) worker.terminate();
  }

  #receive(role: Role, message: FromWorker): void {
    if (message.kind === "log") return this.#options.log(message.event);
    if (message.kind === "logs") return message.events.forEach(this.#options.log);
    if (message.kind === "failed") {
      const detail = message.hint === null ? {} : { hint: message.hint };
      this.#refuse(role, new MeterError(message.code as MeterError["code"], message.message, detail));
      return;
    }
    if (this.#waiting.get(role)?.take(message)) this.#waiting.delete(role);
    else this.#options.heard(role, message);
  }

  /** Tells whoever waits for `role` that it will not come. @returns false when nobody waits. */
  #refuse(role: Role, error: Error): boolean {
    const waiting = this.#waiting.get(role);
    this.#waiting.delete(role);
    waiting?.reject(error);
    return waiting !== undefined;
  }

  /** Refuses whoever waits for a role that dies before it ever worked; else starts the role again. */
  #crashed(role: Role, reason: string): void {
    this.#handles.delete(role);
    if (this.#refuse(role, new MeterError("failed", `Cannot start the ${role}: ${reason}`))) return;
    if (this.#closed) return;
    const count = (this.#restarts.get(role) ?? 0) + 1;
    this.#restarts.set(role, count);
    const restart_in_ms = Math.min(RESTART_MS * 2 ** (count - 1), MAX_RESTART_MS);
    this.#options.log({ event: "role.crashed", role, reason, restart_in_ms });
    this.#options.lost(role);
    this.#timers.set(role, setTimeout(() => this.restart(role), restart_in_ms));
  }
}
