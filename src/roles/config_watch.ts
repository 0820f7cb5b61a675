/**
 * Notices that config.toml changed, so that a running daemon takes the new settings up. Looks at the file's facts every
 * second, and whenever it is asked to, and reads it only when they differ.
 *
 * A file that is wrong changes nothing: the settings before it stay, and what is wrong is kept for `status`. One that is gone
 * or empty means the defaults only when it stays so, since editors empty or rename a file before they write it, and the
 * defaults store bodies.
 *
 * Imports: domain, os.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import { MeterError } from "../domain/errors.ts";
import { loadConfig } from "../os/config_file.ts";

/** How often the file is looked at, ms; also how long it has to be gone or empty until that is believed. */
const LOOK_MS = 1_000;

/** Whether a watch looks by itself, or only when it is asked to. */
export type WatchMode = "by itself" | "when asked";

/** What a change sets off. */
export interface ConfigWatchHandlers {
  /** A good file, or none: the settings that hold from now on. */
  changed(config: Config): void;
  /** A wrong file. `reason` names file, line and key and quotes nothing. */
  invalid(reason: string): void;
}

/** Sections that are read once, when the daemon starts. */
const FIXED_SECTIONS = ["daemon", "cors", "upstream"] as const satisfies readonly (keyof Config)[];

/** Looks at one file until it is closed. */
export class ConfigWatch {
  readonly #path: string;
  readonly #handlers: ConfigWatchHandlers;
  readonly #started: Config;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  /** Settings in use, as JSON. */
  #used: string;
  /** Not known yet: the file may have changed since it was read for the start. */
  #facts: string | null = null;
  #problems: readonly string[] = [];
  #looking: Promise<void> | null = null;
  #emptySince: number | null = null;

  /** @param started The settings in use now. */
  constructor(path: string, started: Config, handlers: ConfigWatchHandlers, mode: WatchMode = "by itself") {
    this.#path = path;
    this.#started = started;
    this.#handlers = handlers;
    this.#used = JSON.stringify(started);
    this.#timer = mode === "when asked" ? undefined : setInterval(() => this.look(), LOOK_MS);
  }

  /** Sentences for `status`; empty when the file is good and in use as a whole. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Looks once; resolves when what was found is in use. Never rejects. */
  look(): Promise<void> {
    return this.#looking ??= this.#lookOnce().finally(() => this.#looking = null);
  }

  async #lookOnce(): Promise<void> {
    const { facts, empty } = factsOf(this.#path);
    if (!empty) this.#emptySince = null;
    if (facts === this.#facts || (empty && this.#mayBeWritten())) return;
    try {
      const config = await loadConfig(this.#path);
      this.#problems = this.#unused(config);
      const text = JSON.stringify(config);
      if (text === this.#used) return;
      this.#used = text;
      this.#handlers.changed(config);
    } catch (error) {
      const reason = error instanceof MeterError ? error.message : `Cannot read ${this.#path}`;
      this.#problems = [`The settings were changed and are not used: ${reason.replaceAll("\n", "; ")}`];
      this.#handlers.invalid(reason);
    } finally {
      this.#facts = facts;
    }
  }

  #mayBeWritten(): boolean {
    this.#emptySince ??= performance.now();
    return performance.now() - this.#emptySince < LOOK_MS;
  }

  #unused(config: Config): string[] {
    const changed = FIXED_SECTIONS.filter((name) =>
      JSON.stringify(config[name]) !== JSON.stringify(this.#started[name])
    );
    if (changed.length === 0) return [];
    return [`Start the daemon again to use the changed settings of ${changed.map((name) => `[${name}]`).join(", ")}`];
  }
}

/** What tells one state of the file from another, and whether there is nothing in it. */
function factsOf(path: string): { readonly facts: string; readonly empty: boolean } {
  try {
    const { mtime, size, ino } = Deno.statSync(path);
    return { facts: `${mtime?.getTime()} ${size} ${ino}`, empty: size === 0 };
  } catch {
    return { facts: "absent", empty: true };
  }
}
