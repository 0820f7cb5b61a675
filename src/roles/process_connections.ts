/**
 * What a process says of the connections that its roles have opened, for `halton-meter connections`.
 *
 * Host names that clients asked for tell what their user does: they leave a process by its unix socket only, never by the
 * proxy port or the local API, which other users of the machine can reach.
 *
 * Imports: roles.
 *
 * @module
 */

import { controlLines, parseControlMessage } from "./control_messages.ts";
import type { DestinationLog } from "./destinations.ts";
import { permissionsOf, type Role, type RowInputs } from "./permissions.ts";
import { writeAll } from "./splice.ts";
import type { WorkerHandle } from "./worker_handle.ts";

/** One role of a process. */
export interface RoleConnections {
  readonly role: Role;
  /** False when its worker has crashed and is not back yet. */
  readonly running: boolean;
  /** Starts after a crash: what its worker had counted before is gone. */
  readonly restarts: number;
  /** `net` of the permission row that its worker runs with: everything, nothing, or these addresses. */
  readonly mayConnect: boolean | readonly string[];
  /** Null for a role that is never asked, since its row reaches nothing, and for one that did not answer. */
  readonly log: DestinationLog | null;
}

/** One process. */
export interface ProcessConnections {
  readonly process: "daemon" | "edge";
  readonly pid: number;
  readonly version: string;
  /** UTC epoch ms. */
  readonly startedAt: number;
  readonly roles: readonly RoleConnections[];
}

/** Whether a role counts what it connects to: only one whose row reaches beyond this machine. */
export function countsDestinations(role: Role): boolean {
  return role === "edge" || role === "interceptor" || role === "sync";
}

/** Asks those workers of `roles` that count; a role without a worker is not running. */
export function gatherConnections(
  roles: readonly Role[],
  workers: ReadonlyMap<Role, WorkerHandle>,
  restarts: Readonly<Record<string, number>>,
  row: RowInputs,
): Promise<RoleConnections[]> {
  return Promise.all(roles.map(async (role) => {
    const worker = workers.get(role);
    const { net } = permissionsOf(role, row);
    return {
      role,
      running: worker !== undefined,
      restarts: restarts[role] ?? 0,
      mayConnect: Array.isArray(net) ? net : net === true,
      log: countsDestinations(role) ? await worker?.destinations() ?? null : null,
    };
  }));
}

/** Answers `connections`, and nothing else, until the peer leaves. */
export async function answerConnections(
  connection: Deno.UnixConn,
  answer: () => Promise<ProcessConnections>,
): Promise<void> {
  try {
    for await (const line of controlLines(connection)) {
      if (parseControlMessage(line)?.t !== "connections") return;
      await writeAll(connection, new TextEncoder().encode(JSON.stringify(await answer()) + "\n"));
    }
  } catch {
    // The peer left in the middle of a line or an answer.
  }
}
