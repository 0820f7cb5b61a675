/**
 * The local API's worker: started beside the recorder, and given what it has no permission for.
 *
 * Imports: domain, os, roles.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import { MeterError } from "../domain/errors.ts";
import type { Paths } from "../os/paths.ts";
import type { ApiAnswer, ApiAsk } from "./api_messages.ts";
import type { DaemonStatus } from "./daemon_status.ts";
import { refusedAsk } from "./pending_asks.ts";
import { changePrice } from "./price_change.ts";
import { PrivacyLook } from "./privacy_facts.ts";
import type { ProcessConnections } from "./process_connections.ts";
import type { Workers } from "./workers.ts";

/** What it is started with, and what it asks of the daemon. */
export interface ApiSupervisionOptions {
  readonly paths: Paths;
  /** The one that is served, and those tried when it is taken. */
  readonly ports: readonly number[];
  readonly version: string;
  readonly workers: Workers;
  readonly config: () => Config;
  readonly status: () => Promise<DaemonStatus>;
  readonly connections: () => Promise<ProcessConnections>;
  /** config.toml was written. */
  readonly configWritten: () => Promise<void>;
}

/** The API only shows things: metering goes on without it, and `status` says why it is missing. */
export class ApiSupervision {
  readonly #options: ApiSupervisionOptions;
  readonly #privacy: PrivacyLook;
  #port: number | null = null;
  #problem: string | null = null;

  constructor(options: ApiSupervisionOptions) {
    this.#options = options;
    this.#privacy = new PrivacyLook(options.paths);
  }

  /** Where it listens; null = nowhere. */
  get port(): number | null {
    return this.#port;
  }

  /** Why it does not, as a sentence. */
  get problem(): string | null {
    return this.#problem;
  }

  async start(): Promise<void> {
    const { paths, ports, version, workers } = this.#options;
    const { port1, port2 } = new MessageChannel();
    const start = { database: paths.database, ports, config: this.#options.config(), version };
    workers.start("api", { kind: "api.start", ...start, recorder: port2 }, [port2]);
    workers.send("recorder", { kind: "recorder.api", api: port1 }, [port1]);
    try {
      this.#port = (await workers.answer("api", "api.ready")).port;
      this.#problem = null;
    } catch (error) {
      workers.drop("api");
      this.#problem = error instanceof MeterError ? error.message : "The local API could not be started";
    }
  }

  /** Gives a recorder and an api that both run a new port to each other. */
  link(): void {
    const { workers } = this.#options;
    const { port1, port2 } = new MessageChannel();
    workers.send("recorder", { kind: "recorder.api", api: port1 }, [port1]);
    workers.send("api", { kind: "api.recorder", recorder: port2 }, [port2]);
  }

  /** Does for the api what it has no permission for. */
  async answer(id: number, ask: ApiAsk): Promise<void> {
    const answer = await this.#answerTo(id, ask).catch((error) => refusedAsk(id, error));
    this.#options.workers.send("api", { kind: "api.answer", answer });
  }

  async #answerTo(id: number, ask: ApiAsk): Promise<ApiAnswer> {
    if (ask.kind === "status") return { kind: "status", id, status: await this.#options.status() };
    if (ask.kind === "privacy") {
      const facts = await this.#privacy.facts(await this.#options.connections(), this.#port);
      return { kind: "privacy", id, facts };
    }
    const { provider, model, prices } = ask.price;
    const changed = changePrice(this.#options.paths.config, ask.price);
    if (changed > 0) {
      const event = prices === null ? "pricing.override_unset" : "pricing.override_set";
      const details = { provider, model, ...prices };
      this.#options.workers.send("recorder", { kind: "recorder.audit", event, details });
      await this.#options.configWritten();
    }
    return { kind: "price", id, changed };
  }
}
