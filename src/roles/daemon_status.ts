/**
 * What a running daemon says of itself, for `status`. Every swallowed error has a counter here.
 *
 * @module
 */

import type { Counters, EdgeOutcome } from "./messages.ts";
import type { Role } from "./permissions.ts";
import type { WorkerHandle } from "./worker_handle.ts";

/** One role. `counters` is null when it did not answer. */
export interface RoleStatus {
  readonly running: boolean;
  readonly counters: Counters | null;
  readonly notes: readonly string[];
  readonly restarts: number;
}

/** The whole daemon. Times are UTC epoch ms. */
export interface DaemonStatus {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly edge: EdgeOutcome;
  readonly apiPort: number | null;
  /** Why there is no API, as a sentence. */
  readonly apiProblem: string | null;
  readonly leavesNotAfter: number | null;
  readonly caConstrained: boolean | null;
  readonly roles: Readonly<Record<string, RoleStatus>>;
  readonly owners: Counters;
  /** Sentences about what is wrong with the settings right now. */
  readonly configProblems: readonly string[];
  readonly refusedControlMessages: number;
}

/** What the supervisor knows without asking. */
export interface StatusInputs extends Omit<DaemonStatus, "pid" | "roles"> {
  readonly restarts: Readonly<Record<string, number>>;
  readonly workers: ReadonlyMap<Role, WorkerHandle>;
}

/** Asks every role; one that hangs is shown as such and holds nobody up for long. */
export async function gatherStatus({ restarts, workers, ...known }: StatusInputs): Promise<DaemonStatus> {
  const names: Role[] = ["interceptor", "recorder", "edge", "api"];
  if (workers.has("sync")) names.push("sync"); // There is none unless this machine is paired.
  const roles = await Promise.all(names.map(async (name): Promise<[string, RoleStatus]> => {
    const worker = workers.get(name);
    const stats = await worker?.stats() ?? null;
    return [name, {
      running: worker !== undefined,
      counters: stats?.counters ?? null,
      notes: stats?.notes ?? [],
      restarts: restarts[name] ?? 0,
    }];
  }));
  return { ...known, pid: Deno.pid, roles: Object.fromEntries(roles) };
}
