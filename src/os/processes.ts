/**
 * Which process is behind a loopback connection, and where it runs. One file per platform implements this.
 *
 * Facts are for attribution only. Of a process's environment nothing but `HALTON_PROJECT` is kept.
 *
 * Imports: proc_linux.ts, proc_darwin.ts.
 *
 * @module
 */

import { createDarwinProcessTable, type Run } from "./proc_darwin.ts";
import { createLinuxProcessTable } from "./proc_linux.ts";

/** What is known of a client. Any part but `pid` may be missing, since a process may end while it is looked at. */
export interface ProcessFacts {
  readonly pid: number;
  /** Ancestors of the same user, nearest first, at most 32. */
  readonly parents: readonly number[];
  /** Absolute path; null if unreadable or deleted. */
  readonly cwd: string | null;
  readonly env: ProjectVariables;
  /** Short name of the program, as the system cuts it. */
  readonly comm: string | null;
  /** Opaque. With `pid` it names one process for as long as the machine runs. */
  readonly startTime: string | null;
}

/** The only variables that are ever taken from another process. */
export interface ProjectVariables {
  readonly HALTON_PROJECT?: string;
}

/** Finds clients. */
export interface ProcessTable {
  /**
   * The process that holds the connection from 127.0.0.1:`clientPort` to 127.0.0.1:`serverPort`. Null if there is none
   * any more, or it cannot be looked at. Never rejects.
   */
  ownerOf(clientPort: number, serverPort: number): Promise<ProcessFacts | null>;
  /**
   * Why this table cannot answer, as a sentence for `doctor`; null when it can, and where only a lookup can tell, until the
   * first one.
   */
  readonly limitation: string | null;
}

/** The table for this platform. `run` runs the commands that facts come from. */
export function createProcessTable(run: Run, os: typeof Deno.build.os = Deno.build.os): ProcessTable {
  switch (os) {
    case "linux":
      return createLinuxProcessTable(run);
    case "darwin":
      return createDarwinProcessTable(run);
    default:
      return { ownerOf: () => Promise.resolve(null), limitation: `Processes cannot be looked up on ${os}` };
  }
}
