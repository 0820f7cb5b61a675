/**
 * Who serves the proxy port: an edge of this daemon, or an edge process that this daemon stands behind; and how the port goes from
 * one to the other while calls come in.
 *
 * Imports: domain, log.ts, roles.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import type { LogEvent } from "../log.ts";
import { edgeAt } from "./edge_probe.ts";
import type { EdgeOutcome, EdgeStart, LetGo } from "./messages.ts";
import { fallbackPorts } from "./ports_file.ts";
import type { WorkerHandle } from "./worker_handle.ts";
import type { Workers } from "./workers.ts";

/** Connections that are open may go on for so long in an edge whose port another serves. */
const LAST_CONNECTIONS_MS = 24 * 3_600_000;

/** An edge process that asked for the port serves it within this, or has failed. */
const SUCCESSOR_MS = 3_000;

/** What an edge is started with, and who hears of it. */
export interface EdgeSupervisionOptions {
  readonly ports: Config["daemon"];
  readonly start: Pick<EdgeStart, "portsFile" | "controlSocket" | "upstream" | "version" | "installation">;
  readonly workers: Workers;
  readonly log: (event: LogEvent) => void;
  /** The port has gone from an edge process to an edge here, or the other way. */
  readonly changed: () => void;
}

/** One move at a time; a move that fails leaves the port with whoever has it. */
export class EdgeSupervision {
  readonly #options: EdgeSupervisionOptions;
  #outcome: EdgeOutcome | null = null;
  /** An edge of our own waits for an edge process to let go of the port. */
  #binding = false;
  #successor: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: EdgeSupervisionOptions) {
    this.#options = options;
  }

  /** Who serves the port; null before the first start. */
  get outcome(): EdgeOutcome | null {
    return this.#outcome;
  }

  /** Starts an edge here, unless a live one of ours holds the port. */
  async start(): Promise<void> {
    const { edgePort, internalPort, apiPort } = this.#options.ports;
    this.#spawn(edgePort, fallbackPorts(edgePort, [internalPort, apiPort]), false);
    this.#serve((await this.#options.workers.answer("edge", "edge.ready")).outcome);
  }

  /** No move from now on; the edge that runs lets nobody in. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#successor);
    this.#options.workers.send("edge", { kind: "edge.release" });
  }

  /** Lets go of the proxy port for an edge process; calls that are open stay here until they end. */
  release(): { readonly answer: Promise<unknown>; readonly ended: () => void } {
    const worker = this.#options.workers.get("edge");
    if (worker === undefined || this.#outcome?.kind !== "listening") {
      return { answer: Promise.resolve({ released: false }), ended: () => {} };
    }
    return { answer: this.#hold(worker, this.#outcome.port), ended: () => this.#retire(worker) };
  }

  /** An edge process leaves: gets an edge of its own ready, which binds when the port is let go of. */
  async take(): Promise<{ readonly taken: boolean }> {
    const { workers } = this.#options;
    if (this.#closed || workers.has("edge") || this.#outcome?.kind !== "adopted") return { taken: false };
    this.#spawn(this.#outcome.port, [], true);
    const message = await workers.answer("edge", "edge.waiting", "edge.ready").catch(() => null);
    if (message === null) workers.drop("edge");
    else if (message.kind === "edge.ready") this.#move(message.outcome);
    this.#binding = message?.kind === "edge.waiting";
    return { taken: this.#binding };
  }

  /** The edge process has let go, or not. */
  async bind(answer: LetGo): Promise<{ readonly bound: boolean }> {
    if (!this.#binding) return { bound: false };
    this.#binding = false;
    this.#options.workers.send("edge", { kind: "edge.bind", answer });
    this.#move((await this.#options.workers.answer("edge", "edge.ready")).outcome);
    return { bound: this.#outcome?.kind === "listening" };
  }

  #spawn(port: number, fallbackPorts: readonly number[], takeOver: boolean): void {
    const { start, workers } = this.#options;
    workers.start("edge", { kind: "edge.start", ...start, port, fallbackPorts, pid: Deno.pid, takeOver });
  }

  #serve(outcome: EdgeOutcome): void {
    if (outcome.foreign !== null) {
      this.#options.log({ event: "edge.port.taken", port: outcome.foreign, fallback: outcome.port });
    }
    if (outcome.kind === "adopted") this.#options.workers.drop("edge");
    this.#outcome = outcome;
  }

  #move(outcome: EdgeOutcome): void {
    this.#serve(outcome);
    this.#options.changed();
  }

  async #hold(worker: WorkerHandle, port: number): Promise<unknown> {
    worker.send({ kind: "edge.hold" });
    const { held } = await this.#options.workers.answer("edge", "edge.held");
    this.#options.workers.detach("edge");
    this.#outcome = { kind: "adopted", port, pid: 0, foreign: null };
    return { released: true, held };
  }

  /** The successor listens, or is gone; then the port is served here again. */
  #retire(worker: WorkerHandle): void {
    this.#options.workers.retire(worker, LAST_CONNECTIONS_MS);
    this.#successor = setTimeout(() => this.#serveUnserved(), SUCCESSOR_MS);
  }

  async #serveUnserved(): Promise<void> {
    const { workers } = this.#options;
    if (this.#closed || this.#outcome === null || workers.has("edge")) return;
    if (await edgeAt(this.#outcome.port, this.#options.start.installation) === null) await workers.restart("edge");
  }
}
