/**
 * From client ports to the projects that own their calls. Runs in the supervisor, the only role that may look at processes.
 *
 * The edge names a client as soon as it calls, so that a short-lived process is looked up while it still runs; the link to
 * what the interceptor sees follows. The recorder always gets an answer, at worst the default project.
 *
 * A name that holds a secret is taken for malformed: it would stand in every report and in the log.
 *
 * Imports: meter/attribution.ts, os, redact/redact.ts, log.ts (types), roles.
 *
 * @module
 */

import type { LogEvent } from "../log.ts";
import { attribute, type Attributed, registeredProject } from "../meter/attribution.ts";
import { createProcessTable, type ProcessTable } from "../os/processes.ts";
import { createProjectFolders, type ProjectFolders, type RcProblem } from "../os/project_files.ts";
import { runForOutput } from "../os/run.ts";
import { redactText } from "../redact/redact.ts";
import type { Counters, Owner } from "./messages.ts";

/** A lookup whose link never came is forgotten after this. */
const FORGET_MS = 60_000;

/** A `run` that ended may have calls whose lookup is still under way. */
const RUN_LINGER_MS = 5_000;

/** Working directories whose `.haltonrc` problems are remembered; the oldest are forgotten. */
const MAX_PROBLEM_FOLDERS = 64;

/** Who was found, and what the folders around the client say of bodies. */
interface Found extends Attributed {
  readonly bodyCapture: boolean | null;
  readonly cwd: string | null;
  /** False = nobody was found. */
  readonly known: boolean;
}

/** What owners are found with. */
export interface OwnersOptions {
  readonly defaultProject: string;
  /** Whether the working directory is to be kept for calls of a project. Absent = for none. */
  readonly keepsWorkdir?: (slug: string) => boolean;
  readonly tell: (peerPort: number, owner: Owner) => void;
  readonly log: (event: LogEvent) => void;
}

/** Finds and remembers owners while their connections are set up. */
export class Owners {
  readonly #options: OwnersOptions;
  readonly #processes: ProcessTable;
  readonly #folders: ProjectFolders;
  readonly #lookups = new Map<number, Promise<Found>>();
  readonly #runs = new Map<number, string>();
  readonly #runEnds = new Map<number, ReturnType<typeof setTimeout>>();
  /** Working directory to what was ignored in the files around it when it was last looked at. */
  readonly #rcProblems = new Map<string, readonly RcProblem[]>();
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
    const { slug, layer, bodyCapture, cwd, known } = lookup === undefined ? this.#default() : await lookup;
    const workdir = this.#options.keepsWorkdir?.(slug) === true ? withoutSecrets(cwd) : null;
    this.#options.tell(peerPort, {
      slug,
      layer,
      ...(bodyCapture !== null && { bodyCapture }),
      ...(workdir !== null && { workdir }),
      ...(!known && { unknown: true }),
    });
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
      rc_problems: this.#distinctProblems().length,
    };
  }

  /** Sentences about what was ignored in `.haltonrc` files, for `status`; a file that was mended is left out. */
  notes(): string[] {
    return this.#distinctProblems().map(({ path: found, line, reason }) => {
      const path = withoutSecrets(found);
      if (reason === "malformed value") {
        return `Line ${line} of ${path} is neither on nor off: body_capture is off there`;
      }
      return line === null ? `Ignored ${path}: ${reason}` : `Ignored line ${line} of ${path}: ${reason}`;
    });
  }

  /** Several folders have the files above them in common. */
  #distinctProblems(): readonly RcProblem[] {
    const found = new Map<string, RcProblem>();
    for (const problems of this.#rcProblems.values()) {
      for (const problem of problems) found.set(`${problem.line} ${problem.path}`, problem);
    }
    return [...found.values()];
  }

  #remember(cwd: string, problems: readonly RcProblem[]): void {
    this.#rcProblems.delete(cwd);
    if (problems.length > 0) this.#rcProblems.set(cwd, problems);
    for (const oldest of this.#rcProblems.keys()) {
      if (this.#rcProblems.size <= MAX_PROBLEM_FOLDERS) break;
      this.#rcProblems.delete(oldest);
    }
  }

  async #find(clientPort: number, edgePort: number): Promise<Found> {
    const process = await this.#processes.ownerOf(clientPort, edgePort);
    if (process === null) {
      this.#unresolved++;
      return this.#default();
    }
    this.#resolved++;
    const folders = process.cwd === null ? null : await this.#folders.factsOf(process.cwd);
    if (process.cwd !== null && folders !== null) this.#remember(process.cwd, folders.problems);
    const owner = attribute({
      registered: withoutSecrets(registeredProject(process.pid, process.parents, this.#runs)),
      variable: withoutSecrets(process.env.HALTON_PROJECT ?? null),
      rcfile: withoutSecrets(folders?.project ?? null),
      gitFolder: withoutSecrets(folders?.gitFolder ?? null),
      defaultProject: this.#options.defaultProject,
    });
    this.#malformed += owner.malformed.length;
    return { ...owner, bodyCapture: folders?.bodyCapture ?? null, cwd: process.cwd, known: true };
  }

  #default(): Found {
    const slug = this.#options.defaultProject;
    return { slug, layer: "smart_default", malformed: [], bodyCapture: null, cwd: null, known: false };
  }
}

/** A mask has brackets, which no slug has. */
function withoutSecrets<T extends string | null>(text: T): T | string {
  return text === null ? text : redactText(text).text;
}
