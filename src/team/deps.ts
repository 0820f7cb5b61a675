/**
 * What the routes need, handed in once.
 *
 * Imports: types only.
 *
 * @module
 */

import type { RateTable } from "../meter/rates.ts";
import type { Database } from "./database.ts";
import type { TeamLog } from "./log.ts";
import type { Partitions } from "./partitions.ts";
import type { Budget } from "./rate_limits.ts";
import type { Limits } from "./settings.ts";

/** The parts of a running server. */
export interface TeamDeps {
  readonly db: Database;
  readonly partitions: Partitions;
  readonly rates: RateTable;
  readonly log: TeamLog;
  readonly limits: Limits;
  /** Batches and bodies per token. */
  readonly ingestBudget: Budget;
  /** Origin by which people know the server. */
  readonly publicUrl: () => string;
  /** Aborted when the server begins to stop. */
  readonly stopping: AbortSignal;
}

/** What goes with one request. */
export interface TeamEnv {
  Bindings: {
    /** Of the client, or of the reverse proxy's client. */
    readonly address: string;
    /** Names the request in the log. */
    readonly requestId: string;
  };
}
