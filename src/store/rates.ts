/**
 * The price list as a table that a user can query. A mirror: pricing reads the bundled list and the overrides, never this.
 *
 * Imports: node:sqlite (types), ./settings.ts, ./transaction.ts.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { readInstallation, writeInstallation } from "./settings.ts";
import { inTransaction } from "./transaction.ts";

/** One line of the price list. Prices are decimal USD per million tokens; `null` = no price known. */
export interface RateRow {
  readonly provider: string;
  readonly model: string;
  /** `standard`, `batch`, `flex`, … */
  readonly variant: string;
  /** Holds for prompts of more tokens than this; 0 = every prompt. */
  readonly promptOver: number;
  readonly input: string | null;
  readonly output: string | null;
  readonly cacheRead: string | null;
  readonly cacheWrite5m: string | null;
  readonly cacheWrite1h: string | null;
  /** Further prices, such as `audio_input`, in units that their names say. */
  readonly other: Readonly<Record<string, string>> | null;
  /** UTC epoch ms; `null` = since ever. */
  readonly validFrom: number | null;
  /** Exclusive; `null` = still in force. */
  readonly validUntil: number | null;
  /** `bundled-YYYY-MM-DD` or `override`. */
  readonly source: string;
}

/**
 * Replaces the table when the list changed.
 *
 * @param bundle Names the list's content, overrides included; the same name means that nothing is done.
 * @returns Whether the table was written.
 */
export function seedRates(db: DatabaseSync, rows: readonly RateRow[], bundle: string): boolean {
  if (readInstallation(db, "rates_bundle") === bundle) return false;
  inTransaction(db, () => {
    db.exec("DELETE FROM pricing_rates");
    const insert = db.prepare(
      `INSERT INTO pricing_rates (provider, model, variant, prompt_over, input, output, cache_read, cache_write_5m,
         cache_write_1h, other, valid_from, valid_until, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    for (const row of rows) {
      insert.run(
        row.provider,
        row.model,
        row.variant,
        row.promptOver,
        row.input,
        row.output,
        row.cacheRead,
        row.cacheWrite5m,
        row.cacheWrite1h,
        row.other === null ? null : JSON.stringify(row.other),
        row.validFrom,
        row.validUntil,
        row.source,
      );
    }
    writeInstallation(db, "rates_bundle", bundle);
  });
  return true;
}

/** The whole list by provider, model, variant, threshold and start. */
export function listRates(db: DatabaseSync): RateRow[] {
  const rows = db.prepare(
    "SELECT * FROM pricing_rates ORDER BY provider, model, variant, prompt_over, coalesce(valid_from, 0)",
  ).all();
  return rows.map((row) => ({
    provider: String(row["provider"]),
    model: String(row["model"]),
    variant: String(row["variant"]),
    promptOver: Number(row["prompt_over"]),
    input: textOrNull(row["input"]),
    output: textOrNull(row["output"]),
    cacheRead: textOrNull(row["cache_read"]),
    cacheWrite5m: textOrNull(row["cache_write_5m"]),
    cacheWrite1h: textOrNull(row["cache_write_1h"]),
    other: row["other"] === null ? null : JSON.parse(String(row["other"])),
    validFrom: numberOrNull(row["valid_from"]),
    validUntil: numberOrNull(row["valid_until"]),
    source: String(row["source"]),
  }));
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
