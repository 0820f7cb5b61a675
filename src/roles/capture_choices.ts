/**
 * Which projects' bodies are kept, as the database says now. A call counts as made while its project was off if the choice was
 * seen to be off since it began: whoever turns capture off for one call and on again means that call.
 *
 * Imports: store, roles/body_capture.ts (types).
 *
 * @module
 */

import type { Database } from "../store/database.ts";
import { bodyCaptureBySlug } from "../store/settings.ts";
import type { ProjectChoices } from "./body_capture.ts";

/** Choices of one database, read again only when somebody has changed it. */
export class CaptureChoices implements ProjectChoices {
  readonly #db: Database;
  readonly #now: () => number;
  readonly #dataVersion: ReturnType<Database["prepare"]>;
  /** `null` = read again. */
  #seen: number | null = null;
  #choices: ReadonlyMap<string, "on" | "off"> = new Map();
  /** UTC epoch ms, of the latest look. */
  #lookedAt = 0;
  /** When projects that are off no more were last seen to be, UTC epoch ms. */
  readonly #offAt = new Map<string, number>();

  /** @param now UTC epoch ms. */
  constructor(db: Database, now: () => number) {
    this.#db = db;
    this.#now = now;
    // Changes when another connection has committed something (https://www.sqlite.org/pragma.html#pragma_data_version).
    this.#dataVersion = db.prepare("PRAGMA data_version");
    this.refresh();
  }

  /** This connection has changed a choice, which its version does not tell. */
  forget(): void {
    this.#seen = null;
  }

  /** Takes up what was changed; to be called when a call begins, too. */
  refresh(): void {
    const version = Number(this.#dataVersion.get()?.["data_version"]);
    if (version !== this.#seen) this.#read();
    this.#seen = version;
    this.#lookedAt = this.#now();
  }

  #read(): void {
    const choices = bodyCaptureBySlug(this.#db);
    for (const [slug, choice] of this.#choices) {
      if (choice === "off" && choices.get(slug) !== "off") this.#offAt.set(slug, this.#lookedAt);
    }
    this.#choices = choices;
  }

  /** Whether the choice of any project was off since then, UTC epoch ms. */
  someOff(since: number): boolean {
    this.refresh();
    return [...this.#choices.values()].includes("off") || [...this.#offAt.values()].some((at) => since <= at);
  }

  /**
   * Whether bodies of a call may be kept; `null` = the daemon-wide setting holds.
   *
   * @param since UTC epoch ms, when the call began.
   */
  of(slug: string, since: number): boolean | null {
    this.refresh();
    const choice = this.#choices.get(slug);
    if (choice === "off" || since <= (this.#offAt.get(slug) ?? 0)) return false;
    return choice === "on" ? true : null;
  }
}
