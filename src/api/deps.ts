/**
 * What the handlers of the API and of its pages are given. They open nothing themselves: the database is read-only, changes
 * are commands to the roles that may make them, and the daemon's state is asked for.
 *
 * Imports: domain (types), store (types).
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import type { PrivacyFacts } from "../domain/privacy.ts";
import type { Database } from "../store/database.ts";
import type { BodyCapture } from "../store/settings.ts";

/** What a request is answered from. */
export interface ApiDeps {
  readonly version: string;
  /** UTC epoch ms. */
  readonly now: () => number;
  /** The machine's zone, for when a reader names none. */
  readonly timeZone: string;
  /** The port that is listened on. */
  readonly port: () => number;
  /** Settings in force now. */
  readonly config: () => Config;
  /** The open database. @throws {MeterError} `database_unusable` (also: there is none yet), `database_newer`. */
  readonly database: () => Database;
  readonly commands: Commands;
  readonly events: EventHub;
  /** @throws {MeterError} `daemon_not_running` when the supervisor does not answer in time. */
  readonly status: () => Promise<LiveStatus>;
  /** What the supervisor, which may look, has found. @throws {MeterError} as `status`. */
  readonly privacy: () => Promise<PrivacyFacts>;
}

/**
 * Changes, each made by the role that may make it and noted in the audit trail. They resolve when the change is in force for
 * the next call.
 *
 * @throws {MeterError} what the role answered; `daemon_not_running` when it does not answer in time.
 */
export interface Commands {
  updateProject(change: ProjectChange): Promise<void>;
  /** Sets, or with `prices` null takes out, the user's own price of a model, in config.toml. */
  setPrice(change: PriceChange): Promise<PriceChanged>;
}

/** Absent = stays as it is. */
export interface ProjectChange {
  readonly slug: string;
  readonly name?: string;
  readonly archived?: boolean;
  readonly bodyCapture?: BodyCapture;
}

/** Days as `YYYY-MM-DD`; prices by name (`input`, `cache_read`, …), decimal USD per million tokens. */
export interface PriceChange {
  readonly provider: string;
  readonly model: string;
  readonly prices: Readonly<Record<string, string>> | null;
  readonly from: string | null;
  readonly until: string | null;
}

/** How many overrides were added or taken out. */
export interface PriceChanged {
  readonly changed: number;
}

/** Tells when calls were recorded; what they are is read from the database. */
export interface EventHub {
  /** @returns `null` when as many listen already as may. */
  subscribe(): Subscription | null;
  readonly subscribers: number;
}

/** One listener. `close()` must be called. */
export interface Subscription {
  /** True as soon as calls were recorded since it was last true; false after `ms`, and at once when closed. */
  next(ms: number): Promise<boolean>;
  close(): void;
}

/** The daemon as its supervisor sees it. Times are UTC epoch ms. */
export interface LiveStatus {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly edge: { readonly kind: "listening" | "adopted"; readonly port: number };
  readonly apiPort: number | null;
  readonly apiProblem: string | null;
  readonly leavesNotAfter: number | null;
  readonly caConstrained: boolean | null;
  readonly roles: Readonly<Record<string, LiveRole>>;
  readonly owners: Readonly<Record<string, number>>;
  readonly configProblems: readonly string[];
  readonly refusedControlMessages: number;
}

/** `counters` is `null` when the role did not answer. */
export interface LiveRole {
  readonly running: boolean;
  readonly counters: Readonly<Record<string, number>> | null;
  readonly notes: readonly string[];
  readonly restarts: number;
}
