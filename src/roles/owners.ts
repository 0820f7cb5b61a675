/**
 * From client ports to the projects that own their calls. Runs in the supervisor, the only role that may look at processes.
 *
 * The edge names a client as soon as it calls, so that a short-lived process is looked up while it still runs; the link to
 * what the interceptor sees follows. The recorder always gets an answer, at worst the default project.
 *
 * Imports: domain, meter/attribution.ts, os, log.ts (types).
 *
 * @module
 */

import type { Attribution } from "../domain/exchange.ts";
import type { LogEvent } from "../log.ts";
import { attribute, type Attributed, registeredProject } from "../meter/attribution.ts";
import { createProcessTable, type ProcessTable } from "../os/processes.ts";
import { createProjectFolders, type ProjectFolders } from "../os/project_files.ts";
import { runForOutput } from "../os/run.ts";
import type { Counters } from "./messages.ts";

/** A lookup whose link never came is forgotten after this. */
const FORGET_MS = 60_000;

/** A `run` that ended may have calls whose lookup is still under way. */
const RUN_LINGER_MS = 5_000;

/** What owners are found with. */
export interface OwnersOptions {
  readonly defaultProject: string;
  readonly tell: (peerPort: number, owner: Attribution) => void;
  readonly log: (event: LogEvent) => void;
}

/** Finds and remembers owners while their connections are set up. */
export class Owners {
  readonly #options: OwnersOptions;
  readonly #processes: ProcessTable;
  readonly #folders: ProjectFolders;
  readonly #lookups = new Map<number, Promise<Attributed>>();
  readonly #runs = new Map<number, string>();
  readonly #runEnds = new Map<number, ReturnType<typeof setTimeout>>();
  #resolved = 0;
  #unresolved = 0;
  #malformed = 0;

  constructor(options: OwnersOptions) {
    this.#options = options;
    this.#processes = createProcessTable(runForOutput);
    this.#folders = createProjectFolders(() => performance.now());
  }

  /** Begins to look at the process behind `clientPort`. */
  client(clientPort: number, edgePort: number): void {
    const lookup = this.#find(clientPort, edgePort);
    this.#lookups.set(clientPort, lookup);
    const timer = setTimeout(() => {
      if (this.#lookups.get(clientPort) === lookup) this.#lookups.delete(clientPort);
    }, FORGET_MS);
    Deno.unrefTimer(timer);
  }

  /** Passes the owner on under the port by which the interceptor knows the connection. */
  async link(clientPort: number, peerPort: number): Promise<void> {
    const lookup = this.#lookups.get(clientPort);
    this.#lookups.delete(clientPort);
    const { slug, layer } = lookup === undefined ? this.#default() : await lookup;
    this.#options.tell(peerPort, { slug, layer });
    this.#options.log({ event: "attribution.resolved", slug, winning_layer: layer });
  }

  /** Registers `run --project`. @returns what ends the registration. */
  run(pid: number, project: string): () => void {
    this.#runs.set(pid, project);
    clearTimeout(this.#runEnds.get(pid)); // A process may run one command after the other.
    return () => {
      const timer = setTimeout(() => {
        this.#runs.delete(pid);
        this.#runEnds.delete(pid);
      }, RUN_LINGER_MS);
      this.#runEnds.set(pid, timer);
      Deno.unrefTimer(timer);
    };
  }

  counters(): Counters {
    return {
      owners_resolved: this.#resolved,
      owners_unresolved: this.#unresolved,
      malformed_slugs: this.#malformed,
    };
  }

  async #find(clientPort: number, edgePort: number): Promise<Attributed> {
    const process = await this.#processes.ownerOf(clientPort, edgePort);
    if (process === null) {
      this.#unresolved++;
      return this.#default();
    }
    this.#resolved++;
    const folders = process.cwd === null ? null : await this.#folders.factsOf(process.cwd);
    const owner = attribute({
      registered: registeredProject(process.pid, process.parents, this.#runs),
      variable: process.env.HALTON_PROJECT ?? null,
      rcfile: folders?.project ?? null,
      gitFolder: folders?.gitFolder ?? null,
      defaultProject: this.#options.defaultProject,
    });
    this.#malformed += owner.malformed.length;
    return owner;
  }

  #default(): Attributed {
    return { slug: this.#options.defaultProject, layer: "smart_default", malformed: [] };
  }
}
