/**
 * Whether the bodies of one call are kept. Off wins: over an "on" where a folder and the user disagree, since a `.haltonrc` may come
 * with a checkout; over a setting that came back while the call was
 * made, and, where nobody could tell whose call it is, over the doubt.
 *
 * Imports: roles/messages.ts (types).
 *
 * @module
 */

import type { Owner } from "./messages.ts";

/** What users chose for single projects. `since`: UTC epoch ms, when the call began. */
export interface ProjectChoices {
  /** Null = the daemon-wide setting holds. */
  of(slug: string, since: number): boolean | null;
  /** Whether any project was off since then. */
  someOff(since: number): boolean;
}

/** Decides, call by call. */
export class BodyCapture {
  readonly #choices: ProjectChoices;
  #enabled: boolean;
  /** When the daemon-wide setting was last seen to be off, UTC epoch ms. */
  #offAt = 0;
  /** A folder has said off since the start; the next call from there may be one whose caller is not found. */
  #folderOff = false;
  #withheld = 0;

  /** @param enabled The daemon-wide setting. */
  constructor(choices: ProjectChoices, enabled: boolean) {
    this.#choices = choices;
    this.#enabled = enabled;
  }

  /** Calls without stored bodies because nobody could tell whose they are while some project is off. */
  get withheld(): number {
    return this.#withheld;
  }

  /** Takes the daemon-wide setting. */
  configure(enabled: boolean): void {
    this.#enabled = enabled;
    this.look();
  }

  /** To be called when a call begins as well: whoever turns capture off for one call and on again means that call. */
  look(): void {
    if (!this.#enabled) this.#offAt = Date.now();
  }

  /** @param since UTC epoch ms, when the call began. */
  keeps(owner: Owner, since: number): boolean {
    if (owner.bodyCapture === false) {
      this.#folderOff = true;
      return false;
    }
    const kept = this.#choices.of(owner.slug, since) ?? (this.#enabled && since > this.#offAt);
    if (!kept || owner.unknown !== true || !(this.#folderOff || this.#choices.someOff(since))) return kept;
    this.#withheld++;
    return false;
  }
}
