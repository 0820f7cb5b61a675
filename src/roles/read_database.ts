/**
 * The database as the api reads it: opened when first needed, opened again when another file has taken its place.
 *
 * Imports: domain, store.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { type Database, openReadOnly } from "../store/database.ts";

/** How often the file's identity is looked at, ms. */
const LOOK_MS = 1_000;

/** One reader of one path. */
export class ReadDatabase {
  readonly #path: string;
  #open: { readonly db: Database; readonly identity: string } | null = null;
  #lookedAt = -LOOK_MS;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws {MeterError} `database_unusable`, also when there is none; `database_newer`. */
  open(): Database {
    const now = performance.now();
    if (this.#open !== null && now - this.#lookedAt < LOOK_MS) return this.#open.db;
    const identity = identityOf(this.#path);
    if (this.#open !== null && identity !== this.#open.identity) this.close();
    if (this.#open === null) {
      const db = openReadOnly(this.#path);
      if (db === null || identity === null) throw missing();
      this.#open = { db, identity };
    }
    this.#lookedAt = now;
    return this.#open.db;
  }

  close(): void {
    this.#open?.db.close();
    this.#open = null;
  }
}

/** What tells one file from another under the same name; `null` when there is none. */
function identityOf(path: string): string | null {
  try {
    const { dev, ino } = Deno.lstatSync(path);
    return `${dev} ${ino}`;
  } catch {
    return null;
  }
}

function missing(): MeterError {
  return new MeterError("database_unusable", "Cannot read the database: there is none", {
    hint: 'Run "halton-meter start", which makes one',
  });
}
