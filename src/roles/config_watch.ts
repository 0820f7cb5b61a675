/**
 * Notices that config.toml changed, so that a running daemon takes the new settings up. Looks at the file's facts every
 * second and reads it only when they differ.
 *
 * A file that is wrong changes nothing: the settings before it stay, and what is wrong is kept for `status`.
 *
 * Imports: domain, os.
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import { MeterError } from "../domain/errors.ts";
import { loadConfig } from "../os/config_file.ts";

/** How often the file is looked at, ms. */
const LOOK_MS = 1_000;

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
  readonly #timer: ReturnType<typeof setInterval>;
  /** Settings in use, as JSON. */
  #used: string;
  /** Not known yet: the file may have changed since it was read for the start. */
  #facts: string | null = null;
  #problems: readonly string[] = [];
  #looking = false;

  /** @param started The settings that the daemon was started with. */
  constructor(path: string, started: Config, handlers: ConfigWatchHandlers) {
    this.#path = path;
    this.#started = started;
    this.#handlers = handlers;
    this.#used = JSON.stringify(started);
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  /** Sentences for `status`; empty when the file is good and in use as a whole. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Looks once. Never throws. */
  async look(): Promise<void> {
    if (this.#looking) return;
    const facts = factsOf(this.#path);
    if (facts === this.#facts) return;
    this.#looking = true;
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
      this.#looking = false;
    }
  }

  #unused(config: Config): string[] {
    const changed = FIXED_SECTIONS.filter((name) =>
      JSON.stringify(config[name]) !== JSON.stringify(this.#started[name])
    );
    if (changed.length === 0) return [];
    return [`Start the daemon again to use the changed settings of ${changed.map((name) => `[${name}]`).join(", ")}`];
  }
}

/** What tells one state of the file from another. */
function factsOf(path: string): string {
  try {
    const { mtime, size, ino } = Deno.statSync(path);
    return `${mtime?.getTime()} ${size} ${ino}`;
  } catch {
    return "absent";
  }
}
