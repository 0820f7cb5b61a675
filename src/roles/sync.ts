/**
 * The sync role: sends what waits to the paired server, pass after pass, as long as nothing tells it to stop.
 *
 * Holds the token and the outgoing batch. Reads the database; everything that it changes goes through `keep`.
 *
 * Imports: domain, log.ts, os (types), store, sync, roles.
 *
 * @module
 */

import type { SyncKeeper } from "../domain/cloud.ts";
import type { Config } from "../domain/config.ts";
import { MeterError } from "../domain/errors.ts";
import type { UpstreamSettings } from "../domain/upstream.ts";
import { errorLabel, type LogEvent } from "../log.ts";
import type { Credentials } from "../os/cloud_credentials.ts";
import { syncSource } from "../store/cloud_pending.ts";
import { serverAddress } from "../sync/address.ts";
import { BACKGROUND, delayAfter } from "../sync/backoff.ts";
import { SyncClient } from "../sync/client.ts";
import { type PassOptions, type PassResult, runPass } from "../sync/pass.ts";
import { allowedFor } from "../sync/privacy.ts";
import { describeState, stateOf } from "../sync/state.ts";
import { type DestinationLog, Destinations } from "./destinations.ts";
import type { Counters } from "./messages.ts";
import { ReadDatabase } from "./read_database.ts";
import { syncLine } from "./sync_http.ts";

/** Between two passes when all is well. */
const INTERVAL_MS = 10_000;

/** A next try that is further away than any that this program sets was set before the clock went back. */
const MOST_WAIT_MS = 2 * 3_600_000;

/** The role's name for its lease: there is one daemon, so that what an earlier one held is this one's. */
const HOLDER = "daemon";

/** What the role is started with. */
export interface SyncRoleOptions {
  readonly database: string;
  readonly cloud: Config["cloud"];
  readonly credentials: Credentials;
  readonly upstream: UpstreamSettings;
  readonly version: string;
  readonly keep: SyncKeeper;
  readonly log: (event: LogEvent) => void;
  /** Nothing is to be done until somebody changes something. */
  readonly idle: (reason: string) => void;
  readonly intervalMs?: number;
}

/** A running role. */
export interface SyncRole {
  counters(): Counters;
  /** Sentences about what is wrong. */
  notes(): readonly string[];
  destinations(): DestinationLog;
  /** Breaks off what is under way, and gives the lease back. */
  stop(): Promise<void>;
}

/** Begins at once. @throws {TypeError} for credentials of an address that no token may go to. */
export function startSync(options: SyncRoleOptions): SyncRole {
  const role = new Sync(options);
  role.begin();
  return role;
}

class Sync implements SyncRole {
  readonly #options: SyncRoleOptions;
  readonly #database: ReadDatabase;
  readonly #destinations = new Destinations(() => Date.now());
  readonly #line;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #wake = (): void => {};
  #problem: string | null = null;
  readonly #counts = { passes: 0, rows_sent: 0, bodies_sent: 0, parked: 0, failed: 0 };

  constructor(options: SyncRoleOptions) {
    const server = serverAddress(options.credentials.baseUrl);
    if (server === null) throw new TypeError("The paired server's address is not one that a token may go to");
    this.#options = options;
    this.#database = new ReadDatabase(options.database);
    const agent = `halton-meter/${options.version}`;
    this.#line = syncLine({ server, upstream: options.upstream, destinations: this.#destinations, agent });
  }

  begin(): void {
    this.#running = this.#run();
  }

  counters(): Counters {
    return { ...this.#counts };
  }

  notes(): readonly string[] {
    return this.#problem === null ? [] : [`Sync with the paired server fails: ${this.#problem}`];
  }

  destinations(): DestinationLog {
    return this.#destinations.log();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    this.#line.close();
    await this.#running;
    this.#database.close();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const wait = await this.#once().catch((error) => this.#broken(error));
      if (wait === null || this.#stop.signal.aborted) return;
      await this.#sleep(wait);
    }
  }

  /** @returns ms until the next pass, or `null` when there is to be none. */
  async #once(): Promise<number | null> {
    const { cloud, credentials, idle } = this.#options;
    const source = syncSource(() => this.#database.open(), credentials);
    const record = source.record();
    const state = stateOf({ config: cloud, credentials, record });
    if (state.kind === "PAUSED" || state.kind === "NOT-CONFIGURED") {
      idle(describeState(state));
      return null;
    }
    const until = (record?.nextTryAt ?? 0) - Date.now();
    if (until > 0 && until < MOST_WAIT_MS) {
      this.#problem = record?.lastError ?? null;
      return Math.min(until, this.#intervalMs); // A command may have got through meanwhile, which ends the wait.
    }
    const result = await runPass(this.#passOptions(source));
    this.#line.close(); // Ten seconds of silence are longer than many servers wait.
    return this.#after(result);
  }

  #passOptions(source: PassOptions["source"]): PassOptions {
    const { cloud, credentials, keep } = this.#options;
    return {
      holder: HOLDER,
      pairing: credentials,
      source,
      keep,
      client: new SyncClient(this.#line.send, credentials.token),
      envelope: {
        machineId: credentials.machineId,
        hostname: credentials.hostname,
        allowed: (project) => allowedFor(cloud.upload, project),
      },
      bodies: cloud.bodySync,
      stop: this.#stop.signal,
      posted: () => {},
      nextTryAt: (failures, retryAfterMs) => Date.now() + delayAfter(failures, retryAfterMs, BACKGROUND),
    };
  }

  #after(result: PassResult): number | null {
    const { log, idle } = this.#options;
    const { rows, bodies, parked } = result;
    this.#counts.passes++;
    this.#counts.rows_sent += rows;
    this.#counts.bodies_sent += bodies;
    this.#counts.parked += parked;
    if (rows + bodies + parked > 0) log({ event: "cloud.sync.sent", rows, bodies, parked });
    if (result.kind === "paused") {
      log({ event: "cloud.sync.paused", reason: result.reason });
      idle(describeState({ kind: "PAUSED", reason: result.reason }));
      return null;
    }
    if (result.kind !== "failed") {
      this.#problem = null;
      return this.#intervalMs;
    }
    this.#counts.failed++;
    this.#problem = result.error;
    log({ event: "cloud.sync.failed", reason: result.error });
    return Math.min(Math.max(0, (result.nextTryAt ?? 0) - Date.now()), this.#intervalMs);
  }

  /** The database or the recorder is away for a moment. */
  #broken(error: unknown): number {
    this.#counts.failed++;
    if (!this.#stop.signal.aborted) {
      this.#problem = error instanceof MeterError ? error.message : errorLabel(error);
      this.#options.log({ event: "cloud.sync.failed", reason: this.#problem });
    }
    return this.#intervalMs;
  }

  get #intervalMs(): number {
    return this.#options.intervalMs ?? INTERVAL_MS;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
