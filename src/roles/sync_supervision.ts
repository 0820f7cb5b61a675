/**
 * Whether there is to be a sync role right now, and with what: only while this machine is paired, `cloud.enabled` is true, and
 * config.toml names the server that gave the token. Started, stopped and replaced without touching another role.
 *
 * Imports: domain, os, sync.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import { MeterError } from "../domain/errors.ts";
import { type Credentials, readCredentials } from "../os/cloud_credentials.ts";
import type { Paths } from "../os/paths.ts";
import { type ServerAddress, serverAddress } from "../sync/address.ts";

/** What the role needs to be started. */
export interface SyncStart {
  readonly server: ServerAddress;
  readonly cloud: Config["cloud"];
  readonly credentials: Credentials;
}

/** What the supervisor does for it. */
export interface SyncSupervisionOptions {
  readonly paths: Pick<Paths, "cloudCredentials">;
  readonly start: (start: SyncStart) => void;
  /** Resolves when the role has ended. */
  readonly stop: () => Promise<void>;
}

/** Decides, one decision after the other. */
export class SyncSupervision {
  readonly #options: SyncSupervisionOptions;
  /** What the role was last started with, as JSON; `null` = it does not run. */
  #running: string | null = null;
  /** Why there is no role, or why the one that there was has nothing to do. */
  #problem: string | null = null;
  #latest: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: SyncSupervisionOptions) {
    this.#options = options;
  }

  /** Whether there is to be a role; it may have found that there is nothing to do for it. */
  get wanted(): boolean {
    return this.#running !== null;
  }

  /** Sentences for `status`. */
  get problems(): readonly string[] {
    return this.#problem === null ? [] : [this.#problem];
  }

  /** Looks at what holds now. @param anew Also replaces a role that has what it needs: something that it only reads has changed. */
  look({ cloud }: Pick<Config, "cloud">, anew = false): Promise<void> {
    this.#latest = this.#latest.then(() => this.#settle(cloud, anew));
    return this.#latest;
  }

  /** The role has found that there is nothing to do until somebody changes something. */
  idle(reason: string): void {
    this.#problem = reason === MANUAL ? null : `Nothing is sent to the paired server: ${reason}`;
    this.#latest = this.#latest.then(() => this.#options.stop());
  }

  /** Ends the role for good. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#latest;
    await this.#options.stop();
  }

  async #settle(cloud: Config["cloud"], anew: boolean): Promise<void> {
    if (this.#closed) return;
    const { wanted, problem } = this.#wantedStart(cloud);
    const key = wanted === null ? null : JSON.stringify(wanted);
    if (wanted === null || key !== this.#running || anew) this.#problem = problem;
    if (key === this.#running && !anew) return;
    await this.#options.stop();
    this.#running = key;
    if (wanted !== null && !this.#closed) this.#options.start(wanted);
  }

  #wantedStart(cloud: Config["cloud"]): { readonly wanted: SyncStart | null; readonly problem: string | null } {
    if (!cloud.enabled) return { wanted: null, problem: null };
    let credentials: Credentials | null;
    try {
      credentials = readCredentials(this.#options.paths);
    } catch (error) {
      const problem = error instanceof MeterError ? error.message : "Cannot read the credentials of the paired server";
      return { wanted: null, problem };
    }
    if (credentials === null) return { wanted: null, problem: null };
    const server = serverAddress(credentials.baseUrl);
    if (server !== null && credentials.baseUrl === cloud.baseUrl) {
      return { wanted: { server, cloud, credentials }, problem: null };
    }
    const problem = "Nothing is sent: cloud.base_url is not the server that this machine was paired with";
    return { wanted: null, problem };
  }
}

/** A pause that the user asked for is no problem. */
const MANUAL = "paused by hand";
